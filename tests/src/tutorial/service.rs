//! What the original servers have in common: they run until they are dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A server on a free port of this machine, in a thread, until it is dropped.
#[derive(Debug)]
pub struct Service {
    addr: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Says something to the server, so that it looks whether to go on.
    nudge: fn(SocketAddr) -> io::Result<()>,
}

impl Service {
    /// Serves a datagram by each call, on a port that the system chooses.
    pub(super) fn udp(
        serve_one: impl Fn(&UdpSocket) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        Self::udp_at((Ipv4Addr::LOCALHOST, 0).into(), serve_one)
    }

    /// The same on a port of the caller's choice.
    pub(super) fn udp_at(
        addr: SocketAddr,
        serve_one: impl Fn(&UdpSocket) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(addr)?;
        let nudge = |addr| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.send_to(b"", addr).map(drop)
        };
        // An exception of one request is not the next one's affair.
        Ok(Self::spawn(socket.local_addr()?, nudge, move || drop(serve_one(&socket))))
    }

    /// Serves each connection in a thread.
    pub(super) fn tcp(
        listener: TcpListener,
        serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let serve = Arc::new(serve);
        let nudge = |addr| TcpStream::connect(addr).map(drop);
        Ok(Self::spawn(listener.local_addr()?, nudge, move || {
            let serve = Arc::clone(&serve);
            if let Ok((socket, _)) = listener.accept() {
                thread::spawn(move || serve(socket));
            }
        }))
    }

    fn spawn(
        addr: SocketAddr,
        nudge: fn(SocketAddr) -> io::Result<()>,
        serve_one: impl Fn() + Send + 'static,
    ) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                serve_one();
            }
        });
        Self { addr, stopping, thread: Some(thread), nudge }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if (self.nudge)(self.addr).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}
