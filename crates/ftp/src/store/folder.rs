//! A directory that is held, for much work in it.

use super::{
    Attributes, Entry, LinkTarget, Names, NewUpload, Publish, Source, StoreError, Timestamp, Upload,
};
use crate::path::RemotePath;

/// A directory of a [`Store`](super::Store) that is held, so that the way to it is found once and
/// not for each of the many things in it. Nothing in it is reached through a link.
///
/// Whole trees are read and written through these. Names are single components; the errors tell
/// whole paths.
pub trait Folder: Send + Sync + Sized + 'static {
    /// How files in it are read.
    type Source: Source;
    /// How files come into it.
    type Upload: Upload;

    /// Where it is, from the store's root.
    fn path(&self) -> &RemotePath;

    /// The names in it that come after `after` in the order of their bytes, the first of them if
    /// all would take much more than `room` bytes. Unfinished uploads are left out.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] when it cannot be listed, or not to its end.
    fn names(&self, after: Option<&[u8]>, room: usize) -> Result<Names, StoreError>;

    /// Describes what has a name; a link is not followed.
    ///
    /// # Errors
    ///
    /// [`NotFound`](StoreError::NotFound) and the like.
    fn entry(&self, name: &[u8]) -> Result<Entry, StoreError>;

    /// Opens a file for reading; a link is not followed.
    ///
    /// # Errors
    ///
    /// [`NotAFile`](StoreError::NotAFile) and the like.
    fn open(&self, name: &[u8]) -> Result<Self::Source, StoreError>;

    /// A directory in it; a link is not followed.
    ///
    /// # Errors
    ///
    /// [`NotADirectory`](StoreError::NotADirectory), [`LinkInPath`](StoreError::LinkInPath) and
    /// the like.
    fn folder(&self, name: &[u8]) -> Result<Self, StoreError>;

    /// As [`Store::begin`](super::Store::begin).
    ///
    /// # Errors
    ///
    /// As there.
    fn begin(&self, name: &[u8], upload: &NewUpload<'_>) -> Result<Self::Upload, StoreError>;

    /// Makes a file of `content` at once, and tells the path it has got. As with an upload nothing
    /// is seen before all of it is there.
    ///
    /// # Errors
    ///
    /// As [`Upload::commit`]; nothing is left behind.
    fn store(
        &self,
        name: &[u8],
        content: &[u8],
        attributes: &Attributes,
        publish: &Publish,
        durable: bool,
    ) -> Result<RemotePath, StoreError>;

    /// Makes a directory in it. With `private` only its owner may use it until it is given
    /// [attributes](Self::set_attributes).
    ///
    /// # Errors
    ///
    /// [`Exists`](StoreError::Exists) and the like.
    fn make_folder(&self, name: &[u8], private: bool) -> Result<Self, StoreError>;

    /// Makes a link, and tells the path it has got.
    ///
    /// # Errors
    ///
    /// As [`Upload::commit`].
    fn make_link(
        &self,
        name: &[u8],
        target: &LinkTarget,
        modified: Option<Timestamp>,
        publish: &Publish,
    ) -> Result<RemotePath, StoreError>;

    /// Sets the permission bits of a file in it.
    ///
    /// # Errors
    ///
    /// [`NotAFile`](StoreError::NotAFile) and the like.
    fn set_mode(&self, name: &[u8], mode: u32) -> Result<(), StoreError>;

    /// Sets the permission bits (`0o777` of them) and the modification time of the directory
    /// itself.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] with its path.
    fn set_attributes(
        &self,
        mode: Option<u32>,
        modified: Option<Timestamp>,
    ) -> Result<(), StoreError>;

    /// Removes a file, a link or an empty directory.
    ///
    /// # Errors
    ///
    /// As [`Store::remove`](super::Store::remove).
    fn remove(&self, name: &[u8]) -> Result<(), StoreError>;
}
