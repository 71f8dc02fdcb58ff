//! One native connection, from the hello to its end.

use std::sync::Arc;

use netserver::StopSignal;
use proto::stream::Connection;
use proto::{Algorithm, ConnectionError, Hello, HelloAnswer, Limits};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Access, ServeError};
use crate::content::Pool;
use crate::line::{Line, LineError, Waiting};
use crate::store::Store;
use crate::tree::Turns;
use crate::wire::{End, Failure, Frame, SERVICE, Status};

/// What is the same for all requests of a connection.
pub(super) struct Session<'a, T, S> {
    pub(super) line: Line<T>,
    pub(super) store: &'a Arc<S>,
    pub(super) pool: &'a Arc<Pool>,
    pub(super) turns: &'a Turns,
    pub(super) access: Access,
    pub(super) algorithm: Algorithm,
}

/// How a request ended: its `end`, or the end of the whole conversation.
pub(super) type Answer = Result<End, LineError>;

/// Hears the hello, and answers it. `decide` says what the peer may do, or why it may not come in.
pub(super) async fn greet<T>(
    conn: &mut Connection<T>,
    decide: impl FnOnce(&Hello) -> Result<Access, Failure>,
) -> Result<(Access, Algorithm), ServeError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let hello = conn.next::<Hello>().await.map_err(LineError::from)?.ok_or(LineError::Closed)?;
    let answer = hello.answer(SERVICE, &[], Algorithm::ALL);
    let (answer, decided) = match answer {
        HelloAnswer::Refused { ref message, .. } => {
            let message = message.clone();
            (answer, Err(message))
        }
        HelloAnswer::Welcome { digest, .. } => match decide(&hello) {
            Ok(access) => (answer, Ok((access, digest))),
            Err(Failure { status, message }) => {
                (HelloAnswer::refused(status.as_str(), &message), Err(message))
            }
        },
    };
    let answer = answer.encode(&Limits::default());
    conn.enqueue_encoded(answer.expect("an answer of ours is shorter than the limit"));
    match decided {
        Ok(decided) => Ok(decided),
        Err(message) => {
            // A refusal is followed by a clean close, so that its words arrive.
            conn.shutdown().await.map_err(LineError::from)?;
            Err(ServeError::Refused(message))
        }
    }
}

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
                Ok(Some(waiting)) => self.answer(waiting).await,
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

    async fn answer(&mut self, waiting: Waiting) -> Answer {
        let Some(id) = waiting.frame.id() else {
            unreachable!("only requests wait, and each has an id")
        };
        if waiting.cancelled {
            return Ok(End::failed(id, cancelled()));
        }
        if let Some(refusal) = self.refusal(&waiting.frame) {
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

    /// Why the peer may not make this request, if it may not.
    fn refusal(&self, request: &Frame) -> Option<Failure> {
        let reads =
            matches!(request, Frame::Get(_) | Frame::List(_) | Frame::Stat(_) | Frame::GetTree(_));
        let refused = match reads {
            true if !self.access.read => "reading is not permitted here",
            false if !self.access.write => "this server is read-only for you",
            _ => return None,
        };
        Some(Failure::new(Status::Denied, refused))
    }
}

/// The failure of a request that its client cancelled.
pub(super) fn cancelled() -> Failure {
    Failure::new(Status::Cancelled, "the request was cancelled")
}
