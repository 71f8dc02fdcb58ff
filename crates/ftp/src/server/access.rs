//! What a peer may do, as this service understands it.

use crate::path::RemotePath;
use crate::wire::{Failure, Frame, Status};

/// What a peer may do, and where. Whoever embeds the service turns keys and tickets into this.
///
/// ```
/// use ftp::{Access, RemotePath};
///
/// let incoming = RemotePath::parse("incoming")?;
/// let access = Access::default().write_beneath([incoming]).owner("alice");
/// assert!(access.may_read(&RemotePath::parse("photos/1.jpg")?));
/// assert!(!access.may_write(&RemotePath::parse("photos/1.jpg")?));
/// # Ok::<(), ftp::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// List, stat and get these directories and what is beneath them. Default: the root, which is
    /// everything. Links are followed only as long as they stay beneath the same directory.
    pub read: Vec<RemotePath>,
    /// Put, make directories, remove and rename, in these directories. Default: nowhere.
    pub write: Vec<RemotePath>,
    /// Whose interrupted uploads are this peer's to go on with. Default: `anonymous`, who is
    /// everyone that nobody told apart.
    pub owner: String,
}

impl Default for Access {
    fn default() -> Self {
        Self { read: vec![RemotePath::root()], write: Vec::new(), owner: "anonymous".into() }
    }
}

impl Access {
    /// Sets whether the peer may read, everywhere.
    #[must_use]
    pub fn read(mut self, read: bool) -> Self {
        self.read = read.then(RemotePath::root).into_iter().collect();
        self
    }

    /// Sets the directories that the peer may read, with all beneath them.
    #[must_use]
    pub fn read_beneath(mut self, paths: impl IntoIterator<Item = RemotePath>) -> Self {
        self.read = paths.into_iter().collect();
        self
    }

    /// Sets whether the peer may change things, everywhere.
    #[must_use]
    pub fn write(mut self, write: bool) -> Self {
        self.write = write.then(RemotePath::root).into_iter().collect();
        self
    }

    /// Sets the directories that the peer may change, with all beneath them.
    #[must_use]
    pub fn write_beneath(mut self, paths: impl IntoIterator<Item = RemotePath>) -> Self {
        self.write = paths.into_iter().collect();
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
        self.readable_base(path).is_some()
    }

    /// Whether the peer may change what `path` names.
    #[must_use]
    pub fn may_write(&self, path: &RemotePath) -> bool {
        self.write.iter().any(|base| path.starts_with(base))
    }

    /// The directory by whose right the peer may read `path`: no link leads out of it.
    pub(crate) fn readable_base(&self, path: &RemotePath) -> Option<&RemotePath> {
        self.read.iter().find(|base| path.starts_with(base))
    }

    /// Why the peer may not make this request, if it may not.
    pub(crate) fn refusal(&self, request: &Frame) -> Option<Failure> {
        let subject = request.subject()?;
        let mut paths = std::iter::once(subject.path).chain(subject.to);
        let (permitted, bases, verb) = match subject.changes {
            false => (paths.all(|path| self.may_read(path)), &self.read, "read"),
            true => (paths.all(|path| self.may_write(path)), &self.write, "write"),
        };
        if permitted {
            return None;
        }
        let message = match (bases.as_slice(), subject.changes) {
            ([], false) => "reading is not permitted here".to_owned(),
            ([], true) => "this server is read-only for you".to_owned(),
            ([base, others @ ..], _) => {
                let others: String = others.iter().map(|base| format!(", `{base}`")).collect();
                format!("you may {verb} in `{base}`{others} only")
            }
        };
        Some(Failure::new(Status::Denied, message))
    }
}
