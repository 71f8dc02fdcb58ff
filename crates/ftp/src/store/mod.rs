//! What every store can do, and the words they all speak.
//!
//! The server and the client know files only through [`Store`]: entries with opaque [`Revision`]s,
//! [`Source`]s that are read at an offset, and [`Upload`]s that become visible all at once. The
//! words fit an object store as well as the [`LocalStore`]: no path of the operating system, inode
//! or rename appears in them.
//!
//! The methods block. They are called on a bounded pool of blocking threads, a segment at a time.

mod entry;
mod error;
mod folder;
mod local;
mod names;
mod shelf;
mod shelf_folder;

use std::ops::ControlFlow;

pub use entry::{Attributes, Entry, Kind, LinkTarget, Revision, Timestamp};
pub use error::StoreError;
pub use folder::Folder;
pub(crate) use local::numbered;
pub use local::{LocalFolder, LocalSource, LocalStore, LocalUpload, OpenStoreError};
pub use names::{Names, NamesAfter};
pub use shelf::Shelf;
pub use shelf_folder::ShelfFolder;

use serde::{Deserialize, Serialize};

use crate::path::RemotePath;

/// The end of the names under which stores keep unfinished uploads.
///
/// Paths with a component that ends so (in whatever case) are [`StoreError::Reserved`].
pub const PARTIAL_SUFFIX: &str = ".seam-part";

/// After how many days without a write an unfinished upload is removed.
pub const PARTIAL_DAYS: u64 = 7;

/// A tree of files that can be read, and perhaps changed.
pub trait Store: Send + Sync + 'static {
    /// A file opened for reading.
    type Source: Source;
    /// A file on its way in.
    type Upload: Upload;
    /// A directory that is held.
    type Folder: Folder<Source = Self::Source, Upload = Self::Upload>;

    /// The part of it that is in one directory, for peers that may see no more of it. Paths stay as
    /// they are; a link that leads out of the directory leads out of the root.
    ///
    /// # Errors
    ///
    /// [`NotFound`](StoreError::NotFound), [`LinkInPath`](StoreError::LinkInPath) and the like.
    fn beneath(&self, path: &RemotePath) -> Result<Self, StoreError>
    where
        Self: Sized;

    /// Describes what `path` names. A link at the end of the path is described, not followed.
    ///
    /// # Errors
    ///
    /// [`NotFound`](StoreError::NotFound), [`OutsideRoot`](StoreError::OutsideRoot) and the like.
    fn stat(&self, path: &RemotePath) -> Result<Entry, StoreError>;

    /// Describes everything in a directory, in the store's own order, until `each` breaks off.
    ///
    /// Unfinished uploads are left out. What vanishes meanwhile is skipped, and what cannot be
    /// described is a [`Kind::Other`]: one bad entry does not end the listing.
    ///
    /// # Errors
    ///
    /// As [`stat`](Self::stat), and [`NotADirectory`](StoreError::NotADirectory).
    fn list(
        &self,
        path: &RemotePath,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Opens a file for reading. Links are followed as long as they stay beneath the root.
    ///
    /// # Errors
    ///
    /// As [`stat`](Self::stat), and [`NotAFile`](StoreError::NotAFile) for directories, devices and
    /// pipes, none of which is opened.
    fn open(&self, path: &RemotePath) -> Result<Self::Source, StoreError>;

    /// Begins to write a file, or goes on with what an interrupted session of the same owner left.
    ///
    /// Nothing is seen at `path` before [`Upload::commit`]. What can be told now is told now:
    /// conflicts with `upload.publish`, a missing directory, too little space. While the upload
    /// lives, another session of its owner for the same path is
    /// [`Busy`](StoreError::Busy); the same session takes it over, after which no call upon the
    /// former value has any effect ([`Superseded`](StoreError::Superseded)).
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing is left behind that was not there before.
    fn begin(&self, path: &RemotePath, upload: &NewUpload<'_>) -> Result<Self::Upload, StoreError>;

    /// Holds a directory. To write in it, no link is followed on the way; to read, links may be, as
    /// long as they stay beneath the root.
    ///
    /// # Errors
    ///
    /// [`NotADirectory`](StoreError::NotADirectory), [`ReadOnly`](StoreError::ReadOnly) and the
    /// like.
    fn folder(&self, path: &RemotePath, to_write: bool) -> Result<Self::Folder, StoreError>;

    /// Makes a directory. With `parents` also those above it, and it may be there already.
    ///
    /// # Errors
    ///
    /// [`Exists`](StoreError::Exists), [`NotFound`](StoreError::NotFound) with the path of the
    /// directory that is missing, and the like.
    fn make_directory(&self, path: &RemotePath, parents: bool) -> Result<(), StoreError>;

    /// Removes a file, a link (not what it leads to) or an empty directory.
    ///
    /// # Errors
    ///
    /// [`NotEmpty`](StoreError::NotEmpty), [`UnfinishedUploads`](StoreError::UnfinishedUploads)
    /// and the like.
    fn remove(&self, path: &RemotePath) -> Result<(), StoreError>;

    /// Gives a file, link or directory another path. A directory is never replaced.
    ///
    /// # Errors
    ///
    /// [`Exists`](StoreError::Exists), [`Changed`](StoreError::Changed),
    /// [`InsideItself`](StoreError::InsideItself) and the like.
    fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        publish: &Publish,
    ) -> Result<Published, StoreError>;
}

