use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

use crate::{
    error::{ConnectionError, DecodeError, Part},
    header::Header,
    incoming::{Incoming, READ_AHEAD},
    limits::Limits,
};

/// How much is taken in while a flush waits for the peer, in bytes: enough for the short messages
/// that a peer sends while it is being sent to.
const FLUSH_AHEAD: usize = 64 * 1024;

/// The reading half of a connection, without its transport.
#[derive(Debug)]
pub(super) struct Input {
    incoming: Incoming,
    /// How many bytes the transport has given in all.
    read_bytes: u64,
    /// The transport has come to its end.
    ended: bool,
    /// A failure met while writing was the concern, kept for the next who wants to read.
    failed: Option<io::Error>,
}

impl Input {
    pub(super) fn new(limits: Limits, prefix: Bytes) -> Self {
        Self { incoming: Incoming::new(limits, prefix), read_bytes: 0, ended: false, failed: None }
    }

    /// The next header, if it is here.
    pub(super) fn next_header<H: Header>(&mut self) -> Result<Option<H>, DecodeError> {
        self.incoming.next_header()
    }

    /// Whether the transport has ended, which is an error inside a frame.
    pub(super) fn is_at_end(&self) -> Result<bool, DecodeError> {
        if self.ended {
            self.incoming.finish()?;
        }
        Ok(self.ended)
    }

    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    pub(super) fn body_remaining(&self) -> u64 {
        self.incoming.body_remaining()
    }

    /// Copies what is here of the body; 0 if none of it is.
    pub(super) fn take_body(&mut self, buf: &mut [u8]) -> usize {
        self.incoming.take_body(buf)
    }

    /// Reads once; ready when bytes came or the transport ended.
    ///
    /// The bytes pass over the stack, so that a connection that waits holds no buffer.
    pub(super) fn poll_fill<R: AsyncRead + Unpin>(
        &mut self,
        io: &mut R,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        let mut space = [const { MaybeUninit::<u8>::uninit() }; READ_AHEAD];
        let mut space = ReadBuf::uninit(&mut space);
        ready!(Pin::new(io).poll_read(cx, &mut space))?;
        self.ended = space.filled().is_empty();
        self.read_bytes += space.filled().len() as u64;
        self.incoming.feed(space.filled());
        Poll::Ready(Ok(()))
    }

    /// Reads some of the body into `buf`, which is not empty, when a body is under way of which
    /// nothing is here: straight from the transport if that is worth it.
    pub(super) fn poll_body<R: AsyncRead + Unpin>(
        &mut self,
        io: &mut R,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize, ConnectionError>> {
        let wanted = self.incoming.body_wanted(buf.len());
        if wanted < READ_AHEAD || self.failed.is_some() {
            // What follows a small piece is likely to be here too: one read for both.
            if !self.ended {
                ready!(self.poll_fill(io, cx))?;
            }
            let length = self.incoming.take_body(buf);
            return Poll::Ready(self.nonempty(length));
        }
        let mut space = ReadBuf::new(&mut buf[..wanted]);
        if !self.ended {
            ready!(Pin::new(io).poll_read(cx, &mut space))?;
        }
        let length = space.filled().len();
        self.ended = length == 0;
        self.read_bytes += length as u64;
        self.incoming.advance_body(length);
        Poll::Ready(self.nonempty(length))
    }

    /// Turns the end of the transport inside a body into an error.
    fn nonempty(&self, length: usize) -> Result<usize, ConnectionError> {
        if length > 0 {
            return Ok(length);
        }
        Err(ConnectionError::Decode(DecodeError::Truncated {
            expected: Part::Body,
            missing: self.body_remaining(),
        }))
    }

    /// Takes in what the peer sends while it is being written to, within bounds; its failures are
    /// kept for whoever reads next.
    pub(super) fn fill_while_writing<R: AsyncRead + Unpin>(
        &mut self,
        io: &mut R,
        cx: &mut Context<'_>,
    ) {
        while !self.ended && self.failed.is_none() && self.incoming.len() < FLUSH_AHEAD {
            match self.poll_fill(io, cx) {
                Poll::Pending => return,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => self.failed = Some(error),
            }
        }
    }

    /// All that was read and belongs to no frame that was given out.
    pub(super) fn into_unread(self) -> Bytes {
        self.incoming.into_unread()
    }
}
