//! The shell over tokio: frames over anything that is [`AsyncRead`](tokio::io::AsyncRead) and
//! [`AsyncWrite`](tokio::io::AsyncWrite).
//!
//! What has been read, and what is still to be written, is kept in the connection and not in its
//! futures. So each of them (but for the one that says otherwise) can be dropped at any time, in a
//! `select!` for example, and nothing is lost or sent twice.
//!
//! [`greet`] and [`welcome`] are the hellos of the two sides; a client [connects](Connect) anew when
//! it has to.

mod connect;
mod connection;
mod greeting;
mod halves;
mod input;
mod output;

pub use connect::{Connect, TcpConnector};
pub use connection::{Connection, Turn};
pub use greeting::{GreetError, Greeted, Refusal, WelcomeError, greet, welcome};
pub use halves::{FrameReader, FrameWriter};
