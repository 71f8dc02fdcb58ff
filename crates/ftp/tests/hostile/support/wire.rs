//! Lines that cut, flip bits, or give one byte at a time.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use ftp::Connect;
use netserver::MemoryDialer;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// What happens to one connection, as its client sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    /// It breaks once so many bytes came.
    pub(crate) cut_read: Option<u64>,
    /// It breaks once so many bytes went.
    pub(crate) cut_written: Option<u64>,
    /// This byte comes with these bits flipped.
    pub(crate) flip_read: Option<(u64, u8)>,
    /// This byte goes with these bits flipped.
    pub(crate) flip_written: Option<(u64, u8)>,
    /// One byte at a time, and not at the first poll.
    pub(crate) trickle: bool,
}

/// Connects to a server in the same process; each connection takes the next trouble.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    dialer: MemoryDialer,
    troubles: Arc<Mutex<VecDeque<Trouble>>>,
    pub(crate) seen: Arc<Seen>,
}

/// What went over all connections of a dialer.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    dialled: AtomicU64,
    read: Mutex<Vec<u8>>,
    written: Mutex<Vec<u8>>,
}

impl Seen {
    pub(crate) fn dialled(&self) -> u64 {
        self.dialled.load(Ordering::Relaxed)
    }

    /// What came since this was last asked.
    pub(crate) fn take_read(&self) -> Vec<u8> {
        std::mem::take(&mut self.read.lock().unwrap())
    }

    /// What went since this was last asked.
    pub(crate) fn take_written(&self) -> Vec<u8> {
        std::mem::take(&mut self.written.lock().unwrap())
    }
}

impl Dialer {
    pub(crate) fn new(dialer: MemoryDialer) -> Self {
        Self { dialer, troubles: Arc::default(), seen: Arc::default() }
    }

    /// A connection without trouble, and unseen.
    pub(crate) async fn plain(&self) -> DuplexStream {
        self.dialer.dial().await.unwrap()
    }

    pub(crate) fn trouble(&self, troubles: impl IntoIterator<Item = Trouble>) {
        *self.troubles.lock().unwrap() = troubles.into_iter().collect();
    }
}

impl Connect for Dialer {
    type Stream = Wire;

    async fn connect(&self) -> io::Result<Wire> {
        let inner = self.dialer.dial().await?;
        self.seen.dialled.fetch_add(1, Ordering::Relaxed);
        let trouble = self.troubles.lock().unwrap().pop_front().unwrap_or_default();
        Ok(Wire::new(inner, trouble, Arc::clone(&self.seen)))
    }

    fn peer(&self) -> &str {
        "memory"
    }
}

/// One troubled line.
#[derive(Debug)]
pub(crate) struct Wire {
    /// `None` once it is cut.
    inner: Option<DuplexStream>,
    trouble: Trouble,
    seen: Arc<Seen>,
    read: u64,
    written: u64,
    /// Whether the next poll is the one that does something.
    ripe: [bool; 2],
    scratch: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(inner: DuplexStream, trouble: Trouble, seen: Arc<Seen>) -> Self {
        let scratch = vec![0; 1 << 18];
        Self { inner: Some(inner), trouble, seen, read: 0, written: 0, ripe: [false; 2], scratch }
    }

    /// Whether a trickling line lets nothing through this time.
    fn is_unripe(&mut self, side: usize, cx: &Context<'_>) -> bool {
        let unripe = self.trouble.trickle && !self.ripe[side];
        self.ripe[side] = unripe;
        if unripe {
            cx.waker().wake_by_ref();
        }
        unripe
    }

    /// How many of `len` bytes may pass in one go where the line breaks after `cut`.
    fn passing(&self, len: usize, done: u64, cut: Option<u64>) -> usize {
        let left = cut.map_or(u64::MAX, |cut| cut.saturating_sub(done));
        let most = if self.trouble.trickle { 1 } else { self.scratch.len() };
        len.min(most).min(usize::try_from(left).unwrap_or(usize::MAX))
    }
}

/// Flips bits in the byte at `place`, if it is among `bytes`, which begin at `start`.
fn flip(bytes: &mut [u8], start: u64, place: Option<(u64, u8)>) {
    if let Some((at, mask)) = place
        && let Some(at) = at.checked_sub(start)
        && let Some(byte) = bytes.get_mut(at as usize)
    {
        *byte ^= mask;
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.is_unripe(0, cx) {
            return Poll::Pending;
        }
        let most = this.passing(buf.remaining(), this.read, this.trouble.cut_read);
        if most == 0 && buf.remaining() > 0 {
            this.inner = None;
        }
        let Some(inner) = &mut this.inner else { return Poll::Ready(Ok(())) };
        let mut scratch = ReadBuf::new(&mut this.scratch[..most]);
        ready!(Pin::new(inner).poll_read(cx, &mut scratch))?;
        let bytes = scratch.filled_mut();
        flip(bytes, this.read, this.trouble.flip_read);
        this.read += bytes.len() as u64;
        this.seen.read.lock().unwrap().extend_from_slice(bytes);
        buf.put_slice(bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.is_unripe(1, cx) {
            return Poll::Pending;
        }
        let most = this.passing(buf.len(), this.written, this.trouble.cut_written);
        if most == 0 && !buf.is_empty() {
            this.inner = None;
        }
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let bytes = &mut this.scratch[..most];
        bytes.copy_from_slice(&buf[..most]);
        flip(bytes, this.written, this.trouble.flip_written);
        let written = ready!(Pin::new(inner).poll_write(cx, bytes))?;
        this.written += written as u64;
        this.seen.written.lock().unwrap().extend_from_slice(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().map_or(Poll::Ready(Ok(())), |inner| Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().map_or(Poll::Ready(Ok(())), |inner| Pin::new(inner).poll_shutdown(cx))
    }
}
