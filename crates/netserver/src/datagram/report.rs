use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::report::write_counts;

/// What a datagram server has done, datagram by datagram.
///
/// Every datagram that was received is counted in exactly one of the fields from `served` to
/// `aborted` when it has been dealt with; what was sent, asked for or not, and what the socket
/// reported instead of a datagram is counted beside that. It prints as one line of what is not
/// zero: `12 received: 10 served, 2 dropped; 10 sent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatagramReport {
    /// Datagrams that were received.
    pub received: u64,
    /// The handler returned `Ok` before the server was asked to stop.
    pub served: u64,
    /// It returned `Ok` after that, in time.
    pub drained: u64,
    /// The handler returned an error.
    pub failed: u64,
    /// The handler panicked.
    pub panicked: u64,
    /// The verify hook said no.
    pub rejected: u64,
    /// Its source has sent more than the rate limit allows.
    pub limited: u64,
    /// It was longer than handlers take.
    pub oversized: u64,
    /// The queue to the handlers was full.
    pub dropped: u64,
    /// Cut off at the drain deadline, or still running after it because the handler blocked.
    pub aborted: u64,
    /// Datagrams that were handed to the system.
    pub sent: u64,
    /// Datagrams that were not, because the queue was full or the system said no.
    pub unsent: u64,
    /// Errors of the socket that were got over.
    pub receive_errors: u64,
}

impl DatagramReport {
    /// Datagrams that have been dealt with, in whatever way.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.endings().iter().map(|(count, _)| count).sum()
    }

    fn endings(&self) -> [(u64, &'static str); 9] {
        [
            (self.served, "served"),
            (self.drained, "drained"),
            (self.failed, "failed"),
            (self.panicked, "panicked"),
            (self.rejected, "rejected"),
            (self.limited, "limited"),
            (self.oversized, "oversized"),
            (self.dropped, "dropped"),
            (self.aborted, "aborted"),
        ]
    }
}

impl fmt::Display for DatagramReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} received", self.received)?;
        write_counts(f, ": ", &self.endings())?;
        let sending = [
            (self.sent, "sent"),
            (self.unsent, "unsent"),
            (self.receive_errors, "errors of the socket"),
        ];
        write_counts(f, "; ", &sending)
    }
}

/// A running datagram server at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatagramCounters {
    /// Datagrams that wait for a handler or have one.
    pub in_progress: u64,
    /// What has been done until now.
    pub so_far: DatagramReport,
}

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Served,
    Drained,
    Failed,
    Panicked,
    Rejected,
    Limited,
    Oversized,
    Dropped,
}

/// The counts while they grow. They are independent of each other, so that relaxed additions do.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) received: AtomicU64,
    fates: [AtomicU64; 8],
    pub(crate) sent: AtomicU64,
    pub(crate) unsent: AtomicU64,
    pub(crate) receive_errors: AtomicU64,
}

impl Tally {
    pub(crate) fn record(&self, fate: Fate) {
        self.fates[fate as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn report(&self) -> DatagramReport {
        let fate = |fate: Fate| self.fates[fate as usize].load(Ordering::Relaxed);
        let mut report = DatagramReport {
            served: fate(Fate::Served),
            drained: fate(Fate::Drained),
            failed: fate(Fate::Failed),
            panicked: fate(Fate::Panicked),
            rejected: fate(Fate::Rejected),
            limited: fate(Fate::Limited),
            oversized: fate(Fate::Oversized),
            dropped: fate(Fate::Dropped),
            sent: self.sent.load(Ordering::Relaxed),
            unsent: self.unsent.load(Ordering::Relaxed),
            receive_errors: self.receive_errors.load(Ordering::Relaxed),
            ..DatagramReport::default()
        };
        // Read last, and what is dealt with meanwhile was received before.
        report.received = self.received.load(Ordering::Relaxed).max(report.ended());
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fate_is_counted_once_and_printed() {
        let tally = Tally::default();
        for fate in [
            Fate::Served,
            Fate::Drained,
            Fate::Failed,
            Fate::Panicked,
            Fate::Rejected,
            Fate::Limited,
            Fate::Oversized,
            Fate::Dropped,
        ] {
            tally.received.fetch_add(1, Ordering::Relaxed);
            tally.record(fate);
        }
        let mut report = tally.report();
        assert_eq!(report.ended(), report.received);
        report.aborted = 2;
        report.sent = 3;
        assert_eq!(
            report.to_string(),
            "8 received: 1 served, 1 drained, 1 failed, 1 panicked, 1 rejected, 1 limited, \
             1 oversized, 1 dropped, 2 aborted; 3 sent"
        );
        assert_eq!(DatagramReport::default().to_string(), "0 received");
        let silent = DatagramReport { received: 1, served: 1, ..DatagramReport::default() };
        assert_eq!(silent.to_string(), "1 received: 1 served");
    }
}
