//! The calls of the operating system, one name in one open directory at a time.
//!
//! With one exception, which says so, nothing here resolves a path: every function takes a directory
//! that is open already and a single name in it, and none follows a link at that name.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{File, TryLockError};
use std::io;

#[cfg(unix)]
pub(super) use unix::*;
#[cfg(windows)]
pub(super) use windows::*;

/// Locks a file against other processes, and against other openings of it in this one.
///
/// Returns whether it was free. Where the file system knows no locks, it always is.
pub(super) fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
