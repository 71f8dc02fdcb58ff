use std::future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;

use crate::{Addr, Listener};

/// How many dialled connections wait to be accepted, as a kernel's backlog would keep them.
const BACKLOG: usize = 1024;

/// A listener without a network: what is dialled arrives as one end of an in-memory pipe.
///
/// It makes a handler testable with no port, no file and, under a paused clock, no waiting.
///
/// ```
/// use netserver::{Conn, Guarded, MemoryListener, StreamServer};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (listener, dialer) = MemoryListener::new();
/// let greet = |mut stream: Guarded<DuplexStream>, _: Conn| async move {
///     stream.write_all(b"hello").await
/// };
/// let running = StreamServer::new(listener, greet).start();
///
/// let mut said = String::new();
/// dialer.dial().await?.read_to_string(&mut said).await?;
/// assert_eq!(said, "hello");
/// running.shutdown();
/// assert_eq!(running.wait().await?.accepted, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryListener {
    incoming: mpsc::Receiver<(DuplexStream, Addr)>,
}

/// The other side of a [`MemoryListener`]: it dials.
#[derive(Clone, Debug)]
pub struct MemoryDialer {
    outgoing: mpsc::Sender<(DuplexStream, Addr)>,
    next: Arc<AtomicU64>,
    buffer_bytes: usize,
}

impl MemoryListener {
    /// A listener and its dialer, with pipes that hold 64 KiB in each direction.
    #[must_use]
    pub fn new() -> (Self, MemoryDialer) {
        Self::with_buffer(64 * 1024)
    }

    /// The same with pipes of another size: small ones force short reads and writes.
    ///
    /// # Panics
    ///
    /// If `buffer_bytes` is 0, for such a pipe would never pass anything.
    #[must_use]
    pub fn with_buffer(buffer_bytes: usize) -> (Self, MemoryDialer) {
        assert!(buffer_bytes > 0, "a pipe must hold at least one byte");
        let (outgoing, incoming) = mpsc::channel(BACKLOG);
        let next = Arc::default();
        (Self { incoming }, MemoryDialer { outgoing, next, buffer_bytes })
    }
}

impl MemoryDialer {
    /// Opens a connection; it can be written to before it is accepted.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` when the listener is gone.
    pub async fn dial(&self) -> io::Result<DuplexStream> {
        let (ours, theirs) = duplex(self.buffer_bytes);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.outgoing
            .send((theirs, Addr::named(format!("memory:{number}"))))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        Ok(ours)
    }
}

impl Listener for MemoryListener {
    type Stream = DuplexStream;
    type Peer = Addr;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Addr)> {
        match self.incoming.recv().await {
            Some(dialled) => Ok(dialled),
            // Nobody can dial any more. To a server that is a quiet evening, not a failure.
            None => future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::named("memory"))
    }
}
