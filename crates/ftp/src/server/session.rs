//! One native connection, from the hello to its end.

use std::sync::Arc;

use netserver::StopSignal;
use proto::{Algorithm, ConnectionError};
use tokio::io::{AsyncRead, AsyncWrite};

use super::audit::Request;
use super::{Access, Audit, ServeError};
use crate::content::Pool;
use crate::line::{Line, LineError, Waiting};
use crate::path::RemotePath;
use crate::store::{Store, StoreError};
use crate::tree::Turns;
use crate::wire::{End, Failure, Frame, Status};

/// What is the same for all requests of a connection.
pub(super) struct Session<'a, T, S> {
    pub(super) line: Line<T>,
    pub(super) store: &'a Arc<S>,
    /// The part of the store that the peer read in last, if it may not read all of it.
    pub(super) readable: Option<(RemotePath, Arc<S>)>,
    pub(super) pool: &'a Arc<Pool>,
    pub(super) turns: &'a Turns,
    pub(super) access: Access,
    pub(super) algorithm: Algorithm,
    pub(super) connection: u64,
    pub(super) audit: Option<&'a dyn Audit>,
}

/// How a request ended: its `end`, or the end of the whole conversation.
pub(super) type Answer = Result<End, LineError>;

impl<T, S> Session<'_, T, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Store,
{
    /// Answers requests in their order until the client has none left or the server stops.
    pub(super) async fn run(mut self, stop: &StopSignal) -> Result<(), ServeError> {
        loop {
            let waiting = tokio::select! {
                biased;
                waiting = self.line.request() => waiting,
                () = stop.stopped() => Ok(None),
            };
            let end = match waiting {
                Ok(Some(waiting)) => {
                    let request = waiting.frame.clone();
                    let end = self.answer(waiting).await;
                    self.record(&request, &end);
                    end
                }
                Ok(None) => break,
                Err(error) => Err(error),
            };
            match end {
                Ok(end) => self.line.say_end(end),
                Err(error) => return Err(self.give_up(error).await),
            }
        }
        Ok(self.line.connection().shutdown().await.map_err(LineError::from)?)
    }

    /// Ends a conversation that cannot go on. What was answered before still arrives, and then,
    /// as the end of request 0, which no client makes, why nothing more follows.
    async fn give_up(&mut self, error: LineError) -> ServeError {
        if !matches!(error, LineError::Connection(ConnectionError::Io(_))) {
            let failure = Failure::new(Status::BadRequest, error.to_string());
            self.line.say_end(End::failed(0, failure));
            // It was to be given up anyway.
            let _ = self.line.connection().shutdown().await;
        }
        error.into()
    }

    /// Tells of a request that is over.
    fn record(&self, request: &Frame, end: &Answer) {
        let (Some(audit), Some(subject)) = (self.audit, request.subject()) else {
            return;
        };
        let lost = |error: &LineError| Failure::new(Status::Failed, error.to_string());
        let ended = end.as_ref().map_err(lost);
        audit.request(&Request::new(self.connection, &self.access.owner, &subject, ended));
    }

    /// The part of the store by whose right the peer may read `path`.
    pub(super) async fn readable(
        &mut self,
        path: &RemotePath,
    ) -> Result<Result<Arc<S>, StoreError>, LineError> {
        let base = match self.access.readable_base(path) {
            Some(base) if !base.is_root() => base.clone(),
            _ => return Ok(Ok(Arc::clone(self.store))),
        };
        if let Some((known, store)) = &self.readable
            && *known == base
        {
            return Ok(Ok(Arc::clone(store)));
        }
        let (whole, beneath) = (Arc::clone(self.store), base.clone());
        let opened = self.pool.run(move || whole.beneath(&beneath));
        Ok(self.line.patiently(opened).await?.map(|store| {
            let store = Arc::new(store);
            self.readable = Some((base, Arc::clone(&store)));
            store
        }))
    }

    async fn answer(&mut self, waiting: Waiting) -> Answer {
        let Some(id) = waiting.frame.id() else {
            unreachable!("only requests wait, and each has an id")
        };
        if waiting.cancelled {
            return Ok(End::failed(id, cancelled()));
        }
        if let Some(refusal) = self.access.refusal(&waiting.frame) {
            return Ok(End::failed(id, refusal));
        }
        match waiting.frame {
            Frame::Get(get) => self.get(get).await,
            Frame::Put(put) => self.put(put).await,
            Frame::List(list) => self.list(list).await,
            Frame::Stat(stat) => self.stat(stat).await,
            Frame::Mkdir(mkdir) => {
                let make = move |store: &S| store.make_directory(&mkdir.path, mkdir.parents);
                self.change(id, make).await
            }
            Frame::Remove(remove) => self.change(id, move |store| store.remove(&remove.path)).await,
            Frame::Rename(rename) => self.rename(rename).await,
            Frame::GetTree(get) => self.get_tree(get).await,
            Frame::PutTree(put) => self.put_tree(put).await,
            Frame::RemoveTree(remove) => self.remove_tree(remove).await,
            _ => unreachable!("only requests wait"),
        }
    }
}

/// The failure of a request that its client cancelled.
pub(super) fn cancelled() -> Failure {
    Failure::new(Status::Cancelled, "the request was cancelled")
}
