//! The sender's way through a tree: parents first, names in the order of their bytes.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use proto::{Algorithm, Hasher, digest_blocks};

use super::cursor::{Cursor, bound};
use super::directory::{Directory, Standing};
use super::folders::Folders;
use super::outcome::Filter;
use crate::content::read_full;
use crate::path::RemotePath;
use crate::store::{Entry, Folder, Kind, Source, StoreError};
use crate::wire::{Failure, MAX_LISTING_LEN, MAX_SMALL_LEN, Status, TreeLine};

/// How many entries are told at a time.
const BATCH_ENTRIES: usize = 1024;

/// A batch is told when its lines have so many bytes: the longest line still fits.
const BATCH_LEN: usize = MAX_LISTING_LEN / 2;

/// Files are digested for the receiver to compare until a batch holds so much content.
const BATCH_DIGESTED: u64 = 16 * 1024 * 1024;

/// An entry that was announced.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The directory it is in; for the root of the tree, a stand-in.
    pub(crate) directory: Arc<Directory>,
    /// Its name there; the root's is empty.
    pub(crate) name: Box<[u8]>,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
}

/// What earlier tries have settled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// All up to here, in the order of the walk.
    upto: Option<RemotePath>,
    /// Some of what comes after it.
    beyond: HashSet<RemotePath>,
}

impl Done {
    /// Adds what one more try has settled.
    pub(crate) fn add(
        &mut self,
        upto: Option<RemotePath>,
        beyond: impl Iterator<Item = RemotePath>,
    ) {
        self.beyond.extend(beyond);
        if let Some(upto) = upto
            && self.upto.as_ref().is_none_or(|before| in_walk_order(before, &upto).is_lt())
        {
            self.beyond.retain(|path| in_walk_order(path, &upto).is_gt());
            self.upto = Some(upto);
        }
    }

    /// Whether what has this name in `directory` is settled.
    pub(crate) fn has(&self, directory: &Directory, name: &[u8]) -> bool {
        !self.is_empty() && directory.path_of(name).is_ok_and(|path| self.has_path(&path))
    }

    /// Whether what has this path, told from the root of the tree, is settled.
    pub(crate) fn has_path(&self, path: &RemotePath) -> bool {
        self.upto.as_ref().is_some_and(|upto| in_walk_order(path, upto).is_le())
            || self.beyond.contains(path)
    }

    fn is_empty(&self) -> bool {
        self.upto.is_none() && self.beyond.is_empty()
    }
}

/// Which of two comes first in a walk.
pub(super) fn in_walk_order(one: &RemotePath, other: &RemotePath) -> Ordering {
    one.components().cmp(other.components())
}

/// What a walk looks at, and what it tells.
pub(crate) struct WalkRules {
    pub(crate) filter: Option<Arc<dyn Filter>>,
    /// Whether what the filter leaves out is told, as standing apart.
    pub(crate) tell_apart: bool,
    /// Whether small files are digested, and how.
    pub(crate) digests: Option<Algorithm>,
    pub(crate) done: Arc<Done>,
}

/// A piece of a walk.
pub(crate) struct Batch {
    /// One JSON line an entry.
    pub(crate) body: Vec<u8>,
    /// The same entries, as far as they are of use later.
    pub(crate) entries: Vec<Known>,
    /// Whether it is the last.
    pub(crate) ended: bool,
}

/// What a tree begins with.
pub(crate) enum Root<F> {
    /// A directory.
    Directory(Arc<F>, Entry),
    /// Something else, in a directory that is no part of the tree.
    Single(Arc<F>, Entry),
}

/// A walk, as far as it has come.
pub(crate) struct Walk<F> {
    rules: WalkRules,
    /// Where it begins, before it has begun.
    root: Option<Root<F>>,
    folders: Option<Folders<F>>,
    levels: Vec<Level>,
    next: u64,
}

/// A directory on the way.
struct Level {
    directory: Arc<Directory>,
    n: u64,
    names: Cursor,
}

impl<F: Folder> Walk<F> {
    pub(crate) fn new(root: Root<F>, rules: WalkRules) -> Self {
        let folders = match &root {
            Root::Directory(folder, _) => Some(Folders::new(Arc::clone(folder))),
            Root::Single(..) => None,
        };
        Self { rules, root: Some(root), folders, levels: Vec::new(), next: 0 }
    }

    /// Leaves the directory with this number, if the walk is in it.
    pub(crate) fn prune(&mut self, n: u64) {
        if let Some(depth) = self.levels.iter().position(|level| level.n == n) {
            self.levels.truncate(depth);
        }
    }

