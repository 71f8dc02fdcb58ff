//! Why a store did not do what it was asked.

use std::fmt;
use std::io;

use crate::path::RemotePath;

use super::entry::{Kind, Revision};

/// Why a store did not do what it was asked; each tells on which path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing has this name.
    #[error("`{path}` does not exist")]
    NotFound {
        /// What is missing: for a missing directory above the path asked for, that directory.
        path: RemotePath,
    },
    /// The store's account may not do that.
    #[error("permission denied on `{path}`")]
    Denied {
        /// On what.
        path: RemotePath,
    },
    /// The name is taken, and replacing was not asked for.
    #[error("`{path}` already exists")]
    Exists {
        /// The name.
        path: RemotePath,
    },
    /// Only a regular file will do.
    #[error("`{path}` is {kind}, not a file")]
    NotAFile {
        /// What is none.
        path: RemotePath,
        /// What it is.
        kind: Kind,
    },
    /// Only a directory will do.
    #[error("`{path}` is not a directory")]
    NotADirectory {
        /// What is none.
        path: RemotePath,
    },
    /// A directory is in the way, and directories are never replaced.
    #[error("`{path}` is a directory")]
    IsADirectory {
        /// The directory.
        path: RemotePath,
    },
    /// Only an empty directory can be removed.
    #[error("`{path}` is not empty")]
    NotEmpty {
        /// The directory.
        path: RemotePath,
    },
    /// A directory that looks empty cannot be removed: unfinished uploads wait in it.
    #[error(
        "`{path}` holds unfinished uploads, which expire {} days after their last write",
        super::PARTIAL_DAYS
    )]
    UnfinishedUploads {
        /// The directory.
        path: RemotePath,
    },
    /// A directory cannot be moved into itself.
    #[error("`{path}` cannot be moved into itself")]
    InsideItself {
        /// The directory.
        path: RemotePath,
    },
    /// A link leads out of the store's root, where nothing is read or written.
    #[error("`{path}` leads out of the store's root")]
    OutsideRoot {
        /// The path that was asked for.
        path: RemotePath,
    },
    /// A directory on the way to what is to be written is a link: these are not followed.
    #[error("`{path}` is a link: nothing is written through links")]
    LinkInPath {
        /// The link.
        path: RemotePath,
    },
    /// The disk or a quota is full, or the file may not become longer.
    #[error("no space left for `{path}`{}", Space(*needed, *available))]
    NoSpace {
        /// For what.
        path: RemotePath,
        /// The bytes that were to be written; 0 where it was not about content.
        needed: u64,
        /// The bytes that are free, where that is known.
        available: Option<u64>,
    },
    /// The target is no longer what it was said to be.
    #[error("`{path}` has changed meanwhile{}", if found.is_none() { ": it is gone" } else { "" })]
    Changed {
        /// The target.
        path: RemotePath,
        /// Its revision now; `None` if it is gone.
        found: Option<Revision>,
    },
    /// Another session of the same owner is uploading to this name.
    #[error("another session is uploading `{path}`")]
    Busy {
        /// The name.
        path: RemotePath,
    },
    /// The upload is over: committed, discarded, taken over, or its content removed from outside.
    #[error("this upload of `{path}` is over or was taken over by a newer one")]
    Superseded {
        /// Its target.
        path: RemotePath,
    },
    /// The store, or the file system it is on, is not to be written to.
    #[error("`{path}` cannot be changed: the store is read-only")]
    ReadOnly {
        /// What was to be changed.
        path: RemotePath,
    },
    /// The name is one of those under which stores keep unfinished uploads.
    #[error(
        "`{path}` is a reserved name: those in `{}` are the store's own",
        super::PARTIAL_SUFFIX
    )]
    Reserved {
        /// The name.
        path: RemotePath,
    },
    /// The store cannot hold so long a name.
    #[error("the name `{path}` is too long for the store")]
    NameTooLong {
        /// The name.
        path: RemotePath,
    },
    /// The store cannot hold this name: its characters are not allowed there.
    #[error("the store cannot hold the name `{path}`")]
    BadName {
        /// The name.
        path: RemotePath,
    },
    /// The process or the system has no file descriptor left; worth another try.
    #[error("too many open files while opening `{path}`")]
    TooManyOpenFiles {
        /// What was to be opened.
        path: RemotePath,
    },
    /// Anything else the operating system said.
    #[error("`{path}`: {source}")]
    Io {
        /// On what.
        path: RemotePath,
        /// What it said.
        source: io::Error,
    },
}

/// The end of a sentence about space: bytes needed, bytes available.
struct Space(u64, Option<u64>);

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(0, _) => Ok(()),
            Self(needed, None) => write!(f, ": {needed} bytes needed"),
            Self(needed, Some(available)) => {
                write!(f, ": {needed} bytes needed, {available} available")
            }
        }
    }
}

