//! Why a call failed.

use std::io;
use std::time::Duration;

use crate::content::ReceiveError;
use crate::line::LineError;
use crate::path::{RemotePath, safe};
use crate::store::StoreError;
use crate::wire::{Failure, Status};

/// Why a call failed.
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
    /// The connection was lost.
    #[error("the connection to {peer} was lost: {source}")]
    Lost {
        /// The server.
        peer: String,
        /// How.
        source: LineError,
    },
    /// Who answers is not a file server of this kind.
    #[error("{peer} does not answer as a file server of this kind: {found}")]
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
    /// The server says that the request failed.
    #[error(transparent)]
    Remote(#[from] Failure),
    /// The local side failed.
    #[error(transparent)]
    Local(#[from] StoreError),
    /// The local file changed, or could not be read, while it was sent.
    #[error(transparent)]
    Source(Failure),
    /// The stream that content was read from or written to failed.
    #[error("{0}")]
    Stream(#[source] io::Error),
    /// What arrived is wrong, however often it was asked for.
    #[error("the content of `{path}` arrived wrong: {reason}")]
    Corrupt {
        /// The remote file.
        path: RemotePath,
        /// What was wrong.
        reason: String,
    },
    /// The server does not keep to the protocol.
    #[error("{peer} does not keep to the protocol: {}", safe(message.as_bytes()))]
    Protocol {
        /// The server.
        peer: String,
        /// What it did.
        message: String,
    },
    /// Part of an answer had been handed on when the rest failed to come.
    #[error("the answer broke off: {last}")]
    BrokenOff {
        /// Why.
        last: Box<Self>,
    },
    /// Nothing moved any more, however often it was tried.
    #[error("gave up after {attempts} tries in {} s: {last}", .after.as_secs())]
    GaveUp {
        /// How many tries without progress.
        attempts: u32,
        /// For how long.
        after: Duration,
        /// Why the last one failed.
        last: Box<Self>,
    },
}

impl ClientError {
    /// What the server, or the local store in the same words, says of the request.
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::Remote(failure) | Self::Source(failure) => Some(failure.status),
            Self::Local(error) => Some(Status::of(error)),
            Self::Corrupt { .. } => Some(Status::Corrupt),
            Self::GaveUp { last, .. } | Self::BrokenOff { last } => last.status(),
            _ => None,
        }
    }

    /// Whether the connection is of no more use.
    pub(crate) fn ends_the_session(&self) -> bool {
        !matches!(self, Self::Remote(_) | Self::Local(_) | Self::Source(_))
    }

    /// Whether it is the connection that failed, not the request.
    pub(crate) fn is_about_the_connection(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Lost { .. })
    }

    /// Whether the same may go well later, or over another connection.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        match self {
            Self::Lost { source: LineError::Unsayable(_), .. } => false,
            // Who is not let through, or answers under another name, will not be next time either.
            Self::Connect { source, .. } => source.kind() != io::ErrorKind::PermissionDenied,
            Self::Lost { .. } | Self::Corrupt { .. } => true,
            // What a dropped call of ours left running came late, and took it over.
            Self::Local(StoreError::Superseded { .. }) => true,
            Self::Remote(failure) | Self::Source(failure) => matches!(
                failure.status,
                Status::Busy | Status::Changed | Status::Stopping | Status::Corrupt
            ),
            _ => false,
        }
    }

    /// What went wrong while content of `path` was received from `peer`.
    pub(crate) fn receiving(error: ReceiveError, peer: &str, path: &RemotePath) -> Self {
        match error {
            ReceiveError::Line(source) => Self::Lost { peer: peer.into(), source },
            ReceiveError::Store(error) => Self::Local(error),
            ReceiveError::Sender(failure) => Self::Remote(failure),
            ReceiveError::Ended(end) => match end.failure() {
                Some(failure) => Self::Remote(failure),
                None => Self::protocol(peer, "it ended a request before its content had come"),
            },
            ReceiveError::Damaged(_) | ReceiveError::Proof => {
                Self::Corrupt { path: path.clone(), reason: error.to_string() }
            }
            ReceiveError::Rules(message) => Self::protocol(peer, message),
            ReceiveError::Cancelled => Self::protocol(peer, "it cancelled our request"),
        }
    }

    pub(crate) fn protocol(peer: &str, message: impl Into<String>) -> Self {
        Self::Protocol { peer: peer.into(), message: message.into() }
    }
}
