//! The requests that move no content.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use proto::{Algorithm, Hasher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::session::{Answer, Session, cancelled};
use crate::line::Incoming;
use crate::path::RemotePath;
use crate::store::{Entry, Source, Store, StoreError};
use crate::wire::{End, Entries, Failure, Frame, List, MAX_LISTING_LEN, Rename, Stat};

/// How much of a file is digested as one stream before a cancel is looked for: 8 MiB.
const DIGEST_STEP: u64 = 8 * 1024 * 1024;

/// A piece of a listing is sent when it has this many bytes: the longest entry still fits.
const LISTING_PIECE: usize = MAX_LISTING_LEN / 2;

impl<T, S> Session<'_, T, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Store,
{
    /// A change whose only answer is that it is done.
    pub(super) async fn change(
        &mut self,
        id: u64,
        change: impl FnOnce(&S) -> Result<(), StoreError> + Send + 'static,
    ) -> Answer {
        let store = Arc::clone(self.store);
        let changed = self.line.patiently(self.pool.run(move || change(&store))).await?;
        Ok(changed.map_or_else(|error| End::failed(id, error.into()), |()| End::ok(id)))
    }

    pub(super) async fn rename(&mut self, rename: Rename) -> Answer {
        let Rename { id, path, to, publish } = rename;
        let store = Arc::clone(self.store);
        let work = self.pool.run(move || store.rename(&path, &to, &publish));
        Ok(match self.line.patiently(work).await? {
            Ok(published) => End { published: Some(published), ..End::ok(id) },
            Err(error) => End::failed(id, error.into()),
        })
    }

    pub(super) async fn stat(&mut self, stat: Stat) -> Answer {
        let (store, path) = match self.readable(&stat.path).await? {
            Ok(store) => (store, stat.path.clone()),
            Err(error) => return Ok(End::failed(stat.id, error.into())),
        };
        let readable = Arc::clone(&store);
        let entry = match self.line.patiently(self.pool.run(move || store.stat(&path))).await? {
            Ok(entry) => entry,
            Err(error) => return Ok(End::failed(stat.id, error.into())),
        };
        let Some(algorithm) = stat.digest else {
            return Ok(End { entry: Some(entry), ..End::ok(stat.id) });
        };
        self.digest(stat.id, readable, stat.path, algorithm).await
    }

    /// The digest of a whole file as one stream, a step at a time.
    async fn digest(
        &mut self,
        id: u64,
        store: Arc<S>,
        path: RemotePath,
        algorithm: Algorithm,
    ) -> Answer {
        let source = match self.line.patiently(self.pool.run(move || store.open(&path))).await? {
            Ok(source) => Arc::new(source),
            Err(error) => return Ok(End::failed(id, error.into())),
        };
        let size = source.entry().size;
        let mut hasher = Hasher::new(algorithm);
        let mut offset = 0;
        while offset < size {
            let end = size.min(offset + DIGEST_STEP);
            let mut buffer = self.pool.buffer(end - offset);
            let source = Arc::clone(&source);
            let work = move || {
                while offset < end {
                    let len = (end - offset).min(buffer.room() as u64) as usize;
                    let content = &mut buffer.content()[..len];
                    crate::content::read_full(&*source, content, offset)?;
                    hasher.update(content);
                    offset += len as u64;
                }
                Ok::<_, Failure>(hasher)
            };
            hasher = match self.line.patiently(self.pool.run(work)).await? {
                Ok(hasher) => hasher,
                Err(failure) => return Ok(End::failed(id, failure)),
            };
            offset = end;
            // There is always room, so this only looks whether something came.
            let came = self.line.incoming_or_room(id, Some(usize::MAX)).await?;
            if matches!(came, Some(Incoming::Cancel)) {
                return Ok(End::failed(id, cancelled()));
            }
        }
        let digest = Some(hasher.finalize().to_string());
        Ok(End { entry: Some(source.entry().clone()), digest, ..End::ok(id) })
    }

    /// Lists a directory piece by piece; no more of it is held than a few pieces.
    pub(super) async fn list(&mut self, list: List) -> Answer {
        let List { id, path } = list;
        let store = match self.readable(&path).await? {
            Ok(store) => store,
            Err(error) => return Ok(End::failed(id, error.into())),
        };
        let (pieces, mut ready) = mpsc::channel(2);
        // Not on the pool, whose threads are few: this one waits for the client.
        let listing = tokio::task::spawn_blocking(move || list_into(&*store, &path, &pieces));
        loop {
            let piece: Option<Bytes> = self.line.patiently(ready.recv()).await?;
            let Some(piece) = piece else { break };
            let body = piece.len() as u32;
            self.line.say_with(&Frame::Entries(Entries { id, body }), piece);
            while let Some(incoming) = self.line.incoming_or_room(id, Some(0)).await? {
                if matches!(incoming, Incoming::Cancel) {
                    return Ok(End::failed(id, cancelled()));
                }
            }
        }
        Ok(match listing.await {
            Ok(Ok(())) => End::ok(id),
            Ok(Err(error)) => End::failed(id, error.into()),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        })
    }
}

/// Lists into pieces of one JSON entry a line, until nobody takes them any more.
fn list_into<S: Store>(
    store: &S,
    path: &RemotePath,
    pieces: &mpsc::Sender<Bytes>,
) -> Result<(), StoreError> {
    let mut piece = Vec::new();
    let mut each = |entry: Entry| {
        serde_json::to_writer(&mut piece, &entry).expect("entries are JSON, and memory takes them");
        piece.push(b'\n');
        let full = piece.len() >= LISTING_PIECE;
        if full && pieces.blocking_send(std::mem::take(&mut piece).into()).is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    store.list(path, &mut each)?;
    if !piece.is_empty() {
        // Nobody being there any more is no failure of the listing.
        let _ = pieces.blocking_send(piece.into());
    }
    Ok(())
}
