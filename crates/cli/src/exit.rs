//! How a program ends: one map from what went wrong to the exit code.

use std::process::ExitCode;

use ftp::{ClassicError, ClientError, Status, StoreError};
use identity::TlsError;

use crate::peer::tls_error;

/// The ways a program can end, the same for every program of Seam where it has no remote command's
/// status to pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked for is done.
    Done = 0,
    /// Something failed that has no code of its own.
    Failed = 1,
    /// The command cannot be understood.
    Usage = 2,
    /// A file or directory is not there.
    NotFound = 3,
    /// The server or the system does not permit it.
    Denied = 4,
    /// Something is there already, or is no longer what it was.
    Conflict = 5,
    /// No server of ours answers, or the connection was lost for good.
    CannotConnect = 6,
    /// What arrived is not what was sent.
    ContentWrong = 7,
    /// It was ended by Ctrl-C or by a signal.
    Interrupted = 130,
    /// A remote command could not be run, or its output did not come whole. All other codes of a
    /// program that runs remote commands are the commands' own.
    NotRun = 255,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The word that `--json` uses where a server gave none.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::Denied => "denied",
            Self::Conflict => "conflict",
            Self::CannotConnect => "cannot_connect",
            Self::ContentWrong => "corrupt",
            Self::Interrupted => "interrupted",
            Self::NotRun => "not_run",
        }
    }

    /// Keeps the worse of the two: several things were tried, and one of them ended with `next`.
    pub(crate) fn and(&mut self, next: Self) {
        if next.severity() > self.severity() {
            *self = next;
        }
    }

    /// Of several failures the worst one counts: first whether the whole was broken off, then what
    /// more of the same command will not mend. What has no code of its own tells least.
    const fn severity(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Conflict => 3,
            Self::NotFound => 4,
            Self::Denied => 5,
            Self::ContentWrong => 6,
            Self::CannotConnect => 7,
            Self::NotRun => 8,
            Self::Interrupted => 9,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<Status> for Exit {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Done,
            Status::NotFound => Self::NotFound,
            Status::Denied | Status::BadPath => Self::Denied,
            Status::Conflict => Self::Conflict,
            Status::Corrupt => Self::ContentWrong,
            Status::Cancelled => Self::Interrupted,
            _ => Self::Failed,
        }
    }
}

impl From<&StoreError> for Exit {
    fn from(error: &StoreError) -> Self {
        Status::of(error).into()
    }
}

impl From<&ClientError> for Exit {
    fn from(error: &ClientError) -> Self {
        match error {
            ClientError::Connect { source, .. } => match tls_error(source) {
                Some(
                    TlsError::UnknownServer { .. }
                    | TlsError::WrongServer { .. }
                    | TlsError::Distrusted,
                ) => Self::Denied,
                _ => Self::CannotConnect,
            },
            ClientError::Lost { .. } | ClientError::Stranger { .. } => Self::CannotConnect,
            ClientError::Refused { code, .. } if code == "denied" => Self::Denied,
            ClientError::Refused { .. } => Self::CannotConnect,
            ClientError::Corrupt { .. } => Self::ContentWrong,
            ClientError::GaveUp { last, .. } => Self::from(last.as_ref()),
            other => other.status().map_or(Self::Failed, Self::from),
        }
    }
}

impl From<&ClassicError> for Exit {
    fn from(error: &ClassicError) -> Self {
        match error {
            ClassicError::Io(_) | ClassicError::Closed | ClassicError::Stalled { .. } => {
                Self::CannotConnect
            }
            ClassicError::NotFound { .. } => Self::NotFound,
            ClassicError::Corrupt { .. } => Self::ContentWrong,
            ClassicError::Path(_) | ClassicError::CommandTooLong { .. } => Self::Usage,
            ClassicError::Store(error) => Self::from(error),
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use ftp::Failure;

    use super::*;

    #[test]
    fn every_failure_of_a_transfer_has_its_code() {
        let peer = || "127.0.0.1:8484".to_owned();
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let remote = |status| ClientError::Remote(Failure::new(status, "said the server"));
        let cases = [
            (ClientError::Connect { peer: peer(), source: refused() }, 6),
            (ClientError::Stranger { peer: peer(), found: "SSH-2.0".into() }, 6),
            (remote(Status::NotFound), 3),
            (remote(Status::Denied), 4),
            (remote(Status::Conflict), 5),
            (remote(Status::NoSpace), 1),
            (remote(Status::Corrupt), 7),
        ];
        for (error, code) in cases {
            assert_eq!(Exit::from(&error).code(), code, "{error:?}");
            let last = Box::new(error);
            assert_eq!(
                Exit::from(&ClientError::GaveUp { attempts: 5, after: Duration::ZERO, last })
                    .code(),
                code
            );
        }
    }

    #[test]
    fn the_worst_failure_of_several_counts_whichever_came_first() {
        let from_least = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Conflict,
            Exit::NotFound,
            Exit::Denied,
            Exit::ContentWrong,
            Exit::CannotConnect,
            Exit::Interrupted,
        ];
        for (at, worse) in from_least.into_iter().enumerate() {
            for better in from_least[..at].iter().copied() {
                for (mut exit, next) in [(better, worse), (worse, better)] {
                    exit.and(next);
                    assert_eq!(exit, worse, "{better:?} and {worse:?}");
                }
            }
        }
    }
}
