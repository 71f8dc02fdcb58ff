use std::time::Duration;

use tokio::time::Instant;

use crate::{Deadline, Limits};

/// One connection's deadlines: a value that is told the time and what has moved, and says when it
/// wants to be asked again.
///
/// It needs one timer, which is never reset by reads and writes: progress is a counter that is
/// compared each time the timer goes off.
#[derive(Debug)]
pub(crate) struct Watch {
    limits: Limits,
    started: Instant,
    last_progress: u64,
    last_moved: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The connection may live; ask again then.
    AskAt(Instant),
    /// No deadline is left that could pass.
    NoDeadline,
    /// This one has passed.
    Over(Deadline),
}

impl Watch {
    /// How many times per idle deadline progress is looked at.
    const LOOKS: u32 = 4;

    pub(crate) fn new(limits: Limits, started: Instant) -> Self {
        Self { limits, started, last_progress: 0, last_moved: started }
    }

    pub(crate) fn check(&mut self, now: Instant, progress: u64, admitted: bool) -> Verdict {
        // Idleness is for those who are in: a newcomer's deadline covers all that it does.
        if progress != self.last_progress || !admitted {
            self.last_progress = progress;
            self.last_moved = now;
        }
        let deadlines = [
            self.admission(admitted).map(|at| (at, Deadline::Admission)),
            self.total().map(|at| (at, Deadline::Total)),
            self.idle().map(|at| (at, Deadline::Idle)),
        ];
        if let Some((_, over)) = deadlines.iter().flatten().find(|(at, _)| *at <= now) {
            return Verdict::Over(*over);
        }
        let next = deadlines.iter().flatten().map(|(at, _)| *at).chain(self.next_look(now)).min();
        next.map_or(Verdict::NoDeadline, Verdict::AskAt)
    }

    fn next_look(&self, now: Instant) -> Option<Instant> {
        let deadline = self.limits.idle_deadline?;
        self.idle()?;
        // The timer's own grain: a look that comes sooner would come again and again.
        now.checked_add((deadline / Self::LOOKS).max(Duration::from_millis(1)))
    }

    fn admission(&self, admitted: bool) -> Option<Instant> {
        if admitted {
            return None;
        }
        self.started.checked_add(self.limits.admission_deadline)
    }

    fn total(&self) -> Option<Instant> {
        self.started.checked_add(self.limits.total_deadline?)
    }

    fn idle(&self) -> Option<Instant> {
        self.last_moved.checked_add(self.limits.idle_deadline?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits() -> Limits {
        Limits::default().admission_deadline(10 * SECOND).idle_deadline(120 * SECOND)
    }

    /// Asks as often as the watch wants; progress is made until `moves_until`.
    fn over_after(limits: Limits, admitted: bool, moves_until: Duration) -> (Duration, Deadline) {
        let start = Instant::now();
        let mut watch = Watch::new(limits, start);
        let mut now = start;
        loop {
            let progress = (now - start).min(moves_until).as_millis() as u64;
            match watch.check(now, progress, admitted) {
                Verdict::AskAt(at) => {
                    assert!(at > now, "the watch must not spin");
                    now = at;
                }
                Verdict::Over(deadline) => return (now - start, deadline),
                Verdict::NoDeadline => panic!("a deadline was set"),
            }
        }
    }

    #[test]
    fn a_newcomer_is_cut_off_exactly_at_the_admission_deadline() {
        let over = over_after(limits(), false, 1000 * SECOND);
        assert_eq!(over, (10 * SECOND, Deadline::Admission));
    }

    #[test]
    fn a_newcomer_is_never_idle() {
        let over = over_after(limits().idle_deadline(SECOND), false, Duration::ZERO);
        assert_eq!(over, (10 * SECOND, Deadline::Admission));
    }

    #[test]
    fn a_silent_peer_is_cut_off_exactly_at_the_idle_deadline() {
        let over = over_after(limits(), true, Duration::ZERO);
        assert_eq!(over, (120 * SECOND, Deadline::Idle));
    }

    #[test]
    fn progress_keeps_a_peer_for_one_to_one_and_a_quarter_deadlines() {
        for moved in 1..1000 {
            let moved = moved * SECOND;
            let (after, deadline) = over_after(limits(), true, moved);
            assert_eq!(deadline, Deadline::Idle);
            assert!(after - moved >= 120 * SECOND, "too early: {after:?} for {moved:?}");
            assert!(after - moved <= 150 * SECOND, "too late: {after:?} for {moved:?}");
        }
    }

    #[test]
    fn progress_does_not_prolong_the_total_deadline() {
        let over = over_after(limits().total_deadline(3600 * SECOND), true, 9999 * SECOND);
        assert_eq!(over, (3600 * SECOND, Deadline::Total));
    }

    #[test]
    fn without_deadlines_there_is_nothing_to_ask() {
        let mut watch = Watch::new(limits().idle_deadline(None), Instant::now());
        assert_eq!(watch.check(Instant::now(), 0, true), Verdict::NoDeadline);
    }

    #[test]
    fn deadlines_beyond_the_clock_and_of_zero_neither_panic_nor_spin() {
        let now = Instant::now();
        let endless = limits().idle_deadline(Duration::MAX).admission_deadline(Duration::MAX);
        assert_eq!(Watch::new(endless, now).check(now, 0, false), Verdict::NoDeadline);
        let over = over_after(limits().idle_deadline(Duration::ZERO), true, Duration::ZERO);
        assert_eq!(over, (Duration::ZERO, Deadline::Idle));
    }
}
