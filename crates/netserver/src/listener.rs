use std::future::Future;
use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::Addr;

/// How many connections the kernel keeps while the server has not accepted them yet.
///
/// Python's `socketserver` asks for 5, which makes bursts of clients wait or fail; the kernel
/// lowers what is more than it allows.
const BACKLOG: i32 = 1024;

/// Where connections come from: a TCP port, a Unix socket, memory, a simulated network.
pub trait Listener: Send + 'static {
    /// What is read from and written to.
    type Stream: Send + 'static;
    /// The transport's own kind of address.
    type Peer: Into<Addr> + Send;

    /// Waits for the next connection.
    ///
    /// This must be cancel-safe: the server drops the future when it is asked to stop, and when
    /// its tick is due, and no connection may be lost by that.
    ///
    /// # Errors
    ///
    /// What becomes of an error is decided by [`AcceptFailure::classify`](crate::AcceptFailure).
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, Self::Peer)>> + Send;

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// If the transport cannot say.
    fn local_addr(&self) -> io::Result<Self::Peer>;
}

/// Small messages leave at once: every accepted stream has `TCP_NODELAY` set.
impl Listener for TcpListener {
    type Stream = TcpStream;
    type Peer = SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = Self::accept(self).await?;
        // This fails only when the peer is gone already, which the first read will tell.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Self::local_addr(self)
    }
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Stream = tokio::net::UnixStream;
    type Peer = tokio::net::unix::SocketAddr;

    async fn accept(&mut self) -> io::Result<(Self::Stream, Self::Peer)> {
        Self::accept(self).await
    }

    fn local_addr(&self) -> io::Result<Self::Peer> {
        Self::local_addr(self)
    }
}

/// An address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {addr}: {source}")]
#[non_exhaustive]
pub struct BindError {
    /// The address that was asked for.
    pub addr: SocketAddr,
    /// What the system said; the kind is `AddrInUse` when somebody else holds the port.
    pub source: io::Error,
}

impl From<BindError> for io::Error {
    fn from(error: BindError) -> Self {
        Self::new(error.source.kind(), error)
    }
}

/// Listens on a TCP address; port 0 lets the system choose one.
///
/// The backlog is 1,024. On Unix `SO_REUSEADDR` is set, so that a server can be restarted while
/// old connections linger in `TIME_WAIT`; on Windows it is not, because there it would let another
/// program take the port. `SO_REUSEPORT` is never set, for the same reason.
///
/// # Errors
///
/// With the address, if it is taken, forbidden or not this machine's.
///
/// # Panics
///
/// Outside a tokio runtime with I/O enabled.
pub fn bind_tcp(addr: SocketAddr) -> Result<TcpListener, BindError> {
    listen(addr).map_err(|source| BindError { addr, source })
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_held_is_named_in_the_error() {
        let first = bind_tcp(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let addr = first.local_addr().unwrap();
        let error = bind_tcp(addr).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with(&format!("cannot listen on {addr}: ")));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn a_listener_that_is_dropped_gives_its_port_back() {
        let first = bind_tcp(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let addr = first.local_addr().unwrap();
        drop(first);
        bind_tcp(addr).unwrap();
    }

    #[tokio::test]
    async fn accepted_streams_do_not_wait_to_fill_packets() {
        let mut listener = bind_tcp(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let addr = listener.local_addr().unwrap();
        let (client, accepted) =
            tokio::join!(TcpStream::connect(addr), Listener::accept(&mut listener));
        let (stream, peer) = accepted.unwrap();
        assert!(stream.nodelay().unwrap());
        assert_eq!(peer, client.unwrap().local_addr().unwrap());
    }
}
