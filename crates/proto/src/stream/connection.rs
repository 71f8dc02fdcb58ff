use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{input::Input, output::Output};
use crate::{
    error::{ConnectionError, EncodeError},
    header::Header,
    incoming::READ_AHEAD,
    limits::Limits,
};

/// One connection, both directions: frames are queued to be sent and are read as they come.
///
/// Reading also writes: while [`next`](Self::next) or [`read_body`](Self::read_body) wait for the
/// peer, what is queued goes out. So two peers that have much to tell each other never wait for
/// each other, as long as each of them reads.
///
/// Every method but [`read_body_exact`](Self::read_body_exact) is cancel-safe. If writing fails,
/// the frames that have arrived can still be read, so that a refusal followed by a close is seen;
/// the failure is reported when nothing more is there, and from then on.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use proto::{Connection, Limits};
///
/// #[derive(Serialize, Deserialize)]
/// struct Note { size: u64 }
/// impl proto::Header for Note {
///     fn body_len(&self) -> u64 { self.size }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (here, there) = tokio::io::duplex(64);
/// let mut sender = Connection::new(here, Limits::default());
/// sender.enqueue(&Note { size: 5 }, "hello".into())?;
/// sender.shutdown().await?;
///
/// let mut receiver = Connection::new(there, Limits::default());
/// let note: Note = receiver.next().await?.expect("a note was sent");
/// let mut body = vec![0; note.size as usize];
/// receiver.read_body_exact(&mut body).await?;
/// assert_eq!(body, b"hello");
/// assert!(receiver.next::<Note>().await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Connection<S> {
    io: S,
    input: Input,
    output: Output,
}

/// What [`Connection::next_or_room`] waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn<H> {
    /// A frame came.
    Frame(H),
    /// No frame is here, and so much was sent that there is room for more.
    Room,
    /// The peer has said all it will say. It may still be listening.
    End,
}

impl<S> Connection<S> {
    /// A connection over `io` that begins at the beginning of a frame.
    pub fn new(io: S, limits: Limits) -> Self {
        Self::with_prefix(io, Bytes::new(), limits)
    }

    /// A connection over `io`, of which `prefix` has been read already.
    pub fn with_prefix(io: S, prefix: Bytes, limits: Limits) -> Self {
        Self { io, input: Input::new(limits, prefix), output: Output::new(limits) }
    }

    /// Queues a frame. Nothing is sent before a method that waits is called.
    ///
    /// The body is not copied. After a failed write the frame is dropped; the next method that
    /// waits reports the failure.
    ///
    /// # Errors
    ///
    /// If the header cannot be encoded or announces another length than the body has. Nothing is
    /// queued then.
    pub fn enqueue<H: Header>(&mut self, header: &H, body: Bytes) -> Result<(), EncodeError> {
        self.output.enqueue(header, body)
    }

    /// Queues a frame, or a part of one, that is encoded already, such as
    /// [`Hello::encode`](crate::Hello::encode) gives.
    pub fn enqueue_encoded(&mut self, frame: Bytes) {
        self.output.push(frame);
    }

    /// How many bytes are queued and not yet handed to the transport.
    pub fn queued_bytes(&self) -> usize {
        self.output.queued_bytes()
    }

    /// How many bytes have come and gone in all. Who finds it unchanged after a while knows that
    /// nothing moves.
    pub fn traffic(&self) -> u64 {
        self.input.read_bytes() + self.output.written_bytes()
    }

    /// How many bytes of the current body are still to be read; 0 between frames.
    pub fn body_remaining(&self) -> u64 {
        self.input.body_remaining()
    }

    /// The transport.
    pub fn get_ref(&self) -> &S {
        &self.io
    }

