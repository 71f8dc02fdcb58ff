//! The store that is a directory of the local file system.
//!
//! `tree` finds directories, `sys` makes the calls in them, `partial` keeps what is unfinished,
//! `sessions` fences one upload from its successor, and `publish` gives out final names.

mod folder;
mod partial;
mod publish;
mod sessions;
mod source;
mod sys;
mod tree;
mod upload;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::fs::Dir;

use self::publish::Move;
use self::sessions::{Key, Sessions};
use self::source::entry;
use self::tree::{Place, Tree};
use crate::path::{RemotePath, safe};
use crate::store::{
    Attributes, Entry, Kind, LinkTarget, NewUpload, Publish, Published, Revision, Store, StoreError,
};

pub use self::folder::LocalFolder;
pub(crate) use self::publish::numbered;
pub use self::source::LocalSource;
pub use self::upload::LocalUpload;

/// How many directories are remembered as swept.
const MAX_SWEPT: usize = 4096;

/// The store that is a directory of the local file system.
///
/// The directory is held open, and every operation is resolved beneath it: nothing outside is read
/// or written, also while somebody swaps directories for links. Readers may follow links that stay
/// inside; writers follow none.
///
/// Unfinished uploads are kept beside their targets, in files that end in
/// [`PARTIAL_SUFFIX`](crate::PARTIAL_SUFFIX), that only this account may read, and that are removed
/// [some days](crate::PARTIAL_DAYS) after the last write when a listing or an upload comes upon
/// them. Clones share everything.
#[derive(Debug, Clone)]
pub struct LocalStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tree: Tree,
    writable: bool,
    new_file_mode: u32,
    sessions: Arc<Sessions>,
    /// Hashes of the directories in which expired partials were looked for.
    swept: Mutex<HashSet<u64>>,
    hasher: RandomState,
    /// Counts what is written at once.
    written: AtomicU64,
}

/// Why a directory could not become a store.
#[derive(Debug, thiserror::Error)]
#[error("cannot open `{}`: {source}", safe(root.as_os_str().as_encoded_bytes()))]
#[non_exhaustive]
pub struct OpenStoreError {
    /// The directory.
    pub root: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl LocalStore {
    /// Opens the store whose root is the directory `root`.
    ///
    /// Unless it is `writable`, whatever would change it is [`StoreError::ReadOnly`].
    ///
    /// # Errors
    ///
    /// [`OpenStoreError`] if `root` is no directory, or may not be opened.
    pub fn open(root: impl AsRef<Path>, writable: bool) -> Result<Self, OpenStoreError> {
        let root = root.as_ref();
        let dir = Dir::open_ambient_dir(root, cap_std::ambient_authority())
            .map_err(|source| OpenStoreError { root: root.into(), source })?;
        Ok(Self(Arc::new(Inner {
            tree: Tree::new(dir),
            writable,
            new_file_mode: sys::new_file_mode(),
            sessions: Arc::default(),
            swept: Mutex::default(),
            hasher: RandomState::new(),
            written: AtomicU64::new(0),
        })))
    }

    /// Whether it may be changed.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.0.writable
    }

