//! What is done with an entry, decided by what is there.

use std::sync::Arc;

use super::{Hand, Wanted};
use crate::content::same_content;
use crate::path::RemotePath;
use crate::store::{
    Entry, Folder, Kind, LinkTarget, Publish, Revision, Store, StoreError, numbered,
};
use crate::tree::directory::{Directory, Standing};
use crate::tree::folders::Folders;
use crate::tree::join::has_exactly;
use crate::tree::outcome::Outcome;
use crate::tree::walk::digest_of;
use crate::wire::{Failure, MAX_SMALL_LEN, Status, TreeLine};

/// An entry and what has its name in the target.
pub(super) struct Found<F> {
    pub(super) n: u64,
    pub(super) directory: Arc<Directory>,
    pub(super) line: TreeLine,
    /// Where it goes; `None` where not even the directory is there yet.
    pub(super) folder: Option<Arc<F>>,
    /// Its name in the target.
    pub(super) name: Box<[u8]>,
    pub(super) there: Option<Entry>,
}

/// How a directory stands in the target, the directory there, and what to tell.
type Entered<F> = (Standing, Option<Arc<F>>, Outcome);

/// What is to be done with an entry.
pub(super) enum Verdict {
    Settled(Outcome),
    Quiet,
    Wanted { is_new: bool, verify: bool },
}

impl<S: Store> Hand<S> {
    /// Takes in the root of the tree.
    pub(super) fn root(&mut self, line: TreeLine) {
        let found = self.find_root(&line);
        let result = match found {
            Ok(found) => self.judge(found),
            Err(error) => {
                let stand_in = Directory::root(Standing::Barred, (None, None));
                let failed = Some(Outcome::Failed(error.into()));
                self.settle(0, (&stand_in, b""), (line.kind, line.size), failed);
                if line.kind == Kind::Directory {
                    self.report.pruned.push(0);
                    self.enter(stand_in, true);
                }
                Ok(())
            }
        };
        debug_assert!(result.is_ok(), "only where an entry stands can break a rule");
    }

    fn find_root(&mut self, line: &TreeLine) -> Result<Found<S::Folder>, StoreError> {
        let stand_in = Directory::root(Standing::Here, (None, None));
        if let Some(problem) = &line.problem {
            return Err(StoreError::Io {
                path: self.target.path.clone(),
                source: std::io::Error::other(problem.message.clone()),
            });
        }
        if line.kind == Kind::File {
            self.report.known.0 += 1;
            self.report.known.1 += line.size;
        }
        let (folder, name, there) = match &self.outer {
            Some((folder, name)) => {
                let there = describe(&**folder, name)?;
                (Some(Arc::clone(folder)), name.clone(), there)
            }
            None => (None, Box::default(), Some(self.target.store.stat(&self.target.path)?)),
        };
        Ok(Found { n: 0, directory: stand_in, line: line.clone(), folder, name, there })
    }

    /// Decides what is done with an entry, and does it if that needs no content.
    pub(super) fn judge(&mut self, found: Found<S::Folder>) -> Result<(), String> {
        if found.line.kind == Kind::Directory {
            self.directory(found);
            return Ok(());
        }
        let verdict = match found.line.kind {
            _ if found.line.done => Verdict::Quiet,
            Kind::File => self.compare(&found),
            Kind::Link => self.link(&found),
            Kind::Other | Kind::Directory => {
                Verdict::Settled(Outcome::Skipped(format!("it is {}", found.line.kind)))
            }
        };
        let Found { n, directory, line, .. } = found;
        let outcome = match verdict {
            Verdict::Settled(outcome) => Some(outcome),
            Verdict::Quiet => None,
            Verdict::Wanted { is_new, verify } => {
                directory.expect();
                let (name, size) = (line.name.0, line.size);
                self.report.wanted.push(Wanted { n, directory, name, size, is_new, verify });
                return Ok(());
            }
        };
        self.settle(n, (&directory, &line.name.0), (line.kind, line.size), outcome);
        Ok(())
    }

    /// Makes a directory, or goes into the one that is there.
    fn directory(&mut self, found: Found<S::Folder>) {
        let (n, name) = (found.n, found.line.name.0.clone());
        let entered = self.make_or_open(&found);
        let (standing, folder, outcome) = match entered {
            Ok(entered) => entered,
            Err(error) => (Standing::Barred, None, Outcome::Failed(error.into())),
        };
        let is_new = outcome == Outcome::MadeDirectory || standing == Standing::Barred;
        let attributes = (found.line.mode, found.line.modified);
        let directory = match n {
            0 => Directory::root(standing, attributes),
            _ => found.directory.below(&name, standing, attributes),
        };
        let settled_in = if n == 0 { &directory } else { &found.directory };
        self.settle(n, (settled_in, &name), (Kind::Directory, 0), Some(outcome));
        if let Some(folder) = folder {
            match &mut self.folders {
                Some(folders) => folders.insert(&directory, folder),
                None => self.folders = Some(Folders::new(folder)),
            }
        }
        if standing == Standing::Barred {
            self.report.pruned.push(n);
        }
        self.enter(directory, is_new);
    }

