//! `put`: a local file, or a stream, becomes a remote file.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::session::Session;
use super::transfer::report;
use super::tries::{Repeat, Tries, attempt};
use super::{Client, ClientError, Connect, Event, How, Local, Observer, Transfer};
use crate::content::{SendEnd, Sending, send, send_stream};
use crate::line::LineError;
use crate::path::RemotePath;
use crate::store::{Entry, Kind, Publish, Published, Revision, Source, Store};
use crate::wire::{End, Failure, Frame, Offer, Put, Status};

impl<C: Connect> Client<C> {
    /// Makes a remote file of a local one: content, modification time and permission bits.
    ///
    /// What an interrupted call left at the server is gone on with; of a remote file that is to
    /// be replaced only the blocks that differ are sent. Nothing is seen at the remote path
    /// before all is right.
    ///
    /// # Errors
    /// [`ClientError`]; what the server received stays for the next call.
    pub async fn put<S: Store>(
        &mut self,
        local: Local<'_, S>,
        remote: &RemotePath,
        how: &How,
        observer: &dyn Observer,
    ) -> Result<Transfer, ClientError> {
        let session_name = self.upload_session.clone();
        let mut tries = 0;
        let put: Result<Transfer, _> = async {
            attempt!(self, Repeat::Always, observer, |session| {
                tries += 1;
                session.put_file(&local, remote, (how, &session_name), observer)
            })
        }
        .await;
        put.map(|put| Transfer { retries: tries - 1, ..put })
    }

    /// Makes a remote file of what `reader` gives until its end. As nothing can be read twice,
    /// it is not tried again, and nothing stays at the server when it fails.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn put_stream<R: AsyncRead + Unpin + Send>(
        &mut self,
        reader: &mut R,
        remote: &RemotePath,
        how: &How,
        observer: &dyn Observer,
    ) -> Result<Transfer, ClientError> {
        let mut session = self.take_session().await?;
        let outcome =
            session.put_stream(reader, remote, (how, &self.upload_session), observer).await;
        if !outcome.as_ref().is_err_and(ClientError::ends_the_session) {
            self.session = Some(session);
        }
        outcome
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Session<T> {
    async fn put_file<S: Store>(
        &mut self,
        local: &Local<'_, S>,
        remote: &RemotePath,
        how: (&How, &str),
        observer: &dyn Observer,
    ) -> Result<Transfer, ClientError> {
        let (store, path) = (Arc::clone(local.store), local.path.clone());
        let pool = Arc::clone(&self.pool);
        let source = Arc::new(pool.run(move || store.open(&path)).await?);
        self.put(&source, remote, how, observer).await
    }

    async fn put<C: Source>(
        &mut self,
        source: &Arc<C>,
        remote: &RemotePath,
        (how, session): (&How, &str),
        observer: &dyn Observer,
    ) -> Result<Transfer, ClientError> {
        let entry = Entry { path: remote.clone(), ..source.entry().clone() };
        let mut transfer = Transfer::new(remote);
        transfer.size = entry.size;
        observer.event(Event::Begun { path: remote, size: Some(entry.size) });
        let offer = self.announce(entry, how, session, false);
        let (algorithm, pool) = (self.algorithm().await?, Arc::clone(&self.pool));
        let sending = Sending { offer: &offer, source, algorithm, pool: &pool, eager: false };
        let mut progress = report(observer, &mut self.reached, &mut transfer.moved);
        let sent = send(&mut self.line, &sending, &mut progress).await;
        drop(progress);
        let end = self.outcome(offer.id, sent).await?;
        transfer.reused = transfer.size.saturating_sub(transfer.moved);
        self.finish(transfer, end, how)
    }

    async fn put_stream<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        remote: &RemotePath,
        (how, session): (&How, &str),
        observer: &dyn Observer,
    ) -> Result<Transfer, ClientError> {
        let entry = Entry {
            path: remote.clone(),
            kind: Kind::File,
            size: 0,
            mode: None,
            modified: None,
            revision: Revision::new(""),
            target: None,
        };
        observer.event(Event::Begun { path: remote, size: None });
        let offer = self.announce(entry, how, session, true);
        let (algorithm, pool) = (self.algorithm().await?, Arc::clone(&self.pool));
        let mut transfer = Transfer::new(remote);
        let mut progress = report(observer, &mut self.reached, &mut transfer.moved);
        let sent = send_stream(&mut self.line, &offer, reader, algorithm, &pool, &mut progress);
        let sent = sent.await;
        drop(progress);
        let sent = match sent {
            Ok(Ok(sent)) => Ok(sent),
            Ok(Err(error)) => {
                self.abandon(offer.id).await;
                return Err(ClientError::Stream(error));
            }
            Err(error) => Err(error),
        };
        let end = self.outcome(offer.id, sent).await?;
        transfer.size = transfer.moved;
        self.finish(transfer, end, how)
    }

    /// Announces an upload, and returns its offer.
    fn announce(&mut self, entry: Entry, how: &How, session: &str, open_ended: bool) -> Offer {
        let id = self.next_id();
        let (path, session, durable) = (entry.path.clone(), session.to_owned(), how.durable);
        let publish = how.publish.clone();
        self.line.say(&Frame::Put(Put { id, path, publish, session, durable }));
        let offer = Offer { id, n: 0, entry, open_ended };
        self.line.say(&Frame::Entry(offer.clone()));
        offer
    }

    /// What the server made of what was sent.
    async fn outcome(
        &mut self,
        id: u64,
        sent: Result<SendEnd, LineError>,
    ) -> Result<End, ClientError> {
        match sent.map_err(|error| self.lost(error))? {
            SendEnd::End(end) => match end.failure() {
                Some(failure) => Err(ClientError::Remote(failure)),
                None => Ok(end),
            },
            SendEnd::Failed(Failure { status: Status::BadRequest, message }) => {
                Err(ClientError::protocol(&self.peer, message))
            }
            SendEnd::Failed(failure) => {
                // The server ends the request when it hears of the failure.
                self.abandon(id).await;
                Err(ClientError::Source(failure))
            }
            SendEnd::Got | SendEnd::Cancelled => {
                Err(ClientError::protocol(&self.peer, "an upload ended without its end"))
            }
        }
    }

    /// Takes over what the server says of an upload.
    fn finish(&self, mut transfer: Transfer, end: End, how: &How) -> Result<Transfer, ClientError> {
        transfer.unchanged = end.unchanged;
        if transfer.unchanged {
            transfer.reused = 0;
        }
        if let Some(Published { path, .. }) = end.published {
            let beside =
                how.publish == Publish::KeepBoth && path.parent() == transfer.path.parent();
            if path != transfer.path && !beside {
                let message = format!("it published `{path}` where `{}` was put", transfer.path);
                return Err(ClientError::protocol(&self.peer, message));
            }
            transfer.path = path;
        }
        Ok(transfer)
    }
}
