use std::fmt::{self, Display};
use std::io;
use std::time::Duration;

use crate::{AcceptFailure, Addr, Conn, Counters};

/// What a server asks and tells its owner; each method does nothing unless overridden.
///
/// Hooks are called where things happen, so they must not block. One that panics does not harm the
/// server: a `verify` that does so counts as no.
pub trait Hooks: Send + Sync + 'static {
    /// Whether to serve this peer; it is asked before anything is read from it, and a connection
    /// that is not served is closed.
    fn verify(&self, peer: &Addr) -> bool {
        let _ = peer;
        true
    }

    /// Something happened.
    fn event(&self, event: &Event<'_>) {
        let _ = event;
    }

    /// A handler or an upgrade returned an error.
    fn failure(&self, conn: &Conn, error: &dyn Display) {
        let _ = (conn, error);
    }

    /// A handler or an upgrade panicked, with this message.
    fn panic(&self, conn: &Conn, message: &str) {
        let _ = (conn, message);
    }

    /// The time set by [`tick_every`](crate::StreamServer::tick_every) has passed; called between
    /// two connections, while the server accepts them.
    fn tick(&self, counters: &Counters) {
        let _ = counters;
    }
}

/// The hooks that do nothing.
impl Hooks for () {}

/// What happens in a server.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A connection was accepted, and is a newcomer.
    Accepted(&'a Conn),
    /// A newcomer was admitted.
    Admitted(&'a Conn),
    /// A connection has ended, and its stream is closed.
    Ended {
        /// Which.
        conn: &'a Conn,
        /// In what way.
        ending: Ending,
        /// How long after it was accepted.
        lasted: Duration,
    },
    /// A connection was closed at once, because its source has [penalties](crate::Penalties) to
    /// sit out.
    Barred {
        /// Where it came from.
        peer: &'a Addr,
        /// For how long the source is not served.
        barred_for: Duration,
    },
    /// A connection could not be accepted.
    AcceptFailed {
        /// What the system said.
        error: &'a io::Error,
        /// What that means for the server.
        failure: AcceptFailure,
    },
    /// No more connections are accepted, and the handlers have been told to stop.
    Stopping,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The handler returned `Ok`.
    Served,
    /// The handler returned `Ok` after the server was asked to stop, or there was no handler yet.
    Drained,
    /// The handler returned an error.
    Failed,
    /// The handler or the upgrade panicked.
    Panicked,
    /// The upgrade returned an error.
    UpgradeFailed,
    /// It was not admitted, and the handler returned.
    Refused,
    /// It was dropped as the oldest newcomer.
    Evicted,
    /// It was cut off at a deadline.
    TimedOut(Deadline),
    /// It was cut off because the server stopped.
    Aborted,
}

/// The deadlines of a connection, as set in [`Limits`](crate::Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deadline {
    /// From accepting to admission.
    Admission,
    /// Without progress.
    Idle,
    /// Over all.
    Total,
}

impl Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Served => "served",
            Self::Drained => "drained",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::UpgradeFailed => "upgrade failed",
            Self::Refused => "refused",
            Self::Evicted => "evicted",
            Self::TimedOut(Deadline::Admission) => "not admitted in time",
            Self::TimedOut(Deadline::Idle) => "idle for too long",
            Self::TimedOut(Deadline::Total) => "open for too long",
            Self::Aborted => "aborted",
        })
    }
}
