use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Conn;

/// A connection's stream, counting what passes so that the idle deadline knows of it.
///
/// Counting costs one relaxed atomic addition per read or write. Vectored writes pass through.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    conn: Conn,
}

impl<S> Guarded<S> {
    pub(crate) fn new(stream: S, conn: Conn) -> Self {
        Self { stream, conn }
    }

    /// The stream within, for what the transport knows: keys of a TLS peer, socket options.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream within; what is read or written here is not counted.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    fn count(&self, written: io::Result<usize>) -> io::Result<usize> {
        if let Ok(bytes) = written {
            self.conn.count(bytes);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.conn.count(buf.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        Poll::Ready(self.count(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        Poll::Ready(self.count(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
