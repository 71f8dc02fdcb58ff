use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{connection::check_remaining, input::Input, output::Output};
use crate::{
    error::{ConnectionError, EncodeError},
    header::Header,
    incoming::READ_AHEAD,
    limits::Limits,
};

/// Reads frames from a transport that is only read, such as the reading half of a split one.
///
/// Every method but [`read_body_exact`](Self::read_body_exact) is cancel-safe. Where one task
/// both reads and writes, [`Connection`](super::Connection) is the better choice.
#[derive(Debug)]
pub struct FrameReader<R> {
    io: R,
    input: Input,
}

impl<R> FrameReader<R> {
    /// A reader over `io` that begins at the beginning of a frame.
    pub fn new(io: R, limits: Limits) -> Self {
        Self { io, input: Input::new(limits, Bytes::new()) }
    }

    /// How many bytes of the current body are still to be read; 0 between frames.
    pub fn body_remaining(&self) -> u64 {
        self.input.body_remaining()
    }

    /// The transport, and the bytes that were read from it and belong to no frame that was given
    /// out.
    pub fn into_parts(self) -> (R, Bytes) {
        (self.io, self.input.into_unread())
    }
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Waits for the next frame and gives its header; `None` when the peer has ended cleanly.
    ///
    /// # Errors
    ///
    /// If the transport fails, ends inside a frame, or what comes is no frame;
    /// [`BodyPending`](crate::DecodeError::BodyPending) while the last body is not drained.
    pub async fn next<H: Header>(&mut self) -> Result<Option<H>, ConnectionError> {
        loop {
            if let Some(header) = self.input.next_header()? {
                return Ok(Some(header));
            }
            if self.input.is_at_end()? {
                return Ok(None);
            }
            poll_fn(|cx| self.input.poll_fill(&mut self.io, cx)).await?;
        }
    }

    /// Reads some of the current body into `buf` and tells how much: at most what remains of it,
    /// and 0 only when it is drained or `buf` is empty.
    ///
    /// # Errors
    ///
    /// If the transport fails or ends inside the body.
    pub async fn read_body(&mut self, buf: &mut [u8]) -> Result<usize, ConnectionError> {
        poll_fn(|cx| self.poll_read_body(cx, buf)).await
    }

    /// Fills `buf` from the current body. **Not cancel-safe.**
    ///
    /// # Errors
    ///
    /// As [`Connection::read_body_exact`](super::Connection::read_body_exact).
    pub async fn read_body_exact(&mut self, buf: &mut [u8]) -> Result<(), ConnectionError> {
        check_remaining(self.body_remaining(), buf.len())?;
        let mut filled = 0;
        while filled < buf.len() {
            filled += self.read_body(&mut buf[filled..]).await?;
        }
        Ok(())
    }

    /// Reads what is left of the current body and throws it away.
    ///
    /// # Errors
    ///
    /// If the transport fails or ends inside the body.
    pub async fn skip_body(&mut self) -> Result<(), ConnectionError> {
        poll_fn(|cx| {
            let mut scratch = [0; READ_AHEAD];
            while ready!(self.poll_read_body(cx, &mut scratch))? > 0 {}
            Poll::Ready(Ok(()))
        })
        .await
    }

    fn poll_read_body(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize, ConnectionError>> {
        if self.body_remaining() == 0 || buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        match self.input.take_body(buf) {
            0 => self.input.poll_body(&mut self.io, cx, buf),
            here => Poll::Ready(Ok(here)),
        }
    }
}

/// Writes frames to a transport that is only written, such as the writing half of a split one.
///
/// Every method is cancel-safe: frames stay queued until the transport has taken them.
#[derive(Debug)]
pub struct FrameWriter<W> {
    io: W,
    output: Output,
}

impl<W> FrameWriter<W> {
    /// A writer over `io`.
    pub fn new(io: W, limits: Limits) -> Self {
        Self { io, output: Output::new(limits) }
    }

    /// Queues a frame, as [`Connection::enqueue`](super::Connection::enqueue) does.
    ///
    /// # Errors
    ///
    /// If the header cannot be encoded or announces another length than the body has.
    pub fn enqueue<H: Header>(&mut self, header: &H, body: Bytes) -> Result<(), EncodeError> {
        self.output.enqueue(header, body)
    }

    /// Queues a frame, or a part of one, that is encoded already.
    pub fn enqueue_encoded(&mut self, frame: Bytes) {
        self.output.push(frame);
    }

    /// How many bytes are queued and not yet handed to the transport.
    pub fn queued_bytes(&self) -> usize {
        self.output.queued_bytes()
    }

    /// The transport. What is queued is dropped.
    pub fn into_inner(self) -> W {
        self.io
    }
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    /// Hands all that is queued to the transport and flushes it.
    ///
    /// # Errors
    ///
    /// If the transport fails, now or before.
    pub async fn flush(&mut self) -> Result<(), ConnectionError> {
        poll_fn(|cx| self.output.poll_drain(&mut self.io, cx)).await;
        match self.output.failure() {
            Some(error) => Err(ConnectionError::Io(error)),
            None => Ok(()),
        }
    }

    /// Flushes, then closes the transport for writing.
    ///
    /// # Errors
    ///
    /// If the transport fails, now or before.
    pub async fn shutdown(&mut self) -> Result<(), ConnectionError> {
        self.flush().await?;
        poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx)).await?;
        Ok(())
    }
}
