//! `get`: the server sends.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::session::{Answer, Session, cancelled};
use crate::content::{SendEnd, Sending, send};
use crate::store::{Source, Store};
use crate::wire::{End, Failure, Frame, Get, Offer, Status};

impl<T, S> Session<'_, T, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Store,
{
    pub(super) async fn get(&mut self, get: Get) -> Answer {
        let Get { id, path, eager, revision } = get;
        let (store, name) = match self.readable(&path).await? {
            Ok(store) => (store, path.clone()),
            Err(error) => return Ok(End::failed(id, error.into())),
        };
        let source = match self.line.patiently(self.pool.run(move || store.open(&name))).await? {
            Ok(source) => Arc::new(source),
            Err(error) => return Ok(End::failed(id, error.into())),
        };
        let entry = source.entry().clone();
        if revision.is_some_and(|revision| revision != entry.revision) {
            let message = format!("`{path}` is no longer what it was");
            return Ok(End::failed(id, Failure::new(Status::Changed, message)));
        }
        let eager = entry.size <= eager;
        let offer = Offer { id, n: 0, entry, open_ended: false };
        if let Err(error) = self.line.try_say(&Frame::Entry(offer.clone())) {
            return Ok(End::failed(id, Failure::new(Status::BadPath, error.to_string())));
        }
        let (algorithm, pool) = (self.algorithm, self.pool);
        let sending = Sending { offer: &offer, source: &source, algorithm, pool, eager };
        Ok(match send(&mut self.line, &sending, &mut |_| ()).await? {
            SendEnd::Got => End::ok(id),
            SendEnd::Cancelled => End::failed(id, cancelled()),
            SendEnd::Failed(failure) => End::failed(id, failure),
            SendEnd::End(_) => {
                let message = "only a server ends a request: a client cancels it";
                End::failed(id, Failure::new(Status::BadRequest, message))
            }
        })
    }
}
