use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::sniff::Sniff;

/// A connection after its handshake, on either side: encrypted, and each side's key proven.
///
/// What is written is kept back until there is a whole record of it, or a
/// [flush](AsyncWrite::poll_flush). A shutdown tells the peer that the end is meant
/// (`close_notify`); an end that the peer did not announce is
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), and never passes for the end of what it said.
#[derive(Debug)]
pub struct TlsStream<T>(tokio_rustls::TlsStream<Sniff<T>>);

impl<T> TlsStream<T> {
    pub(super) fn new(stream: impl Into<tokio_rustls::TlsStream<Sniff<T>>>) -> Self {
        Self(stream.into())
    }

    /// What the encrypted bytes go through.
    pub fn get_ref(&self) -> &T {
        self.0.get_ref().0.get_ref()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
