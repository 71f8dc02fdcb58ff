//! The serving side.

mod access;
mod audit;
mod channel;
mod collect;
mod course;
mod error;
mod execution;
mod places;
mod service;
mod session;

pub(crate) use audit::Audit;
pub(crate) use collect::collect;
pub(crate) use execution::Limits;
pub(crate) use places::{Place, Places};

pub use access::Access;
pub use error::ServeError;
pub use service::CommandService;
