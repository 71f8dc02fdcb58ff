//! A directory of a local store that is held open.

use std::io;
use std::sync::Arc;

use cap_std::fs::Dir;

use super::publish::{self, Move};
use super::source::LocalSource;
use super::tree::{Place, why_not};
use super::upload::{LocalUpload, set_attributes};
use super::{LocalStore, check_reserved_name, describe, partial, remove_at, sys};
use crate::path::RemotePath;
use crate::store::{
    Attributes, Entry, Folder, Kind, LinkTarget, Names, NewUpload, Publish, StoreError, Timestamp,
};

/// A directory of a [`LocalStore`] that is held open.
///
/// It stays the same directory when somebody gives it another name or puts a link in its place.
#[derive(Debug)]
pub struct LocalFolder {
    store: LocalStore,
    dir: Arc<Dir>,
    path: RemotePath,
}

impl LocalFolder {
    pub(super) fn new(store: LocalStore, dir: Arc<Dir>, path: RemotePath) -> Self {
        Self { store, dir, path }
    }

    /// The path of a name that is not the store's own.
    fn join(&self, name: &[u8]) -> Result<RemotePath, StoreError> {
        let path =
            self.path.join(name).map_err(|_| StoreError::BadName { path: self.path.clone() })?;
        check_reserved_name(name, &path)?;
        Ok(path)
    }

    /// The path of a name that is to be written to.
    fn join_to_write(&self, name: &[u8]) -> Result<RemotePath, StoreError> {
        let path = self.join(name)?;
        self.store.check_open_to_writers(&path)?;
        Ok(path)
    }

    /// Makes something under a name that nobody else knows, by `make`, and publishes it.
    fn publish(
        &self,
        path: &RemotePath,
        name: &[u8],
        kind: Kind,
        publish: &Publish,
        make: impl FnOnce(&[u8]) -> Result<(), StoreError>,
    ) -> Result<RemotePath, StoreError> {
        let partial = partial::partial_name(&self.store.unique_owner(), name);
        let publication =
            Move { from_dir: &self.dir, from: &partial, kind, to_dir: &self.dir, to: path };
        make(&partial).and_then(|()| publication.publish(publish)).inspect_err(|_| {
            // The first error counts, and what cannot be removed now expires.
            let _ = sys::remove_file(&self.dir, &partial);
        })
    }
}

impl Folder for LocalFolder {
    type Source = LocalSource;
    type Upload = LocalUpload;

    fn path(&self) -> &RemotePath {
        &self.path
    }

    fn names(&self, after: Option<&[u8]>, room: usize) -> Result<Names, StoreError> {
        let mut names = Names::gather(after, room);
        let mut each = |name: &[u8]| {
            if !partial::is_reserved(name) {
                names.push(name);
            } else if self.store.is_writable() {
                // Housekeeping: whether it succeeds is nothing to a listing.
                let _ = partial::remove_if_expired(&self.dir, name);
            }
        };
        let listed = sys::each_name(&self.dir, &mut each);
        listed.map_err(|error| StoreError::from_io(&self.path, error))?;
        Ok(names.finish())
    }

    fn entry(&self, name: &[u8]) -> Result<Entry, StoreError> {
        describe(&self.dir, name, self.join(name)?)
    }

    fn open(&self, name: &[u8]) -> Result<LocalSource, StoreError> {
        let path = self.join(name)?;
        let failed = |error| StoreError::from_io(&path, error);
        // To open a device can be to use it: look before.
        match sys::stat(&self.dir, name).map_err(failed)?.kind() {
            Kind::File => LocalSource::new(sys::open_file(&self.dir, name).map_err(failed)?, &path),
            kind => Err(StoreError::NotAFile { path, kind }),
        }
    }

    fn folder(&self, name: &[u8]) -> Result<Self, StoreError> {
        let path = self.join(name)?;
        match sys::open_directory_to_list(&self.dir, name) {
            Ok(dir) => Ok(Self::new(self.store.clone(), Arc::new(dir), path)),
            Err(error) => Err(why_not(&self.dir, name, path, error)),
        }
    }

    fn begin(&self, name: &[u8], upload: &NewUpload<'_>) -> Result<LocalUpload, StoreError> {
        let path = self.join_to_write(name)?;
        self.store.begin_at(Place { dir: Arc::clone(&self.dir), name }, &path, upload)
    }

    fn store(
        &self,
        name: &[u8],
        content: &[u8],
        attributes: &Attributes,
        publish: &Publish,
        durable: bool,
    ) -> Result<RemotePath, StoreError> {
        let path = self.join_to_write(name)?;
        let failed = |error| StoreError::from_io(&path, error);
        let present = publish::check(&self.dir, name, &path, publish)?;
        let mode = self.store.mode_of(attributes, publish, present.as_ref());
        let stored = self.publish(&path, name, Kind::File, publish, |partial| {
            let file = sys::create_private(&self.dir, partial).map_err(failed)?;
            let write = || {
                sys::write_all_at(&file, content, 0)?;
                set_attributes(&file, attributes, mode, durable)
            };
            write().map_err(failed)
        })?;
        if durable {
            sys::sync_directory(&self.dir).map_err(failed)?;
        }
        Ok(stored)
    }

    fn make_folder(&self, name: &[u8], private: bool) -> Result<Self, StoreError> {
        let path = self.join_to_write(name)?;
        let made = match private {
            true => sys::make_private_directory(&self.dir, name),
            false => sys::make_directory(&self.dir, name),
        };
        made.map_err(|error| StoreError::from_io(&path, error))?;
        self.folder(name)
    }

    fn make_link(
        &self,
        name: &[u8],
        target: &LinkTarget,
        modified: Option<Timestamp>,
        publish: &Publish,
    ) -> Result<RemotePath, StoreError> {
        let path = self.join_to_write(name)?;
        publish::check(&self.dir, name, &path, publish)?;
        self.publish(&path, name, Kind::Link, publish, |partial| {
            let make = || -> io::Result<()> {
                sys::make_link(&self.dir, partial, target.as_bytes())?;
                modified.map_or(Ok(()), |time| sys::set_link_modified(&self.dir, partial, time))
            };
            make().map_err(|error| StoreError::from_io(&path, error))
        })
    }

    fn set_mode(&self, name: &[u8], mode: u32) -> Result<(), StoreError> {
        let path = self.join_to_write(name)?;
        let set = || match sys::stat(&self.dir, name)?.kind() {
            Kind::File => sys::set_mode_at(&self.dir, name, mode & 0o777).map(|()| None),
            kind => Ok(Some(kind)),
        };
        match set().map_err(|error| StoreError::from_io(&path, error))? {
            None => Ok(()),
            Some(kind) => Err(StoreError::NotAFile { path, kind }),
        }
    }

    fn set_attributes(
        &self,
        mode: Option<u32>,
        modified: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.store.check_open_to_writers(&self.path)?;
        sys::set_directory_attributes(&self.dir, mode.map(|mode| mode & 0o777), modified)
            .map_err(|error| StoreError::from_io(&self.path, error))
    }

    fn remove(&self, name: &[u8]) -> Result<(), StoreError> {
        let path = self.join_to_write(name)?;
        remove_at(&self.dir, name, &path)
    }
}
