//! The receiver's hands: all that it does in its store to a tree, and that blocks.
//!
//! One job at a time has them, so that what they hold needs no locks: the way down in the target,
//! and what of each directory on it has been gone through. `entries` takes in what is told,
//! `decide` compares, `files` writes, `extras` removes what the source does not have.

mod decide;
mod entries;
mod extras;
mod files;

use std::sync::Arc;

use proto::Algorithm;

pub(super) use self::files::{Begun, End, Finished, Present, is_small};
use super::cursor::bound;
use super::directory::{Directory, Standing};
use super::folders::Folders;
use super::join::Join;
use super::outcome::{Filter, Outcome};
use super::progress::{Place, Settling};
use super::slots::Wanted;
use super::turns::Turn;
use super::walk::Done;
use crate::path::RemotePath;
use crate::store::{Folder, Kind, Store, StoreError};
use crate::wire::{Extras, Failure, Offer, SmallFile, Status, TreeRules};

/// After how many entries for which there was no space the whole is given up.
const MAX_WITHOUT_SPACE: u32 = 3;

/// What is received, and where it goes.
pub(crate) struct Target<S> {
    pub(crate) store: Arc<S>,
    pub(crate) path: RemotePath,
    pub(crate) rules: TreeRules,
    pub(crate) owner: String,
    pub(crate) session: String,
    pub(crate) filter: Option<Arc<dyn Filter>>,
    pub(crate) done: Arc<Done>,
    pub(crate) turn: Turn,
}

impl<S> Clone for Target<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            path: self.path.clone(),
            rules: self.rules.clone(),
            owner: self.owner.clone(),
            session: self.session.clone(),
            filter: self.filter.clone(),
            done: Arc::clone(&self.done),
            turn: Arc::clone(&self.turn),
        }
    }
}

/// Work to be done, in order.
pub(super) enum Work<S: Store> {
    /// Entries came.
    Entries { n: u64, count: u32, body: Vec<u8>, digest: String },
    /// A small file came: its head and content.
    File { wanted: Wanted, file: SmallFile, body: Vec<u8> },
    /// A file that is not small is offered.
    Begin { wanted: Wanted, offer: Offer, verify: bool },
    /// All of its content is there, or will never be.
    Finish(Box<Finished<S>>),
    /// There are no more entries.
    Leave,
    /// Everything is settled.
    Extras,
}

/// What came of work.
pub(super) struct Report<S: Store> {
    /// Up to which entry everything is decided on.
    pub(super) upto: Option<u64>,
    pub(super) wanted: Vec<Wanted>,
    pub(super) settled: Vec<Settling>,
    /// Directories beneath which nothing is wanted.
    pub(super) pruned: Vec<u64>,
    pub(super) begun: Vec<(u64, Begun<S>)>,
    /// Files that came, and their lengths.
    pub(super) known: (u64, u64),
    /// The walk is over.
    pub(super) left: bool,
    /// Nothing is left to be done to the extras.
    pub(super) cleared: bool,
    /// The sender does not keep to the rules.
    pub(super) broken: Option<String>,
    /// What came is not what was sent.
    pub(super) corrupt: Option<String>,
    /// The target is full.
    pub(super) stopped: Option<Failure>,
}

impl<S: Store> Default for Report<S> {
    fn default() -> Self {
        Self {
            upto: None,
            wanted: Vec::new(),
            settled: Vec::new(),
            pruned: Vec::new(),
            begun: Vec::new(),
            known: (0, 0),
            left: false,
            cleared: false,
            broken: None,
            corrupt: None,
            stopped: None,
        }
    }
}

/// A directory of the target, and a name in it.
type Spot<F> = (Arc<F>, Box<[u8]>);

/// The same, where the directory may only be thought of.
type SpotToBe<F> = (Option<Arc<F>>, Box<[u8]>);

/// Compares, makes and writes.
pub(super) struct Hand<S: Store> {
    target: Target<S>,
    algorithm: Algorithm,
    /// The directory in which the root of the tree is, and the root's name there.
    outer: Option<Spot<S::Folder>>,
    /// The way down in the target, if the root is a directory there.
    folders: Option<Folders<S::Folder>>,
    levels: Vec<Level>,
    extras: extras::Found,
    without_space: u32,
    report: Report<S>,
}

/// A directory that the walk is in.
struct Level {
    directory: Arc<Directory>,
    join: Join,
    last: Option<Box<[u8]>>,
}

impl<S: Store> Hand<S> {
    /// Finds the place for the root of the tree.
    pub(super) fn open(target: Target<S>, algorithm: Algorithm) -> Result<Self, StoreError> {
        let outer = match (target.path.parent(), target.path.file_name()) {
            (Some(above), Some(name)) => {
                Some((Arc::new(target.store.folder(&above, true)?), name.into()))
            }
            _ => None,
        };
        Ok(Self {
            target,
            algorithm,
            outer,
            folders: None,
            levels: Vec::new(),
            extras: extras::Found::default(),
            without_space: 0,
            report: Report::default(),
        })
    }

