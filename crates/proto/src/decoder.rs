use std::mem;

use crate::{
    error::{DecodeError, Part},
    header::Header,
    json,
    limits::Limits,
};

/// The bytes that tell the length of the header.
const LENGTH_BYTES: usize = size_of::<i32>();

/// Takes frames apart: bytes in, headers and pieces of bodies out.
///
/// It does no I/O and holds no body. The header type is given with each call, so that one
/// connection can speak [`Hello`](crate::Hello) first and its service's own headers afterwards.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use proto::{Decoder, Limits, Piece};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Note { size: u64 }
///
/// impl proto::Header for Note {
///     fn body_len(&self) -> u64 { self.size }
/// }
///
/// let mut decoder = Decoder::new(Limits::default());
/// let mut input: &[u8] = b"\x0a\0\0\0{\"size\":5}hel";
/// assert_eq!(decoder.decode(&mut input)?, Some(Piece::Header(Note { size: 5 })));
/// assert_eq!(decoder.decode::<Note>(&mut input)?, Some(Piece::Body(b"hel")));
/// assert_eq!(decoder.decode::<Note>(&mut input)?, None);
///
/// let mut input: &[u8] = b"lo";
/// assert_eq!(decoder.decode::<Note>(&mut input)?, Some(Piece::Body(b"lo")));
/// assert_eq!(decoder.decode::<Note>(&mut input)?, Some(Piece::End));
/// decoder.finish()?;
/// # Ok::<(), proto::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    state: State,
    /// The length and the header as far as they have come, when they come in several pieces.
    gathered: Vec<u8>,
}

/// One thing that a [`Decoder`] found in its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a, H> {
    /// A frame begins.
    Header(H),
    /// The next bytes of the frame's body, never empty, borrowed from the input.
    Body(&'a [u8]),
    /// The frame is complete. Every frame ends so, also one without a body.
    End,
}

/// What the decoder waits for.
#[derive(Debug)]
enum State {
    /// A length and a header, part of which may have been gathered.
    Header,
    /// So many more bytes of a body; with none left, to say that the frame is complete.
    Body { remaining: u64 },
    /// Nothing any more.
    Failed(DecodeError),
}

impl Decoder {
    /// A decoder at the beginning of a frame.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: State::Header, gathered: Vec::new() }
    }

    /// Takes the next piece from the front of `input`, or gives `None` when all of the input is
    /// used and more is needed.
    ///
    /// `H` matters only where a header begins. An empty input is not the end of it (that is what
    /// [`finish`](Self::finish) is for), and may still give [`Piece::End`].
    ///
    /// # Errors
    ///
    /// The first bytes that cannot belong to a frame; the same error from then on.
    pub fn decode<'a, H: Header>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Piece<'a, H>>, DecodeError> {
        match self.state {
            State::Body { remaining: 0 } => {
                self.state = State::Header;
                Ok(Some(Piece::End))
            }
            State::Body { remaining } => {
                let length = input.len().min(usize::try_from(remaining).unwrap_or(usize::MAX));
                if length == 0 {
                    return Ok(None);
                }
                let (body, rest) = input.split_at(length);
                *input = rest;
                self.advance_body(length as u64);
                Ok(Some(Piece::Body(body)))
            }
            State::Header | State::Failed(_) => Ok(self.decode_header(input)?.map(Piece::Header)),
        }
    }

    /// The next header, for drivers that move the body themselves and so pass over
    /// [`Piece::End`].
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode), and [`DecodeError::BodyPending`] while a body is not drained.
    pub(crate) fn decode_header<H: Header>(
        &mut self,
        input: &mut &[u8],
    ) -> Result<Option<H>, DecodeError> {
        match &self.state {
            State::Failed(error) => return Err(error.clone()),
            State::Body { remaining } if *remaining > 0 => {
                let remaining = *remaining;
                return Err(DecodeError::BodyPending { remaining });
            }
            State::Body { .. } | State::Header => self.state = State::Header,
        }
        match self.find_header::<H>(input) {
            Ok(Some(header)) => {
                self.state = State::Body { remaining: header.body_len() };
                Ok(Some(header))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.gathered = Vec::new();
                self.state = State::Failed(error.clone());
                Err(error)
            }
        }
    }

    /// How many bytes of the current body are still to come; 0 between frames.
    #[must_use]
    pub fn body_remaining(&self) -> u64 {
        match self.state {
            State::Body { remaining } => remaining,
            State::Header | State::Failed(_) => 0,
        }
    }

    /// Tells the decoder that `n` bytes of the body went by without it, straight from the
    /// transport to where they belong.
    ///
    /// # Panics
    ///
    /// If `n` is more than [`body_remaining`](Self::body_remaining): the seam would be lost.
    pub fn advance_body(&mut self, n: u64) {
        let remaining = self.body_remaining();
        assert!(n <= remaining, "{n} bytes of a body that has {remaining} left");
        if n > 0 {
            self.state = State::Body { remaining: remaining - n };
        }
    }

    /// Tells whether the input may end here.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] inside a frame, and the error that the decoder is in.
    pub fn finish(&self) -> Result<(), DecodeError> {
        let (expected, missing) = match &self.state {
            State::Failed(error) => return Err(error.clone()),
            State::Body { remaining } => (Part::Body, *remaining),
            State::Header => match self.gathered.split_first_chunk() {
                None if self.gathered.is_empty() => return Ok(()),
                None => (Part::Length, (LENGTH_BYTES - self.gathered.len()) as u64),
                Some((length, header)) => {
                    let length = self.limits.check_header_length(i32::from_le_bytes(*length))?;
                    (Part::Header, (length - header.len()) as u64)
                }
            },
        };
        match missing {
            0 => Ok(()),
            missing => Err(DecodeError::Truncated { expected, missing }),
        }
    }

    /// Gives up what has been gathered of a header: bytes that were taken in but belong to no
    /// frame yet.
    pub(crate) fn into_gathered(self) -> Vec<u8> {
        self.gathered
    }

    /// Finds a header in the input alone, without a copy, or else in what was gathered and it.
    fn find_header<H: Header>(&mut self, input: &mut &[u8]) -> Result<Option<H>, DecodeError> {
        if self.gathered.is_empty()
            && let Some((length, rest)) = input.split_first_chunk()
        {
            let length = self.limits.check_header_length(i32::from_le_bytes(*length))?;
            if let Some((header, rest)) = rest.split_at_checked(length) {
                *input = rest;
                return parse(header, &self.limits).map(Some);
            }
        }
        self.gather(LENGTH_BYTES, input);
        let Some(length) = self.gathered.first_chunk() else {
            return Ok(None);
        };
        let length = self.limits.check_header_length(i32::from_le_bytes(*length))?;
        self.gather(LENGTH_BYTES + length, input);
        if self.gathered.len() < LENGTH_BYTES + length {
            return Ok(None);
        }
        // Split headers are rare, and an idle connection should hold nothing: the buffer goes.
        let gathered = mem::take(&mut self.gathered);
        parse(&gathered[LENGTH_BYTES..], &self.limits).map(Some)
    }

    /// Moves bytes from the front of the input until `total` are gathered. The buffer grows with
    /// what has come, never with what was announced.
    fn gather(&mut self, total: usize, input: &mut &[u8]) {
        let wanted = total.saturating_sub(self.gathered.len());
        let (taken, rest) = input.split_at(wanted.min(input.len()));
        self.gathered.extend_from_slice(taken);
        *input = rest;
    }
}

