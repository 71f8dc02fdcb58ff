//! What the tests share: an echo handler, clients of every kind, bounded waits.

use std::fmt::Display;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netserver::{
    Addr, Datagram, DatagramCounters, DatagramEvent, DatagramHandle, DatagramHandler,
    DatagramHooks, DatagramReport, MemoryPeer, Responder, Running, SendError,
};
use tokio::net::UdpSocket;

/// Sends back what comes.
pub(crate) struct Echo;

impl DatagramHandler for Echo {
    type Error = SendError;

    async fn handle(&self, datagram: Datagram<'_>, to: Responder<'_>) -> Result<(), SendError> {
        to.send(datagram.payload())
    }
}

/// A client that talks to one server only: what comes from elsewhere it does not hear.
pub(crate) enum Client {
    Udp(UdpSocket),
    #[cfg(unix)]
    Unix(tokio::net::UnixDatagram),
    Memory(MemoryPeer),
}

impl Client {
    pub(crate) async fn udp(server: SocketAddr) -> Self {
        let any: SocketAddr =
            if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any).await.unwrap();
        socket.connect(server).await.unwrap();
        Self::Udp(socket)
    }

    #[cfg(unix)]
    pub(crate) fn unix(path: &std::path::Path, server: &std::path::Path) -> Self {
        let socket = tokio::net::UnixDatagram::bind(path).unwrap();
        socket.connect(server).unwrap();
        Self::Unix(socket)
    }

    pub(crate) async fn send(&self, payload: &[u8]) {
        let sent = match self {
            Self::Udp(socket) => socket.send(payload).await.unwrap(),
            #[cfg(unix)]
            Self::Unix(socket) => socket.send(payload).await.unwrap(),
            Self::Memory(peer) => {
                assert!(peer.send(payload));
                payload.len()
            }
        };
        assert_eq!(sent, payload.len());
    }

    pub(crate) async fn receive(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 65_536];
        let received = match self {
            Self::Udp(socket) => bounded(socket.recv(&mut buffer)).await.unwrap(),
            #[cfg(unix)]
            Self::Unix(socket) => bounded(socket.recv(&mut buffer)).await.unwrap(),
            Self::Memory(peer) => return bounded(peer.receive()).await,
        };
        buffer.truncate(received);
        buffer
    }

    /// Sends something and hears it back.
    pub(crate) async fn hear_echo(&mut self, payload: &[u8]) {
        self.send(payload).await;
        assert!(self.receive().await == payload, "{} bytes came back wrong", payload.len());
    }
}

/// Fails instead of hanging; nothing takes anywhere near this long.
pub(crate) async fn bounded<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("the test hangs")
}

/// Waits until the server has done something.
pub(crate) async fn until(
    server: &Running<DatagramHandle>,
    done: impl Fn(&DatagramReport) -> bool,
) {
    bounded(async {
        while !done(&server.counters().so_far) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Stops a server and gives back its report.
pub(crate) async fn stop(running: Running<DatagramHandle>) -> DatagramReport {
    running.shutdown();
    let report = bounded(running.wait()).await.unwrap();
    assert_eq!(report.ended(), report.received, "{report}");
    report
}

/// Hooks that remember what they were told, one line each.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl DatagramHooks for Recorder {
    fn verify(&self, peer: &Addr) -> bool {
        peer.to_string() != "memory:13"
    }

    fn event(&self, event: &DatagramEvent<'_>) {
        match event {
            DatagramEvent::ReceiveFailed { failure, .. } => {
                self.note(format!("receive: {failure:?}"));
            }
            DatagramEvent::SendFailed { peer, error } => {
                self.note(format!("send to {peer}: {:?}", error.kind()));
            }
            DatagramEvent::Stopping => self.note("stopping".to_owned()),
            _ => {}
        }
    }

    fn failure(&self, peer: &Addr, error: &dyn Display) {
        self.note(format!("failure for {peer}: {error}"));
    }

    fn panic(&self, peer: &Addr, message: &str) {
        self.note(format!("panic over {peer}: {message}"));
    }

    fn tick(&self, counters: &DatagramCounters) {
        self.note(format!("tick: {}", counters.so_far));
    }
}
