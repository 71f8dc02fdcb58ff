//! What stands between a client and a server, and breaks the line where it is told to.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::{Error, within};

/// How much of each direction is under way in the proxy, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

/// How the bytes of one direction go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// As they come.
    Through,
    /// One byte at a time.
    Dribble,
    /// So many of them; then the connection is cut.
    Cut(u64),
    /// So many of them; then nothing, until [`Proxy::cut`] or [`Proxy::go_on`].
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
    verdict: watch::Sender<Verdict>,
    carried_up: AtomicU64,
    carried_down: AtomicU64,
    /// What was carried, if it is kept.
    tape: Option<Mutex<Tape>>,
}

/// What a proxy has seen of all connections, piece by piece as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape {
    /// From clients to the server.
    pub up: Vec<u8>,
    /// From the server to clients.
    pub down: Vec<u8>,
}

impl Tape {
    /// Whether something was said in either direction.
    #[must_use]
    pub fn contains(&self, said: &[u8]) -> bool {
        [&self.up, &self.down].iter().any(|way| way.windows(said.len()).any(|part| part == said))
    }
}

/// One of both directions.
#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

/// What becomes of a connection that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    GoOn,
    Cut,
}

impl Proxy {
    /// Stands in front of `target`; `way` tells of each connection, counted from 0, how it goes on.
    ///
    /// # Errors
    ///
    /// If there is no port to be had.
    pub async fn start(
        target: SocketAddr,
        way: impl FnMut(usize) -> Way + Send + 'static,
    ) -> Result<Self, Error> {
        Self::stand(target, way, None).await
    }

    /// Stands in front of `target`, does nothing to the connections, and keeps what it sees.
    ///
    /// # Errors
    ///
    /// If there is no port to be had.
    pub async fn recording(target: SocketAddr) -> Result<Self, Error> {
        Self::stand(target, |_| Way::OPEN, Some(Mutex::default())).await
    }

    async fn stand(
        target: SocketAddr,
        mut way: impl FnMut(usize) -> Way + Send + 'static,
        tape: Option<Mutex<Tape>>,
    ) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            reached: Notify::new(),
            verdict: watch::Sender::new(Verdict::Wait),
            carried_up: AtomicU64::new(0),
            carried_down: AtomicU64::new(0),
            tape,
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

    /// Cuts the connection that is held, or will be.
    pub fn cut(&self) {
        self.shared.verdict.send_replace(Verdict::Cut);
    }

    /// Lets the connection go on that is held, or will be.
    pub fn go_on(&self) {
        self.shared.verdict.send_replace(Verdict::GoOn);
    }

    /// How many bytes went up to the server and down from it.
    #[must_use]
    pub fn carried(&self) -> (u64, u64) {
        let Shared { carried_up, carried_down, .. } = &*self.shared;
        (carried_up.load(Ordering::Relaxed), carried_down.load(Ordering::Relaxed))
    }

    /// Takes what was recorded since the last time; nothing unless it [records](Self::recording).
    #[must_use]
    pub fn take_tape(&self) -> Tape {
        let taken =
            self.shared.tape.as_ref().map(|tape| {
                std::mem::take(&mut *tape.lock().unwrap_or_else(PoisonError::into_inner))
            });
        taken.unwrap_or_default()
    }
}

impl Shared {
    fn keep(&self, direction: Direction, bytes: &[u8]) {
        let Some(tape) = &self.tape else { return };
        let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
        match direction {
            Direction::Up => tape.up.extend_from_slice(bytes),
            Direction::Down => tape.down.extend_from_slice(bytes),
        }
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
    for side in [&client, &server] {
        side.set_nodelay(true)?;
        // Little is under way in here: what a cut loses is what the far side had not got.
        set_socket_send_buffer_size(side, SEND_BUFFER)?;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = carry(from_client, to_server, way.up, &shared, Direction::Up);
    let down = carry(from_server, to_client, way.down, &shared, Direction::Down);
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
    direction: Direction,
) -> Result<(), Break> {
    let mut left = match flow {
        Flow::Cut(bytes) | Flow::Hold(bytes) => bytes,
        Flow::Through | Flow::Dribble => u64::MAX,
    };
    let mut buffer = vec![0; if flow == Flow::Dribble { 1 } else { SEND_BUFFER }];
    loop {
        if left == 0 {
            shared.reached.notify_one();
            let mut verdict = shared.verdict.subscribe();
            let verdict = match flow {
                Flow::Hold(_) => verdict.wait_for(|verdict| *verdict != Verdict::Wait).await,
                _ => return Err(Break::Cut),
            };
            match verdict.as_deref() {
                Ok(Verdict::GoOn) => left = u64::MAX,
                _ => return Err(Break::Cut),
            }
        }
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = from.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Ok(to.shutdown().await?);
        }
        shared.keep(direction, &buffer[..read]);
        to.write_all(&buffer[..read]).await?;
        let carried = match direction {
            Direction::Up => &shared.carried_up,
            Direction::Down => &shared.carried_down,
        };
        carried.fetch_add(read as u64, Ordering::Relaxed);
        left -= read as u64;
    }
}
