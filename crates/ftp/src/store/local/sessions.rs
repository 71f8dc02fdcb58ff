//! Which uploads are alive in this process, and the fence between one and its successor.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::path::RemotePath;
use crate::store::StoreError;

/// The live uploads of a store.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    live: Mutex<HashMap<Key, Arc<Live>>>,
}

/// Whose upload, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) owner: String,
    pub(super) path: RemotePath,
}

#[derive(Debug)]
struct Live {
    session: String,
    /// The file being written, until the upload ends or another takes it over. Whoever uses the
    /// file holds the lock while it does: once a successor holds it, no write is under way.
    file: RwLock<Option<File>>,
}

/// The right to write one file; given up when it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    sessions: Arc<Sessions>,
    key: Key,
    live: Arc<Live>,
}

impl Sessions {
    /// Claims `key` for `session`. `open` is given the file of the claim this one takes over, which
    /// is fenced by then, and returns the file to write.
    pub(super) fn claim(
        self: &Arc<Self>,
        key: Key,
        session: &str,
        open: impl FnOnce(Option<File>) -> Result<File, StoreError>,
    ) -> Result<Claim, StoreError> {
        let live = Live { session: session.into(), file: RwLock::new(None) };
        let claim = Claim { sessions: Arc::clone(self), key, live: Arc::new(live) };
        // Held from before the claim can be seen: the next one waits until this one has its file.
        let mut file = claim.exclusive();
        let former = self.enter(&claim.key, &claim.live)?;
        let fenced = former.and_then(|former| write(&former.file).take());
        *file = Some(open(fenced)?);
        drop(file);
        Ok(claim)
    }

    fn enter(&self, key: &Key, live: &Arc<Live>) -> Result<Option<Arc<Live>>, StoreError> {
        let mut claims = self.lock();
        match claims.get(key) {
            Some(other) if other.session != live.session => {
                Err(StoreError::Busy { path: key.path.clone() })
            }
            _ => Ok(claims.insert(key.clone(), Arc::clone(live))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// What is being written.
    pub(super) fn path(&self) -> &RemotePath {
        &self.key.path
    }

    /// The file, for use beside others; `None` inside once the claim has ended.
    pub(super) fn shared(&self) -> RwLockReadGuard<'_, Option<File>> {
        self.live.file.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file, while nobody else uses it.
    pub(super) fn exclusive(&self) -> RwLockWriteGuard<'_, Option<File>> {
        write(&self.live.file)
    }

    /// Ends the claim: there is nothing more to be written.
    pub(super) fn end(&self, mut file: RwLockWriteGuard<'_, Option<File>>) {
        // The file is closed, and so unlocked, before another session is let in.
        *file = None;
        let mut claims = self.sessions.lock();
        if claims.get(&self.key).is_some_and(|live| Arc::ptr_eq(live, &self.live)) {
            claims.remove(&self.key);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.end(self.exclusive());
    }
}

/// A panic elsewhere leaves the file as good as an interrupted transfer does.
fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
