//! Names of the operating system, as bytes and back.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use ftp::{Safe, safe};

pub(super) use crate::report::text::reason;

/// The name as bytes. Unix has no other; Windows has text, which becomes UTF-8.
pub(super) fn bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// The name that some bytes are; `None` where the system's names are text and these are not.
#[cfg(unix)]
pub(super) fn name(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

/// The name that some bytes are; `None` where the system's names are text and these are not.
#[cfg(not(unix))]
pub(super) fn name(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

/// A local path, safe for a terminal.
pub(super) fn show(path: &Path) -> Safe<'_> {
    safe(bytes(path.as_os_str()))
}

/// The same for programs, lossy where it is not text.
pub(super) fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
