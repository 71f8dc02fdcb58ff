//! The tutorial's remote commands: the protocols of its original Python programs, as they are.
//!
//! A client sends a command as raw text, of at most 1,024 bytes, and the server answers with what
//! it wrote. TCP has no messages, so the question is how the client knows where the answer ends.
//! The tutorial tries three ways:
//!
//! ```text
//! naive    COMMAND ─▶  ◀─ output                     reads once, 1,024 bytes at most
//! low      COMMAND ─▶  ◀─ length as digits
//!          recv_ready ─▶  ◀─ output                  reads until it has so much
//! header   COMMAND ─▶  ◀─ i32 | {"total_size"} | output
//! ```
//!
//! - **Naive** does not know. Of an output longer than one read, the rest **sticks** to the answer
//!   of the next command, and everything after it is late by one; an output that comes in two
//!   packets is cut between them; a command that writes nothing leaves the client waiting for
//!   ever. No care in the client can mend that, for what it needs was never sent.
//! - **Low** sends the length first. But nothing stands between the digits and the output, so that
//!   `12` and `3 files` would be read as one: the client has to say that it is ready, and every
//!   command costs one more round trip. Besides, stdout is lost when there is anything in stderr.
//! - **Header** says how long its header is in four bytes, and in the header how long the output:
//!   both ends are known, no word is wasted, and there is room for more in the header. That is
//!   where [`proto`] begins. What it still lacks is everything about the command: stdout and stderr
//!   are one, there is no exit code, no input, and no way to stop it; and the length must be known
//!   before the first byte is sent, so that nothing is seen before the command has ended.
//!
//! The server for them is [`CommandService`](crate::CommandService), when
//! [told to](crate::CommandService::classic); it keeps a connection for any number of commands in
//! all three ways, where the original of the last takes one. An output is kept until it is whole,
//! and so is limited to 16 MiB here.

mod client;
mod error;
mod reply;
#[cfg(unix)]
mod server;

use std::fmt;
use std::str::FromStr;

pub use client::ClassicClient;
pub use error::ClassicError;
#[cfg(unix)]
pub(crate) use server::ClassicService;

/// The longest command, in bytes: the originals read no more at a time.
pub const MAX_COMMAND_BYTES: usize = 1024;

/// The longest output that is kept for an answer, in bytes.
const MAX_OUTPUT_BYTES: usize = 16 * 1024 * 1024;

/// What a client of the second way says when it has read the length.
const READY: &[u8] = b"recv_ready";

/// The tutorial's three ways to answer a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClassicMode {
    /// The output, and nothing that says where it ends.
    Naive,
    /// The output's length in digits, and after one more round trip the output.
    Low,
    /// A header that tells the output's length, and the output. The default.
    #[default]
    Header,
}

/// The name of none of the three.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown way {found:?} to answer: expected naive, low or header")]
pub struct UnknownMode {
    /// The name that was found.
    pub found: String,
}

impl fmt::Display for ClassicMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Naive => "naive",
            Self::Low => "low",
            Self::Header => "header",
        })
    }
}

impl FromStr for ClassicMode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        match name {
            "naive" => Ok(Self::Naive),
            "low" => Ok(Self::Low),
            "header" => Ok(Self::Header),
            _ => Err(UnknownMode { found: name.to_owned() }),
        }
    }
}
