//! What a caller says of a tree, what it is told meanwhile, and what comes of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::client::ClientError;
use crate::path::RemotePath;
use crate::store::{Kind, LinkTarget, Publish, Timestamp};
use crate::wire::{Failure, Status};

/// How a tree is transferred.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct HowTree {
    /// What happens to an entry whose name is taken by something different. Default: that entry
    /// fails and the rest goes on. Directories always merge; a directory never takes the place of
    /// something else, nor the other way round. A revision in it is not looked at.
    pub publish: Publish,
    /// Whether the content is to be on the disk, not only in the system's memory, before an entry
    /// counts as done. Default: no.
    pub durable: bool,
    /// Whether files are compared by their content. Default: no, files with the same size and
    /// modification time are taken for the same.
    pub checksum: bool,
    /// Whether the target loses what the source does not have. Default: no. It happens after all
    /// else went well, and only in directories that the sender could list to their end.
    pub delete: bool,
    /// Whether the target is only compared, and all is told that would be done. Default: no.
    pub dry_run: bool,
    /// What of the tree takes part. Default: all of it.
    pub filter: Option<Arc<dyn Filter>>,
}

impl HowTree {
    /// Sets what happens to names that are taken.
    #[must_use]
    pub fn publish(mut self, publish: Publish) -> Self {
        self.publish = publish;
        self
    }

    /// Sets whether content is to be on the disk.
    #[must_use]
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Sets whether files are compared by their content.
    #[must_use]
    pub fn checksum(mut self, checksum: bool) -> Self {
        self.checksum = checksum;
        self
    }

    /// Sets whether the target loses what the source does not have.
    #[must_use]
    pub fn delete(mut self, delete: bool) -> Self {
        self.delete = delete;
        self
    }

    /// Sets whether nothing is to be changed.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Sets what takes part.
    #[must_use]
    pub fn filter(mut self, filter: Arc<dyn Filter>) -> Self {
        self.filter = Some(filter);
        self
    }
}

impl fmt::Debug for HowTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HowTree")
            .field("publish", &self.publish)
            .field("durable", &self.durable)
            .field("checksum", &self.checksum)
            .field("delete", &self.delete)
            .field("dry_run", &self.dry_run)
            .field("filter", &self.filter.is_some())
            .finish()
    }
}

/// What of a tree takes part in a transfer.
///
/// What is not kept is neither moved nor made nor deleted; nothing beneath a directory that is not
/// kept takes part, and the filter is not asked about it. The root of the tree always takes part.
///
/// ```
/// use ftp::{Filter, Kind, RemotePath};
///
/// let no_objects = |path: &RemotePath, _: Kind| !path.as_bytes().ends_with(b".o");
/// assert!(!no_objects.keep(&RemotePath::parse("src/main.o")?, Kind::File));
/// # Ok::<(), ftp::PathError>(())
/// ```
pub trait Filter: Send + Sync {
    /// Whether what is at `path`, told from the root of the tree, takes part.
    fn keep(&self, path: &RemotePath, kind: Kind) -> bool;
}

impl<F: Fn(&RemotePath, Kind) -> bool + Send + Sync> Filter for F {
    fn keep(&self, path: &RemotePath, kind: Kind) -> bool {
        self(path, kind)
    }
}

/// What became of one entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// A file came to be.
    Created,
    /// A file, or what is said of it, took the place of what was there.
    Updated,
    /// It was there already. Also said of directories.
    Unchanged,
    /// A link came to be, or leads elsewhere now.
    Linked,
    /// A directory came to be.
    MadeDirectory,
    /// The source does not have it: it was removed, with all beneath it.
    Deleted,
    /// Something else has its name: it is beside it.
    KeptAs(RemotePath),
    /// It is of a kind that is not transferred. Says why.
    Skipped(String),
    /// It could not be read, moved or written. Of a directory: nothing beneath it was looked at.
    Failed(Failure),
}

