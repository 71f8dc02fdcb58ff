//! The shell over [`std::io`]: frames over anything that is [`Read`] or [`Write`].
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! use std::io::Read;
//! use proto::{Limits, blocking::{FrameReader, FrameWriter}};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Note { size: u64 }
//! impl proto::Header for Note {
//!     fn body_len(&self) -> u64 { self.size }
//! }
//!
//! let mut writer = FrameWriter::new(Vec::new(), Limits::default());
//! writer.send(&Note { size: 5 }, b"hello")?;
//! let wire = writer.into_inner();
//!
//! let mut reader = FrameReader::new(&wire[..], Limits::default());
//! let note: Note = reader.next()?.expect("a note was sent");
//! let mut text = String::new();
//! reader.body().read_to_string(&mut text)?;
//! assert_eq!((note.size, text.as_str()), (5, "hello"));
//! assert!(reader.next::<Note>()?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use bytes::Bytes;

use crate::{
    encode,
    error::{ConnectionError, DecodeError, Part, SendError},
    header::Header,
    incoming::{Incoming, READ_AHEAD},
    limits::Limits,
};

/// Reads frames.
///
/// What has been read is kept in the reader: after a transport that would block or timed out, the
/// same call goes on where the last one stopped.
#[derive(Debug)]
pub struct FrameReader<R> {
    io: R,
    incoming: Incoming,
}

impl<R> FrameReader<R> {
    /// A reader over `io` that begins at the beginning of a frame.
    pub fn new(io: R, limits: Limits) -> Self {
        Self { io, incoming: Incoming::new(limits, Bytes::new()) }
    }

    /// How many bytes of the current body are still to be read; 0 between frames.
    pub fn body_remaining(&self) -> u64 {
        self.incoming.body_remaining()
    }

    /// The transport. Reading from it loses the seam between frames.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.io
    }

    /// The transport, and the bytes that were read from it and belong to no frame that was given
    /// out.
    pub fn into_parts(self) -> (R, Bytes) {
        (self.io, self.incoming.into_unread())
    }
}

impl<R: Read> FrameReader<R> {
    /// Waits for the next frame and gives its header; `None` when the peer has ended cleanly.
    ///
    /// # Errors
    ///
    /// If the transport fails, ends inside a frame, or what comes is no frame;
    /// [`BodyPending`](DecodeError::BodyPending) while the last body is not drained.
    #[expect(
        clippy::should_implement_trait,
        reason = "the header type is chosen with each call, which an iterator cannot offer"
    )]
    pub fn next<H: Header>(&mut self) -> Result<Option<H>, ConnectionError> {
        loop {
            if let Some(header) = self.incoming.next_header()? {
                return Ok(Some(header));
            }
            if self.fill()? == 0 {
                self.incoming.finish()?;
                return Ok(None);
            }
        }
    }

    /// The current body, from where it was last read to its end.
    ///
    /// An end of the transport inside it is an [`UnexpectedEof`](ErrorKind::UnexpectedEof) that
    /// carries the [`DecodeError`].
    pub fn body(&mut self) -> Body<'_, R> {
        Body { reader: self }
    }

    /// Reads what is left of the current body and throws it away.
    ///
    /// # Errors
    ///
    /// If the transport fails or ends inside the body.
    pub fn skip_body(&mut self) -> Result<(), ConnectionError> {
        let mut scratch = [0; READ_AHEAD];
        while self.read_body(&mut scratch)? > 0 {}
        Ok(())
    }

    fn read_body(&mut self, buf: &mut [u8]) -> Result<usize, ConnectionError> {
        if self.body_remaining() == 0 || buf.is_empty() {
            return Ok(0);
        }
        let here = self.incoming.take_body(buf);
        if here > 0 {
            return Ok(here);
        }
        let wanted = self.incoming.body_wanted(buf.len());
        let length = if wanted < READ_AHEAD {
            // What follows a small piece is likely to be here too: one read for both.
            self.fill()?;
            self.incoming.take_body(buf)
        } else {
            let length = retry(|| self.io.read(&mut buf[..wanted]))?;
            self.incoming.advance_body(length);
            length
        };
        if length == 0 {
            let missing = self.body_remaining();
            let expected = Part::Body;
            return Err(DecodeError::Truncated { expected, missing }.into());
        }
        Ok(length)
    }

    /// Reads once, and tells how much came.
    fn fill(&mut self) -> io::Result<usize> {
        let mut space = [0; READ_AHEAD];
        let length = retry(|| self.io.read(&mut space))?;
        self.incoming.feed(&space[..length]);
        Ok(length)
    }
}

/// The body of the current frame of a [`FrameReader`]; it ends where the frame does.
#[derive(Debug)]
pub struct Body<'a, R> {
    reader: &'a mut FrameReader<R>,
}

impl<R> Body<'_, R> {
    /// How many bytes are still to be read.
    pub fn remaining(&self) -> u64 {
        self.reader.body_remaining()
    }
}

impl<R: Read> Read for Body<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.reader.read_body(buf)?)
    }
}

/// Writes frames.
#[derive(Debug)]
pub struct FrameWriter<W> {
    io: W,
    limits: Limits,
    /// A frame was cut short: whatever followed would be read as the rest of it.
    broken: bool,
}

impl<W> FrameWriter<W> {
    /// A writer over `io`.
    pub fn new(io: W, limits: Limits) -> Self {
        Self { io, limits, broken: false }
    }

    /// The transport. Writing to it between frames is fine, and what it is for.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.io
    }

    /// The transport.
    pub fn into_inner(self) -> W {
        self.io
    }
}

impl<W: Write> FrameWriter<W> {
    /// Sends a frame and flushes the transport. Header and body are offered in one write.
    ///
    /// # Errors
    ///
    /// If the header cannot be encoded or announces another length than the body has: nothing is
    /// sent then. If the transport fails, the frame may be cut short, and every later call fails
    /// with [`BrokenPipe`](ErrorKind::BrokenPipe).
    pub fn send<H: Header>(&mut self, header: &H, body: &[u8]) -> Result<(), SendError> {
        encode::check_body(header, body)?;
        let header = encode::encode_header(header, &self.limits)?;
        if self.broken {
            let message = "an earlier frame was cut short";
            return Err(io::Error::new(ErrorKind::BrokenPipe, message).into());
        }
        self.broken = true;
        self.write_all(&mut [IoSlice::new(&header), IoSlice::new(body)])?;
        self.broken = false;
        Ok(retry(|| self.io.flush())?)
    }

    fn write_all(&mut self, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        // An empty slice in front would make a transport that takes one slice look full.
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            match retry(|| self.io.write_vectored(slices))? {
                0 => return Err(ErrorKind::WriteZero.into()),
                written => IoSlice::advance_slices(&mut slices, written),
            }
        }
        Ok(())
    }
}

/// Calls again what a signal interrupted.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
