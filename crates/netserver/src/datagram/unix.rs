use std::io;

use tokio::net::UnixDatagram;

use super::message::Route;
use super::socket::{DatagramSocket, Incoming, Outgoing};
use crate::Addr;

/// Peers that want answers must be bound to a path. One that does not read what it is sent loses
/// it when its queue is full: nobody waits for it.
impl DatagramSocket for UnixDatagram {
    async fn receive(&self, incoming: &mut Incoming) -> io::Result<()> {
        loop {
            self.readable().await?;
            let received = incoming.push_with(|slot| {
                let (length, peer) = self.try_recv_from(slot)?;
                Ok((length, Route::to(peer)))
            });
            match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return received,
            }
        }
    }

    async fn send(&self, outgoing: Outgoing<'_>) -> io::Result<usize> {
        let (payload, route) = outgoing.first();
        let path = route.peer().path().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the peer has no path to answer to")
        })?;
        self.try_send_to(payload, path).map(|_| 1)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.local_addr().map(Addr::from)
    }
}
