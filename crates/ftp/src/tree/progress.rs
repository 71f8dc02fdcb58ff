//! What the two sides of a tree transfer tell whoever started them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::directory::Directory;
use super::outcome::Outcome;
use super::walk::{Done, in_walk_order};
use crate::path::{PathError, RemotePath};
use crate::store::Kind;

/// What happens during a transfer.
pub(crate) enum Told<'a> {
    /// So much is known of the tree.
    Known { files: u64, bytes: u64, complete: bool },
    /// The content of a file begins to move.
    Moving { directory: &'a Directory, name: &'a [u8], size: u64 },
    /// So many bytes came or went.
    Moved(u64),
    /// So many bytes of a file at hand need not move.
    Reused(u64),
    /// An entry is settled.
    Settled(Settling),
    /// That is all for now.
    Pause,
}

/// What became of an entry.
#[derive(Debug)]
pub(crate) struct Settling {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    /// Without one there is nothing to tell.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) moved: u64,
    pub(crate) reused: u64,
}

/// What a settling is about.
#[derive(Debug)]
pub(crate) enum Place {
    /// An entry that was announced.
    Entry { n: u64, directory: Arc<Directory>, name: Box<[u8]> },
    /// Something in the target that the sender does not have, or a directory once more.
    Path(RemotePath),
}

impl Settling {
    /// Where it is, from the root of the tree.
    pub(crate) fn path(&self) -> Result<RemotePath, PathError> {
        match &self.place {
            Place::Entry { directory, name, .. } => directory.path_of(name),
            Place::Path(path) => Ok(path.clone()),
        }
    }
}

/// Which entries of one try are settled.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    next: u64,
    upto: Option<RemotePath>,
    beyond: BTreeMap<u64, RemotePath>,
}

impl Ledger {
    /// Entry `n` is settled.
    pub(crate) fn settle(&mut self, n: u64, path: RemotePath) {
        self.beyond.insert(n, path);
        while let Some(path) = self.beyond.remove(&self.next) {
            self.next += 1;
            // A directory that turned out to be unreadable is told once more, later.
            if self.upto.as_ref().is_none_or(|upto| in_walk_order(upto, &path).is_lt()) {
                self.upto = Some(path);
            }
        }
    }

    /// What a further try need not do again, beside what was done before.
    pub(crate) fn add_to(self, done: &mut Done) {
        done.add(self.upto, self.beyond.into_values());
    }
}