    fn make_or_open(&self, found: &Found<S::Folder>) -> Result<Entered<S::Folder>, StoreError> {
        let Found { folder, name, there, line, .. } = found;
        let dry_run = self.target.rules.dry_run;
        let path = || self.path_of(found);
        let there = match (folder, there) {
            (None, None) => return Ok((Standing::Absent, None, Outcome::MadeDirectory)),
            (Some(_), None) if dry_run => {
                return Ok((Standing::Absent, None, Outcome::MadeDirectory));
            }
            (Some(folder), None) => match folder.make_folder(name, line.mode.is_some()) {
                Ok(made) => {
                    return Ok((Standing::Here, Some(Arc::new(made)), Outcome::MadeDirectory));
                }
                Err(StoreError::Exists { .. }) if has_exactly(&**folder, name)? => {
                    folder.entry(name)?
                }
                Err(error) => return Err(error),
            },
            (_, Some(there)) => there.clone(),
        };
        let opened = match (there.kind, folder) {
            (Kind::Directory, Some(folder)) => folder.folder(name)?,
            (Kind::Directory, None) => self.target.store.folder(&self.target.path, true)?,
            (Kind::Link, _) => return Err(StoreError::LinkInPath { path: path() }),
            _ => return Err(StoreError::NotADirectory { path: path() }),
        };
        // What its owner may not write to is to be filled nevertheless; it gets its own mode after.
        if let Some(mode) = there.mode.filter(|mode| mode & 0o700 != 0o700 && !dry_run) {
            // Whoever does not own it finds out when something is written.
            let _ = opened.set_attributes(Some(mode | 0o700), None);
        }
        Ok((Standing::Here, Some(Arc::new(opened)), Outcome::Unchanged))
    }

    /// Compares a file with what has its name.
    fn compare(&self, found: &Found<S::Folder>) -> Verdict {
        let Found { line, there, directory, .. } = found;
        if self.target.done.has(directory, &line.name.0) {
            return Verdict::Quiet;
        }
        let rules = &self.target.rules;
        let Some(there) = there else {
            return match rules.dry_run {
                true => Verdict::Settled(Outcome::Created),
                false => Verdict::Wanted { is_new: true, verify: false },
            };
        };
        let same = there.kind == Kind::File && same_content(there, &offered(line));
        let verify = same && rules.checksum && line.size > MAX_SMALL_LEN;
        if same && !verify && (!rules.checksum || self.digests_agree(found)) {
            return Verdict::Settled(self.adopt_mode(found, there));
        }
        match self.conflict(found, there) {
            // A dry run moves no content, so it cannot tell of large files with `checksum`.
            _ if verify && rules.dry_run => Verdict::Settled(Outcome::Unchanged),
            _ if verify => Verdict::Wanted { is_new: false, verify },
            Some(outcome) => Verdict::Settled(outcome),
            None => Verdict::Wanted { is_new: false, verify: false },
        }
    }

    /// What becomes of an entry because something different has its name; `None` if it is to be
    /// moved all the same.
    fn conflict(&self, found: &Found<S::Folder>, there: &Entry) -> Option<Outcome> {
        let path = self.path_of(found);
        let rules = &self.target.rules;
        match &rules.publish {
            Publish::IfAbsent => Some(Outcome::Failed(StoreError::Exists { path }.into())),
            Publish::Replace { .. } if there.kind == Kind::Directory => {
                Some(Outcome::Failed(StoreError::IsADirectory { path }.into()))
            }
            Publish::Replace { .. } => rules.dry_run.then_some(Outcome::Updated),
            Publish::KeepBoth if rules.dry_run => Some(self.free_name(found)),
            Publish::KeepBoth => None,
        }
    }

    /// Under which name an entry would be kept.
    fn free_name(&self, found: &Found<S::Folder>) -> Outcome {
        let Some(folder) = &found.folder else { return Outcome::Created };
        let free = (1..)
            .map(|number| numbered(&found.name, number))
            .find(|name| matches!(folder.entry(name), Err(StoreError::NotFound { .. })));
        let beside = free.and_then(|name| self.beside(&found.directory, &found.line.name.0, &name));
        beside.map_or(Outcome::Created, Outcome::KeptAs)
    }

