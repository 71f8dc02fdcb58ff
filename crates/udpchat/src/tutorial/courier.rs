use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;

/// More than any raw message has; what is longer is cut, as the originals do.
const BUFFER_BYTES: usize = 65_535;

/// Carries the datagrams of a [`Talk`](super::Talk).
///
/// One socket for each kind of address, so that a contact sees all messages come from one port
/// and shows them as one thread. That nobody listens yet is no error: a client may be started
/// before its server.
#[derive(Debug)]
pub struct Courier {
    v4: Option<UdpSocket>,
    v6: Option<UdpSocket>,
    buffer: Vec<u8>,
}

/// A socket failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot talk to {peer}: {source}")]
#[non_exhaustive]
pub struct CourierError {
    /// Whom it was about.
    pub peer: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

impl Courier {
    /// Without sockets until they are needed.
    #[must_use]
    pub fn new() -> Self {
        Self { v4: None, v6: None, buffer: vec![0; BUFFER_BYTES] }
    }

    /// Sends one message.
    ///
    /// # Errors
    ///
    /// If the system has no socket, or no way there.
    pub async fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> Result<(), CourierError> {
        let failed = |source| CourierError { peer: to, source };
        let socket = self.socket(to).await.map_err(failed)?;
        match socket.send_to(bytes, to).await {
            // About an earlier message, to whoever it was.
            Err(error) if is_refusal(&error) => {
                socket.send_to(bytes, to).await.map(|_| ()).or_else(forgive).map_err(failed)
            }
            sent => sent.map(|_| ()).map_err(failed),
        }
    }

    /// Waits for the next datagram from where `peer` is; cancel-safe.
    ///
    /// # Errors
    ///
    /// If the socket breaks. That nobody listens at the other end is no error.
    pub async fn receive(&mut self, peer: SocketAddr) -> Result<(SocketAddr, &[u8]), CourierError> {
        let failed = |source| CourierError { peer, source };
        self.socket(peer).await.map_err(failed)?;
        let Self { v4, v6, buffer } = self;
        let socket = if peer.is_ipv4() { v4 } else { v6 };
        let socket = socket.as_ref().expect("it was made just now");
        loop {
            match socket.recv_from(buffer).await {
                Ok((length, from)) => return Ok((from, &buffer[..length])),
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    async fn socket(&mut self, peer: SocketAddr) -> io::Result<&UdpSocket> {
        let (socket, any): (_, SocketAddr) = match peer {
            SocketAddr::V4(_) => (&mut self.v4, (Ipv4Addr::UNSPECIFIED, 0).into()),
            SocketAddr::V6(_) => (&mut self.v6, (Ipv6Addr::UNSPECIFIED, 0).into()),
        };
        match socket {
            Some(socket) => Ok(socket),
            None => Ok(socket.insert(UdpSocket::bind(any).await?)),
        }
    }
}

impl Default for Courier {
    fn default() -> Self {
        Self::new()
    }
}

fn forgive(error: io::Error) -> io::Result<()> {
    if is_refusal(&error) { Ok(()) } else { Err(error) }
}

/// Whether the system passes on that nobody listens at the other end.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
}
