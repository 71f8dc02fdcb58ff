use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use crate::Addr;

/// The way back to a peer: its address, and which address of ours it had asked.
///
/// A reply must leave from the address that was asked, or the peer takes it for a stranger's. On a
/// host with several addresses only the datagram tells which it was. Keep a peer's route to send
/// to it later, by [`DatagramHandle::send`](crate::DatagramHandle::send).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    peer: Addr,
    local: Option<IpAddr>,
}

impl Route {
    /// A way to this peer, from whatever address the system chooses.
    #[must_use]
    pub fn to(peer: impl Into<Addr>) -> Self {
        Self { peer: peer.into(), local: None }
    }

    /// The same way, from this address of ours.
    #[must_use]
    pub fn from_local(mut self, local: impl Into<Option<IpAddr>>) -> Self {
        self.local = local.into();
        self
    }

    /// Where the peer is.
    #[must_use]
    pub fn peer(&self) -> &Addr {
        &self.peer
    }

    /// The address of ours that was asked; `None` where the socket has but one, or cannot tell.
    #[must_use]
    pub fn local(&self) -> Option<IpAddr> {
        self.local
    }
}

impl From<SocketAddr> for Route {
    fn from(peer: SocketAddr) -> Self {
        Self::to(peer)
    }
}

/// One message, as its handler sees it. It may be empty: an empty datagram is a message too.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) route: &'a Route,
    pub(crate) received_at: Option<SystemTime>,
}

impl<'a> Datagram<'a> {
    /// What was sent, whole: datagrams that were cut short never get to a handler.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Who sent it, or says so: the source of a datagram is easily forged.
    #[must_use]
    pub fn peer(&self) -> &'a Addr {
        self.route.peer()
    }

    /// The way back.
    #[must_use]
    pub fn route(&self) -> &'a Route {
        self.route
    }

    /// When the kernel received it, if the socket was told to note that
    /// ([`UdpEndpoint::with_timestamps`](crate::UdpEndpoint::with_timestamps)) and can.
    #[must_use]
    pub fn received_at(&self) -> Option<SystemTime> {
        self.received_at
    }
}