impl Outcome {
    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// What happens during the transfer of a tree. Paths are told from the root of the tree; the root
/// itself has the empty path.
#[derive(Debug)]
#[non_exhaustive]
pub enum TreeEvent<'a> {
    /// An entry is done with. Told once for each, also when the transfer was tried anew; not of
    /// what the filter left out, nor of what lies beneath a directory that failed. With `dry_run`
    /// it is what would be done.
    Entry {
        /// Where it is in the tree.
        path: &'a RemotePath,
        /// What it is.
        kind: Kind,
        /// A file's length in bytes.
        size: u64,
        /// What became of it.
        outcome: &'a Outcome,
        /// Bytes of its content that came or went.
        moved: u64,
        /// Bytes of a file that was updated or gone on with that were right at the target already.
        reused: u64,
    },
    /// How much of the tree is known by now. Told anew, from nothing, after a
    /// [`Retrying`](Self::Retrying).
    Known {
        /// Files so far.
        files: u64,
        /// Their lengths, in bytes.
        bytes: u64,
        /// Whether there are no more.
        complete: bool,
    },
    /// So many bytes of the known ones need not move any more: they are right at the target, or
    /// their entry is done with in another way.
    Reused {
        /// How many.
        bytes: u64,
    },
    /// The content of a file that is not small begins to move.
    Moving {
        /// Where it is in the tree.
        path: &'a RemotePath,
        /// Its length in bytes.
        size: u64,
    },
    /// So many bytes of content came or went.
    Moved {
        /// How many.
        bytes: u64,
    },
    /// The transfer broke off, and is gone on with after a while.
    Retrying {
        /// Why it broke off.
        error: &'a ClientError,
        /// The how-manieth try follows.
        attempt: u32,
        /// How long the while is.
        delay: Duration,
    },
}

/// Who wants to know what happens during the transfer of a tree.
pub trait TreeObserver: Send + Sync {
    /// Something happened. Called from within the transfer: be quick.
    fn event(&self, event: TreeEvent<'_>);
}

/// Nobody wants to know.
impl TreeObserver for () {
    fn event(&self, _: TreeEvent<'_>) {}
}

/// What came of a tree. Every entry that was told of counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeSummary {
    /// Files that were created, updated or kept under another name.
    pub files: u64,
    /// Directories that were made.
    pub directories: u64,
    /// Links that were made or changed.
    pub links: u64,
    /// Entries that were right already, directories included.
    pub unchanged: u64,
    /// Entries of a kind that is not transferred.
    pub skipped: u64,
    /// Entries that failed.
    pub failed: u64,
    /// What was deleted from the target; a directory counts once with all beneath it.
    pub deleted: u64,
    /// The lengths of all files that were told of, in bytes.
    pub bytes: u64,
    /// Bytes of content that came or went, in all tries.
    pub bytes_moved: u64,
    /// Bytes of files that were updated or gone on with that were right already.
    pub bytes_reused: u64,
    /// How often it was gone on with after it had broken off.
    pub reconnects: u32,
    /// Why the transfer ended before all was done, if it did: the target is full.
    pub stopped: Option<Failure>,
    /// The first failure of an entry: for an exit code, where one word is enough.
    pub first_failure: Option<Status>,
}

impl TreeSummary {
    /// Whether everything is as it was meant to be: nothing failed, and it came to its end.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.stopped.is_none()
    }

    /// Counts an entry.
    pub(crate) fn count(&mut self, kind: Kind, size: u64, outcome: &Outcome) {
        *match outcome {
            Outcome::Created | Outcome::Updated if kind == Kind::Directory => &mut self.directories,
            Outcome::KeptAs(_) if kind == Kind::Link => &mut self.links,
            Outcome::Created | Outcome::Updated | Outcome::KeptAs(_) => &mut self.files,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Linked => &mut self.links,
            Outcome::MadeDirectory => &mut self.directories,
            Outcome::Deleted => &mut self.deleted,
            Outcome::Skipped(_) => &mut self.skipped,
            Outcome::Failed(_) => &mut self.failed,
        } += 1;
        if !matches!(outcome, Outcome::Deleted) {
            self.bytes = self.bytes.saturating_add(size);
        }
        if let (None, Some(failure)) = (self.first_failure, outcome.failure()) {
            self.first_failure = Some(failure.status);
        }
    }
}

/// One thing in a tree that is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeEntry {
    /// Where it is, from the root of the tree; the root itself has the empty path.
    pub path: RemotePath,
    /// What it is.
    pub kind: Kind,
    /// A file's length in bytes; 0 for anything else.
    pub size: u64,
    /// The permission bits, where the store keeps them.
    pub mode: Option<u32>,
    /// When the content was last changed, where the store keeps that.
    pub modified: Option<Timestamp>,
    /// What a link leads to.
    pub target: Option<LinkTarget>,
    /// Why it could not be described, or, of a directory that was told before, why not all that is
    /// in it was told.
    pub problem: Option<Failure>,
}
