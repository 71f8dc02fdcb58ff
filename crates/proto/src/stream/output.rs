use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use crate::{encode, error::EncodeError, header::Header, limits::Limits};

/// How many pieces are offered to the transport in one write.
const MAX_SLICES: usize = 64;

/// The pieces that the queue keeps room for while it is empty.
const KEPT_PIECES: usize = 8;

/// The writing half of a connection, without its transport: a queue of what is to be sent.
#[derive(Debug)]
pub(super) struct Output {
    limits: Limits,
    /// None of them is empty.
    queue: VecDeque<Bytes>,
    queued_bytes: usize,
    /// How many bytes the transport has taken in all.
    written_bytes: u64,
    /// Something was written since the transport was last flushed.
    unflushed: bool,
    /// Writing has failed for good.
    failed: Option<io::Error>,
}

impl Output {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            queue: VecDeque::new(),
            queued_bytes: 0,
            written_bytes: 0,
            unflushed: false,
            failed: None,
        }
    }

    pub(super) fn enqueue<H: Header>(
        &mut self,
        header: &H,
        body: Bytes,
    ) -> Result<(), EncodeError> {
        encode::check_body(header, &body)?;
        self.push(encode::encode_header(header, &self.limits)?);
        self.push(body);
        Ok(())
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        if piece.is_empty() || self.failed.is_some() {
            return;
        }
        self.queued_bytes += piece.len();
        self.queue.push_back(piece);
    }

    pub(super) fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// The failure that ended writing, if one did; as often as it is asked for.
    pub(super) fn failure(&self) -> Option<io::Error> {
        let error = self.failed.as_ref()?;
        Some(match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.kind(), error.to_string()),
        })
    }

    /// Hands what is queued to the transport and flushes it. Ready when nothing is left to do,
    /// also because writing has failed; what was queued is dropped then.
    pub(super) fn poll_drain<W: AsyncWrite + Unpin>(
        &mut self,
        io: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if let Err(error) = ready!(self.poll_write_all(io, cx)) {
            self.failed = Some(error);
            self.queue = VecDeque::new();
            self.queued_bytes = 0;
            self.unflushed = false;
        }
        Poll::Ready(())
    }

    fn poll_write_all<W: AsyncWrite + Unpin>(
        &mut self,
        io: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            let written = ready!(self.poll_write(io, cx))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.consume(written);
        }
        if self.unflushed {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.unflushed = false;
            self.queue.shrink_to(KEPT_PIECES);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write<W: AsyncWrite + Unpin>(
        &self,
        io: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut used = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.queue) {
            *slice = IoSlice::new(piece);
            used += 1;
        }
        Pin::new(io).poll_write_vectored(cx, &slices[..used])
    }

    /// Takes from the front of the queue what the transport took; it may end inside a piece.
    fn consume(&mut self, mut written: usize) {
        self.queued_bytes -= written;
        self.written_bytes += written as u64;
        while let Some(piece) = self.queue.front_mut() {
            if written < piece.len() {
                piece.advance(written);
                return;
            }
            written -= piece.len();
            self.queue.pop_front();
        }
    }
}
