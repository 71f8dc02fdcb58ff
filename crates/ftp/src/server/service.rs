//! The service as a handler of connections.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use netserver::{AdmitError, Conn, Guarded, StreamHandler};
use proto::stream::{Connection, Greeted, Refusal, greet};
use proto::{Hello, Limits, Opening};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::session::Session;
use super::{Access, Audit, ServeError};
use crate::classic::{ClassicService, Outgoing};
use crate::content::Pool;
use crate::store::Store;
use crate::tree::Turns;
use crate::wire::{Failure, SERVICE, Status};

/// The most that is read to tell who calls: the tutorial's programs send a command as one piece
/// of at most so many bytes.
const OPENING_LEN: usize = 1024;

/// Serves a [`Store`] to any number of connections.
///
/// As a [`StreamHandler`] it gives every peer the same [`Access`]; who wants to decide for each
/// peer writes a handler around [`serve`](Self::serve).
pub struct FileService<S> {
    store: Arc<S>,
    pool: Arc<Pool>,
    turns: Turns,
    access: Access,
    classic: bool,
    audit: Option<Arc<dyn Audit>>,
}

impl<S: Store> FileService<S> {
    /// Serves `store` for reading, to framed requests only.
    pub fn new(store: Arc<S>) -> Self {
        Self {
            store,
            pool: Pool::shared(),
            turns: Turns::default(),
            access: Access::default(),
            classic: false,
            audit: None,
        }
    }

    /// What every peer may do. Default: read.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Whether the tutorial's raw-text clients are served too, and browsers told what lives here.
    /// Default: no. They cannot be told apart, so they get the same access as everyone.
    #[must_use]
    pub fn classic(mut self, classic: bool) -> Self {
        self.classic = classic;
        self
    }

    /// Who is told of each framed request when it is over. Default: nobody.
    #[must_use]
    pub fn audit(mut self, audit: Arc<dyn Audit>) -> Self {
        self.audit = Some(audit);
        self
    }

    /// The threads and buffers to work with. Default: [`Pool::shared`].
    #[must_use]
    pub fn pool(mut self, pool: Arc<Pool>) -> Self {
        self.pool = pool;
        self
    }

    /// Serves one connection; `decide` says, at the hello, what its peer may do or why it may not
    /// come in.
    ///
    /// # Errors
    /// [`ServeError`] when the connection was given up.
    pub async fn serve<T>(
        &self,
        mut stream: T,
        conn: &Conn,
        decide: impl FnOnce(&Hello) -> Result<Access, Failure> + Send,
    ) -> Result<(), ServeError>
    where
        T: AsyncRead + AsyncWrite + Outgoing + Unpin + Send,
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
            Opening::Raw if self.classic => {
                conn.admit()?;
                let (store, access, pool) = (&self.store, &self.access, &self.pool);
                let service = ClassicService { store, access, pool };
                return Ok(service.serve(&mut stream, opening, conn.stop().stopped()).await?);
            }
            Opening::Raw => return Err(ServeError::Raw),
        }
        let mut connection = Connection::with_prefix(stream, opening, Limits::default());
        let decide = |hello: &Hello| {
            let full = |error: AdmitError| Failure::new(Status::Busy, error.to_string());
            let admitted = |access| conn.admit().map(|()| access).map_err(full);
            decide(hello).and_then(admitted).map_err(Refusal::from)
        };
        let Greeted { access, algorithm } = greet(&mut connection, SERVICE, decide).await?;
        let line = crate::line::Line::new(connection);
        let (store, pool, turns) = (&self.store, &self.pool, &self.turns);
        let (connection, audit) = (conn.id(), self.audit.as_deref());
        let session = Session {
            line,
            store,
            readable: None,
            pool,
            turns,
            access,
            algorithm,
            connection,
            audit,
        };
        session.run(conn.stop()).await
    }
}

impl<S> fmt::Debug for FileService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileService")
            .field("access", &self.access)
            .field("classic", &self.classic)
            .finish_non_exhaustive()
    }
}

impl<S, T> StreamHandler<T> for FileService<S>
where
    S: Store,
    T: AsyncRead + AsyncWrite + Outgoing + Unpin + Send + 'static,
{
    type Error = ServeError;

    async fn handle(&self, stream: T, conn: Conn) -> Result<(), ServeError> {
        self.serve(stream, &conn, |_| Ok(self.access.clone())).await
    }
}

impl<T: Outgoing> Outgoing for Guarded<T> {
    fn unacknowledged(&self) -> Option<usize> {
        self.get_ref().unacknowledged()
    }
}

/// The first bytes of a connection; `None` if there are none.
async fn read_opening<T: AsyncRead + Unpin>(stream: &mut T) -> Result<Option<Bytes>, ServeError> {
    let mut opening = BytesMut::with_capacity(OPENING_LEN);
    let read = stream.read_buf(&mut opening).await.map_err(ServeError::Opening)?;
    Ok((read > 0).then(|| opening.freeze()))
}