    /// Where `path` is to be written; `None` for the root.
    fn place_to_write<'a>(&self, path: &'a RemotePath) -> Result<Option<Place<'a>>, StoreError> {
        self.check_writable(path)?;
        self.0.tree.place_to_write(path)
    }

    fn check_writable(&self, path: &RemotePath) -> Result<(), StoreError> {
        check_reserved(path)?;
        self.check_open_to_writers(path)
    }

    /// Refuses to change a store that is only read.
    fn check_open_to_writers(&self, path: &RemotePath) -> Result<(), StoreError> {
        match self.0.writable {
            true => Ok(()),
            false => Err(StoreError::ReadOnly { path: path.clone() }),
        }
    }

    /// An owner nobody else is: what is written at once belongs to no session.
    fn unique_owner(&self) -> String {
        let number = self.0.written.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.0.hasher.hash_one((std::process::id(), number)))
    }

    /// The permission bits of a file to be published: as asked, else those of the one it replaces.
    fn mode_of(
        &self,
        attributes: &Attributes,
        publish: &Publish,
        present: Option<&sys::Meta>,
    ) -> u32 {
        let replaced = present
            .filter(|meta| matches!(publish, Publish::Replace { .. }) && meta.kind() == Kind::File)
            .and_then(sys::Meta::mode);
        attributes.mode.or(replaced).unwrap_or(self.0.new_file_mode) & 0o777
    }

    /// Looks for expired partials in a directory, the first time it is written to.
    fn sweep_once(&self, path: &RemotePath, dir: &Dir) {
        let parent = self.0.hasher.hash_one(path.parent());
        let mut swept = self.0.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.len() >= MAX_SWEPT {
            swept.clear();
        }
        let first = swept.insert(parent);
        drop(swept);
        if first {
            partial::sweep(dir);
        }
    }

    /// Begins an upload of `path` at its place.
    fn begin_at(
        &self,
        place: Place<'_>,
        path: &RemotePath,
        upload: &NewUpload<'_>,
    ) -> Result<LocalUpload, StoreError> {
        let Place { dir, name } = place;
        let failed = |error| StoreError::from_io(path, error);
        let present = publish::check(&dir, name, path, upload.publish)?;
        self.sweep_once(path, &dir);
        let partial = partial::partial_name(upload.owner, name);
        check_space(&dir, path, upload.size, partial::kept_len(&dir, &partial))?;

        let key = Key { owner: upload.owner.into(), path: path.clone() };
        let mut kept = 0;
        let claim = self.0.sessions.claim(key, upload.session, |fenced| {
            let opened = partial::reopen(fenced, &dir, &partial).map_err(failed)?;
            let file = opened.ok_or_else(|| StoreError::Busy { path: path.clone() })?;
            kept = sys::stat_file(&file).map_err(failed)?.len();
            Ok(file)
        })?;
        let present = present.filter(|meta| meta.kind() == Kind::File).and_then(|_| {
            // A file that may not be read is as good a target, but no basis.
            LocalSource::new(sys::open_file(&dir, name).ok()?, path).ok()
        });
        Ok(LocalUpload { store: self.clone(), claim, dir, partial, kept, present })
    }

    /// Describes one name of a listing; `None` if it is not to be listed.
    fn listed(&self, dir: &Dir, path: &RemotePath, name: &[u8]) -> Option<Entry> {
        if partial::is_reserved(name) {
            if self.0.writable {
                // Housekeeping: whether it succeeds is nothing to a listing.
                let _ = partial::remove_if_expired(dir, name);
            }
            return None;
        }
        // A path beyond the limits cannot be asked for, and so not be listed.
        let path = path.join(name).ok()?;
        match describe(dir, name, path.clone()) {
            Ok(entry) => Some(entry),
            Err(StoreError::NotFound { .. }) => None,
            Err(_) => Some(Entry {
                path,
                kind: Kind::Other,
                size: 0,
                mode: None,
                modified: None,
                revision: Revision::new(""),
                target: None,
            }),
        }
    }
}

impl Store for LocalStore {
    type Source = LocalSource;
    type Upload = LocalUpload;
    type Folder = LocalFolder;

    fn beneath(&self, path: &RemotePath) -> Result<Self, StoreError> {
        let Inner { tree, writable, new_file_mode, sessions, .. } = &*self.0;
        Ok(Self(Arc::new(Inner {
            tree: tree.beneath(path)?,
            writable: *writable,
            new_file_mode: *new_file_mode,
            sessions: Arc::clone(sessions),
            swept: Mutex::default(),
            hasher: RandomState::new(),
            written: AtomicU64::new(0),
        })))
    }

    fn stat(&self, path: &RemotePath) -> Result<Entry, StoreError> {
        check_reserved(path)?;
        match self.0.tree.place(path)? {
            Some(Place { dir, name }) => describe(&dir, name, path.clone()),
            None => {
                let meta = sys::stat_directory(self.0.tree.root());
                let meta = meta.map_err(|error| StoreError::from_io(path, error))?;
                Ok(entry(path.clone(), &meta, None))
            }
        }
    }

