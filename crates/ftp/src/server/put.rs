//! `put`: the server receives.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::session::{Answer, Session, cancelled};
use crate::content::{ReceiveError, Receiving, begin_unless_there, receive, same_content};
use crate::line::{Incoming, LineError};
use crate::resume::Plan;
use crate::store::{Attributes, Entry, Kind, NewUpload, Source, Store, Upload};
use crate::wire::{End, Failure, Frame, Offer, Put, Status};

impl<T, S> Session<'_, T, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Store,
{
    pub(super) async fn put(&mut self, put: Put) -> Answer {
        let id = put.id;
        let offer = match self.line.incoming(id).await? {
            // The proof is over the entry's path, and so over the name that is published.
            Incoming::Frame(Frame::Entry(offer))
                if offer.entry.kind == Kind::File && offer.entry.path == put.path =>
            {
                offer
            }
            Incoming::Cancel => return Ok(End::failed(id, cancelled())),
            _ => {
                let message = "the entry of a file, with the same path, follows a put";
                return Ok(End::failed(id, Failure::new(Status::BadRequest, message)));
            }
        };
        match self.put_offer(&put, &offer).await {
            Ok(end) => Ok(end),
            Err(ReceiveError::Line(error)) => Err(error),
            Err(error) => Ok(End::failed(id, failure_of(error))),
        }
    }

    async fn put_offer(&mut self, put: &Put, offer: &Offer) -> Result<End, ReceiveError> {
        if !offer.open_ended && self.is_there_already(put, &offer.entry).await? {
            return Ok(End { unchanged: true, ..End::ok(put.id) });
        }
        let Some(upload) = self.begin(put, offer).await? else {
            return Ok(End { unchanged: true, ..End::ok(put.id) });
        };
        let plan = match offer.open_ended {
            true => Plan::eager(u64::MAX),
            false => {
                let present = upload.present().map_or(0, |present| present.entry().size);
                Plan::compare(offer.entry.size, upload.kept().max(present))
            }
        };
        let (algorithm, pool) = (self.algorithm, self.pool);
        let receiving = Receiving { offer, upload: &upload, algorithm, pool, plan };
        let received = receive(&mut self.line, receiving, &mut |_| ()).await;
        let receipt = match received {
            Ok(receipt) => receipt,
            Err(error) => {
                if offer.open_ended {
                    // A stream cannot be gone on with: what came of it is of no use.
                    let work = self.pool.run(move || upload.discard());
                    let _ = self.line.patiently(work).await;
                }
                return Err(error);
            }
        };
        let Entry { mode, modified, .. } = offer.entry;
        let attributes = Attributes { size: receipt.size, mode, modified };
        let (publish, durable) = (put.publish.clone(), put.durable);
        let work = self.pool.run(move || upload.commit(&attributes, &publish, durable));
        let published = Some(self.line.patiently(work).await??);
        Ok(End { published, ..End::ok(put.id) })
    }

    /// Whether the target is what is offered, by size and modification time: then the answer to
    /// an earlier try was lost, or somebody tries again what is done.
    async fn is_there_already(&mut self, put: &Put, entry: &Entry) -> Result<bool, LineError> {
        let (store, path) = (Arc::clone(self.store), put.path.clone());
        let there = self.line.patiently(self.pool.run(move || store.stat(&path))).await?;
        Ok(there.is_ok_and(|there| same_content(&there, entry)))
    }

    /// Begins the upload, unless an earlier try has made it needless.
    async fn begin(
        &mut self,
        put: &Put,
        offer: &Offer,
    ) -> Result<Option<Arc<S::Upload>>, ReceiveError> {
        let (store, owner) = (Arc::clone(self.store), self.access.owner.clone());
        let (path, session, publish) = (put.path.clone(), put.session.clone(), put.publish.clone());
        let offer = offer.clone();
        let work = move || {
            let size = (!offer.open_ended).then_some(offer.entry.size);
            let new = NewUpload { owner: &owner, session: &session, size, publish: &publish };
            begin_unless_there(&*store, &path, &new, &offer)
        };
        Ok(self.line.patiently(self.pool.run(work)).await??.map(Arc::new))
    }
}

/// What the client is told.
fn failure_of(error: ReceiveError) -> Failure {
    let status = match &error {
        ReceiveError::Store(_) | ReceiveError::Sender(_) => Status::Failed,
        ReceiveError::Cancelled => Status::Cancelled,
        ReceiveError::Damaged(_) | ReceiveError::Proof => Status::Corrupt,
        ReceiveError::Line(_) | ReceiveError::Ended(_) | ReceiveError::Rules(_) => {
            Status::BadRequest
        }
    };
    match error {
        // Only another connection of the same client takes an upload over, and it may be an older
        // one that comes late: to try again is right.
        ReceiveError::Store(error) => error.into(),
        ReceiveError::Sender(failure) => failure,
        error => Failure::new(status, error.to_string()),
    }
}
