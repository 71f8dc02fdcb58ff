//! The server's side of a connection's beginning.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use identity::{NotAccepted, PublicKey, ServerTls, TlsError};
use netserver::{Addr, Upgrade};
use proto::{HelloAnswer, Knock, Limits, Opening};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use super::Wire;

/// What every connection goes through before the service sees it.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    /// `None`: as it is, not encrypted.
    tls: Option<ServerTls>,
    /// What a browser is told.
    what_lives_here: &'static str,
    /// What goes out is counted here.
    sent: Option<Arc<AtomicU64>>,
}

/// A connection, and the key that whoever calls has proven.
#[derive(Debug)]
pub(crate) struct Caller {
    wire: Wire,
    /// `None` where nothing is encrypted.
    pub(crate) key: Option<PublicKey>,
    sent: Option<Arc<AtomicU64>>,
}

/// Why a connection came to nothing.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct DoorError(#[from] TlsError);

impl Door {
    /// A door that encrypts.
    pub(crate) fn encrypted(tls: ServerTls, what_lives_here: &'static str) -> Self {
        Self { tls: Some(tls), what_lives_here, sent: None }
    }

    /// A door that does not.
    pub(crate) fn plain() -> Self {
        Self { tls: None, what_lives_here: "", sent: None }
    }

    /// Counts in `sent` what goes out to all callers.
    pub(crate) fn counted_by(self, sent: Arc<AtomicU64>) -> Self {
        Self { sent: Some(sent), ..self }
    }

    /// Tells somebody who does not encrypt, in his own language, that this server does.
    async fn turn_away(&self, mut transport: TcpStream, plain: &[u8]) -> io::Result<()> {
        let answer = match (plain.first().copied().map(Opening::detect), Knock::detect(plain)) {
            (Some(Opening::Native), _) => {
                let message = "this server encrypts: leave out --plain";
                let refused = HelloAnswer::refused("encrypted", message);
                refused.encode(&Limits::default()).map_err(io::Error::other)?
            }
            (_, Knock::Request(request)) => request.answer(self.what_lives_here),
            _ => return Ok(()),
        };
        transport.write_all(&answer).await?;
        transport.shutdown().await
    }
}

/// Notes who came and was no peer of ours. Those who leave at once, as whoever looks for open
/// ports does, are not worth a line.
fn note(error: &TlsError, peer: &Addr) {
    match error {
        TlsError::Closed | TlsError::Io(_) => tracing::debug!(%peer, %error, "turned away"),
        error => {
            let why = ftp::safe(error.to_string().as_bytes()).to_string();
            tracing::info!(target: "seam::audit", %peer, why, "turned away");
        }
    }
}

impl Caller {
    fn count(&self, written: &Poll<io::Result<usize>>) {
        if let (Some(sent), Poll::Ready(Ok(count))) = (&self.sent, written) {
            sent.fetch_add(*count as u64, Ordering::Relaxed);
        }
    }
}

impl Upgrade<TcpStream> for Door {
    type Stream = Caller;
    type Error = DoorError;

    async fn upgrade(&self, transport: TcpStream, peer: &Addr) -> Result<Caller, DoorError> {
        let Some(tls) = &self.tls else {
            let sent = self.sent.clone();
            return Ok(Caller { wire: Wire::Plain(transport), key: None, sent });
        };
        match tls.accept(transport).await {
            Ok((stream, key)) => {
                let wire = Wire::Encrypted(Box::new(stream));
                Ok(Caller { wire, key: Some(key), sent: self.sent.clone() })
            }
            Err(NotAccepted { error, transport, plain }) => {
                note(&error, peer);
                // Whether it is still heard makes no difference to us.
                let _ = self.turn_away(transport, &plain).await;
                Err(error.into())
            }
        }
    }
}

impl ftp::Outgoing for Caller {
    fn unacknowledged(&self) -> Option<usize> {
        match &self.wire {
            Wire::Plain(stream) => stream.unacknowledged(),
            Wire::Encrypted(_) => None,
        }
    }
}

impl AsyncRead for Caller {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(cx, buf)
    }
}

impl AsyncWrite for Caller {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write(cx, bytes);
        self.count(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write_vectored(cx, slices);
        self.count(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
