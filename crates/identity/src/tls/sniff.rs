//! Looks at what a peer says first, before TLS does.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The first byte of a TLS alert (RFC 8446, section 5.1): a server's way to refuse at once.
const ALERT: u8 = 0x15;

/// The first byte of a TLS handshake message.
const HANDSHAKE: u8 = 0x16;

/// A transport whose peer must begin to speak TLS. If it does not, TLS never sees what came, and
/// so does not answer: the peer would not understand.
#[derive(Debug)]
pub(super) struct Sniff<T> {
    transport: T,
    first: First,
}

#[derive(Debug)]
enum First {
    Awaited,
    Tls,
    Plain(Vec<u8>),
}

impl<T> Sniff<T> {
    pub(super) fn new(transport: T) -> Self {
        Self { transport, first: First::Awaited }
    }

    pub(super) fn get_ref(&self) -> &T {
        &self.transport
    }

    /// The transport, and what was read from it if the peer does not speak TLS.
    pub(super) fn into_parts(self) -> (T, Option<Vec<u8>>) {
        match self.first {
            First::Plain(bytes) => (self.transport, Some(bytes)),
            First::Awaited | First::Tls => (self.transport, None),
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Sniff<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if matches!(self.first, First::Tls) {
            return Pin::new(&mut self.transport).poll_read(cx, buf);
        }
        let start = buf.filled().len();
        ready!(Pin::new(&mut self.transport).poll_read(cx, buf))?;
        match buf.filled()[start..] {
            [] => {}
            [HANDSHAKE | ALERT, ..] => self.first = First::Tls,
            ref plain => {
                self.first = First::Plain(plain.to_vec());
                buf.set_filled(start);
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Sniff<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}