/// Reads a whole header.
fn parse<H: Header>(header: &[u8], limits: &Limits) -> Result<H, DecodeError> {
    let json = str::from_utf8(header)
        .map_err(|error| DecodeError::NotUtf8 { valid_up_to: error.valid_up_to() })?;
    if let Some(found) = json::not_an_object(json) {
        return Err(DecodeError::NotAnObject { found });
    }
    if json::is_deeper_than(json, limits.max_json_depth) {
        return Err(DecodeError::TooDeep { allowed: limits.max_json_depth });
    }
    serde_json::from_str(json).map_err(|error| DecodeError::Json { message: json::message(&error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    struct Empty {}

    impl Header for Empty {}

    #[test]
    fn reserves_for_what_has_come_and_not_for_what_was_announced() {
        let mut decoder = Decoder::new(Limits::default());
        let mut wire = 65_536_i32.to_le_bytes().to_vec();
        wire.extend_from_slice(b"{\"a\":\"0123");
        assert!(decoder.decode::<Empty>(&mut &wire[..]).unwrap().is_none());
        assert!(decoder.gathered.capacity() <= 64, "{}", decoder.gathered.capacity());
    }

    #[test]
    fn holds_no_memory_between_frames_or_in_error() {
        let mut header = b"{\"a\":\"".to_vec();
        header.resize(65_534, b'x');
        header.extend_from_slice(b"\"}");
        let mut wire = 65_536_i32.to_le_bytes().to_vec();
        wire.extend_from_slice(&header);

        let mut decoder = Decoder::new(Limits::default());
        for mut input in wire.chunks(1000) {
            let _ = decoder.decode::<Empty>(&mut input).unwrap();
        }
        assert_eq!(decoder.body_remaining(), 0);
        assert_eq!(decoder.gathered.capacity(), 0);

        let _ = decoder.decode::<Empty>(&mut &b""[..]).unwrap();
        let _ = decoder.decode::<Empty>(&mut &b"\xff\xff"[..]).unwrap();
        assert!(decoder.decode::<Empty>(&mut &b"\xff\xff"[..]).is_err());
        assert_eq!(decoder.gathered.capacity(), 0);
    }

    #[test]
    fn a_header_that_is_whole_in_its_input_is_not_gathered() {
        let mut decoder = Decoder::new(Limits::default());
        assert!(decoder.decode::<Empty>(&mut &b"\x02\0\0\0{}"[..]).unwrap().is_some());
        assert_eq!(decoder.gathered.capacity(), 0);
    }
}