    /// The next entries: at most `most`.
    pub(crate) fn batch(&mut self, most: u64) -> Batch {
        let mut batch = Batch { body: Vec::new(), entries: Vec::new(), ended: false };
        let mut digested = 0;
        if let Some(root) = self.root.take() {
            self.begin(root, &mut batch);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(BATCH_ENTRIES);
        while batch.entries.len() < most
            && batch.body.len() < BATCH_LEN
            && digested < BATCH_DIGESTED
        {
            match self.step(&mut batch) {
                Some(size) => digested += if self.rules.digests.is_some() { size } else { 0 },
                None => {
                    batch.ended = true;
                    break;
                }
            }
        }
        batch
    }

    fn begin(&mut self, root: Root<F>, batch: &mut Batch) {
        let stand_in = Directory::root(Standing::Here, (None, None));
        let (entry, folder) = match &root {
            Root::Directory(_, entry) => (entry, None),
            Root::Single(folder, entry) => (entry, Some(folder)),
        };
        let mut line = line_of(0, b"", entry);
        if let Some(folder) = folder
            && let Some(name) = entry.path.file_name()
        {
            self.digest(folder, name, &mut line);
        }
        line.done = self.rules.done.has(&stand_in, b"");
        let n = self.tell(batch, &line, &stand_in);
        if let Root::Directory(..) = root {
            self.enter(stand_in, n);
        }
    }

    /// Tells one entry, or goes up; `None` at the end. Returns how much content was read for it.
    fn step(&mut self, batch: &mut Batch) -> Option<u64> {
        let folders = self.folders.as_mut()?;
        let level = self.levels.last_mut()?;
        let directory = Arc::clone(&level.directory);
        let depth = directory.depth() as u32;
        let folder = folders.at(&directory);
        let name =
            folder.as_ref().map_err(|error| Failure::new(Status::of(error), error.to_string()));
        let name = name.and_then(|folder| level.names.next(&**folder).map_err(Failure::from));
        let name = match name {
            Ok(Some(name)) => name,
            Ok(None) => {
                self.levels.pop();
                return Some(0);
            }
            Err(failure) => {
                let mut line = TreeLine::new(depth, b"", Kind::Directory);
                line.incomplete = true;
                line.problem = Some(failure);
                self.levels.pop();
                self.tell(batch, &line, &directory);
                return Some(0);
            }
        };
        let folder = folder.expect("a name was found in it");
        let mut line = match folder.entry(&name) {
            Ok(entry) => line_of(depth + 1, &name, &entry),
            // It vanished between the listing and now.
            Err(StoreError::NotFound { .. }) => return Some(0),
            Err(error) => {
                let mut line = TreeLine::new(depth + 1, &name, Kind::Other);
                line.problem = Some(error.into());
                line
            }
        };
        if !self.keeps(&directory, &name, line.kind) {
            if self.rules.tell_apart {
                let mut apart = TreeLine::new(depth + 1, &name, line.kind);
                apart.apart = true;
                self.tell(batch, &apart, &directory);
            }
            return Some(0);
        }
        line.done = line.kind != Kind::Directory && self.rules.done.has(&directory, &name);
        self.digest(&folder, &name, &mut line);
        let n = self.tell(batch, &line, &directory);
        if line.kind == Kind::Directory {
            self.enter(directory.below(&name, Standing::Here, (None, None)), n);
        }
        Some(line.digest.map_or(0, |_| line.size))
    }

    fn keeps(&self, directory: &Directory, name: &[u8], kind: Kind) -> bool {
        let Some(filter) = &self.rules.filter else { return true };
        directory.path_of(name).is_ok_and(|path| filter.keep(&path, kind))
    }

    /// Adds the digest of a small file, if digests are told. That it cannot be read will be told
    /// when it is wanted.
    fn digest(&self, folder: &F, name: &[u8], line: &mut TreeLine) {
        let Some(algorithm) = self.rules.digests else { return };
        if line.kind == Kind::File && line.size <= MAX_SMALL_LEN && !line.done {
            line.digest = digest_of(folder, name, line.size, algorithm);
        }
    }

    /// Adds a line; what it is about gets a number.
    fn tell(&mut self, batch: &mut Batch, line: &TreeLine, directory: &Arc<Directory>) -> u64 {
        serde_json::to_writer(&mut batch.body, line)
            .expect("lines are JSON, and memory takes them");
        batch.body.push(b'\n');
        batch.entries.push(Known {
            directory: Arc::clone(directory),
            name: line.name.0.clone(),
            kind: line.kind,
            size: line.size,
        });
        self.next += 1;
        self.next - 1
    }

    fn enter(&mut self, directory: Arc<Directory>, n: u64) {
        bound(self.levels.iter_mut().map(|level| &mut level.names));
        self.levels.push(Level { directory, n, names: Cursor::default() });
    }
}

/// What is told of an entry.
fn line_of(depth: u32, name: &[u8], entry: &Entry) -> TreeLine {
    let mut line = TreeLine::new(depth, name, entry.kind);
    (line.size, line.mode, line.modified) = (entry.size, entry.mode, entry.modified);
    line.target = entry.target.clone();
    line
}

/// The digest of the digests of a small file's blocks, in hex; `None` if it cannot be read.
pub(super) fn digest_of<F: Folder>(
    folder: &F,
    name: &[u8],
    size: u64,
    algorithm: Algorithm,
) -> Option<String> {
    let source = folder.open(name).ok()?;
    let mut content = vec![0; usize::try_from(size).ok()?];
    if source.entry().size != size || read_full(&source, &mut content, 0).is_err() {
        return None;
    }
    Some(content_digest(algorithm, &content))
}

/// The digest of the digests of the blocks of some content.
fn content_digest(algorithm: Algorithm, content: &[u8]) -> String {
    let mut digests = Vec::new();
    digest_blocks(algorithm, content, &mut digests);
    let mut hasher = Hasher::new(algorithm);
    hasher.update(&digests);
    hasher.finalize().to_string()
}
