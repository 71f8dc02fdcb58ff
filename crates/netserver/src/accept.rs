use std::io;
use std::time::Duration;

/// What a failed `accept` means for the server.
///
/// Many servers end or spin at the first `EMFILE`, or end because one client hung up while it
/// was still in the queue. This is the table that keeps ours from both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptFailure {
    /// That one connection came to nothing; the next `accept` may succeed at once.
    Transient,
    /// The process or the system is out of descriptors or memory: wait until some are freed.
    Exhausted,
    /// The listener itself is broken, and trying again would not mend it.
    Fatal,
}

impl AcceptFailure {
    /// Sorts an error of `accept`.
    ///
    /// Linux hands network errors of the new connection to `accept`; its manual asks that they be
    /// treated like `EAGAIN`, and adds `EPERM` for a firewall that forbids the connection.
    ///
    /// ```
    /// use netserver::AcceptFailure;
    /// use std::io;
    ///
    /// let hung_up = io::Error::from(io::ErrorKind::ConnectionAborted);
    /// assert_eq!(AcceptFailure::classify(&hung_up), AcceptFailure::Transient);
    /// ```
    #[must_use]
    pub fn classify(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionAborted
            | Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::Interrupted
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::TimedOut
            | Kind::WouldBlock => Self::Transient,
            Kind::OutOfMemory => Self::Exhausted,
            _ => classify_code(error).unwrap_or(Self::Fatal),
        }
    }
}

/// The errors for which the standard library has no kind, or one that says too little.
#[cfg(unix)]
fn classify_code(error: &io::Error) -> Option<AcceptFailure> {
    use rustix::io::Errno;

    #[cfg(any(target_os = "linux", target_os = "android"))]
    if Errno::from_io_error(error) == Some(Errno::NONET) {
        return Some(AcceptFailure::Transient);
    }
    match Errno::from_io_error(error)? {
        Errno::PROTO | Errno::NOPROTOOPT | Errno::HOSTDOWN | Errno::OPNOTSUPP | Errno::PERM => {
            Some(AcceptFailure::Transient)
        }
        Errno::MFILE | Errno::NFILE | Errno::NOBUFS => Some(AcceptFailure::Exhausted),
        _ => None,
    }
}

#[cfg(windows)]
fn classify_code(error: &io::Error) -> Option<AcceptFailure> {
    const WSAEMFILE: i32 = 10024;
    const WSAENOBUFS: i32 = 10055;
    match error.raw_os_error()? {
        WSAEMFILE | WSAENOBUFS => Some(AcceptFailure::Exhausted),
        _ => None,
    }
}

#[cfg(not(any(unix, windows)))]
fn classify_code(_error: &io::Error) -> Option<AcceptFailure> {
    None
}

/// How long to wait after failures in a row: a value that is told what happened.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    transient_in_a_row: u32,
    exhausted_in_a_row: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(5);
    const LAST: Duration = Duration::from_secs(1);
    /// "Transient" failures beyond this many without a success are not believed any more, for a
    /// loop that retries them at once would take a whole core.
    const PATIENCE: u32 = 64;

    /// A connection was accepted.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// `accept` failed: the wait before the next try, or `None` if there is no sense in one.
    pub(crate) fn failed(&mut self, failure: AcceptFailure) -> Option<Duration> {
        match failure {
            AcceptFailure::Fatal => None,
            AcceptFailure::Transient if self.transient_in_a_row < Self::PATIENCE => {
                self.transient_in_a_row += 1;
                Some(Duration::ZERO)
            }
            AcceptFailure::Transient | AcceptFailure::Exhausted => {
                let wait = Self::FIRST * 2_u32.saturating_pow(self.exhausted_in_a_row.min(16));
                self.exhausted_in_a_row += 1;
                Some(wait.min(Self::LAST))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn every_errno_of_accept_has_its_place() {
        use AcceptFailure::{Exhausted, Fatal, Transient};
        use rustix::io::Errno;

        let table = [
            (Errno::CONNABORTED, Transient),
            (Errno::INTR, Transient),
            (Errno::CONNRESET, Transient),
            (Errno::AGAIN, Transient),
            (Errno::PROTO, Transient),
            (Errno::NOPROTOOPT, Transient),
            (Errno::NETDOWN, Transient),
            (Errno::NETUNREACH, Transient),
            (Errno::HOSTDOWN, Transient),
            (Errno::HOSTUNREACH, Transient),
            (Errno::OPNOTSUPP, Transient),
            (Errno::TIMEDOUT, Transient),
            (Errno::PERM, Transient),
            #[cfg(target_os = "linux")]
            (Errno::NONET, Transient),
            (Errno::MFILE, Exhausted),
            (Errno::NFILE, Exhausted),
            (Errno::NOBUFS, Exhausted),
            (Errno::NOMEM, Exhausted),
            (Errno::BADF, Fatal),
            (Errno::INVAL, Fatal),
            (Errno::NOTSOCK, Fatal),
            (Errno::FAULT, Fatal),
            (Errno::ACCESS, Fatal),
        ];
        for (errno, expected) in table {
            assert_eq!(AcceptFailure::classify(&errno.into()), expected, "{errno:?}");
        }
    }

    #[test]
    fn errors_without_a_code_are_sorted_by_their_kind() {
        let classify = |kind: io::ErrorKind| AcceptFailure::classify(&kind.into());
        assert_eq!(classify(io::ErrorKind::ConnectionReset), AcceptFailure::Transient);
        assert_eq!(classify(io::ErrorKind::OutOfMemory), AcceptFailure::Exhausted);
        assert_eq!(classify(io::ErrorKind::Other), AcceptFailure::Fatal);
    }

    #[test]
    fn exhaustion_waits_5_ms_doubling_to_a_second() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..10)
            .map(|_| backoff.failed(AcceptFailure::Exhausted).unwrap().as_millis())
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.succeeded();
        assert_eq!(backoff.failed(AcceptFailure::Exhausted), Some(Duration::from_millis(5)));
    }

    #[test]
    fn transient_failures_are_retried_at_once_but_not_for_ever() {
        let mut backoff = Backoff::default();
        for _ in 0..Backoff::PATIENCE {
            assert_eq!(backoff.failed(AcceptFailure::Transient), Some(Duration::ZERO));
        }
        assert_eq!(backoff.failed(AcceptFailure::Transient), Some(Backoff::FIRST));
        assert_eq!(backoff.failed(AcceptFailure::Fatal), None);
    }
}