    /// Takes over the permissions of a file whose content is right.
    fn adopt_mode(&self, found: &Found<S::Folder>, there: &Entry) -> Outcome {
        let replaces = matches!(self.target.rules.publish, Publish::Replace { .. });
        let modes = found.line.mode.zip(there.mode);
        let differs = modes.is_some_and(|(one, other)| (one ^ other) & 0o777 != 0);
        let (true, true, Some(folder), Some(mode)) =
            (replaces, differs, &found.folder, found.line.mode)
        else {
            return Outcome::Unchanged;
        };
        if self.target.rules.dry_run {
            return Outcome::Updated;
        }
        match folder.set_mode(&found.name, mode) {
            Ok(()) => Outcome::Updated,
            Err(error) => Outcome::Failed(error.into()),
        }
    }

    fn digests_agree(&self, found: &Found<S::Folder>) -> bool {
        let Found { folder: Some(folder), line, name, .. } = found else { return false };
        line.digest.is_some()
            && line.digest == digest_of(&**folder, name, line.size, self.algorithm)
    }

    /// Makes a link, unless it is there.
    fn link(&self, found: &Found<S::Folder>) -> Verdict {
        let Found { line, folder, name, there, directory, .. } = found;
        if self.target.done.has(directory, &line.name.0) {
            return Verdict::Quiet;
        }
        let Some(target) = &line.target else {
            let failure = Failure::new(Status::BadRequest, "it is not told where the link leads");
            return Verdict::Settled(Outcome::Failed(failure));
        };
        if let Some(there) = there {
            if there.target.as_ref() == Some(target) {
                return Verdict::Settled(Outcome::Unchanged);
            }
            match self.conflict(found, there) {
                Some(Outcome::Updated) => return Verdict::Settled(Outcome::Linked),
                Some(outcome) => return Verdict::Settled(outcome),
                None => {}
            }
        }
        let (Some(folder), false) = (folder, self.target.rules.dry_run) else {
            return Verdict::Settled(Outcome::Linked);
        };
        let publish = self.publish(there.is_none());
        Verdict::Settled(match folder.make_link(name, target, line.modified, &publish) {
            Ok(path) if path.file_name() == Some(name) => Outcome::Linked,
            Ok(path) => self.kept_as(directory, &line.name.0, &path),
            // What an earlier try still had under way when its connection broke came late.
            Err(StoreError::Exists { .. }) if is_link_to(&**folder, name, target) => {
                Outcome::Linked
            }
            Err(error) => Outcome::Failed(error.into()),
        })
    }

    /// How something is published: where nothing had its name, it takes the place of nothing that
    /// came meanwhile, and of nothing that the target takes for the same name.
    pub(super) fn publish(&self, is_new: bool) -> Publish {
        match &self.target.rules.publish {
            Publish::KeepBoth => Publish::KeepBoth,
            Publish::Replace { .. } if !is_new => Publish::Replace { revision: None },
            _ => Publish::IfAbsent,
        }
    }

    /// That something is beside its name, as a path of the store.
    pub(super) fn kept_as(&self, directory: &Directory, name: &[u8], path: &RemotePath) -> Outcome {
        let beside = path.file_name().and_then(|beside| self.beside(directory, name, beside));
        beside.map_or(Outcome::Created, Outcome::KeptAs)
    }

    /// The path of what is beside an entry, from the root of the tree. What is beside the root has
    /// a path of its own: only its name.
    fn beside(&self, directory: &Directory, name: &[u8], beside: &[u8]) -> Option<RemotePath> {
        match name.is_empty() {
            true => RemotePath::parse(beside).ok(),
            false => directory.path_of(beside).ok(),
        }
    }

    /// The path of an entry in the store.
    fn path_of(&self, found: &Found<S::Folder>) -> RemotePath {
        let joined = found.folder.as_ref().and_then(|folder| folder.path().join(&found.name).ok());
        joined.unwrap_or_else(|| self.target.path.clone())
    }
}

/// What has a name; `None` if nothing has.
pub(super) fn describe<F: Folder>(folder: &F, name: &[u8]) -> Result<Option<Entry>, StoreError> {
    match folder.entry(name) {
        Ok(entry) => Ok(Some(entry)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether there is a link of this name, spelt exactly so, which leads there.
fn is_link_to<F: Folder>(folder: &F, name: &[u8], target: &LinkTarget) -> bool {
    folder.entry(name).is_ok_and(|there| there.target.as_ref() == Some(target))
        && has_exactly(folder, name).unwrap_or(false)
}

/// A line as an entry, for comparing.
fn offered(line: &TreeLine) -> Entry {
    Entry {
        path: RemotePath::root(),
        kind: line.kind,
        size: line.size,
        mode: line.mode,
        modified: line.modified,
        revision: Revision::new(""),
        target: None,
    }
}
