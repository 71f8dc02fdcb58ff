use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// Makes connections to one server. Whoever adds encryption does it here.
pub trait Connect: Send + Sync + 'static {
    /// What the bytes go through.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Connects anew.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn connect(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// What the server is called in messages.
    fn peer(&self) -> &str;
}

/// Connects over TCP, unencrypted. Small messages are not held back (`TCP_NODELAY`).
#[derive(Clone, Debug)]
pub struct TcpConnector {
    peer: String,
}

impl TcpConnector {
    /// Connects to `HOST:PORT`; a name is looked up each time.
    pub fn new(peer: impl Into<String>) -> Self {
        Self { peer: peer.into() }
    }
}

impl Connect for TcpConnector {
    type Stream = TcpStream;

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(&self.peer).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn peer(&self) -> &str {
        &self.peer
    }
}
