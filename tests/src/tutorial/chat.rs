//! The tutorial's chat: a datagram of raw text each way, and an operator who answers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::PATIENCE;
use super::python::RECV;

/// The original client: `sendto`, then one `recvfrom(1024)`, with nothing to tell whose it is.
#[derive(Debug)]
pub struct OriginalClient {
    socket: UdpSocket,
}

impl OriginalClient {
    /// Opens its socket. Nobody has to listen anywhere yet.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::bind`].
    pub fn new() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket })
    }

    /// Sends a message to whoever has that address, without waiting.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_to`].
    pub fn say(&self, contact: SocketAddr, text: &str) -> io::Result<()> {
        self.socket.send_to(text.as_bytes(), contact).map(drop)
    }

    /// Waits for the one reply; what is longer than 1,024 bytes is cut.
    ///
    /// # Errors
    ///
    /// Where the original would raise an exception, and if nothing comes.
    pub fn hear(&self) -> io::Result<String> {
        let mut reply = vec![0; RECV];
        let (len, _) = self.socket.recv_from(&mut reply)?;
        reply.truncate(len);
        String::from_utf8(reply).map_err(io::Error::other)
    }

    /// Says something and waits for the reply.
    ///
    /// # Errors
    ///
    /// As [`say`](Self::say) and [`hear`](Self::hear).
    pub fn ask(&self, contact: SocketAddr, text: &str) -> io::Result<String> {
        self.say(contact, text)?;
        self.hear()
    }
}

/// The original server, with an operator who answers each message at once; to drop it is to stop
/// it.
#[derive(Debug)]
pub struct OriginalServer {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl OriginalServer {
    /// Serves on a port of loopback, 0 for any.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::bind`].
    pub fn start(
        port: u16,
        operator: impl FnMut(SocketAddr, &str) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
        let addr = socket.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || serve(&socket, &stopped, operator));
        Ok(Self { addr, stop, thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

fn serve(
    socket: &UdpSocket,
    stop: &AtomicBool,
    mut operator: impl FnMut(SocketAddr, &str) -> String,
) {
    let mut data = vec![0; RECV];
    while let Ok((len, client)) = socket.recv_from(&mut data) {
        if stop.load(Ordering::Acquire) {
            return;
        }
        // The original ends with an exception on what is no UTF-8.
        let Ok(text) = std::str::from_utf8(&data[..len]) else { return };
        let reply = operator(client, text);
        if socket.send_to(reply.as_bytes(), client).is_err() {
            return;
        }
    }
}

impl Drop for OriginalServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes it from its `recvfrom`; if that cannot be, it has ended already.
        let woken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.send_to(b"", self.addr));
        if woken.is_ok()
            && let Some(thread) = self.thread.take()
        {
            // An operator that panicked has been heard of.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_talk_to_each_other() {
        let server = OriginalServer::start(0, |client, text| format!("{text}, {client}")).unwrap();
        let clients = [OriginalClient::new().unwrap(), OriginalClient::new().unwrap()];
        for client in &clients {
            client.say(server.addr(), "你好").unwrap();
        }
        for client in clients {
            let port = client.socket.local_addr().unwrap().port();
            assert_eq!(client.hear().unwrap(), format!("你好, 127.0.0.1:{port}"));
        }
    }
}
