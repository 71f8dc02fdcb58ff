//! A UDP socket that knows when its datagrams arrived.

use std::io;
use std::net::SocketAddr;

use jiff::Timestamp;
use tokio::net::UdpSocket;

/// A connected socket whose datagrams are stamped by the kernel as they arrive, where it does so;
/// elsewhere the moment is that of reading them.
#[derive(Debug)]
pub(crate) struct StampedSocket(UdpSocket);

impl StampedSocket {
    pub(crate) async fn connect(local: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(local).await?;
        // A kernel that does not stamp leaves it to us.
        let _ = stamp(&socket);
        socket.connect(peer).await?;
        Ok(Self(socket))
    }

    pub(crate) async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.0.send(datagram).await.map(drop)
    }

    /// A datagram's length and the moment of its arrival. Dropped before one came, none is lost.
    #[cfg(target_os = "linux")]
    pub(crate) async fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, Timestamp)> {
        // What the other machine says of an earlier datagram does not make a socket readable.
        let interest = tokio::io::Interest::READABLE | tokio::io::Interest::ERROR;
        self.0.async_io(interest, || recv_stamped(&self.0, buffer)).await
    }

    /// A datagram's length and the moment of its arrival. Dropped before one came, none is lost.
    #[cfg(not(target_os = "linux"))]
    pub(crate) async fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, Timestamp)> {
        let length = self.0.recv(buffer).await?;
        Ok((length, Timestamp::now()))
    }
}

#[cfg(target_os = "linux")]
fn stamp(socket: &UdpSocket) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};

    Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &true)?)
}

#[cfg(not(target_os = "linux"))]
fn stamp(_socket: &UdpSocket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
fn recv_stamped(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Timestamp)> {
    use std::io::IoSliceMut;
    use std::os::fd::AsRawFd as _;

    use nix::cmsg_space;
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    use nix::sys::time::TimeSpec;

    let mut control = cmsg_space!(TimeSpec);
    let mut slices = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
    let stamped = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(moment) => Some(moment),
        _ => None,
    });
    let moment =
        stamped.and_then(|at| Timestamp::new(at.tv_sec(), i32::try_from(at.tv_nsec()).ok()?).ok());
    Ok((message.bytes, moment.unwrap_or_else(Timestamp::now)))
}
