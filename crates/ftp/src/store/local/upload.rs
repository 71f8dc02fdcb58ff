//! A local file on its way in.

use std::fs::File;
use std::io;
use std::sync::Arc;

use cap_std::fs::Dir;

use super::publish::{self, Move};
use super::sessions::Claim;
use super::source::LocalSource;
use super::{LocalStore, partial, sys};
use crate::path::RemotePath;
use crate::store::{Attributes, Kind, Publish, Published, StoreError, Upload};

/// A file of a [`LocalStore`](super::LocalStore) on its way in.
#[derive(Debug)]
pub struct LocalUpload {
    pub(super) store: LocalStore,
    pub(super) claim: Claim,
    pub(super) dir: Arc<Dir>,
    pub(super) partial: Vec<u8>,
    pub(super) kept: u64,
    pub(super) present: Option<LocalSource>,
}

impl LocalUpload {
    fn path(&self) -> &RemotePath {
        self.claim.path()
    }

    fn error(&self, error: io::Error) -> StoreError {
        StoreError::from_io(self.path(), error)
    }

    fn superseded(&self) -> StoreError {
        StoreError::Superseded { path: self.path().clone() }
    }

    /// The permission bits of the published file.
    fn mode(&self, attributes: &Attributes, publish: &Publish) -> Result<u32, StoreError> {
        let name = self.path().file_name().expect("the root is never a target");
        let present = publish::check(&self.dir, name, self.path(), publish)?;
        Ok(self.store.mode_of(attributes, publish, present.as_ref()))
    }
}

/// Gives what is to be published its attributes; with `durable` it is on the disk then.
pub(super) fn set_attributes(
    file: &File,
    attributes: &Attributes,
    mode: u32,
    durable: bool,
) -> io::Result<()> {
    if let Some(modified) = attributes.modified {
        let beyond = "the modification time is beyond this system's";
        file.set_modified(modified.to_system_time().ok_or_else(|| io::Error::other(beyond))?)?;
    }
    // What takes long comes first: were it cut off after the mode is set, the owner could
    // perhaps not open the partial again.
    if durable {
        file.sync_all()?;
    }
    sys::set_mode(file, mode)?;
    if durable { file.sync_all() } else { Ok(()) }
}

/// Cuts or fills up what is to be published to its final length, and gives it its attributes.
fn finish(file: &File, attributes: &Attributes, mode: u32, durable: bool) -> io::Result<()> {
    if sys::stat_file(file)?.len() != attributes.size {
        file.set_len(attributes.size)?;
    }
    set_attributes(file, attributes, mode, durable)
}

impl Upload for LocalUpload {
    type Basis = LocalSource;

    fn kept(&self) -> u64 {
        self.kept
    }

    fn read_kept(&self, buf: &mut [u8], offset: u64) -> Result<usize, StoreError> {
        let file = self.claim.shared();
        let file = file.as_ref().ok_or_else(|| self.superseded())?;
        sys::read_at(file, buf, offset).map_err(|error| self.error(error))
    }

    fn present(&self) -> Option<&LocalSource> {
        self.present.as_ref()
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<(), StoreError> {
        let file = self.claim.shared();
        let file = file.as_ref().ok_or_else(|| self.superseded())?;
        sys::write_all_at(file, data, offset).map_err(|error| match self.error(error) {
            StoreError::NoSpace { path, .. } => StoreError::NoSpace {
                path,
                needed: data.len() as u64,
                available: sys::available(&self.dir),
            },
            error => error,
        })
    }

    fn commit(
        &self,
        attributes: &Attributes,
        publish: &Publish,
        durable: bool,
    ) -> Result<Published, StoreError> {
        let claimed = self.claim.exclusive();
        let file = claimed.as_ref().ok_or_else(|| self.superseded())?;
        if !partial::is_at(file, &self.dir, &self.partial).map_err(|error| self.error(error))? {
            return Err(self.superseded());
        }
        let mode = self.mode(attributes, publish)?;
        let publication = Move {
            from_dir: &self.dir,
            from: &self.partial,
            kind: Kind::File,
            to_dir: &self.dir,
            to: self.path(),
        };
        let published = finish(file, attributes, mode, durable)
            .map_err(|error| self.error(error))
            .and_then(|()| publication.publish(publish));
        let path = match published {
            Ok(path) => path,
            Err(error) => {
                // It goes on being a partial, which nobody else is to see. The first error counts.
                let _ = sys::set_mode(file, partial::MODE);
                return Err(error);
            }
        };
        let revision = sys::stat_file(file).map(|meta| meta.revision());
        self.claim.end(claimed);
        let revision = revision.map_err(|error| self.error(error))?;
        if durable {
            sys::sync_directory(&self.dir).map_err(|error| self.error(error))?;
        }
        Ok(Published { path, revision })
    }

    fn discard(&self) -> Result<(), StoreError> {
        let claimed = self.claim.exclusive();
        let file = claimed.as_ref().ok_or_else(|| self.superseded())?;
        if partial::is_at(file, &self.dir, &self.partial).map_err(|error| self.error(error))? {
            sys::remove_file(&self.dir, &self.partial).map_err(|error| self.error(error))?;
        }
        self.claim.end(claimed);
        Ok(())
    }
}
