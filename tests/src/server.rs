//! A file server in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ftp::{Access, Client, FileService, LocalStore, Options, TcpConnector};
use netserver::{Report, Running, StreamServer, bind_tcp};

use crate::{Error, within};

/// A file server over TCP, on a port that the system chose, until it is dropped.
#[derive(Debug)]
pub struct FileServer {
    addr: SocketAddr,
    running: Running,
}

impl FileServer {
    /// Serves a directory, to the tutorial's clients too.
    ///
    /// # Errors
    ///
    /// If the directory or a port cannot be had.
    pub fn start(root: &Path, writable: bool) -> Result<Self, Error> {
        let store = LocalStore::open(root, writable)?;
        let access = Access::default().write(writable);
        let service = FileService::new(Arc::new(store)).access(access).classic(true);
        let listener = bind_tcp((Ipv4Addr::LOCALHOST, 0).into())?;
        let addr = listener.local_addr()?;
        Ok(Self { addr, running: StreamServer::new(listener, service).start() })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A client of it.
    #[must_use]
    pub fn client(&self) -> Client<TcpConnector> {
        Client::new(TcpConnector::new(self.addr.to_string()), quick_options())
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

/// How a client of a test behaves: as usual, but it tries again at once.
#[must_use]
pub fn quick_options() -> Options {
    Options::default().first_delay(Duration::from_millis(1)).max_delay(Duration::from_millis(20))
}
