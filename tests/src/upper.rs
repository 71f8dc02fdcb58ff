//! The upper-case echoes of the tutorial, in this process.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use netserver::{
    Conn, Datagram, DatagramHandle, DatagramReport, DatagramServer, Guarded, Report, Responder,
    Running, SendError, StreamServer, bind_tcp, bind_udp,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Error, within};

/// Answers each datagram with its ASCII letters in upper case, as netserver's example does.
#[derive(Debug)]
pub struct UpperServer {
    addr: SocketAddr,
    running: Running<DatagramHandle>,
}

impl UpperServer {
    /// Starts it on a free port, in tasks of this runtime.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn start() -> Result<Self, Error> {
        let socket = bind_udp((Ipv4Addr::LOCALHOST, 0).into())?;
        let addr = socket.get_ref().local_addr()?;
        Ok(Self { addr, running: DatagramServer::new(socket, upper).start() })
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
    pub async fn stop(self) -> Result<DatagramReport, Error> {
        self.running.shutdown();
        within("the server's end", self.running.wait()).await
    }
}

fn upper(datagram: Datagram<'_>, responder: Responder<'_>) -> Result<(), SendError> {
    responder.send(&datagram.payload().to_ascii_uppercase())
}

/// The same for the bytes of connections.
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
