//! Why a conversation with one of the tutorial's programs failed.

use std::io;
use std::time::Duration;

use proto::DecodeError;

use crate::safe;

/// Why a conversation with one of the tutorial's programs failed. It is over then: neither side
/// could tell where the next message begins.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClassicError {
    /// The server cannot be reached.
    #[error("cannot connect to {peer}: {source}")]
    Connect {
        /// Where it should be.
        peer: String,
        /// What the system says.
        source: io::Error,
    },
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The peer closed the connection in the middle of an answer.
    #[error("the connection was closed in the middle of an answer")]
    Closed,
    /// A command that is longer than what the originals read at a time.
    #[error("a command of {found} bytes is too long: {allowed} are allowed")]
    CommandTooLong {
        /// How long it is; of one that was received, as much as was looked at.
        found: usize,
        /// The most allowed.
        allowed: usize,
    },
    /// A command of nothing but spaces.
    #[error("the command is empty")]
    Empty,
    /// A command with a character that no one types.
    #[error("a command with the control character `{}` is not run", safe(&[*found]))]
    ControlCharacter {
        /// The character.
        found: u8,
    },
    /// No answer came in time: the command wrote nothing, or the original server is stuck.
    #[error("no answer came within {} s: the command wrote nothing, or the server is stuck", .after.as_secs())]
    NoAnswer {
        /// How long it was waited for.
        after: Duration,
    },
    /// A length that is none.
    #[error("`{}` came where the length of the output was expected", safe(found.as_bytes()))]
    NoLength {
        /// What came.
        found: String,
    },
    /// Something else than the client's sign that it is ready.
    #[error("`{}` came where `recv_ready` was expected", safe(found.as_bytes()))]
    NotReady {
        /// What came.
        found: String,
    },
    /// An output that is longer than what is kept.
    #[error("an output of {found} bytes is too long: {allowed} are allowed")]
    OutputTooLong {
        /// How long it is.
        found: u64,
        /// The most allowed.
        allowed: u64,
    },
    /// The header cannot be read.
    #[error("the answer's {0}")]
    Header(#[from] DecodeError),
}
