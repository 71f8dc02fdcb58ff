//! One connection to a server.

use std::time::Duration;

use proto::stream::Connection;
use proto::{Algorithm, ConnectionError, DecodeError, Hello, HelloAnswer, Limits};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::{ClientError, Options};
use crate::line::{Line, LineError};
use crate::wire::SERVICE;

/// How long a server may take for its welcome: one that is silent for longer is a stranger.
const WELCOME_WITHIN: Duration = Duration::from_secs(10);

/// One connection, and what is known of its other side.
#[derive(Debug)]
pub(super) struct Session<T> {
    pub(super) line: Line<T>,
    pub(super) peer: String,
    algorithm: Option<Algorithm>,
    last_id: u64,
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
        let line = Line::new(conn).silent_for(options.silent_for);
        Self { line, peer, algorithm: None, last_id: 0 }
    }

    /// The number of the next request.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Whether the connection still stands, as far as can be told without waiting. A server ends
    /// one that is idle for long.
    pub(super) async fn is_alive(&mut self) -> bool {
        // No request has this number, and there is always room: it looks whether the end came.
        self.algorithm.is_none() || self.line.incoming(0, Some(usize::MAX)).await.is_ok()
    }

    /// The digest algorithm that was agreed on; waits for the welcome.
    pub(super) async fn algorithm(&mut self) -> Result<Algorithm, ClientError> {
        if let Some(algorithm) = self.algorithm {
            return Ok(algorithm);
        }
        let stranger = |found: String| ClientError::Stranger { peer: self.peer.clone(), found };
        let answer = timeout(WELCOME_WITHIN, self.line.connection().next::<HelloAnswer>()).await;
        let answer = match answer {
            Err(_) => {
                return Err(stranger(format!("silence for {} s", WELCOME_WITHIN.as_secs())));
            }
            Ok(Ok(None)) => return Err(stranger("a close without a word".into())),
            Ok(Err(ConnectionError::Decode(error)))
                if !matches!(error, DecodeError::Truncated { .. }) =>
            {
                return Err(stranger(error.to_string()));
            }
            Ok(Err(error)) => return Err(self.lost(error.into())),
            Ok(Ok(Some(answer))) => answer,
        };
        match answer {
            HelloAnswer::Welcome { digest, .. } => {
                self.algorithm = Some(digest);
                Ok(digest)
            }
            HelloAnswer::Refused { code, message } => {
                Err(ClientError::Refused { peer: self.peer.clone(), code, message })
            }
        }
    }

    /// The connection is lost.
    pub(super) fn lost(&self, source: LineError) -> ClientError {
        ClientError::Lost { peer: self.peer.clone(), source }
    }

    /// The server does not keep to the protocol.
    pub(super) fn protocol(&self, message: impl Into<String>) -> ClientError {
        ClientError::Protocol { peer: self.peer.clone(), message: message.into() }
    }
}
