//! What stands between a client and a server, and breaks the line where it is told to.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use crate::{Error, within};

/// How the bytes of one direction go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// As they come.
    Through,
    /// One byte at a time.
    Dribble,
    /// So many of them; then the connection is cut.
    Cut(u64),
    /// So many of them; then nothing, until [`Proxy::release`] cuts the connection.
    Hold(u64),
}

/// How the bytes of one connection go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// From the client to the server.
    pub up: Flow,
    /// From the server to the client.
    pub down: Flow,
}

impl Way {
    /// Nothing is done to the connection.
    pub const OPEN: Self = Self { up: Flow::Through, down: Flow::Through };
}

/// A proxy on a port that the system chose, until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    reached: Notify,
    released: Notify,
}

impl Proxy {
    /// Stands in front of `target`; `way` tells of each connection, counted from 0, how it goes on.
    ///
    /// # Errors
    ///
    /// If there is no port to be had.
    pub async fn start(
        target: SocketAddr,
        mut way: impl FnMut(usize) -> Way + Send + 'static,
    ) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            reached: Notify::new(),
            released: Notify::new(),
        });
        let theirs = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                let Ok((client, _)) = listener.accept().await else {
                    return;
                };
                connections.spawn(connect(client, way(number), Arc::clone(&theirs)));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { addr, shared, accepting: accepting.abort_handle() })
    }

    /// Where clients call.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Sends the connections to come to another server.
    pub fn aim(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// Waits until a connection has come to the byte where it is cut or held.
    ///
    /// # Errors
    ///
    /// If none does in time.
    pub async fn reached(&self) -> Result<(), Error> {
        let reached = async {
            self.shared.reached.notified().await;
            Ok::<_, Infallible>(())
        };
        within("the byte where the line breaks", reached).await
    }

    /// Cuts the connection that is held.
    pub fn release(&self) {
        self.shared.released.notify_one();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Why a direction came to its end before its sender did.
enum Break {
    Cut,
    Failed(io::Error),
}

impl From<io::Error> for Break {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

async fn connect(client: TcpStream, way: Way, shared: Arc<Shared>) -> io::Result<()> {
    let target = *shared.target.lock().unwrap_or_else(PoisonError::into_inner);
    let server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = carry(from_client, to_server, way.up, &shared);
    let down = carry(from_server, to_client, way.down, &shared);
    match tokio::try_join!(up, down) {
        Ok(_) | Err(Break::Cut) => Ok(()),
        Err(Break::Failed(error)) => Err(error),
    }
}

/// Carries the bytes of one direction.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    flow: Flow,
    shared: &Shared,
) -> Result<(), Break> {
    let mut left = match flow {
        Flow::Cut(bytes) | Flow::Hold(bytes) => bytes,
        Flow::Through | Flow::Dribble => u64::MAX,
    };
    let mut buffer = vec![0; if flow == Flow::Dribble { 1 } else { 64 * 1024 }];
    while left > 0 {
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Ok(to.shutdown().await?);
        }
        to.write_all(&buffer[..read]).await?;
        left -= read as u64;
    }
    shared.reached.notify_one();
    if matches!(flow, Flow::Hold(_)) {
        shared.released.notified().await;
    }
    Err(Break::Cut)
}
