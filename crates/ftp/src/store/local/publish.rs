//! Giving something its final name, without ever replacing what was not meant.

use std::io::{self, ErrorKind};

use cap_std::fs::Dir;

use super::partial::shortened;
use super::sys::{self, Meta};
use crate::path::RemotePath;
use crate::store::{Kind, Publish, StoreError};

/// What moves from one name to another.
pub(super) struct Move<'a> {
    pub(super) from_dir: &'a Dir,
    pub(super) from: &'a [u8],
    pub(super) kind: Kind,
    pub(super) to_dir: &'a Dir,
    /// The new name, as a path: its last component is a name in `to_dir`.
    pub(super) to: &'a RemotePath,
}

/// Tells a conflict before anything is done. Returns what is at the target.
pub(super) fn check(
    dir: &Dir,
    name: &[u8],
    path: &RemotePath,
    publish: &Publish,
) -> Result<Option<Meta>, StoreError> {
    let present = match sys::stat(dir, name) {
        Ok(meta) => Some(meta),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(StoreError::from_io(path, error)),
    };
    match (publish, &present) {
        (Publish::IfAbsent, Some(_)) => return Err(StoreError::Exists { path: path.clone() }),
        (Publish::Replace { .. }, Some(meta)) if meta.kind() == Kind::Directory => {
            return Err(StoreError::IsADirectory { path: path.clone() });
        }
        (Publish::Replace { revision: Some(expected) }, _) => {
            let found = present.as_ref().map(Meta::revision);
            if found.as_ref() != Some(expected) {
                return Err(StoreError::Changed { path: path.clone(), found });
            }
        }
        _ => {}
    }
    Ok(present)
}

impl Move<'_> {
    /// Moves it, and returns the path it has got.
    ///
    /// Between the check of a revision and the rename that depends on it another process may write:
    /// no system call does both. That it cannot be a directory which is replaced, and that nothing
    /// is replaced unasked, the system does see to.
    pub(super) fn publish(&self, publish: &Publish) -> Result<RemotePath, StoreError> {
        let name = self.to.file_name().expect("the root is never a target");
        check(self.to_dir, name, self.to, publish)?;
        match publish {
            Publish::Replace { .. } if self.kind != Kind::Directory => {
                sys::rename(self.from_dir, self.from, self.to_dir, name)
                    .map_err(|error| self.error(error))?;
                Ok(self.to.clone())
            }
            // A directory may take no other place than a free one, whatever is replaced.
            Publish::IfAbsent | Publish::Replace { .. } => {
                self.rename_exclusive(name).map_err(|error| self.error(error))?;
                Ok(self.to.clone())
            }
            Publish::KeepBoth => self.keep_both(name),
        }
    }

    fn keep_both(&self, name: &[u8]) -> Result<RemotePath, StoreError> {
        let parent = self.to.parent().expect("the root is never a target");
        let mut candidate = name.to_vec();
        for number in 1_u64.. {
            match self.rename_exclusive(&candidate) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.error(error)),
                Ok(()) => {
                    return Ok(parent
                        .join(&candidate)
                        .expect("a numbered name is at most as long as a name may be"));
                }
            }
            candidate = numbered(name, number);
        }
        unreachable!("no directory holds 2^64 names")
    }

    fn rename_exclusive(&self, to: &[u8]) -> io::Result<()> {
        sys::rename_exclusive(self.from_dir, self.from, self.to_dir, to)
    }

    fn error(&self, error: io::Error) -> StoreError {
        StoreError::from_io(self.to, error)
    }
}

/// `NAME(number)`, the name shortened if that would not fit.
pub(crate) fn numbered(name: &[u8], number: u64) -> Vec<u8> {
    let end = format!("({number})");
    let stem = shortened(name, RemotePath::MAX_COMPONENT_BYTES - end.len());
    [stem, end.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_put_behind_the_whole_name() {
        assert_eq!(numbered(b"a.txt", 1), b"a.txt(1)");
        assert_eq!(
            numbered("报".repeat(85).as_bytes(), 12),
            format!("{}(12)", "报".repeat(83)).as_bytes()
        );
    }
}
