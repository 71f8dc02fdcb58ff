//! Why a call failed.

use std::io;

use crate::line::LineError;
use crate::safe;
use crate::wire::{Failure, Status};

/// Why a call failed. A command is never run again by itself: it may have run already.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server cannot be reached.
    #[error("cannot connect to {peer}: {source}")]
    Connect {
        /// Where it should be.
        peer: String,
        /// What the system says.
        source: io::Error,
    },
    /// The connection was lost. The server ends what ran over it.
    #[error("the connection to {peer} was lost: {source}")]
    Lost {
        /// The server.
        peer: String,
        /// How.
        source: LineError,
    },
    /// Who answers is not a command server of this kind.
    #[error("{peer} does not answer as a command server of this kind: {found}")]
    Stranger {
        /// Who answers.
        peer: String,
        /// What came instead of a welcome.
        found: String,
    },
    /// The server does not let us in.
    #[error("{peer} refused the connection: {}", safe(message.as_bytes()))]
    Refused {
        /// The server.
        peer: String,
        /// The reason, for programs.
        code: String,
        /// The reason, for people.
        message: String,
    },
    /// The server says that the command was not run.
    #[error(transparent)]
    Remote(#[from] Failure),
    /// The command does not fit into a request.
    #[error("the command is too long: its request cannot be sent: {0}")]
    TooLong(#[source] proto::EncodeError),
    /// The input could not be read, or the output not be written, on this side. The command was
    /// cancelled.
    #[error("{what}: {source}")]
    Local {
        /// What could not be done.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// What came is not what was sent: the output is not whole.
    #[error(
        "{stream} did not come whole: {found_bytes} bytes came with digest {found}, {sent_bytes} were sent with {sent}"
    )]
    Damaged {
        /// `stdout` or `stderr`.
        stream: &'static str,
        /// How many bytes came.
        found_bytes: u64,
        /// Their digest.
        found: String,
        /// How many were sent.
        sent_bytes: u64,
        /// Their digest.
        sent: String,
    },
    /// More output came than the caller takes.
    #[error("the output is longer than the {allowed} bytes that are taken")]
    TooMuchOutput {
        /// How many bytes are taken.
        allowed: usize,
    },
    /// The server does not keep to the protocol.
    #[error("{peer} does not keep to the protocol: {}", safe(message.as_bytes()))]
    Protocol {
        /// The server.
        peer: String,
        /// What it did.
        message: String,
    },
}

impl ClientError {
    /// What the server says of the request.
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::Remote(failure) => Some(failure.status),
            _ => None,
        }
    }
}