    fn list(
        &self,
        path: &RemotePath,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        check_reserved(path)?;
        let failed = |error| StoreError::from_io(path, error);
        let dir = self.0.tree.open_directory(path)?;
        for name in dir.entries().map_err(failed)? {
            let name = sys::remote(name.map_err(failed)?.file_name());
            let Some(entry) = name.and_then(|name| self.listed(&dir, path, &name)) else {
                continue;
            };
            if each(entry).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn open(&self, path: &RemotePath) -> Result<LocalSource, StoreError> {
        check_reserved(path)?;
        let failed = |error| StoreError::from_io(path, error);
        let (dir, rest) = self.0.tree.open_leading(path)?;
        if rest.is_empty() {
            return Err(StoreError::NotAFile { path: path.clone(), kind: Kind::Directory });
        }
        // To open a device can be to use it: look before.
        let rest = sys::native(rest).map_err(failed)?;
        let kind = sys::stat_behind_links(&dir, &rest).map_err(failed)?.kind();
        if kind != Kind::File {
            return Err(StoreError::NotAFile { path: path.clone(), kind });
        }
        let file = dir.open_with(&rest, &sys::read_options()).map_err(failed)?;
        LocalSource::new(file.into_std(), path)
    }

    fn begin(&self, path: &RemotePath, upload: &NewUpload<'_>) -> Result<LocalUpload, StoreError> {
        match self.place_to_write(path)? {
            Some(place) => self.begin_at(place, path, upload),
            None => Err(StoreError::IsADirectory { path: path.clone() }),
        }
    }

    fn folder(&self, path: &RemotePath, to_write: bool) -> Result<LocalFolder, StoreError> {
        let dir = match to_write {
            true => {
                self.check_writable(path)?;
                self.0.tree.walk(path, |_, _| Ok(()))?
            }
            false => {
                check_reserved(path)?;
                self.0.tree.open_directory(path)?
            }
        };
        let dir = sys::reopen_to_list(&dir).map_err(|error| StoreError::from_io(path, error))?;
        Ok(LocalFolder::new(self.clone(), Arc::new(dir), path.clone()))
    }

    fn make_directory(&self, path: &RemotePath, parents: bool) -> Result<(), StoreError> {
        self.check_writable(path)?;
        if parents {
            let make = |dir: &Dir, name: &[u8]| match sys::make_directory(dir, name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            };
            return self.0.tree.walk(path, make).map(drop);
        }
        match self.0.tree.place_to_write(path)? {
            None => Err(StoreError::Exists { path: path.clone() }),
            Some(Place { dir, name }) => {
                sys::make_directory(&dir, name).map_err(|error| StoreError::from_io(path, error))
            }
        }
    }

    fn remove(&self, path: &RemotePath) -> Result<(), StoreError> {
        let Some(Place { dir, name }) = self.place_to_write(path)? else {
            return Err(StoreError::Denied { path: path.clone() });
        };
        remove_at(&dir, name, path)
    }

    fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        publish: &Publish,
    ) -> Result<Published, StoreError> {
        let Some(source) = self.place_to_write(from)? else {
            return Err(StoreError::Denied { path: from.clone() });
        };
        let meta = sys::stat(&source.dir, source.name)
            .map_err(|error| StoreError::from_io(from, error))?;
        if to != from && to.starts_with(from) && meta.kind() == Kind::Directory {
            return Err(StoreError::InsideItself { path: from.clone() });
        }
        let Some(target) = self.place_to_write(to)? else {
            return Err(StoreError::IsADirectory { path: to.clone() });
        };
        let path = Move {
            from_dir: &source.dir,
            from: source.name,
            kind: meta.kind(),
            to_dir: &target.dir,
            to,
        }
        .publish(publish)?;
        let name = path.file_name().expect("what was renamed has a name");
        let meta =
            sys::stat(&target.dir, name).map_err(|error| StoreError::from_io(&path, error))?;
        Ok(Published { revision: meta.revision(), path })
    }
}

/// Describes what is at a name; a link with what it leads to.
fn describe(dir: &Dir, name: &[u8], path: RemotePath) -> Result<Entry, StoreError> {
    let meta = sys::stat(dir, name).map_err(|error| StoreError::from_io(&path, error))?;
    let target = match meta.kind() {
        Kind::Link => sys::read_link(dir, name).ok().map(LinkTarget::new),
        _ => None,
    };
    Ok(entry(path, &meta, target))
}

/// Removes a file, a link or an empty directory.
fn remove_at(dir: &Dir, name: &[u8], path: &RemotePath) -> Result<(), StoreError> {
    let failed = |error| StoreError::from_io(path, error);
    if sys::stat(dir, name).map_err(failed)?.kind() != Kind::Directory {
        return sys::remove_file(dir, name).map_err(failed);
    }
    sys::remove_directory(dir, name).map_err(|error| match failed(error) {
        // POSIX lets a system say either.
        StoreError::NotEmpty { path } | StoreError::Exists { path } => {
            match holds_only_partials(dir, name) {
                true => StoreError::UnfinishedUploads { path },
                false => StoreError::NotEmpty { path },
            }
        }
        error => error,
    })
}

/// Refuses names that are the store's own, wherever in the path they stand.
fn check_reserved(path: &RemotePath) -> Result<(), StoreError> {
    match path.components().any(partial::is_reserved) {
        true => Err(StoreError::Reserved { path: path.clone() }),
        false => Ok(()),
    }
}

/// Refuses a name that is the store's own.
fn check_reserved_name(name: &[u8], path: &RemotePath) -> Result<(), StoreError> {
    match partial::is_reserved(name) {
        true => Err(StoreError::Reserved { path: path.clone() }),
        false => Ok(()),
    }
}

/// Refuses an upload for which there is no room, as far as that can be known beforehand.
fn check_space(
    dir: &Dir,
    path: &RemotePath,
    size: Option<u64>,
    kept: u64,
) -> Result<(), StoreError> {
    let needed = size.unwrap_or(0).saturating_sub(kept);
    match sys::available(dir) {
        Some(available) if needed > available => {
            Err(StoreError::NoSpace { path: path.clone(), needed, available: Some(available) })
        }
        _ => Ok(()),
    }
}

/// Whether a directory that is not empty looks so in a listing.
fn holds_only_partials(dir: &Dir, name: &[u8]) -> bool {
    let names = sys::open_directory(dir, name).and_then(|dir| dir.entries());
    names.is_ok_and(|mut names| {
        names.all(|name| {
            let name = name.ok().and_then(|name| sys::remote(name.file_name()));
            name.is_some_and(|name| partial::is_reserved(&name))
        })
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
