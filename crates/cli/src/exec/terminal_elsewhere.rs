//! Systems on which no remote terminal is offered.

use std::io;

/// Never made.
#[derive(Debug)]
pub(super) struct RawMode(());

impl RawMode {
    /// # Errors
    ///
    /// Always.
    pub(super) fn enter() -> io::Result<Option<Self>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Rows and columns, as they usually are.
pub(super) fn size() -> (u16, u16) {
    (24, 80)
}
