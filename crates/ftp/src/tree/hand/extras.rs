//! What is in the target and not in the source.

use std::sync::Arc;

use super::Hand;
use crate::path::RemotePath;
use crate::store::{Folder, Kind, Store, StoreError};
use crate::tree::directory::Directory;
use crate::tree::outcome::Outcome;
use crate::tree::progress::{Place, Settling};
use crate::tree::remove::Removal;
use crate::wire::{Extras, Failure, Status};

/// How many such names are kept in mind.
const MAX_FOUND: usize = 250_000;

/// How many of them are cleared at a time.
const AT_ONCE: usize = 256;

/// The names that were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    names: Vec<(Arc<Directory>, Box<[u8]>)>,
    /// There were more.
    too_many: bool,
    /// Whether their order is that of the walk already.
    ordered: bool,
}

impl Found {
    pub(super) fn add(&mut self, directory: &Arc<Directory>, name: &[u8]) {
        match self.names.len() < MAX_FOUND {
            true => self.names.push((Arc::clone(directory), name.into())),
            false => self.too_many = true,
        }
    }
}

impl<S: Store> Hand<S> {
    /// Clears some of what the source does not have. Nothing is touched in a directory of which,
    /// or of one above which, not everything is known.
    pub(super) fn clear_extras(&mut self) {
        if self.target.rules.extras == Extras::Leave {
            self.report.cleared = true;
            return;
        }
        if !self.extras.ordered {
            // The last one goes first.
            self.extras.names.reverse();
            self.extras.ordered = true;
        }
        let mut at: Option<Arc<Directory>> = None;
        for _ in 0..AT_ONCE {
            let Some((directory, name)) = self.extras.names.pop() else {
                self.report.cleared = true;
                break;
            };
            if at.as_ref().is_none_or(|at| !Arc::ptr_eq(at, &directory)) {
                at.replace(Arc::clone(&directory)).inspect(|left| self.set_attributes(left));
                self.make_writable(&directory);
            }
            if directory.is_complete()
                && let Err(error) = self.clear(&directory, &name)
                && let Ok(path) = directory.path_of(&name)
            {
                self.settle_path(path, Kind::Other, Some(Outcome::Failed(error.into())));
            }
        }
        at.inspect(|left| self.set_attributes(left));
        if self.report.cleared && self.extras.too_many {
            let message = format!(
                "more than {MAX_FOUND} names are not in the source: a further run removes the rest"
            );
            let failure = Failure::new(Status::Failed, message);
            self.settle_path(RemotePath::root(), Kind::Directory, Some(Outcome::Failed(failure)));
        }
    }

    /// Sees to it that things can be removed from a directory that even its owner may not write to.
    fn make_writable(&mut self, directory: &Arc<Directory>) {
        let Some(mode) = directory.mode.filter(|mode| mode & 0o300 != 0o300) else { return };
        let dry_run = self.target.rules.dry_run || self.target.rules.extras != Extras::Delete;
        if let (false, Some(folders)) = (dry_run, &mut self.folders) {
            // If it cannot be, each removal tells so.
            let _ = folders
                .at(directory)
                .and_then(|folder| folder.set_attributes(Some(mode | 0o300), None));
        }
    }

    fn clear(&mut self, directory: &Arc<Directory>, name: &[u8]) -> Result<(), StoreError> {
        let Some(folders) = &mut self.folders else { return Ok(()) };
        let folder = folders.at(directory)?;
        let kind = match folder.entry(name) {
            Ok(entry) => entry.kind,
            Err(StoreError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let Ok(path) = directory.path_of(name) else { return Ok(()) };
        let filter = self.target.filter.clone();
        if filter.as_ref().is_some_and(|filter| !filter.keep(&path, kind)) {
            return Ok(());
        }
        if self.target.rules.extras == Extras::Tell {
            self.settle_path(path, kind, None);
            return Ok(());
        }
        let settled = &mut self.report.settled;
        let mut removal = Removal {
            base: path.clone(),
            filter: filter.as_deref(),
            dry_run: self.target.rules.dry_run,
            // With a filter, what stands in a directory decides whether all of it goes.
            tell_each: filter.is_some(),
            each: &mut |path, kind, outcome| {
                let (place, outcome) = (Place::Path(path), Some(outcome));
                let settling = Settling { place, kind, size: 0, outcome, moved: 0, reused: 0 };
                settled.push(settling);
            },
            is_stopped: &|| false,
        };
        removal.remove(&folder, name, kind);
        Ok(())
    }
}
