//! The server: a pure machine over a store, and what runs it on a socket.

mod config;
mod cookie;
mod driver;
mod machine;
mod serve;
mod session;
mod stats;
mod store;

pub use config::{Gate, Newcomer, ServerConfig};
pub use driver::{ChatServer, RawMessage, RawMessages, RunningChat, ServeError};
pub use stats::ChatStats;
pub use store::ServerStore;

#[cfg(test)]
pub(crate) use machine::Machine;
