//! The serving side.

mod access;
mod answers;
mod error;
mod get;
mod put;
mod service;
mod session;
mod tree;

pub use access::Access;
pub use error::ServeError;
pub use service::FileService;
