use std::io;
use std::net::{SocketAddr, UdpSocket as StdUdpSocket};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::message::Route;
use super::socket::{DatagramSocket, Incoming, Outgoing};
use crate::{Addr, BindError};

/// How much the kernel is asked to keep while the server is busy; it lowers what is more than it
/// allows. Its own default holds but some hundred small datagrams.
const RECEIVE_BUFFER_BYTES: usize = 1024 * 1024;

/// A UDP port, as a server wants it.
///
/// On Linux many datagrams are received and sent by one system call, and if the port is bound to
/// all addresses of the host (`0.0.0.0`, `[::]`), each reply leaves from the one that was asked.
/// Elsewhere it is one datagram for each call, and the system chooses the address.
#[derive(Debug)]
pub struct UdpEndpoint {
    socket: UdpSocket,
    /// Whether to take many datagrams by one call.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    batched: bool,
}

/// Binds a UDP port for a server; port 0 lets the system choose one.
///
/// The kernel is asked for a receive buffer of 1 MiB, for bursts. `SO_REUSEADDR` is not set: for
/// UDP it would let another program take the port.
///
/// # Errors
///
/// With the address, if it is taken, forbidden or not this machine's.
///
/// # Panics
///
/// Outside a tokio runtime with I/O enabled.
pub fn bind_udp(addr: SocketAddr) -> Result<UdpEndpoint, BindError> {
    bind(addr).map_err(|source| BindError { addr, source })
}

fn bind(addr: SocketAddr) -> io::Result<UdpEndpoint> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    // A smaller buffer is no reason not to serve.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.bind(&addr.into())?;
    UdpEndpoint::from_std(socket.into())
}

impl UdpEndpoint {
    /// Serves on a socket that was prepared elsewhere: inherited, or with options of its own.
    ///
    /// # Errors
    ///
    /// If the system refuses to tell its address or to change its options.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O enabled.
    pub fn from_std(socket: StdUdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        // A port on one address asks for nothing: its replies can leave from there only.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if local.ip().is_unspecified() {
            use std::os::fd::AsFd;
            super::mmsg::want_local(socket.as_fd(), local.is_ipv4())?;
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = local;
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            #[cfg(any(target_os = "linux", target_os = "android"))]
            batched: true,
        })
    }

    /// Has the kernel note when each datagram arrives, for
    /// [`Datagram::received_at`](crate::Datagram::received_at); default off. Where the system
    /// cannot, this changes nothing.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn with_timestamps(self) -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use std::os::fd::AsFd;
            super::mmsg::want_timestamps(self.socket.as_fd())?;
        }
        Ok(self)
    }

    /// Takes one datagram for each call, as systems other than Linux always do: without the time
    /// of arrival, and without regard to the address that was asked.
    #[must_use]
    pub fn one_at_a_time(self) -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let this = Self { batched: false, ..self };
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let this = self;
        this
    }

    /// The socket within, for its options: broadcasts, multicast groups, time to live.
    #[must_use]
    pub fn get_ref(&self) -> &UdpSocket {
        &self.socket
    }

    async fn receive_one(&self, incoming: &mut Incoming) -> io::Result<()> {
        loop {
            self.socket.readable().await?;
            let received = incoming.push_with(|slot| {
                let (length, peer) = self.socket.try_recv_from(slot)?;
                Ok((length, Route::to(peer)))
            });
            match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return received,
            }
        }
    }

    async fn send_one(&self, outgoing: Outgoing<'_>) -> io::Result<usize> {
        let (payload, route) = outgoing.first();
        let peer = route.peer().ip().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the peer has no IP address")
        })?;
        self.socket.send_to(payload, peer).await.map(|_| 1)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl DatagramSocket for UdpEndpoint {
    async fn receive(&self, incoming: &mut Incoming) -> io::Result<()> {
        use std::os::fd::AsFd;
        if !self.batched {
            return self.receive_one(incoming).await;
        }
        let receive = || super::mmsg::receive(self.socket.as_fd(), incoming);
        self.socket.async_io(tokio::io::Interest::READABLE, receive).await
    }

    async fn send(&self, outgoing: Outgoing<'_>) -> io::Result<usize> {
        use std::os::fd::AsFd;
        if !self.batched {
            return self.send_one(outgoing).await;
        }
        let send = || super::mmsg::send(self.socket.as_fd(), outgoing);
        self.socket.async_io(tokio::io::Interest::WRITABLE, send).await
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.socket.local_addr().map(Addr::from)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl DatagramSocket for UdpEndpoint {
    async fn receive(&self, incoming: &mut Incoming) -> io::Result<()> {
        self.receive_one(incoming).await
    }

    async fn send(&self, outgoing: Outgoing<'_>) -> io::Result<usize> {
        self.send_one(outgoing).await
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.socket.local_addr().map(Addr::from)
    }
}
