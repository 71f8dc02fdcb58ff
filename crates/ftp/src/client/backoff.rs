//! When to try again, as a value that is fed failures and the time.

use std::time::{Duration, Instant};

use super::{ClientError, Options};
use crate::wire::Status;

/// How often a source that changes while it is read is read anew.
const MAX_CHANGES: u32 = 2;

/// How often content that arrives wrong is fetched anew.
const MAX_CORRUPT: u32 = 2;

/// The tries of one call.
#[derive(Debug)]
pub(super) struct Backoff {
    attempts: u32,
    first_delay: Duration,
    max_delay: Duration,
    give_up_after: Duration,
    since: Instant,
    now: Instant,
    /// Tries without progress.
    made: u32,
    /// All tries anew.
    total: u32,
    changes: u32,
    corrupt: u32,
}

impl Backoff {
    pub(super) fn new(options: &Options, now: Instant) -> Self {
        Self {
            attempts: options.attempts,
            first_delay: options.first_delay,
            max_delay: options.max_delay,
            give_up_after: options.give_up_after,
            since: now,
            now,
            made: 0,
            total: 0,
            changes: 0,
            corrupt: 0,
        }
    }

    /// Content moved: the count begins anew.
    pub(super) fn progressed(&mut self, now: Instant) {
        self.made = 0;
        self.since = now;
    }

    /// How long to wait before the next try; `None` when it is enough.
    pub(super) fn next(&mut self, error: &ClientError, now: Instant) -> Option<Duration> {
        self.now = now;
        self.total += 1;
        let (tries, most) = match error.status() {
            Some(Status::Changed) => (&mut self.changes, MAX_CHANGES),
            Some(Status::Corrupt) => (&mut self.corrupt, MAX_CORRUPT),
            _ => (&mut self.made, self.attempts),
        };
        let doublings = (*tries).min(16);
        *tries += 1;
        let enough = *tries > most;
        let delay = self.max_delay.min(self.first_delay * 2_u32.pow(doublings));
        let in_time = now + delay <= self.since + self.give_up_after;
        (!enough && in_time).then_some(delay)
    }

    /// How many tries were made anew.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// The last error, as the end of all tries.
    pub(super) fn give_up(&self, last: ClientError) -> ClientError {
        // What the content or its source is to blame for speaks for itself.
        if matches!(last.status(), Some(Status::Changed | Status::Corrupt)) {
            return last;
        }
        let after = self.now.saturating_duration_since(self.since);
        ClientError::GaveUp { attempts: self.made, after, last: Box::new(last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Failure;

    fn error(status: Status) -> ClientError {
        ClientError::Remote(Failure::new(status, "x"))
    }

    #[test]
    fn waits_longer_each_time_and_then_no_more() {
        let now = Instant::now();
        let mut backoff = Backoff::new(&Options::default(), now);
        let delays: Vec<_> =
            std::iter::from_fn(|| backoff.next(&error(Status::Busy), now)).collect();
        assert_eq!(delays, [200, 400, 800, 1600, 3200].map(Duration::from_millis));
    }

    #[test]
    fn progress_begins_the_count_anew() {
        let now = Instant::now();
        let mut backoff = Backoff::new(&Options::default().attempts(1), now);
        for _ in 0..10 {
            assert!(backoff.next(&error(Status::Busy), now).is_some());
            backoff.progressed(now);
        }
        assert!(backoff.next(&error(Status::Busy), now).is_some());
        assert!(backoff.next(&error(Status::Busy), now).is_none());
    }

    #[test]
    fn gives_up_when_the_time_is_over() {
        let start = Instant::now();
        let mut backoff = Backoff::new(&Options::default().attempts(1000), start);
        let late = start + Duration::from_secs(60);
        assert_eq!(backoff.next(&error(Status::Busy), late), None);
        let given_up = backoff.give_up(error(Status::Busy));
        assert_eq!(given_up.to_string(), "gave up after 1 tries in 60 s: x");
    }

    #[test]
    fn a_source_that_changes_is_read_anew_twice() {
        let now = Instant::now();
        let mut backoff = Backoff::new(&Options::default(), now);
        let tries = std::iter::from_fn(|| backoff.next(&error(Status::Changed), now)).count();
        assert_eq!(tries, 2);
    }
}
