//! The service as a handler of connections.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use encoding_rs::Encoding;
use netserver::{AdmitError, Conn, StreamHandler};
use proto::stream::{Connection, Greeted, Refusal, greet};
use proto::{Hello, Limits, Opening};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::places::Places;
use super::session::Session;
use super::{Access, ServeError};
use crate::classic::{ClassicMode, ClassicService, MAX_COMMAND_BYTES};
use crate::line::Line;
use crate::policy::Policy;
use crate::wire::{Failure, SERVICE, Status};

/// Runs commands for any number of connections.
///
/// As a [`StreamHandler`] it gives every peer the same [`Access`]; who wants to decide for each
/// peer writes a handler around [`serve`](Self::serve).
///
/// Its commands run in sessions of their own, without the program's terminal. A handler that is
/// cut off ends them.
#[derive(Debug)]
pub struct CommandService {
    policy: Arc<Policy>,
    places: Arc<Places>,
    access: Access,
    classic: Option<ClassicMode>,
    encoding: Option<&'static Encoding>,
}

impl CommandService {
    /// Runs what `policy` allows, for framed requests only, and, before
    /// [`access`](Self::access) says otherwise, for nobody.
    pub fn new(policy: Policy) -> Self {
        Self {
            places: Places::new(policy.max_concurrent_per_owner),
            policy: Arc::new(policy),
            access: Access::default(),
            classic: None,
            encoding: None,
        }
    }

    /// What every peer may do. Default: nothing.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Whether, and how, the tutorial's raw-text clients are served too, and browsers told what
    /// lives here. Default: not. They cannot be told apart, so they get the same access as
    /// everyone.
    #[must_use]
    pub fn classic(mut self, mode: impl Into<Option<ClassicMode>>) -> Self {
        self.classic = mode.into();
        self
    }

    /// The encoding that raw-text clients are answered in. Default: `None`, what the command
    /// writes.
    #[must_use]
    pub fn encoding(mut self, encoding: impl Into<Option<&'static Encoding>>) -> Self {
        self.encoding = encoding.into();
        self
    }

    /// Serves one connection; `decide` says, at the hello, what its peer may do or why it may not
    /// come in.
    ///
    /// # Errors
    ///
    /// [`ServeError`] when the connection was given up.
    pub async fn serve<T>(
        &self,
        mut stream: T,
        conn: &Conn,
        decide: impl FnOnce(&Hello) -> Result<Access, Failure> + Send,
    ) -> Result<(), ServeError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Some(opening) = read_opening(&mut stream).await? else {
            return Ok(());
        };
        match Opening::detect(opening[0]) {
            Opening::Native => {}
            Opening::Tls => {
                stream.write_all(&Opening::TLS_ALERT).await.map_err(ServeError::Opening)?;
                return Err(ServeError::Tls);
            }
            Opening::Raw => {
                let Some(mode) = self.classic else { return Err(ServeError::Raw) };
                conn.admit()?;
                let service = ClassicService {
                    mode,
                    encoding: self.encoding,
                    policy: &self.policy,
                    places: &self.places,
                    access: &self.access,
                    peer: conn.peer().to_string(),
                };
                return Ok(service.serve(&mut stream, opening, conn.stop().stopped()).await?);
            }
        }
        let mut connection = Connection::with_prefix(stream, opening, Limits::default());
        let decide = |hello: &Hello| {
            let full = |error: AdmitError| Failure::new(Status::Busy, error.to_string());
            let admitted = |access| conn.admit().map(|()| access).map_err(full);
            decide(hello).and_then(admitted).map_err(Refusal::from)
        };
        let Greeted { access, algorithm } = greet(&mut connection, SERVICE, decide).await?;
        let line = Line::new(connection);
        let (policy, places, peer) = (&*self.policy, &self.places, conn.peer().to_string());
        Session { line, policy, places, access, algorithm, peer }.run(conn.stop()).await
    }
}

impl<T> StreamHandler<T> for CommandService
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Error = ServeError;

    async fn handle(&self, stream: T, conn: Conn) -> Result<(), ServeError> {
        self.serve(stream, &conn, |_| Ok(self.access.clone())).await
    }
}

/// The first bytes of a connection; `None` if there are none. One byte more than a raw command may
/// have, to see that it is longer.
async fn read_opening<T: AsyncRead + Unpin>(stream: &mut T) -> Result<Option<Bytes>, ServeError> {
    let mut opening = BytesMut::with_capacity(MAX_COMMAND_BYTES + 1);
    let mut limited = stream.take(MAX_COMMAND_BYTES as u64 + 1);
    let read = limited.read_buf(&mut opening).await.map_err(ServeError::Opening)?;
    Ok((read > 0).then(|| opening.freeze()))
}
