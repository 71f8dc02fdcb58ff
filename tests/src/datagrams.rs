//! Servers for datagrams, and the upper-case echo for connections, in this process.

use std::hash::RandomState;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use jiff::tz::TimeZone;
use netserver::{
    Conn, Datagram, DatagramHandle, DatagramHandler, DatagramReport, DatagramServer, Guarded,
    Report, Responder, Running, SendError, StreamServer, UdpEndpoint, bind_tcp, bind_udp,
};
use timesvc::{ClockClaim, Policy, SntpDatagrams, TimeAnswers, TimeDatagrams};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Error, within};

/// A server for datagrams on a port that the system chose, until it is dropped.
#[derive(Debug)]
pub struct UdpServer {
    addr: SocketAddr,
    running: Running<DatagramHandle>,
}

impl UdpServer {
    /// Serves whatever the handler does, in tasks of this runtime.
    ///
    /// # Errors
    ///
    /// If there is no port.
    pub fn start(handler: impl DatagramHandler) -> Result<Self, Error> {
        Self::on(bind_udp((Ipv4Addr::LOCALHOST, 0).into())?, handler)
    }

    fn on(socket: UdpEndpoint, handler: impl DatagramHandler) -> Result<Self, Error> {
        let addr = socket.get_ref().local_addr()?;
        Ok(Self { addr, running: DatagramServer::new(socket, handler).start() })
    }

    /// Answers each datagram with its ASCII letters in upper case, as netserver's example does.
    ///
    /// # Errors
    ///
    /// If there is no port.
    pub fn upper() -> Result<Self, Error> {
        Self::start(upper)
    }

    /// Tells the time in that zone, to everybody on this machine.
    ///
    /// # Errors
    ///
    /// If there is no port.
    pub fn time(zone: TimeZone) -> Result<Self, Error> {
        let answers = TimeAnswers::new(zone, Policy::default(), RandomState::new());
        Self::start(TimeDatagrams::new(answers))
    }

    /// Speaks SNTP, with a clock of which this is claimed.
    ///
    /// # Errors
    ///
    /// If there is no port.
    pub fn sntp(clock: ClockClaim) -> Result<Self, Error> {
        let socket = bind_udp((Ipv4Addr::LOCALHOST, 0).into())?.with_timestamps()?;
        Self::on(socket, SntpDatagrams::new(clock))
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// To look at it, and to have it send what nobody asked for.
    #[must_use]
    pub fn handle(&self) -> DatagramHandle {
        self.running.handle()
    }

    /// Stops it, and tells what it did.
    ///
    /// # Errors
    ///
    /// If it does not stop in time.
    pub async fn stop(self) -> Result<DatagramReport, Error> {
        self.running.shutdown();
        within("the server's end", self.running.wait()).await
    }
}

fn upper(datagram: Datagram<'_>, responder: Responder<'_>) -> Result<(), SendError> {
    responder.send(&datagram.payload().to_ascii_uppercase())
}

/// The upper-case echo for the bytes of connections, as netserver's example does it.
#[derive(Debug)]
pub struct UpperStreams {
    addr: SocketAddr,
    running: Running,
}

impl UpperStreams {
    /// Starts it on a free port, in tasks of this runtime.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn start() -> Result<Self, Error> {
        let listener = bind_tcp((Ipv4Addr::LOCALHOST, 0).into())?;
        let addr = listener.local_addr()?;
        let server = StreamServer::new(listener, upper_stream).admit_at_once();
        Ok(Self { addr, running: server.start() })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops it, and tells what it did.
    ///
    /// # Errors
    ///
    /// If it does not stop in time.
    pub async fn stop(self) -> Result<Report, Error> {
        self.running.shutdown();
        within("the server's end", self.running.wait()).await
    }
}

async fn upper_stream(mut stream: Guarded<TcpStream>, conn: Conn) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let count = tokio::select! {
            count = stream.read(&mut bytes) => count?,
            () = conn.stop().stopped() => 0,
        };
        if count == 0 {
            return Ok(());
        }
        bytes[..count].make_ascii_uppercase();
        stream.write_all(&bytes[..count]).await?;
    }
}
