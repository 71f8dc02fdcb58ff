//! Whole trees are removed, what is in a directory before the directory.

use std::sync::Arc;

use super::cursor::Cursor;
use super::directory::{Directory, Standing};
use super::folders::Folders;
use super::outcome::{Filter, Outcome};
use crate::path::RemotePath;
use crate::store::{Folder, Kind, StoreError};

/// Removes something with all beneath it.
pub(crate) struct Removal<'a> {
    /// What its path is when it is told.
    pub(crate) base: RemotePath,
    /// What of it is to go; all of it, if there is none.
    pub(crate) filter: Option<&'a dyn Filter>,
    /// Whether everything is only told.
    pub(crate) dry_run: bool,
    /// Whether all that went is told. Else a directory is told once, for all that was in it.
    pub(crate) tell_each: bool,
    /// Is told what became of what.
    pub(crate) each: &'a mut dyn FnMut(RemotePath, Kind, Outcome),
    /// Whether to stop.
    pub(crate) is_stopped: &'a dyn Fn() -> bool,
}

/// A directory whose names are being removed.
struct Level {
    directory: Arc<Directory>,
    names: Cursor,
    /// Whether something stays in it.
    stays: bool,
}

impl Removal<'_> {
    /// Removes what has this name in `folder`.
    pub(crate) fn remove<F: Folder>(&mut self, folder: &Arc<F>, name: &[u8], kind: Kind) {
        if kind != Kind::Directory {
            let removed = self.remove_one(&**folder, name);
            self.tell(self.base.clone(), kind, removed);
            return;
        }
        match folder.folder(name) {
            Ok(root) => {
                if self.empty(Arc::new(root)) {
                    let removed = self.remove_one(&**folder, name);
                    self.tell(self.base.clone(), kind, removed);
                }
            }
            Err(error) => self.tell(self.base.clone(), kind, Err(error)),
        }
    }

    /// Removes all that is in a directory. Whether nothing stays.
    pub(crate) fn empty<F: Folder>(&mut self, root: Arc<F>) -> bool {
        let mut folders = Folders::new(root);
        let mut levels = vec![level(Directory::root(Standing::Here, (None, None)))];
        loop {
            if (self.is_stopped)() {
                return false;
            }
            let top = levels.last_mut().expect("the loop ends with the last level");
            let directory = Arc::clone(&top.directory);
            let folder = folders.at(&directory);
            match folder.and_then(|folder| Ok((top.names.next(&*folder)?, folder))) {
                Ok((Some(name), folder)) => {
                    let Some(kind) = self.kind(top, &*folder, &name) else { continue };
                    match kind {
                        Kind::Directory => {
                            levels.push(level(directory.below(
                                &name,
                                Standing::Here,
                                (None, None),
                            )));
                        }
                        _ => top.stays |= !self.remove_in(&*folder, &directory, &name, kind),
                    }
                }
                left => {
                    if let Err(error) = left {
                        top.stays = true;
                        self.tell(self.path(&directory, b""), Kind::Directory, Err(error));
                    }
                    let stays = top.stays;
                    levels.pop();
                    let Some(above) = levels.last_mut() else { return !stays };
                    above.stays |= stays
                        || !folders.at(&above.directory).is_ok_and(|folder| {
                            let name = directory.name();
                            self.remove_in(&*folder, &above.directory, name, Kind::Directory)
                        });
                }
            }
        }
    }

    /// What is to be removed; `None` if it is not.
    fn kind<F: Folder>(&mut self, level: &mut Level, folder: &F, name: &[u8]) -> Option<Kind> {
        let kind = match folder.entry(name) {
            Ok(entry) => entry.kind,
            Err(StoreError::NotFound { .. }) => return None,
            Err(error) => {
                level.stays = true;
                self.tell(self.path(&level.directory, name), Kind::Other, Err(error));
                return None;
            }
        };
        let path = self.path(&level.directory, name);
        let goes = self.filter.is_none_or(|filter| filter.keep(&path, kind));
        level.stays |= !goes;
        goes.then_some(kind)
    }

    /// Removes one thing, and tells. Whether it is gone.
    fn remove_in<F: Folder>(
        &mut self,
        folder: &F,
        directory: &Directory,
        name: &[u8],
        kind: Kind,
    ) -> bool {
        let removed = self.remove_one(folder, name);
        let gone = removed.is_ok();
        if !gone || self.tell_each {
            self.tell(self.path(directory, name), kind, removed);
        }
        gone
    }

    fn remove_one<F: Folder>(&self, folder: &F, name: &[u8]) -> Result<(), StoreError> {
        match self.dry_run {
            true => Ok(()),
            false => match folder.remove(name) {
                Err(StoreError::NotFound { .. }) => Ok(()),
                removed => removed,
            },
        }
    }

    fn tell(&mut self, path: RemotePath, kind: Kind, removed: Result<(), StoreError>) {
        let failed = |error: StoreError| Outcome::Failed(error.into());
        (self.each)(path, kind, removed.map_or_else(failed, |()| Outcome::Deleted));
    }

    /// The path of something, as it is told.
    fn path(&self, directory: &Directory, name: &[u8]) -> RemotePath {
        let inner = directory.path_of(name).unwrap_or_default();
        let path = self.base.append(&inner);
        path.unwrap_or_else(|_| self.base.clone())
    }
}

fn level(directory: Arc<Directory>) -> Level {
    Level { directory, names: Cursor::default(), stays: false }
}
