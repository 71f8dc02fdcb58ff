//! When a command is asked to end, killed, and given up waiting for: decided over a clock that is
//! an argument.

use std::time::Duration;

use tokio::time::Instant;

use crate::wire::EndedBy;

/// The course of one command.
#[derive(Debug)]
pub(crate) struct Course {
    kill_grace: Duration,
    pipe_grace: Duration,
    phase: Phase,
    ended_by: Option<EndedBy>,
}

/// What it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It runs, and its time may be up at some time.
    Running { until: Option<Instant> },
    /// It was asked to end, and is killed if it does not.
    Asked { kill_at: Instant },
    /// It was killed.
    Killed,
    /// Its first process has ended; its output is waited for that long.
    Exited { cut_at: Instant },
    /// Of its output only what is there already is waited for.
    Cut,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Ask all of its processes to end.
    Ask,
    /// Kill all of them.
    Kill,
    /// Take what output is there already, and no more.
    Cut,
}

impl Course {
    pub(crate) fn new(
        now: Instant,
        max_run: Option<Duration>,
        kill_grace: Duration,
        pipe_grace: Duration,
    ) -> Self {
        // A limit beyond what the clock can tell is none.
        let until = max_run.and_then(|limit| now.checked_add(limit));
        Self { kill_grace, pipe_grace, phase: Phase::Running { until }, ended_by: None }
    }

    /// Why it was ended, if it was.
    pub(crate) fn ended_by(&self) -> Option<EndedBy> {
        self.ended_by
    }

    /// It is to be ended; the first reason stays.
    pub(crate) fn end(&mut self, now: Instant, reason: EndedBy) -> Option<Due> {
        match self.phase {
            Phase::Running { .. } => {
                self.ended_by.get_or_insert(reason);
                self.phase = Phase::Asked { kill_at: now + self.kill_grace };
                Some(Due::Ask)
            }
            // What holds its output is ended with it, and is not waited for.
            Phase::Exited { .. } => {
                self.ended_by.get_or_insert(reason);
                self.phase = Phase::Cut;
                Some(Due::Cut)
            }
            Phase::Asked { .. } | Phase::Killed | Phase::Cut => None,
        }
    }

    /// Its first process has ended.
    pub(crate) fn exited(&mut self, now: Instant) {
        self.phase = Phase::Exited { cut_at: now + self.pipe_grace };
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Option<Instant> {
        match self.phase {
            Phase::Running { until } => until,
            Phase::Asked { kill_at } => Some(kill_at),
            Phase::Exited { cut_at } => Some(cut_at),
            Phase::Killed | Phase::Cut => None,
        }
    }

    /// What is to be done at this time.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Due> {
        if self.next().is_none_or(|at| now < at) {
            return None;
        }
        match self.phase {
            Phase::Running { .. } => self.end(now, EndedBy::Time),
            Phase::Asked { .. } => {
                self.phase = Phase::Killed;
                Some(Due::Kill)
            }
            Phase::Exited { .. } => {
                self.phase = Phase::Cut;
                Some(Due::Cut)
            }
            Phase::Killed | Phase::Cut => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn course(now: Instant, max_run: Option<Duration>) -> Course {
        Course::new(now, max_run, SECOND, 2 * SECOND)
    }

    #[test]
    fn is_asked_when_its_time_is_up_and_killed_after_a_grace() {
        let now = Instant::now();
        let mut course = course(now, Some(5 * SECOND));
        assert_eq!(course.next(), Some(now + 5 * SECOND));
        assert_eq!(course.due(now + 4 * SECOND), None);
        assert_eq!(course.due(now + 5 * SECOND), Some(Due::Ask));
        assert_eq!(course.due(now + 5 * SECOND), None);
        assert_eq!(course.end(now + 5 * SECOND, EndedBy::Cancel), None);
        assert_eq!(course.due(now + 6 * SECOND), Some(Due::Kill));
        assert_eq!((course.next(), course.due(now + 60 * SECOND)), (None, None));
        assert_eq!(course.ended_by(), Some(EndedBy::Time));
    }

    #[test]
    fn its_output_is_waited_for_a_while_after_its_exit() {
        let now = Instant::now();
        let mut course = course(now, None);
        assert_eq!(course.next(), None);
        course.exited(now + SECOND);
        assert_eq!(course.due(now + 2 * SECOND), None);
        assert_eq!(course.due(now + 3 * SECOND), Some(Due::Cut));
        assert_eq!((course.next(), course.ended_by()), (None, None));
    }

    #[test]
    fn a_cancel_after_its_exit_ends_the_wait() {
        let now = Instant::now();
        let mut course = course(now, None);
        course.exited(now);
        assert_eq!(course.end(now, EndedBy::Cancel), Some(Due::Cut));
        assert_eq!(course.end(now, EndedBy::Cancel), None);
    }

    #[test]
    fn a_limit_beyond_the_clock_is_none() {
        assert_eq!(course(Instant::now(), Some(Duration::MAX)).next(), None);
    }
}
