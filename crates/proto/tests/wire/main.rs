//! What the crate promises about bytes on the wire, seen from outside.

mod blocking;
#[cfg(feature = "tokio")]
mod cancel;
#[cfg(feature = "tokio")]
mod connection;
mod decode;
mod encode;
#[cfg(feature = "tokio")]
mod greeting;
mod hello;
mod hostile;
mod message;
mod packing;
mod transport;
