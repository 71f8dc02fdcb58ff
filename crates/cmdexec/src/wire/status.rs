//! Whether a command could be run.

use proto::stream::Refusal;
use serde::{Deserialize, Serialize};

/// The kind of an end: one word on the wire, for programs to decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// The command was run; how it ended is another matter.
    Ok,
    /// There is no such program, shell or directory.
    NotFound,
    /// The server's policy, or the system under it, does not permit it.
    Denied,
    /// As many commands run as are allowed.
    Busy,
    /// The request cannot be understood or stands in the wrong place.
    BadRequest,
    /// It was cancelled before it was run.
    Cancelled,
    /// The server is going down.
    Stopping,
    /// Anything else that the system reports.
    #[serde(other)]
    Failed,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::new(failure.status.as_str(), failure.message)
    }
}

impl Status {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Denied => "denied",
            Self::Busy => "busy",
            Self::BadRequest => "bad_request",
            Self::Cancelled => "cancelled",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
        }
    }
}

/// Why a command was not run, for people. Its `Display` is safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", crate::safe(message.as_bytes()))]
pub struct Failure {
    /// The kind.
    pub status: Status,
    /// What failed, on what, and what was allowed. It may come from a peer, as it is.
    pub message: String,
}

impl Failure {
    /// A failure of the given kind.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_the_wire_and_in_the_program_are_the_same() {
        for word in ["ok", "not_found", "denied", "busy", "bad_request", "cancelled", "stopping"] {
            let status: Status = serde_json::from_value(word.into()).unwrap();
            assert_eq!(status.as_str(), word);
        }
        let later: Status = serde_json::from_str("\"on_fire\"").unwrap();
        assert_eq!(later, Status::Failed);
    }
}
