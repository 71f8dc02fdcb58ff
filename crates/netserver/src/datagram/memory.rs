use std::collections::HashMap;
use std::future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::message::Route;
use super::socket::{DatagramSocket, Incoming, Outgoing};
use crate::Addr;

/// How many datagrams wait at each end, as a kernel would keep them; one more is lost.
const QUEUE: usize = 1024;

/// A socket without a network. It makes a handler testable with no port and, under a paused
/// clock, no waiting.
///
/// ```
/// use netserver::{Datagram, DatagramServer, MemorySocket, Responder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (socket, net) = MemorySocket::new();
/// let echo = |datagram: Datagram<'_>, responder: Responder<'_>| {
///     responder.send(datagram.payload())
/// };
/// let running = DatagramServer::new(socket, echo).start();
///
/// let mut peer = net.join();
/// assert!(peer.send(b"hello"));
/// assert_eq!(peer.receive().await, b"hello");
/// running.shutdown();
/// assert_eq!(running.wait().await?.served, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemorySocket {
    /// Locked only by the one task that receives.
    incoming: tokio::sync::Mutex<mpsc::Receiver<Arrival>>,
    peers: Arc<Mutex<Peers>>,
}

/// A datagram and who sent it, or an error in its turn.
type Arrival = io::Result<(Vec<u8>, Addr)>;

type Peers = HashMap<Addr, mpsc::Sender<Vec<u8>>>;

/// The network of a [`MemorySocket`]: peers join it.
#[derive(Clone, Debug)]
pub struct MemoryNet {
    to_server: mpsc::Sender<Arrival>,
    peers: Arc<Mutex<Peers>>,
    next: Arc<AtomicU64>,
}

/// A peer of a [`MemorySocket`]. To drop it is to leave: what is sent to it then cannot be.
#[derive(Debug)]
pub struct MemoryPeer {
    net: MemoryNet,
    addr: Addr,
    from_server: mpsc::Receiver<Vec<u8>>,
}

impl MemorySocket {
    /// A socket and its network.
    #[must_use]
    pub fn new() -> (Self, MemoryNet) {
        let (to_server, incoming) = mpsc::channel(QUEUE);
        let peers = Arc::<Mutex<Peers>>::default();
        let socket =
            Self { incoming: tokio::sync::Mutex::new(incoming), peers: Arc::clone(&peers) };
        (socket, MemoryNet { to_server, peers, next: Arc::default() })
    }
}

impl MemoryNet {
    /// A new peer: `memory:0`, `memory:1` and so on.
    #[must_use]
    pub fn join(&self) -> MemoryPeer {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let addr = Addr::named(format!("memory:{number}"));
        let (to_peer, from_server) = mpsc::channel(QUEUE);
        lock(&self.peers).insert(addr.clone(), to_peer);
        MemoryPeer { net: self.clone(), addr, from_server }
    }

    /// Has the socket report an error in its turn, as a kernel does for an ICMP message. `false`
    /// if it was lost.
    pub fn fail(&self, error: io::Error) -> bool {
        self.to_server.try_send(Err(error)).is_ok()
    }
}

impl MemoryPeer {
    /// What the server takes the peer for.
    #[must_use]
    pub fn addr(&self) -> &Addr {
        &self.addr
    }

    /// Sends a datagram to the server. `false` if it was lost, because the server's queue is full
    /// or the server gone; a real network would not tell.
    pub fn send(&self, payload: &[u8]) -> bool {
        self.net.to_server.try_send(Ok((payload.to_vec(), self.addr.clone()))).is_ok()
    }

    /// Waits for the next datagram from the server; cancel-safe.
    ///
    /// As on a real network, nobody tells if there will be none.
    pub async fn receive(&mut self) -> Vec<u8> {
        match self.from_server.recv().await {
            Some(payload) => payload,
            None => future::pending().await,
        }
    }

    /// The next datagram from the server, if there is one.
    pub fn try_receive(&mut self) -> Option<Vec<u8>> {
        self.from_server.try_recv().ok()
    }
}

impl Drop for MemoryPeer {
    fn drop(&mut self) {
        lock(&self.net.peers).remove(&self.addr);
    }
}

impl DatagramSocket for MemorySocket {
    async fn receive(&self, incoming: &mut Incoming) -> io::Result<()> {
        let mut queue = self.incoming.lock().await;
        let Some(first) = queue.recv().await else {
            // Nobody can send any more. To a server that is a quiet evening, not a failure.
            return future::pending().await;
        };
        let (payload, peer) = first?;
        incoming.push(&payload, Route::to(peer));
        Ok(())
    }

    async fn send(&self, outgoing: Outgoing<'_>) -> io::Result<usize> {
        let (payload, route) = outgoing.first();
        let peers = lock(&self.peers);
        let peer = peers.get(route.peer()).ok_or(io::ErrorKind::ConnectionRefused)?;
        match peer.try_send(payload.to_vec()) {
            Ok(()) => Ok(1),
            Err(TrySendError::Full(_)) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TrySendError::Closed(_)) => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::named("memory"))
    }
}

fn lock(peers: &Mutex<Peers>) -> MutexGuard<'_, Peers> {
    // Nothing is called under the lock that could panic halfway through a change.
    peers.lock().unwrap_or_else(PoisonError::into_inner)
}
