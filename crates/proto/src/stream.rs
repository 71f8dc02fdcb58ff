//! The shell over tokio: frames over anything that is [`AsyncRead`](tokio::io::AsyncRead) and
//! [`AsyncWrite`](tokio::io::AsyncWrite).
//!
//! What has been read, and what is still to be written, is kept in the connection and not in its
//! futures. So each of them (but for the one that says otherwise) can be dropped at any time, in a
//! `select!` for example, and nothing is lost or sent twice.

mod connection;
mod halves;
mod input;
mod output;

pub use connection::{Connection, Turn};
pub use halves::{FrameReader, FrameWriter};
