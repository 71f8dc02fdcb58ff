use std::fmt;

use crate::Ending;

/// What a server has done, connection by connection.
///
/// Every accepted connection is counted in exactly one of the other fields when it has ended. It
/// prints as one line of what is not zero: `12 accepted: 10 served, 2 drained`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Connections that were accepted.
    pub accepted: u64,
    /// The handler returned `Ok` before the server was asked to stop.
    pub served: u64,
    /// It returned `Ok` after that, in time.
    pub drained: u64,
    /// The handler returned an error.
    pub failed: u64,
    /// The handler or the upgrade panicked.
    pub panicked: u64,
    /// The verify hook said no.
    pub rejected: u64,
    /// Not served, because its source has [penalties](crate::Penalties) to sit out.
    pub barred: u64,
    /// The upgrade returned an error.
    pub upgrade_failed: u64,
    /// Admission was refused, because there were as many peers as allowed.
    pub refused: u64,
    /// Dropped as the oldest newcomer, to make room for another one.
    pub evicted: u64,
    /// Cut off at the admission, idle or total deadline.
    pub timed_out: u64,
    /// Cut off at the drain deadline, or still running after it because the handler blocked.
    pub aborted: u64,
}

impl Report {
    pub(crate) fn record(&mut self, ending: Ending) {
        let count = match ending {
            Ending::Served => &mut self.served,
            Ending::Drained => &mut self.drained,
            Ending::Failed => &mut self.failed,
            Ending::Panicked => &mut self.panicked,
            Ending::UpgradeFailed => &mut self.upgrade_failed,
            Ending::Refused => &mut self.refused,
            Ending::Evicted => &mut self.evicted,
            Ending::TimedOut(_) => &mut self.timed_out,
            Ending::Aborted => &mut self.aborted,
        };
        *count += 1;
    }

    /// Connections that have ended, in whatever way.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.endings().iter().map(|(count, _)| count).sum()
    }

    fn endings(&self) -> [(u64, &'static str); 11] {
        [
            (self.served, "served"),
            (self.drained, "drained"),
            (self.failed, "failed"),
            (self.panicked, "panicked"),
            (self.rejected, "rejected"),
            (self.barred, "barred"),
            (self.upgrade_failed, "upgrade failed"),
            (self.refused, "refused"),
            (self.evicted, "evicted"),
            (self.timed_out, "timed out"),
            (self.aborted, "aborted"),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} accepted", self.accepted)?;
        write_counts(f, ": ", &self.endings())
    }
}

/// Writes what is not zero, with commas between.
pub(crate) fn write_counts(
    f: &mut fmt::Formatter<'_>,
    mut separator: &str,
    counts: &[(u64, &str)],
) -> fmt::Result {
    for (count, name) in counts.iter().filter(|(count, _)| *count > 0) {
        write!(f, "{separator}{count} {name}")?;
        separator = ", ";
    }
    Ok(())
}

/// A running server at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Connections that are not admitted yet.
    pub newcomers: usize,
    /// Connections that are.
    pub admitted: usize,
    /// What has been done until now.
    pub so_far: Report,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deadline;

    #[test]
    fn every_ending_is_counted_once_and_printed() {
        let mut report = Report { accepted: 11, rejected: 1, barred: 1, ..Report::default() };
        for ending in [
            Ending::Served,
            Ending::Drained,
            Ending::Failed,
            Ending::Panicked,
            Ending::UpgradeFailed,
            Ending::Refused,
            Ending::Evicted,
            Ending::TimedOut(Deadline::Idle),
            Ending::Aborted,
        ] {
            report.record(ending);
        }
        assert_eq!(report.ended(), report.accepted);
        assert_eq!(
            report.to_string(),
            "11 accepted: 1 served, 1 drained, 1 failed, 1 panicked, 1 rejected, \
             1 barred, 1 upgrade failed, 1 refused, 1 evicted, 1 timed out, 1 aborted"
        );
        assert_eq!(Report::default().to_string(), "0 accepted");
    }
}