/// A file opened for reading, possibly by several threads at once.
pub trait Source: Send + Sync + 'static {
    /// The file as it was when it was opened.
    fn entry(&self) -> &Entry;

    /// Reads at most `buf.len()` bytes at `offset`; 0 only at the end of the file.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] with the file's path.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, StoreError>;

    /// The revision of the opened file now: unlike the entry's if it was written to meanwhile.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] with the file's path.
    fn revision_now(&self) -> Result<Revision, StoreError>;
}

/// A file on its way in, possibly written by several threads at once.
///
/// Dropped without [`commit`](Self::commit) or [`discard`](Self::discard), what was written stays
/// for the owner's next session. Once committed, discarded or taken over, every call is
/// [`Superseded`](StoreError::Superseded).
pub trait Upload: Send + Sync + 'static {
    /// How the file is read that stands at the target already.
    type Basis: Source;

    /// The length of what an interrupted session left. It may hold anything: check it.
    fn kept(&self) -> u64;

    /// Reads from what was left or written so far; 0 only at its end.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] with the target's path.
    fn read_kept(&self, buf: &mut [u8], offset: u64) -> Result<usize, StoreError>;

    /// The regular file that stood at the target when the upload began: the basis of a block-wise
    /// update.
    fn present(&self) -> Option<&Self::Basis>;

    /// Writes all of `data` at `offset`.
    ///
    /// # Errors
    ///
    /// [`NoSpace`](StoreError::NoSpace) and the like.
    fn write_at(&self, data: &[u8], offset: u64) -> Result<(), StoreError>;

    /// Cuts the content to the size in `attributes` (or fills it up with zeros), gives it the rest of
    /// them and makes it visible at once, whole; with `durable` only after it has reached the disk.
    ///
    /// # Errors
    ///
    /// [`Exists`](StoreError::Exists), [`Changed`](StoreError::Changed) and the like. The upload
    /// lives on then, and may be committed in another way.
    fn commit(
        &self,
        attributes: &Attributes,
        publish: &Publish,
        durable: bool,
    ) -> Result<Published, StoreError>;

    /// Removes what was written.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] with the target's path.
    fn discard(&self) -> Result<(), StoreError>;
}

/// What an upload is to become.
#[derive(Debug, Clone, Copy)]
pub struct NewUpload<'a> {
    /// Who uploads: only the same owner is offered what was left.
    pub owner: &'a str,
    /// Which attempt it is: only the same one may take over a live upload.
    pub session: &'a str,
    /// The size in bytes, if it is known beforehand.
    pub size: Option<u64>,
    /// How it is meant to be published.
    pub publish: &'a Publish,
}

/// What happens to a name that is already taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Publish {
    /// Fail with [`StoreError::Exists`].
    #[default]
    IfAbsent,
    /// Replace it, unless it is a directory.
    Replace {
        /// Only while the target has this revision, else [`StoreError::Changed`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<Revision>,
    },
    /// Take `NAME(1)` instead, or `NAME(2)`, or the first that is free.
    KeepBoth,
}

/// Where something was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Its path: with [`Publish::KeepBoth`] perhaps not the one that was asked for.
    pub path: RemotePath,
    /// Its revision, as [`Store::stat`] tells it from now on.
    pub revision: Revision,
}