impl StoreError {
    /// The path it is about.
    #[must_use]
    pub fn path(&self) -> &RemotePath {
        match self {
            Self::NotFound { path }
            | Self::Denied { path }
            | Self::Exists { path }
            | Self::NotAFile { path, .. }
            | Self::NotADirectory { path }
            | Self::IsADirectory { path }
            | Self::NotEmpty { path }
            | Self::UnfinishedUploads { path }
            | Self::InsideItself { path }
            | Self::OutsideRoot { path }
            | Self::LinkInPath { path }
            | Self::NoSpace { path, .. }
            | Self::Changed { path, .. }
            | Self::Busy { path }
            | Self::Superseded { path }
            | Self::ReadOnly { path }
            | Self::Reserved { path }
            | Self::NameTooLong { path }
            | Self::BadName { path }
            | Self::TooManyOpenFiles { path }
            | Self::Io { path, .. } => path,
        }
    }

    /// Gives an error of the operating system its meaning.
    pub(crate) fn from_io(path: &RemotePath, source: io::Error) -> Self {
        use io::ErrorKind;

        let path = path.clone();
        match source.kind() {
            ErrorKind::NotFound => Self::NotFound { path },
            // cap-std reports an attempt to leave the root as an error of this kind without a code.
            ErrorKind::PermissionDenied if source.raw_os_error().is_none() => {
                Self::OutsideRoot { path }
            }
            ErrorKind::PermissionDenied => Self::Denied { path },
            ErrorKind::AlreadyExists => Self::Exists { path },
            ErrorKind::NotADirectory => Self::NotADirectory { path },
            ErrorKind::IsADirectory => Self::IsADirectory { path },
            ErrorKind::DirectoryNotEmpty => Self::NotEmpty { path },
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::NoSpace { path, needed: 0, available: None }
            }
            ErrorKind::InvalidFilename => Self::NameTooLong { path },
            _ if is_bad_name(&source) => Self::BadName { path },
            _ if is_out_of_descriptors(&source) => Self::TooManyOpenFiles { path },
            _ => Self::Io { path, source },
        }
    }
}

/// Whether the file system refused the characters of a name.
#[cfg(unix)]
fn is_bad_name(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::ILSEQ.raw_os_error())
}

/// Whether the file system refused the characters of a name.
#[cfg(windows)]
fn is_bad_name(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && error.kind() == io::ErrorKind::InvalidInput
}

#[cfg(unix)]
fn is_out_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;

    [Errno::MFILE, Errno::NFILE]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(windows)]
fn is_out_of_descriptors(error: &io::Error) -> bool {
    // ERROR_TOO_MANY_OPEN_FILES
    error.raw_os_error() == Some(4)
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    fn from_errno(errno: Errno) -> StoreError {
        StoreError::from_io(&RemotePath::parse("a/报告").unwrap(), errno.into())
    }

    #[test]
    fn every_error_of_the_system_that_means_something_has_a_name() {
        let table = [
            (Errno::NOENT, "`a/报告` does not exist"),
            (Errno::ACCESS, "permission denied on `a/报告`"),
            (Errno::PERM, "permission denied on `a/报告`"),
            (Errno::EXIST, "`a/报告` already exists"),
            (Errno::NOTDIR, "`a/报告` is not a directory"),
            (Errno::ISDIR, "`a/报告` is a directory"),
            (Errno::NOTEMPTY, "`a/报告` is not empty"),
            (Errno::ROFS, "`a/报告` cannot be changed: the store is read-only"),
            (Errno::NOSPC, "no space left for `a/报告`"),
            (Errno::DQUOT, "no space left for `a/报告`"),
            (Errno::NAMETOOLONG, "the name `a/报告` is too long for the store"),
            (Errno::ILSEQ, "the store cannot hold the name `a/报告`"),
            (Errno::MFILE, "too many open files while opening `a/报告`"),
            (Errno::NFILE, "too many open files while opening `a/报告`"),
        ];
        for (errno, message) in table {
            let error = from_errno(errno);
            assert_eq!(error.to_string(), message);
            assert_eq!(error.path().as_bytes(), "a/报告".as_bytes());
        }
        assert!(matches!(from_errno(Errno::IO), StoreError::Io { .. }));
    }

    #[test]
    fn messages_carry_what_was_found_and_what_was_allowed() {
        let path = || RemotePath::parse("\x1b[2J").unwrap();
        let cases = [
            (
                StoreError::NoSpace { path: path(), needed: 10, available: Some(3) },
                r"no space left for `\x1b[2J`: 10 bytes needed, 3 available",
            ),
            (
                StoreError::NoSpace { path: path(), needed: 10, available: None },
                r"no space left for `\x1b[2J`: 10 bytes needed",
            ),
            (
                StoreError::NotAFile { path: path(), kind: Kind::Other },
                r"`\x1b[2J` is a special file, not a file",
            ),
            (
                StoreError::Changed { path: path(), found: None },
                r"`\x1b[2J` has changed meanwhile: it is gone",
            ),
            (
                StoreError::UnfinishedUploads { path: path() },
                r"`\x1b[2J` holds unfinished uploads, which expire 7 days after their last write",
            ),
        ];
        for (error, message) in cases {
            assert_eq!(error.to_string(), message);
        }
    }
}
