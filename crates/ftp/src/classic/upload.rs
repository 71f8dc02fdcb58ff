//! A file on its way from one of the tutorial's programs into a store.

use std::sync::Arc;

use bytes::Bytes;

use crate::content::Pool;
use crate::path::RemotePath;
use crate::store::{Attributes, NewUpload, Publish, Published, Store, StoreError, Upload as _};

/// How much content is gathered before it is written. The tutorial makes a chunk of every line.
const GATHER_BYTES: usize = 256 * 1024;

/// A file on its way into a store. It cannot be resumed, so nothing is kept of it unless it is
/// committed, whatever happens.
pub(super) struct Upload<S: Store> {
    upload: Arc<S::Upload>,
    pool: Arc<Pool>,
    gathered: Vec<u8>,
    offset: u64,
    is_over: bool,
}

impl<S: Store> Upload<S> {
    /// Begins a file of `size` bytes.
    pub(super) async fn begin(
        store: &Arc<S>,
        pool: &Arc<Pool>,
        path: RemotePath,
        size: u64,
        publish: &Publish,
    ) -> Result<Self, StoreError> {
        // Each upload is its own owner's: two peers may send the same name at a time.
        let (store, owner, publish) = (Arc::clone(store), unique_owner(), publish.clone());
        let begin = move || {
            let new = NewUpload { owner: &owner, session: "", size: Some(size), publish: &publish };
            store.begin(&path, &new)
        };
        let upload = Arc::new(pool.run(begin).await?);
        let pool = Arc::clone(pool);
        Ok(Self { upload, pool, gathered: Vec::new(), offset: 0, is_over: false })
    }

    /// Takes the next bytes of the file.
    pub(super) async fn write(&mut self, content: &Bytes) -> Result<(), StoreError> {
        self.gathered.extend_from_slice(content);
        if self.gathered.len() >= GATHER_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Publishes the file.
    pub(super) async fn commit(
        mut self,
        publish: &Publish,
        durable: bool,
    ) -> Result<Published, StoreError> {
        self.flush().await?;
        let (upload, publish) = (Arc::clone(&self.upload), publish.clone());
        let attributes = Attributes { size: self.offset, mode: None, modified: None };
        let commit = move || upload.commit(&attributes, &publish, durable);
        let published = self.pool.run(commit).await;
        match published {
            Ok(published) => {
                self.is_over = true;
                Ok(published)
            }
            Err(error) => {
                self.discard().await;
                Err(error)
            }
        }
    }

    /// Removes what came.
    pub(super) async fn discard(mut self) {
        self.is_over = true;
        let upload = Arc::clone(&self.upload);
        // A file that stays behind is removed when it has expired.
        let _ = self.pool.run(move || upload.discard()).await;
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let gathered = std::mem::take(&mut self.gathered);
        let (upload, offset) = (Arc::clone(&self.upload), self.offset);
        self.offset += gathered.len() as u64;
        self.pool.run(move || upload.write_at(&gathered, offset)).await
    }
}

/// Also a connection that is cut off in the middle leaves nothing.
impl<S: Store> Drop for Upload<S> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let upload = Arc::clone(&self.upload);
            runtime.spawn_blocking(move || upload.discard());
        }
    }
}

/// An owner that no other upload has.
fn unique_owner() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("classic {:016x}", RandomState::new().hash_one(std::process::id()))
}
