//! The directories of a shelf.

use std::collections::BTreeMap;
use std::fmt;

use super::shelf::Item;
use super::{
    Attributes, Entry, Folder, Kind, LinkTarget, Names, NewUpload, Publish, Store, StoreError,
    Timestamp,
};
use crate::path::RemotePath;

/// A directory of a [`Shelf`](super::Shelf): the shelf itself, or one that is on it.
pub struct ShelfFolder<S: Store>(Kept<S>);

enum Kept<S: Store> {
    Top(RemotePath, BTreeMap<RemotePath, Item<S>>),
    Inner(S::Folder),
}

impl<S: Store> fmt::Debug for ShelfFolder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ShelfFolder").field(self.place()).finish()
    }
}

impl<S: Store> ShelfFolder<S> {
    pub(super) fn top(items: BTreeMap<RemotePath, Item<S>>) -> Self {
        Self(Kept::Top(RemotePath::root(), items))
    }

    pub(super) fn inner(folder: S::Folder) -> Self {
        Self(Kept::Inner(folder))
    }

    fn place(&self) -> &RemotePath {
        match &self.0 {
            Kept::Top(root, _) => root,
            Kept::Inner(folder) => folder.path(),
        }
    }

    fn read_only<T>(&self, name: &[u8]) -> Result<T, StoreError> {
        let path = self.place().join(name).unwrap_or_else(|_| self.place().clone());
        Err(StoreError::ReadOnly { path })
    }
}

/// What is on the shelf under a name.
fn item<'a, S>(
    items: &'a BTreeMap<RemotePath, Item<S>>,
    name: &[u8],
) -> Result<(&'a RemotePath, &'a Item<S>), StoreError> {
    let missing = |path| StoreError::NotFound { path };
    let path = RemotePath::root().join(name).map_err(|_| missing(RemotePath::root()))?;
    items.get_key_value(&path).ok_or(missing(path))
}

impl<S: Store + Clone> Folder for ShelfFolder<S> {
    type Source = S::Source;
    type Upload = S::Upload;

    fn path(&self) -> &RemotePath {
        self.place()
    }

    fn names(&self, after: Option<&[u8]>, room: usize) -> Result<Names, StoreError> {
        match &self.0 {
            Kept::Top(_, items) => {
                let mut names = Names::gather(after, room);
                items.keys().for_each(|path| names.push(path.as_bytes()));
                Ok(names.finish())
            }
            Kept::Inner(folder) => folder.names(after, room),
        }
    }

    fn entry(&self, name: &[u8]) -> Result<Entry, StoreError> {
        match &self.0 {
            Kept::Top(_, items) => item(items, name).and_then(|(path, item)| item.store.stat(path)),
            Kept::Inner(folder) => folder.entry(name),
        }
    }

    fn open(&self, name: &[u8]) -> Result<S::Source, StoreError> {
        match &self.0 {
            Kept::Top(_, items) => match item(items, name)? {
                (_, Item { store, kind: Kind::File }) => {
                    store.folder(&RemotePath::root(), false)?.open(name)
                }
                (path, &Item { kind, .. }) => {
                    Err(StoreError::NotAFile { path: path.clone(), kind })
                }
            },
            Kept::Inner(folder) => folder.open(name),
        }
    }

    fn folder(&self, name: &[u8]) -> Result<Self, StoreError> {
        match &self.0 {
            Kept::Top(_, items) => match item(items, name)? {
                (path, Item { store, kind: Kind::Directory }) => {
                    Ok(Self::inner(store.folder(path, false)?))
                }
                // Beneath a file there is nothing, also if it has become a directory since.
                (path, _) => Err(StoreError::NotADirectory { path: path.clone() }),
            },
            Kept::Inner(folder) => folder.folder(name).map(Self::inner),
        }
    }

    fn begin(&self, name: &[u8], _: &NewUpload<'_>) -> Result<S::Upload, StoreError> {
        self.read_only(name)
    }

    fn store(
        &self,
        name: &[u8],
        _: &[u8],
        _: &Attributes,
        _: &Publish,
        _: bool,
    ) -> Result<RemotePath, StoreError> {
        self.read_only(name)
    }

    fn make_folder(&self, name: &[u8], _: bool) -> Result<Self, StoreError> {
        self.read_only(name)
    }

    fn make_link(
        &self,
        name: &[u8],
        _: &LinkTarget,
        _: Option<Timestamp>,
        _: &Publish,
    ) -> Result<RemotePath, StoreError> {
        self.read_only(name)
    }

    fn set_mode(&self, name: &[u8], _: u32) -> Result<(), StoreError> {
        self.read_only(name)
    }

    fn set_attributes(&self, _: Option<u32>, _: Option<Timestamp>) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly { path: self.place().clone() })
    }

    fn remove(&self, name: &[u8]) -> Result<(), StoreError> {
        self.read_only(name)
    }
}
