//! The client: a pure machine over a store, and what runs it on a socket.

mod calls;
mod config;
mod driver;
mod history;
mod machine;
mod session;
mod store;
mod talk;

pub use calls::{CallError, SendError};
pub use config::ClientConfig;
pub use driver::{ChatClient, Events, StartError};
pub use history::HistoryQuery;
pub use store::ClientStore;

#[cfg(test)]
pub(crate) use machine::Machine;
