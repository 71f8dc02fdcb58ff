//! `get`: a remote file becomes a local one.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::session::Session;
use super::transfer::report;
use super::tries::{Repeat, Tries, attempt};
use super::{Client, ClientError, Connect, Event, How, Local, Observer, Transfer};
use crate::content::{Receiving, begin_unless_there, receive, same_content};
use crate::path::RemotePath;
use crate::resume::Plan;
use crate::store::{Attributes, Entry, Kind, NewUpload, Source, Store, StoreError, Upload};
use crate::wire::{Frame, Get, Got, Offer};

/// Content of at most this many bytes is sent unasked where nothing is here to compare it with:
/// it costs less than the round trip.
const EAGER: u64 = 1024 * 1024;

/// Whose partials these are: on this side there is only one owner.
pub(super) const OWNER: &str = "local";

impl<C: Connect> Client<C> {
    /// Makes a local file of a remote one: content, modification time and permission bits.
    ///
    /// What an interrupted call left is gone on with; of a local file that is to be replaced only
    /// the blocks that differ are fetched. Nothing is seen at the local path before all is right.
    ///
    /// # Errors
    /// [`ClientError`]; what was received stays for the next call.
    pub async fn get<S: Store>(
        &mut self,
        remote: &RemotePath,
        local: Local<'_, S>,
        how: &How,
        observer: &dyn Observer,
    ) -> Result<Transfer, ClientError> {
        let session_name = self.upload_session.clone();
        let target = Target { local, how, session_name };
        let mut tries = 0;
        let got: Result<Transfer, _> = async {
            attempt!(self, Repeat::Always, observer, |session| {
                tries += 1;
                session.get(remote, &target, observer)
            })
        }
        .await;
        got.map(|got| Transfer { retries: tries - 1, ..got })
    }
}

/// Where content is to go.
struct Target<'a, S> {
    local: Local<'a, S>,
    how: &'a How,
    session_name: String,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Session<T> {
    async fn get<S: Store>(
        &mut self,
        remote: &RemotePath,
        target: &Target<'_, S>,
        observer: &dyn Observer,
    ) -> Result<Transfer, ClientError> {
        let there = self.local(target, |store, path| store.stat(path)).await?;
        let eager = if there.is_ok() { 0 } else { EAGER };
        let id = self.next_id();
        let (path, revision) = (remote.clone(), None);
        self.line.say(&Frame::Get(Get { id, path, eager, revision }));
        let offer = self.offer(id, remote).await?;
        let mut transfer = Transfer::new(target.local.path);
        transfer.size = offer.entry.size;
        observer.event(Event::Begun { path: remote, size: Some(offer.entry.size) });
        if there.is_ok_and(|there| same_content(&there, &offer.entry)) {
            transfer.unchanged = true;
            self.got(id).await;
            return Ok(transfer);
        }
        let eager = offer.entry.size <= eager;
        match self.fetch(&offer, target, eager, observer, &mut transfer).await {
            Ok(()) => Ok(transfer),
            Err(error) => {
                if !error.ends_the_session() {
                    self.abandon(id).await;
                }
                Err(error)
            }
        }
    }

    /// What the server offers: the file that was asked for.
    pub(super) async fn offer(&mut self, id: u64, path: &RemotePath) -> Result<Offer, ClientError> {
        match self.incoming(id).await? {
            Frame::Entry(offer)
                if offer.entry.path == *path
                    && offer.entry.kind == Kind::File
                    && !offer.open_ended =>
            {
                Ok(offer)
            }
            Frame::Entry(offer) => {
                let message = format!("`{}` came where `{path}` was asked for", offer.entry.path);
                Err(ClientError::protocol(&self.peer, message))
            }
            frame => Err(self.unexpected(&frame)),
        }
    }

    /// Receives the content and publishes it.
    async fn fetch<S: Store>(
        &mut self,
        offer: &Offer,
        target: &Target<'_, S>,
        eager: bool,
        observer: &dyn Observer,
        transfer: &mut Transfer,
    ) -> Result<(), ClientError> {
        let Some(upload) = self.begin(offer, target).await?.map(Arc::new) else {
            transfer.unchanged = true;
            self.got(offer.id).await;
            return Ok(());
        };
        let size = offer.entry.size;
        let present = upload.present().map_or(0, |present| present.entry().size);
        let plan = match eager {
            true => Plan::eager(size),
            false => Plan::compare(size, upload.kept().max(present)),
        };
        let (algorithm, pool) = (self.algorithm().await?, Arc::clone(&self.pool));
        let receiving = Receiving { offer, upload: &upload, algorithm, pool: &pool, plan };
        let mut progress = report(observer, &mut self.reached, &mut transfer.moved);
        let received = receive(&mut self.line, receiving, &mut progress).await;
        drop(progress);
        let failed = |error| ClientError::receiving(error, &self.peer, &offer.entry.path);
        let receipt = received.map_err(failed)?;
        (transfer.reused, transfer.mended) = (receipt.reused, receipt.mended);
        let Entry { mode, modified, .. } = offer.entry;
        let attributes = Attributes { size, mode, modified };
        let (publish, durable) = (target.how.publish.clone(), target.how.durable);
        let work = pool.run(move || upload.commit(&attributes, &publish, durable));
        let published = self.line.patiently(work).await.map_err(|error| self.lost(error))??;
        transfer.path = published.path;
        self.got(offer.id).await;
        Ok(())
    }

    /// Begins the upload, unless an earlier call has made it needless.
    async fn begin<S: Store>(
        &mut self,
        offer: &Offer,
        target: &Target<'_, S>,
    ) -> Result<Option<S::Upload>, ClientError> {
        let (publish, session) = (target.how.publish.clone(), target.session_name.clone());
        let (size, offer) = (Some(offer.entry.size), offer.clone());
        let begin = move |store: &S, path: &RemotePath| {
            let new = NewUpload { owner: OWNER, session: &session, size, publish: &publish };
            begin_unless_there(store, path, &new, &offer)
        };
        Ok(self.local(target, begin).await??)
    }

    /// Does something with the local store.
    async fn local<S: Store, R: Send + 'static>(
        &mut self,
        target: &Target<'_, S>,
        work: impl FnOnce(&S, &RemotePath) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<Result<R, StoreError>, ClientError> {
        let (store, path) = (Arc::clone(target.local.store), target.local.path.clone());
        let pool = Arc::clone(&self.pool);
        let done = self.line.patiently(pool.run(move || work(&store, &path))).await;
        done.map_err(|error| self.lost(error))
    }

    /// Tells the server that all is here. That is so whether the server still hears it or not.
    pub(super) async fn got(&mut self, id: u64) {
        self.line.say(&Frame::Got(Got { id, n: 0 }));
        let _ = self.end(id).await;
    }
}
