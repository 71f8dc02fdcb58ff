//! A store in which something happens at a chosen read or write.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use ftp::{
    Attributes, Entry, Folder, LinkTarget, LocalFolder, LocalSource, LocalStore, LocalUpload,
    Names, NewUpload, Publish, Published, RemotePath, Revision, Source, Store, StoreError,
    Timestamp, Upload,
};

type PathHook = Box<dyn Fn(&RemotePath) -> Result<(), StoreError> + Send + Sync>;
type Hook = Box<dyn Fn(usize, &RemotePath) -> Result<(), StoreError> + Send + Sync>;

/// What happens, and how often it could have happened so far.
pub(crate) struct Rig {
    reads: AtomicUsize,
    writes: AtomicUsize,
    begun: AtomicUsize,
    committing: AtomicUsize,
    race: Option<Barrier>,
    before_read: Hook,
    before_write: Hook,
    /// What happens before a directory is listed.
    pub(crate) before_list: PathHook,
    /// What happens before a file in a tree is opened.
    pub(crate) before_open: PathHook,
}

impl Rig {
    /// Calls `hook` with the number of each read, counted from 0, before it.
    pub(crate) fn reads(hook: impl Fn(usize) + Send + Sync + 'static) -> Arc<Self> {
        let before_read = move |number, _: &RemotePath| {
            hook(number);
            Ok(())
        };
        Self::new(Box::new(before_read), Box::new(|_, _| Ok(())), None)
    }

    /// Lets `hook` decide on each write, counted from 0.
    pub(crate) fn writes(
        hook: impl Fn(usize, &RemotePath) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::new(Box::new(|_, _| Ok(())), Box::new(hook), None)
    }

    /// Lets hooks decide on each directory to be listed and each file to be opened in a tree.
    pub(crate) fn paths(
        list: impl Fn(&RemotePath) -> Result<(), StoreError> + Send + Sync + 'static,
        open: impl Fn(&RemotePath) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let rig = Self::writes(|_, _| Ok(()));
        let mut rig = Arc::into_inner(rig).unwrap();
        (rig.before_list, rig.before_open) = (Box::new(list), Box::new(open));
        Arc::new(rig)
    }

    /// Lets the first commit happen just before the second upload begins.
    pub(crate) fn commit_before_second_begin() -> Arc<Self> {
        let race = Some(Barrier::new(2));
        Self::new(Box::new(|_, _| Ok(())), Box::new(|_, _| Ok(())), race)
    }

    fn new(before_read: Hook, before_write: Hook, race: Option<Barrier>) -> Arc<Self> {
        let [reads, writes, begun, committing] = [const { AtomicUsize::new(0) }; 4];
        let (before_list, before_open): (PathHook, PathHook) =
            (Box::new(|_| Ok(())), Box::new(|_| Ok(())));
        Arc::new(Self {
            reads,
            writes,
            begun,
            committing,
            race,
            before_read,
            before_write,
            before_list,
            before_open,
        })
    }

    /// Does `deed`, of which this is number `number`, when it is its turn in the race.
    fn in_turn<T>(&self, number: usize, commits: bool, deed: impl FnOnce() -> T) -> T {
        match &self.race {
            Some(race) if commits && number == 0 => {
                race.wait();
                let done = deed();
                race.wait();
                done
            }
            Some(race) if !commits && number == 1 => {
                race.wait();
                race.wait();
                deed()
            }
            _ => deed(),
        }
    }

    /// How many uploads were committed, or tried to.
    pub(crate) fn committing(&self) -> usize {
        self.committing.load(Ordering::Relaxed)
    }

    /// How many uploads were begun, or tried to.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }
}

/// A local store with a rig.
pub(crate) struct Rigged {
    pub(crate) inner: LocalStore,
    pub(crate) rig: Arc<Rig>,
}

pub(crate) struct RiggedSource {
    inner: LocalSource,
    rig: Arc<Rig>,
}

pub(crate) struct RiggedUpload {
    inner: LocalUpload,
    path: RemotePath,
    rig: Arc<Rig>,
}

impl Store for Rigged {
    type Source = RiggedSource;
    type Upload = RiggedUpload;
    type Folder = RiggedFolder;

    fn beneath(&self, path: &RemotePath) -> Result<Self, StoreError> {
        Ok(Self { inner: self.inner.beneath(path)?, rig: Arc::clone(&self.rig) })
    }

    fn stat(&self, path: &RemotePath) -> Result<Entry, StoreError> {
        self.inner.stat(path)
    }

    fn list(
        &self,
        path: &RemotePath,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.list(path, each)
    }

    fn open(&self, path: &RemotePath) -> Result<RiggedSource, StoreError> {
        Ok(RiggedSource { inner: self.inner.open(path)?, rig: Arc::clone(&self.rig) })
    }

    fn begin(&self, path: &RemotePath, upload: &NewUpload<'_>) -> Result<RiggedUpload, StoreError> {
        let number = self.rig.begun.fetch_add(1, Ordering::Relaxed);
        let inner = self.rig.in_turn(number, false, || self.inner.begin(path, upload))?;
        Ok(RiggedUpload { inner, path: path.clone(), rig: Arc::clone(&self.rig) })
    }

