//! What is served.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::text::{escape, shown, unescape};

/// What rights are about: a service, and the directory that it serves.
///
/// As a word: `ftp:/srv/docs`, blanks and the like in the path escaped as `%XX`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    service: String,
    root: PathBuf,
}

impl Share {
    /// The share of `service` in the directory `root`, whose one true name is found out, so that
    /// rights given under any of its names hold under all of them.
    ///
    /// # Errors
    ///
    /// What the system says of `root`.
    ///
    /// # Panics
    ///
    /// If the name of the service has other characters than lower-case letters, digits and `-`.
    pub fn new(service: &str, root: impl AsRef<Path>) -> io::Result<Self> {
        assert!(is_service(service), "`{service}` is not a service's name");
        Ok(Self { service: service.to_owned(), root: fs::canonicalize(root)? })
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The directory's canonical path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, escape(self.root.as_os_str().as_encoded_bytes()))
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(word: &str) -> Result<Self, ShareError> {
        let wrong = || ShareError { found: shown(word) };
        let (service, root) = word.split_once(':').ok_or_else(wrong)?;
        let root = unescape(root).ok().and_then(path_from_bytes).ok_or_else(wrong)?;
        if !is_service(service) || !root.is_absolute() {
            return Err(wrong());
        }
        Ok(Self { service: service.to_owned(), root })
    }
}

/// A word that names no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no share: it is SERVICE:/DIRECTORY, blanks written as %20")]
pub struct ShareError {
    found: String,
}

/// Whether it can be a service's name; it becomes a part of words and of protocols' names.
pub(crate) fn is_service(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 32 && name.bytes().all(allowed)
}

#[cfg(unix)]
fn path_from_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    let path: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    Some(path.into())
}

/// Elsewhere paths are Unicode, and what is not cannot be named in a file.
#[cfg(not(unix))]
fn path_from_bytes(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_name() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a b")).unwrap();
        let plain = Share::new("ftp", dir.path().join("a b")).unwrap();
        let roundabout = Share::new("ftp", dir.path().join("a b/../a b/.")).unwrap();
        assert_eq!(plain, roundabout);
        assert!(plain.to_string().ends_with("/a%20b"), "{plain}");
        assert_eq!(plain.to_string().parse(), Ok(plain));
        Share::new("ftp", dir.path().join("none")).unwrap_err();
    }

    #[cfg(unix)]
    #[test]
    fn any_path_comes_back_from_its_word() {
        for path in [&b"/"[..], b"/a:b#c=d,e", b"/\xff\n", "/报告".as_bytes()] {
            let root = path_from_bytes(path.to_vec()).unwrap();
            let share = Share { service: "ftp".into(), root };
            let word = share.to_string();
            assert!(!word.contains([' ', '\n', '#', '=', ',']), "{word}");
            assert_eq!(word.parse(), Ok(share));
        }
    }

    #[test]
    fn rejects_words_that_name_no_share() {
        for word in ["", "ftp", "ftp:", "ftp:docs", ":/srv", "FTP:/srv", "f p:/srv", "ftp:/%2"] {
            assert_eq!(word.parse::<Share>(), Err(ShareError { found: word.into() }));
        }
    }
}
