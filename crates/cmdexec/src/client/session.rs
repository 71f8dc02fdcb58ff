//! One connection to a server.

use proto::stream::{Connection, Refusal, WelcomeError};
use proto::{Algorithm, Hello, Limits};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{ClientError, Options};
use crate::line::{Line, LineError};
use crate::wire::SERVICE;

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

    /// The connection is lost.
    pub(super) fn lost(&self, source: LineError) -> ClientError {
        ClientError::Lost { peer: self.peer.clone(), source }
    }

    /// The server does not keep to the protocol.
    pub(super) fn protocol(&self, message: impl Into<String>) -> ClientError {
        ClientError::Protocol { peer: self.peer.clone(), message: message.into() }
    }
}