    /// Works, and reports.
    pub(super) fn work(&mut self, work: Vec<Work<S>>) -> Report<S> {
        for work in work {
            match work {
                Work::Entries { n, count, body, digest } => self.entries(n, count, &body, &digest),
                Work::File { wanted, file, body } => self.file(wanted, &file, &body),
                Work::Begin { wanted, offer, verify } => self.begin(wanted, &offer, verify),
                Work::Finish(finished) => self.finish_file(*finished),
                Work::Leave => {
                    self.leave_above(0);
                    self.report.left = true;
                }
                Work::Extras => self.clear_extras(),
            }
            let report = &self.report;
            if report.broken.is_some() || report.corrupt.is_some() || report.stopped.is_some() {
                break;
            }
        }
        std::mem::take(&mut self.report)
    }

    /// Settles an entry. Without an outcome there is nothing to tell.
    fn settle(
        &mut self,
        n: u64,
        place: (&Arc<Directory>, &[u8]),
        what: (Kind, u64),
        outcome: Option<Outcome>,
    ) {
        let settling = Settling {
            place: Place::Entry { n, directory: Arc::clone(place.0), name: place.1.into() },
            kind: what.0,
            size: what.1,
            outcome,
            moved: 0,
            reused: 0,
        };
        self.push(settling);
    }

    /// Settles something that has no number.
    fn settle_path(&mut self, path: RemotePath, kind: Kind, outcome: Option<Outcome>) {
        let place = Place::Path(path);
        self.push(Settling { place, kind, size: 0, outcome, moved: 0, reused: 0 });
    }

    fn push(&mut self, settling: Settling) {
        let failure = settling.outcome.as_ref().and_then(Outcome::failure);
        if let Some(failure) = failure.filter(|failure| failure.status == Status::NoSpace) {
            self.without_space += 1;
            if self.without_space >= MAX_WITHOUT_SPACE {
                self.report.stopped = Some(failure.clone());
            }
        }
        self.report.settled.push(settling);
    }

    /// The directory of the target that an entry is in, and its name there. A directory that is
    /// only thought of is none.
    fn place(
        &mut self,
        directory: &Arc<Directory>,
        name: &[u8],
    ) -> Result<SpotToBe<S::Folder>, StoreError> {
        if name.is_empty() {
            return match &self.outer {
                Some((folder, name)) => Ok((Some(Arc::clone(folder)), name.clone())),
                None => Err(StoreError::IsADirectory { path: self.target.path.clone() }),
            };
        }
        let folder = match (directory.standing, &mut self.folders) {
            (Standing::Here, Some(folders)) => Some(folders.at(directory)?),
            _ => None,
        };
        Ok((folder, name.into()))
    }

    /// Something in a directory is settled. The last thing finishes it, and perhaps those above.
    fn settle_in(&mut self, directory: &Arc<Directory>) {
        let mut at = Some(Arc::clone(directory));
        while let Some(directory) = at.take_if(|directory| directory.settle()) {
            self.set_attributes(&directory);
            at = directory.above().cloned();
        }
    }

    /// Gives a directory its permissions and time, now that nothing more is changed in it.
    fn set_attributes(&mut self, directory: &Arc<Directory>) {
        let Some(folders) = self.folders.as_mut().filter(|_| !self.target.rules.dry_run) else {
            return;
        };
        if directory.standing != Standing::Here {
            return;
        }
        let set = folders
            .at(directory)
            .and_then(|folder| folder.set_attributes(directory.mode, directory.modified));
        if let (Err(error), Ok(path)) = (set, directory.path()) {
            self.settle_path(path, Kind::Directory, Some(Outcome::Failed(error.into())));
        }
    }

    /// Leaves the directories at `depth` and below: nothing more comes in them.
    fn leave_above(&mut self, depth: usize) {
        while self.levels.len() > depth
            && let Some(mut level) = self.levels.pop()
        {
            self.finish_join(&mut level);
            self.settle_in(&level.directory);
        }
    }

    /// What is left in the target is not in the source.
    fn finish_join(&mut self, level: &mut Level) {
        if self.target.rules.extras == Extras::Leave || level.directory.standing != Standing::Here {
            return;
        }
        let folder = self.folders.as_mut().map(|folders| folders.at(&level.directory));
        let extras = &mut self.extras;
        let mut passed = |name: &[u8]| extras.add(&level.directory, name);
        let finished =
            folder.transpose().and_then(|folder| level.join.finish(folder.as_deref(), &mut passed));
        if finished.is_err() {
            level.directory.set_incomplete();
        }
    }

    /// Goes into a directory of the tree.
    fn enter(&mut self, directory: Arc<Directory>, is_new: bool) {
        bound(self.levels.iter_mut().map(|level| level.join.cursor()));
        let join = if is_new { Join::with_nothing() } else { Join::new() };
        self.levels.push(Level { directory, join, last: None });
    }
}