    /// The transport. Reading from it or writing to it loses the seam between frames.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.io
    }

    /// The transport, and the bytes that were read from it and belong to no frame that was given
    /// out. What is queued is dropped.
    pub fn into_parts(self) -> (S, Bytes) {
        (self.io, self.input.into_unread())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Waits for the next frame and gives its header; `None` when the peer has ended cleanly.
    /// What is queued is sent meanwhile.
    ///
    /// A frame that is here already is given without any I/O, so that the answers to a burst of
    /// requests leave together. Where answers are long, keep an eye on
    /// [`queued_bytes`](Self::queued_bytes). After `None` the peer may still be listening:
    /// [`flush`](Self::flush) what is left.
    ///
    /// # Errors
    ///
    /// If the transport fails, ends inside a frame, or what comes is no frame;
    /// [`BodyPending`](crate::DecodeError::BodyPending) while the last body is not drained.
    pub async fn next<H: Header>(&mut self) -> Result<Option<H>, ConnectionError> {
        loop {
            match poll_fn(|cx| self.poll_turn(cx, None)).await? {
                Turn::Frame(header) => return Ok(Some(header)),
                Turn::End => return Ok(None),
                // Not reported where no low-water mark is given.
                Turn::Room => {}
            }
        }
    }

    /// Waits for the next frame, or until at most `low_water` bytes are queued: for whoever
    /// produces a long answer and wants to hear what the peer says in between.
    ///
    /// A frame that is here comes first. After [`Turn::End`] it gives nothing else any more.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn next_or_room<H: Header>(
        &mut self,
        low_water: usize,
    ) -> Result<Turn<H>, ConnectionError> {
        poll_fn(|cx| self.poll_turn(cx, Some(low_water))).await
    }

    /// Reads some of the current body into `buf` and tells how much: at most what remains of it,
    /// and 0 only when it is drained or `buf` is empty. What is queued is sent meanwhile.
    ///
    /// With 16 KiB or more to read at a time the bytes go straight from the transport into `buf`.
    ///
    /// # Errors
    ///
    /// If the transport fails or ends inside the body.
    pub async fn read_body(&mut self, buf: &mut [u8]) -> Result<usize, ConnectionError> {
        poll_fn(|cx| self.poll_read_body(cx, buf)).await
    }

    /// Fills `buf` from the current body.
    ///
    /// **Not cancel-safe:** if the future is dropped half-way, nobody knows how much of `buf` was
    /// filled. [`body_remaining`](Self::body_remaining) still tells what is left of the body.
    ///
    /// # Errors
    ///
    /// As [`read_body`](Self::read_body). If less than `buf` remains of the body, an
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), with nothing read.
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
    /// As [`read_body`](Self::read_body).
    pub async fn skip_body(&mut self) -> Result<(), ConnectionError> {
        poll_fn(|cx| {
            let mut scratch = [0; READ_AHEAD];
            while ready!(self.poll_read_body(cx, &mut scratch))? > 0 {}
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Hands all that is queued to the transport and flushes it.
    ///
    /// What the peer sends meanwhile is taken in, up to 64 KiB. Beyond that this waits for a peer
    /// that reads, so two peers that only flush can wait for each other: between long answers call
    /// [`next_or_room`](Self::next_or_room).
    ///
    /// # Errors
    ///
    /// If the transport fails.
    pub async fn flush(&mut self) -> Result<(), ConnectionError> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Flushes, then closes the writing side. The peer's frames can still be read.
    ///
    /// # Errors
    ///
    /// If the transport fails.
    pub async fn shutdown(&mut self) -> Result<(), ConnectionError> {
        poll_fn(|cx| {
            ready!(self.poll_flush(cx))?;
            Pin::new(&mut self.io).poll_shutdown(cx).map_err(ConnectionError::Io)
        })
        .await
    }

    /// Waits for a frame, the end, or (if a low-water mark is given) for room.
    fn poll_turn<H: Header>(
        &mut self,
        cx: &mut Context<'_>,
        low_water: Option<usize>,
    ) -> Poll<Result<Turn<H>, ConnectionError>> {
        loop {
            if let Some(header) = self.input.next_header()? {
                return Poll::Ready(Ok(Turn::Frame(header)));
            }
            if self.input.is_at_end()? {
                return Poll::Ready(self.written().map(|()| Turn::End));
            }
            // Before each read, so that a peer that never pauses cannot keep us from answering.
            let _ = self.output.poll_drain(&mut self.io, cx);
            if self.input.poll_fill(&mut self.io, cx)?.is_ready() {
                continue;
            }
            self.written()?;
            return match low_water {
                Some(low_water) if self.queued_bytes() <= low_water => Poll::Ready(Ok(Turn::Room)),
                _ => Poll::Pending,
            };
        }
    }

    fn poll_read_body(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize, ConnectionError>> {
        if self.body_remaining() == 0 || buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let here = self.input.take_body(buf);
        if here > 0 {
            return Poll::Ready(Ok(here));
        }
        let _ = self.output.poll_drain(&mut self.io, cx);
        let read = self.input.poll_body(&mut self.io, cx, buf);
        if read.is_pending() {
            self.written()?;
        }
        read
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        if self.output.poll_drain(&mut self.io, cx).is_pending() {
            self.input.fill_while_writing(&mut self.io, cx);
            return Poll::Pending;
        }
        Poll::Ready(self.written())
    }

    /// The failure that ended writing, if one did.
    fn written(&self) -> Result<(), ConnectionError> {
        match self.output.failure() {
            Some(error) => Err(ConnectionError::Io(error)),
            None => Ok(()),
        }
    }
}

/// Refuses to fill a buffer from a body that has less left.
pub(super) fn check_remaining(remaining: u64, wanted: usize) -> Result<(), ConnectionError> {
    if wanted as u64 <= remaining {
        return Ok(());
    }
    Err(ConnectionError::Io(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("{wanted} bytes asked for where {remaining} remain of the body"),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_waits_is_small() {
        // Beside it only the queue holds memory: eight pieces of it, once it was used.
        assert!(size_of::<Connection<()>>() <= 512, "{}", size_of::<Connection<()>>());
    }
}
