//! How a request ended.

use proto::stream::Refusal;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// The kind of an end: one word on the wire, for programs to decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Done.
    Ok,
    /// There is nothing of that name.
    NotFound,
    /// The server, or the system under it, does not permit it.
    Denied,
    /// Something of that name is there already, or is no longer what it was.
    Conflict,
    /// The path is malformed, reserved or leads out of the root.
    BadPath,
    /// What is there is not of the kind that the request needs.
    WrongKind,
    /// A directory still holds something.
    NotEmpty,
    /// The source changed while it was read.
    Changed,
    /// The file system is full, or a quota is reached.
    NoSpace,
    /// Somebody else is at it; later it may go.
    Busy,
    /// What arrived is not what was sent, however often it was asked for.
    Corrupt,
    /// The request cannot be understood or stands in the wrong place.
    BadRequest,
    /// It was cancelled.
    Cancelled,
    /// The server is going down.
    Stopping,
    /// Anything else that the system reports.
    #[serde(other)]
    Failed,
}

/// An end that is not [`Status::Ok`], with its reason for people. Its `Display` is safe for a
/// terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", crate::path::safe(message.as_bytes()))]
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

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Status::of(&error), error.to_string())
    }
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
            Self::Conflict => "conflict",
            Self::BadPath => "bad_path",
            Self::WrongKind => "wrong_kind",
            Self::NotEmpty => "not_empty",
            Self::Changed => "changed",
            Self::NoSpace => "no_space",
            Self::Busy => "busy",
            Self::Corrupt => "corrupt",
            Self::BadRequest => "bad_request",
            Self::Cancelled => "cancelled",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
        }
    }

    /// The kind of a store's error.
    pub fn of(error: &StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } => Self::NotFound,
            StoreError::Denied { .. } | StoreError::ReadOnly { .. } => Self::Denied,
            StoreError::Exists { .. } | StoreError::Changed { .. } => Self::Conflict,
            StoreError::NotAFile { .. }
            | StoreError::NotADirectory { .. }
            | StoreError::IsADirectory { .. } => Self::WrongKind,
            StoreError::NotEmpty { .. } | StoreError::UnfinishedUploads { .. } => Self::NotEmpty,
            StoreError::OutsideRoot { .. }
            | StoreError::LinkInPath { .. }
            | StoreError::Reserved { .. }
            | StoreError::NameTooLong { .. }
            | StoreError::BadName { .. }
            | StoreError::InsideItself { .. } => Self::BadPath,
            StoreError::NoSpace { .. } => Self::NoSpace,
            // A newer session of the same upload has it: seen from here, somebody is at it.
            StoreError::Busy { .. }
            | StoreError::Superseded { .. }
            | StoreError::TooManyOpenFiles { .. } => Self::Busy,
            StoreError::Io { .. } => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_the_wire_and_in_the_program_are_the_same() {
        for word in ["ok", "not_found", "denied", "conflict", "bad_path", "wrong_kind", "no_space"]
            .into_iter()
            .chain(["not_empty", "changed", "busy", "corrupt", "bad_request", "cancelled"])
            .chain(["stopping", "failed"])
        {
            let status: Status = serde_json::from_value(word.into()).unwrap();
            assert_eq!(status.as_str(), word);
        }
    }

    #[test]
    fn a_word_of_a_later_version_is_some_failure() {
        let status: Status = serde_json::from_str("\"on_fire\"").unwrap();
        assert_eq!(status, Status::Failed);
    }
}
