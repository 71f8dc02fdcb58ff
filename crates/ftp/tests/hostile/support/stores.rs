//! A store in which something happens at a chosen read or write.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use ftp::{
    Attributes, Entry, LocalSource, LocalStore, LocalUpload, NewUpload, Publish, Published,
    RemotePath, Revision, Source, Store, StoreError, Upload,
};

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

    /// Lets the first commit happen just before the second upload begins.
    pub(crate) fn commit_before_second_begin() -> Arc<Self> {
        let race = Some(Barrier::new(2));
        Self::new(Box::new(|_, _| Ok(())), Box::new(|_, _| Ok(())), race)
    }

    fn new(before_read: Hook, before_write: Hook, race: Option<Barrier>) -> Arc<Self> {
        let [reads, writes, begun, committing] = [const { AtomicUsize::new(0) }; 4];
        Arc::new(Self { reads, writes, begun, committing, race, before_read, before_write })
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
