//! The serving side.

mod access;
mod answers;
mod audit;
mod error;
mod get;
mod put;
mod service;
mod session;
mod tree;

pub use access::Access;
pub use audit::{Audit, Request};
pub use error::ServeError;
pub use service::FileService;
