//! What a peer may do, as this service understands it.

use std::sync::Arc;

use crate::path::RemotePath;
use crate::store::{Store, StoreError};
use crate::wire::{Failure, Frame, Status};

/// What a peer may do, and where. Whoever embeds the service turns keys and tickets into this.
///
/// ```
/// use ftp::{Access, RemotePath};
///
/// let incoming = RemotePath::parse("incoming")?;
/// let access = Access::default().write_beneath(incoming).owner("alice");
/// assert!(access.may_read(&RemotePath::parse("photos/1.jpg")?));
/// assert!(!access.may_write(&RemotePath::parse("photos/1.jpg")?));
/// # Ok::<(), ftp::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// List, stat and get, in this directory and beneath it. Default: the root, which is
    /// everywhere. Links are followed only as long as they stay beneath it.
    pub read: Option<RemotePath>,
    /// Put, make directories, remove and rename, beneath this directory. Default: nowhere.
    pub write: Option<RemotePath>,
    /// Whose interrupted uploads are this peer's to go on with. Default: `anonymous`, who is
    /// everyone that nobody told apart.
    pub owner: String,
}

impl Default for Access {
    fn default() -> Self {
        Self { read: Some(RemotePath::root()), write: None, owner: "anonymous".into() }
    }
}

impl Access {
    /// Sets whether the peer may read, everywhere.
    #[must_use]
    pub fn read(mut self, read: bool) -> Self {
        self.read = read.then(RemotePath::root);
        self
    }

    /// Lets the peer read in this directory and beneath it.
    #[must_use]
    pub fn read_beneath(mut self, path: RemotePath) -> Self {
        self.read = Some(path);
        self
    }

    /// Sets whether the peer may change things, everywhere.
    #[must_use]
    pub fn write(mut self, write: bool) -> Self {
        self.write = write.then(RemotePath::root);
        self
    }

    /// Lets the peer change what is in this directory and beneath it.
    #[must_use]
    pub fn write_beneath(mut self, path: RemotePath) -> Self {
        self.write = Some(path);
        self
    }

    /// Sets whose uploads the peer may go on with.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = owner.into();
        self
    }

    /// Whether the peer may read what `path` names.
    #[must_use]
    pub fn may_read(&self, path: &RemotePath) -> bool {
        self.read.as_ref().is_some_and(|base| path.starts_with(base))
    }

    /// Whether the peer may change what `path` names.
    #[must_use]
    pub fn may_write(&self, path: &RemotePath) -> bool {
        self.write.as_ref().is_some_and(|base| path.starts_with(base))
    }

    /// The part of the store that the peer may read, if it may read at all. This blocks.
    pub(crate) fn readable<S: Store>(&self, store: &Arc<S>) -> Result<Arc<S>, StoreError> {
        match &self.read {
            Some(base) if !base.is_root() => store.beneath(base).map(Arc::new),
            _ => Ok(Arc::clone(store)),
        }
    }

    /// Why the peer may not make this request, if it may not.
    pub(crate) fn refusal(&self, request: &Frame) -> Option<Failure> {
        let subject = request.subject()?;
        let message = match subject.changes {
            false if self.may_read(subject.path) => return None,
            false => match &self.read {
                None => "reading is not permitted here".to_owned(),
                Some(base) => format!("you may read in `{base}` only"),
            },
            true => {
                let mut paths = std::iter::once(subject.path).chain(subject.to);
                if paths.all(|path| self.may_write(path)) {
                    return None;
                }
                match &self.write {
                    None => "this server is read-only for you".to_owned(),
                    Some(base) => format!("you may write in `{base}` only"),
                }
            }
        };
        Some(Failure::new(Status::Denied, message))
    }
}
