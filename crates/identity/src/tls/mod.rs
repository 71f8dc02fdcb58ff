//! TLS 1.3 with the accounts' own keys.

mod client;
mod config;
mod error;
mod server;
mod sniff;
mod stream;
mod verify;

pub use client::{ClientTls, Expect};
pub use error::TlsError;
pub use server::{NotAccepted, ServerTls};
pub use stream::TlsStream;
