use std::{fmt, io};

use thiserror::Error;

/// Why bytes from a peer are no frame.
///
/// All but [`BodyPending`](Self::BodyPending) leave the decoder in error: it has lost the seam
/// between two messages and gives the same error from then on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The length in front of the header is below zero.
    #[error("header length {found} is negative")]
    NegativeLength {
        /// The length as announced.
        found: i32,
    },
    /// The length in front of the header is zero, and nothing is no JSON object.
    #[error("header length is 0, where at least the 2 bytes of an empty object are needed")]
    EmptyHeader,
    /// The announced header is longer than the limits allow.
    #[error("header of {found} bytes is longer than the {allowed} that are allowed")]
    HeaderTooLong {
        /// The length as announced, in bytes.
        found: usize,
        /// The longest header allowed, in bytes.
        allowed: usize,
    },
    /// The header is not valid UTF-8.
    #[error("header is not UTF-8 from byte {valid_up_to} on")]
    NotUtf8 {
        /// How many bytes of the header are valid.
        valid_up_to: usize,
    },
    /// The header is some other JSON value than an object, or no JSON at all.
    #[error("header is {found} where a JSON object is expected")]
    NotAnObject {
        /// What its first character shows it to be.
        found: &'static str,
    },
    /// The arrays and objects in the header stand too deep in one another.
    #[error("header is nested deeper than the {allowed} levels that are allowed")]
    TooDeep {
        /// The number of levels allowed, the header's own included.
        allowed: usize,
    },
    /// The header is not valid JSON, or not what the header type asks for: a field is missing,
    /// doubled or of the wrong type.
    #[error("header cannot be read: {message}")]
    Json {
        /// What the parser says, with control characters escaped and cut to a line.
        message: String,
    },
    /// The next header was asked for while a body is not drained. The caller's mistake: the
    /// decoder is not in error and goes on once the body is read or skipped.
    #[error("next header asked for while {remaining} bytes of a body are still to be read")]
    BodyPending {
        /// How many bytes of the body are left.
        remaining: u64,
    },
    /// The input ended inside a frame.
    #[error("input ended inside a {expected}, {missing} bytes short")]
    Truncated {
        /// The part that was being read.
        expected: Part,
        /// How many bytes of that part are missing.
        missing: u64,
    },
}

/// The parts of a frame, in their order on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The four bytes that tell the length of the header.
    Length,
    /// The JSON object.
    Header,
    /// The bytes that the header announced.
    Body,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "header length",
            Self::Header => "header",
            Self::Body => "body",
        })
    }
}

/// Why a header cannot be put on the wire. Nothing of the frame is sent then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The header is longer than the limits allow; what is long belongs in the body.
    #[error("header of {found} bytes is longer than the {allowed} that are allowed")]
    HeaderTooLong {
        /// The length of the header as JSON, padding included, in bytes.
        found: usize,
        /// The longest header allowed, in bytes.
        allowed: usize,
    },
    /// The header type becomes some other JSON value than an object.
    #[error("header becomes {found} where a JSON object is expected")]
    NotAnObject {
        /// What it becomes.
        found: &'static str,
    },
    /// The arrays and objects in the header stand too deep in one another for the peer.
    #[error("header is nested deeper than the {allowed} levels that are allowed")]
    TooDeep {
        /// The number of levels allowed, the header's own included.
        allowed: usize,
    },
    /// The header type cannot be written as JSON.
    #[error("header cannot be written: {message}")]
    Json {
        /// What the serializer says.
        message: String,
    },
    /// The body is not as long as its header says.
    #[error("body has {found} bytes where its header announces {announced}")]
    BodyLength {
        /// The length that the header announces, in bytes.
        announced: u64,
        /// The length of the body that came with it, in bytes.
        found: u64,
    },
}

/// Why reading from or writing to a connection failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came over the transport is no frame.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl From<ConnectionError> for io::Error {
    /// For callers that speak of I/O only: a frame cut short becomes an
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), any other fault of the peer's bytes
    /// [`InvalidData`](io::ErrorKind::InvalidData), both with the [`DecodeError`] inside.
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Io(error) => error,
            ConnectionError::Decode(error @ DecodeError::Truncated { .. }) => {
                Self::new(io::ErrorKind::UnexpectedEof, error)
            }
            ConnectionError::Decode(error) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// Why a frame could not be sent by a blocking writer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The transport failed; how much of the frame went out is not known.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The header cannot be put on the wire; nothing went out.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