    fn folder(&self, path: &RemotePath, to_write: bool) -> Result<RiggedFolder, StoreError> {
        Ok(RiggedFolder { inner: self.inner.folder(path, to_write)?, rig: Arc::clone(&self.rig) })
    }

    fn make_directory(&self, path: &RemotePath, parents: bool) -> Result<(), StoreError> {
        self.inner.make_directory(path, parents)
    }

    fn remove(&self, path: &RemotePath) -> Result<(), StoreError> {
        self.inner.remove(path)
    }

    fn rename(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        publish: &Publish,
    ) -> Result<Published, StoreError> {
        self.inner.rename(from, to, publish)
    }
}

pub(crate) struct RiggedFolder {
    inner: LocalFolder,
    rig: Arc<Rig>,
}

impl RiggedFolder {
    fn path_of(&self, name: &[u8]) -> RemotePath {
        self.inner.path().join(name).unwrap()
    }
}

impl Folder for RiggedFolder {
    type Source = RiggedSource;
    type Upload = RiggedUpload;

    fn path(&self) -> &RemotePath {
        self.inner.path()
    }

    fn names(&self, after: Option<&[u8]>, room: usize) -> Result<Names, StoreError> {
        (self.rig.before_list)(self.inner.path())?;
        self.inner.names(after, room)
    }

    fn entry(&self, name: &[u8]) -> Result<Entry, StoreError> {
        self.inner.entry(name)
    }

    fn open(&self, name: &[u8]) -> Result<RiggedSource, StoreError> {
        (self.rig.before_open)(&self.path_of(name))?;
        Ok(RiggedSource { inner: self.inner.open(name)?, rig: Arc::clone(&self.rig) })
    }

    fn folder(&self, name: &[u8]) -> Result<Self, StoreError> {
        Ok(Self { inner: self.inner.folder(name)?, rig: Arc::clone(&self.rig) })
    }

    fn begin(&self, name: &[u8], upload: &NewUpload<'_>) -> Result<RiggedUpload, StoreError> {
        let path = self.path_of(name);
        Ok(RiggedUpload {
            inner: self.inner.begin(name, upload)?,
            path,
            rig: Arc::clone(&self.rig),
        })
    }

    fn store(
        &self,
        name: &[u8],
        content: &[u8],
        attributes: &Attributes,
        publish: &Publish,
        durable: bool,
    ) -> Result<RemotePath, StoreError> {
        let number = self.rig.writes.fetch_add(1, Ordering::Relaxed);
        (self.rig.before_write)(number, &self.path_of(name))?;
        self.inner.store(name, content, attributes, publish, durable)
    }

    fn make_folder(&self, name: &[u8], private: bool) -> Result<Self, StoreError> {
        Ok(Self { inner: self.inner.make_folder(name, private)?, rig: Arc::clone(&self.rig) })
    }

    fn make_link(
        &self,
        name: &[u8],
        target: &LinkTarget,
        modified: Option<Timestamp>,
        publish: &Publish,
    ) -> Result<RemotePath, StoreError> {
        self.inner.make_link(name, target, modified, publish)
    }

    fn set_mode(&self, name: &[u8], mode: u32) -> Result<(), StoreError> {
        self.inner.set_mode(name, mode)
    }

    fn set_attributes(
        &self,
        mode: Option<u32>,
        modified: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.inner.set_attributes(mode, modified)
    }

    fn remove(&self, name: &[u8]) -> Result<(), StoreError> {
        self.inner.remove(name)
    }
}

impl Source for RiggedSource {
    fn entry(&self) -> &Entry {
        self.inner.entry()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, StoreError> {
        let number = self.rig.reads.fetch_add(1, Ordering::Relaxed);
        (self.rig.before_read)(number, &self.entry().path)?;
        self.inner.read_at(buf, offset)
    }

    fn revision_now(&self) -> Result<Revision, StoreError> {
        self.inner.revision_now()
    }
}

impl Upload for RiggedUpload {
    type Basis = LocalSource;

    fn kept(&self) -> u64 {
        self.inner.kept()
    }

    fn read_kept(&self, buf: &mut [u8], offset: u64) -> Result<usize, StoreError> {
        self.inner.read_kept(buf, offset)
    }

    fn present(&self) -> Option<&LocalSource> {
        self.inner.present()
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<(), StoreError> {
        let number = self.rig.writes.fetch_add(1, Ordering::Relaxed);
        (self.rig.before_write)(number, &self.path)?;
        self.inner.write_at(data, offset)
    }

    fn commit(
        &self,
        attributes: &Attributes,
        publish: &Publish,
        durable: bool,
    ) -> Result<Published, StoreError> {
        let number = self.rig.committing.fetch_add(1, Ordering::Relaxed);
        let commit = || self.inner.commit(attributes, publish, durable);
        self.rig.in_turn(number, true, commit)
    }

    fn discard(&self) -> Result<(), StoreError> {
        self.inner.discard()
    }
}
