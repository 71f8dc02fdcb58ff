//! A local file opened for reading.

use std::fs::File;

use super::sys::{self, Meta};
use crate::path::RemotePath;
use crate::store::{Entry, Kind, LinkTarget, Revision, Source, StoreError};

/// A file of a [`LocalStore`](super::LocalStore), opened for reading.
#[derive(Debug)]
pub struct LocalSource {
    file: File,
    entry: Entry,
}

impl LocalSource {
    /// Takes a file that was just opened, if it is a regular one.
    pub(super) fn new(file: File, path: &RemotePath) -> Result<Self, StoreError> {
        let meta = sys::stat_file(&file).map_err(|error| StoreError::from_io(path, error))?;
        match meta.kind() {
            Kind::File => Ok(Self { file, entry: entry(path.clone(), &meta, None) }),
            kind => Err(StoreError::NotAFile { path: path.clone(), kind }),
        }
    }

    fn error(&self, error: std::io::Error) -> StoreError {
        StoreError::from_io(&self.entry.path, error)
    }
}

impl Source for LocalSource {
    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, StoreError> {
        sys::read_at(&self.file, buf, offset).map_err(|error| self.error(error))
    }

    fn revision_now(&self) -> Result<Revision, StoreError> {
        Ok(sys::stat_file(&self.file).map_err(|error| self.error(error))?.revision())
    }
}

/// What is told of a file.
pub(super) fn entry(path: RemotePath, meta: &Meta, target: Option<LinkTarget>) -> Entry {
    let kind = meta.kind();
    Entry {
        path,
        kind,
        size: if kind == Kind::File { meta.len() } else { 0 },
        mode: meta.mode(),
        modified: meta.modified(),
        revision: meta.revision(),
        target,
    }
}
