//! One connection to a server.

use proto::stream::{Connection, Refusal, WelcomeError};
use proto::{Algorithm, Hello, Limits};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{ClientError, Options};
use crate::content::Pool;
use crate::line::{Incoming, Line, LineError};
use crate::wire::{Cancel, End, Frame, SERVICE};

/// One connection, and what is known of its other side.
#[derive(Debug)]
pub(super) struct Session<T> {
    pub(super) line: Line<T>,
    pub(super) peer: String,
    pub(super) pool: Arc<Pool>,
    algorithm: Option<Algorithm>,
    last_id: u64,
    /// How many bytes of its content the transfer at hand has come to: what came, what went and
    /// what was there already.
    pub(super) reached: u64,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Session<T> {
    /// Says hello; the first request need not wait for the answer.
    pub(super) fn open(stream: T, peer: String, options: &Options) -> Self {
        let mut hello = Hello::new(SERVICE).digests(options.digests.iter().copied());
        if let Some(token) = &options.token {
            hello = hello.token(token);
        }
        let hello = hello.encode(&Limits::default());
        let mut conn = Connection::new(stream, Limits::default());
        conn.enqueue_encoded(hello.expect("a hello of ours is shorter than the limit"));
        let line = Line::new(conn).stall_after(options.stall_after).limit_rate(options.limit_rate);
        let pool = Arc::clone(&options.pool);
        Self { line, peer, pool, algorithm: None, last_id: 0, reached: 0 }
    }

    /// The number of the next request.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Whether the server has let us in.
    pub(super) fn is_welcome(&self) -> bool {
        self.algorithm.is_some()
    }

    /// Whether the connection still stands, as far as can be told without waiting. A server ends
    /// one that is idle for long.
    pub(super) async fn is_alive(&mut self) -> bool {
        // No request has this number, and there is always room: it looks whether the end came.
        !self.is_welcome() || self.line.incoming_or_room(0, Some(usize::MAX)).await.is_ok()
    }

    /// How many bytes of its content the transfer that is over had come to.
    pub(super) fn take_reached(&mut self) -> u64 {
        std::mem::take(&mut self.reached)
    }

    /// Waits until the server has let us in.
    pub(super) async fn welcome(&mut self) -> Result<(), ClientError> {
        self.algorithm().await.map(drop)
    }

    /// The digest algorithm that was agreed on; waits for the welcome.
    pub(super) async fn algorithm(&mut self) -> Result<Algorithm, ClientError> {
        if let Some(algorithm) = self.algorithm {
            return Ok(algorithm);
        }
        let peer = || self.peer.clone();
        let answer = proto::stream::welcome(self.line.connection()).await;
        let algorithm = answer.map_err(|error| match error {
            WelcomeError::Lost(error) => self.lost(error.into()),
            WelcomeError::Refused(Refusal { code, message }) => {
                ClientError::Refused { peer: peer(), code, message }
            }
            WelcomeError::Stranger(found) => ClientError::Stranger { peer: peer(), found },
        })?;
        self.algorithm = Some(algorithm);
        Ok(algorithm)
    }

    /// The next thing that came for request `id`.
    pub(super) async fn incoming(&mut self, id: u64) -> Result<Frame, ClientError> {
        self.welcome().await?;
        loop {
            match self.line.incoming(id).await {
                Ok(Incoming::Frame(frame)) => return Ok(frame),
                // A client is never cancelled, and what it does not send is never wanted.
                Ok(Incoming::Cancel | Incoming::Want(..)) => {}
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    /// The end of request `id`; content that still comes for it is passed over.
    pub(super) async fn end(&mut self, id: u64) -> Result<End, ClientError> {
        loop {
            if let Frame::End(end) = self.incoming(id).await? {
                return match end.failure() {
                    Some(failure) => Err(ClientError::Remote(failure)),
                    None => Ok(end),
                };
            }
        }
    }

    /// Ends request `id` early and waits until it is over, so that the connection stays of use.
    pub(super) async fn abandon(&mut self, id: u64) {
        self.line.say(&Frame::Cancel(Cancel { id }));
        // Whether it ended as cancelled or in another way makes no difference any more; if the
        // connection is lost, the next call finds out.
        let _ = self.end(id).await;
    }

    /// The connection is lost.
    pub(super) fn lost(&self, source: LineError) -> ClientError {
        ClientError::Lost { peer: self.peer.clone(), source }
    }

    /// What did not fit the request.
    pub(super) fn unexpected(&self, frame: &Frame) -> ClientError {
        match frame {
            Frame::End(end) => match end.failure() {
                Some(failure) => ClientError::Remote(failure),
                None => ClientError::protocol(&self.peer, "a request ended before it was answered"),
            },
            _ => ClientError::protocol(&self.peer, "a frame came that answers no request of ours"),
        }
    }
}
