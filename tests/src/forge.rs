//! Datagrams from addresses that the caller chooses.

use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd as _;

use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};

use crate::{Error, PATIENCE};

/// Sends to a server of this machine from any of the machine's own addresses, which on Linux are
/// all that begin with 127.
#[derive(Debug)]
pub(crate) struct Forger {
    socket: UdpSocket,
    server: SocketAddrV4,
    /// Asks under its own address, and is answered.
    honest: UdpSocket,
}

impl Forger {
    pub(crate) fn new(server: SocketAddr) -> Result<Self, Error> {
        let SocketAddr::V4(server) = server else {
            return Err("only addresses of IPv4 are forged".into());
        };
        let honest = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        honest.connect(server)?;
        honest.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket: UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?, server, honest })
    }

    /// Sends a datagram that says it is from that address.
    pub(crate) fn send(&self, payload: &[u8], from: Ipv4Addr) -> Result<(), Error> {
        let info = in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: in_addr { s_addr: u32::from_ne_bytes(from.octets()) },
            ipi_addr: in_addr { s_addr: 0 },
        };
        let control = [ControlMessage::Ipv4PacketInfo(&info)];
        let to = SockaddrIn::from(self.server);
        let payload = [IoSlice::new(payload)];
        let descriptor = self.socket.as_raw_fd();
        sendmsg(descriptor, &payload, &control, MsgFlags::empty(), Some(&to))?;
        Ok(())
    }

    /// Waits until the server has dealt with all that was sent, which it does in order.
    pub(crate) fn wait_until_heard(&self) -> Result<(), Error> {
        self.honest.send(b"%%")?;
        self.honest.recv(&mut [0; 16])?;
        Ok(())
    }
}
