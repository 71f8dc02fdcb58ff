//! The names of the sender beside those of the target, both in the order of their bytes.

use super::cursor::Cursor;
use crate::store::{Folder, StoreError};

/// How far a directory of the target has been gone through.
#[derive(Debug, Default)]
pub(super) struct Join {
    cursor: Cursor,
    /// Nothing was in it when the walk came to it.
    is_new: bool,
}

impl Join {
    /// Beside an existing directory.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Beside a directory that was just made, or would have been.
    pub(super) fn with_nothing() -> Self {
        Self { is_new: true, ..Self::default() }
    }

    /// Whether the target has `name`, spelt exactly so. Names are asked for in ascending order;
    /// those of the target that are passed on the way go to `passed`.
    pub(super) fn find<F: Folder>(
        &mut self,
        folder: Option<&F>,
        name: &[u8],
        passed: &mut dyn FnMut(&[u8]),
    ) -> Result<bool, StoreError> {
        while let Some(here) = self.peek(folder)? {
            if here > name {
                return Ok(false);
            }
            let found = here == name;
            if !found {
                passed(here);
            }
            self.cursor.advance();
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All names of the target that are left go to `passed`.
    pub(super) fn finish<F: Folder>(
        &mut self,
        folder: Option<&F>,
        passed: &mut dyn FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        while let Some(here) = self.peek(folder)? {
            passed(here);
            self.cursor.advance();
        }
        Ok(())
    }

    /// The names of the target.
    pub(super) fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursor
    }

    fn peek<F: Folder>(&mut self, folder: Option<&F>) -> Result<Option<&[u8]>, StoreError> {
        match folder.filter(|_| !self.is_new) {
            Some(folder) => self.cursor.peek(folder),
            None => Ok(None),
        }
    }
}

/// Whether a directory has `name`, spelt exactly so: some file systems take two spellings for one.
pub(super) fn has_exactly<F: Folder>(folder: &F, name: &[u8]) -> Result<bool, StoreError> {
    Join::new().find(Some(folder), name, &mut |_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RemotePath;
    use crate::store::{LocalStore, Store};

    #[test]
    fn names_are_found_and_those_between_are_passed() {
        let temporary = tempfile::tempdir().unwrap();
        for name in ["a", "c", "d", "f"] {
            std::fs::write(temporary.path().join(name), "").unwrap();
        }
        let store = LocalStore::open(temporary.path(), false).unwrap();
        let folder = store.folder(&RemotePath::root(), false).unwrap();
        let mut join = Join::new();
        let mut passed = Vec::new();
        let mut found = Vec::new();
        for name in [b"b", b"c", b"e"] {
            let mut pass = |name: &[u8]| passed.push(name.to_vec());
            found.push(join.find(Some(&folder), name, &mut pass).unwrap());
            join.cursor().forget();
        }
        join.finish(Some(&folder), &mut |name| passed.push(name.to_vec())).unwrap();
        assert_eq!(found, [false, true, false]);
        assert_eq!(passed, [b"a", b"d", b"f"]);
    }
}
