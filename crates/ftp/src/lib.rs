//! File transfer that is verified, resumable, and never leaves a half-written file.

mod classic {
    #![allow(missing_docs)]
    use std::sync::Arc; use bytes::Bytes;
    pub trait Outgoing { fn unacknowledged(&self) -> Option<usize>; }
    impl Outgoing for tokio::net::TcpStream { fn unacknowledged(&self) -> Option<usize> { None } }
    impl Outgoing for tokio::io::DuplexStream { fn unacknowledged(&self) -> Option<usize> { None } }
    #[derive(Debug, thiserror::Error)] #[error("x")] pub struct ClassicError;
    pub(crate) async fn serve<T: Outgoing, S>(_s: &mut T, _o: Bytes, _st: &Arc<S>, _a: &crate::Access) -> Result<(), ClassicError> { Err(ClassicError) }
}
mod client;
mod content;
mod line;
mod pace;
mod path;
mod resume;
mod server;
mod store;
mod wire;

pub use client::{Client, ClientError, Connect, Event, How, Local, Observer, Options, TcpConnector, Transfer};
pub use content::Pool;
pub use path::*;
pub use server::*;
pub use store::*;
pub use wire::*;
