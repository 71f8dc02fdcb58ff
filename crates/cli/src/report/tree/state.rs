//! What is known of a tree under way, over all passes; pure.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use ftp::{Kind, Outcome, RemotePath, Status, safe};

use super::census::Census;
use super::tally::TreeTally;
use crate::exit::Exit;
use crate::problem::Problem;

/// How many failures are named; the rest are counted.
pub(super) const MAX_PROBLEMS: usize = 100;

/// How many skipped entries are named.
pub(super) const MAX_SKIPPED: usize = 10;

/// How many of the names that would be deleted are kept to be shown.
const MAX_DOOMED: usize = 5;

/// How many names may wait for a decision. More than that are failures at once.
const MAX_HELD: usize = 100_000;

/// How many files that move are remembered, the newest last.
const MAX_MOVING: usize = 16;

/// Why the tree is gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// To make the target like the source.
    First,
    /// To do what was decided since: what is right by now was counted before.
    Again,
    /// Only to find out what is to be deleted.
    Plan,
}

/// What becomes of an entry whose name is taken by something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It fails.
    Fails,
    /// It is left out.
    IsLeft,
    /// It waits for a decision.
    Waits,
}

/// The counts and names of one tree.
#[derive(Debug)]
pub(super) struct State {
    pass: Pass,
    taken: Taken,
    pub(super) tally: TreeTally,
    pub(super) census: Census,
    /// How long the passes took; the time in which the user was asked is not theirs.
    pub(super) elapsed: Duration,
    /// Content that came or went, in all passes.
    pub(super) moved: u64,
    /// Large files that move, the newest last.
    pub(super) moving: Vec<(RemotePath, u64)>,
    pub(super) held: Vec<RemotePath>,
    pub(super) settled: HashSet<RemotePath>,
    pub(super) doomed: (u64, Vec<String>),
    /// The worst failure so far.
    pub(super) exit: Exit,
    /// The first failures.
    pub(super) problems: Vec<Problem>,
    /// How many of the failures are names that are taken.
    pub(super) conflicts: u64,
    /// The first skipped entries, with their reasons.
    pub(super) skipped: Vec<String>,
    /// Lines that wait to be printed above the bar.
    pub(super) pending: Vec<String>,
}

impl State {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            pass: Pass::First,
            taken: Taken::Fails,
            tally: TreeTally::new(now),
            census: Census::default(),
            elapsed: Duration::ZERO,
            moved: 0,
            moving: Vec::new(),
            held: Vec::new(),
            settled: HashSet::new(),
            doomed: Default::default(),
            exit: Exit::Done,
            problems: Vec::new(),
            conflicts: 0,
            skipped: Vec::new(),
            pending: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, pass: Pass, taken: Taken, now: Instant) {
        (self.pass, self.taken) = (pass, taken);
        self.tally = TreeTally::new(now);
        self.moving.clear();
    }

    pub(super) fn advance(&mut self, bytes: u64, now: Instant) {
        self.moved = self.moved.saturating_add(bytes);
        self.tally.bytes.advance(bytes, now);
    }

    /// The content of a large file begins to move.
    pub(super) fn moves(&mut self, path: &RemotePath, size: u64) {
        if self.moving.len() == MAX_MOVING {
            self.moving.remove(0);
        }
        self.moving.push((path.clone(), size));
    }

    /// Counts what became of an entry; gives it back as it is to be told, if it is.
    pub(super) fn settle<'a>(
        &mut self,
        path: &RemotePath,
        kind: Kind,
        size: u64,
        outcome: &'a Outcome,
        reused: u64,
    ) -> Option<Cow<'a, Outcome>> {
        self.moving.retain(|(moving, _)| moving != path);
        if kind == Kind::File && *outcome != Outcome::Deleted {
            self.tally.settle();
        }
        if self.pass == Pass::Plan {
            self.plan(path, kind, outcome);
            return None;
        }
        let told_before = matches!(outcome, Outcome::Unchanged | Outcome::Skipped(_));
        if self.pass == Pass::Again && told_before && !self.is_ours(path, outcome) {
            return None;
        }
        let outcome = self.decide(path, outcome)?;
        self.census.count(kind, size, &outcome);
        self.census.reused = self.census.reused.saturating_add(reused);
        if let Outcome::KeptAs(new) = &*outcome {
            self.settled.extend([path.clone(), new.clone()]);
        }
        Some(outcome)
    }

    /// Whether the program itself left the entry out, just now.
    fn is_ours(&self, path: &RemotePath, outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Skipped(_)) && self.settled.contains(path)
    }

    /// A name that is taken fails, waits or is left out; all else is as it is.
    fn decide<'a>(&mut self, path: &RemotePath, outcome: &'a Outcome) -> Option<Cow<'a, Outcome>> {
        let taken = outcome.failure().is_some_and(|failure| failure.status == Status::Conflict);
        match self.taken {
            Taken::Waits if taken && self.held.len() < MAX_HELD => {
                self.held.push(path.clone());
                None
            }
            Taken::IsLeft if taken => {
                self.settled.insert(path.clone());
                Some(Cow::Owned(Outcome::Skipped("the name is taken".into())))
            }
            _ => {
                self.conflicts += u64::from(taken);
                Some(Cow::Borrowed(outcome))
            }
        }
    }

    fn plan(&mut self, path: &RemotePath, kind: Kind, outcome: &Outcome) {
        if *outcome == Outcome::Deleted {
            self.doomed.0 += 1;
            if self.doomed.1.len() < MAX_DOOMED {
                let mark = if kind == Kind::Directory { "/" } else { "" };
                self.doomed.1.push(format!("{}{mark}", safe(path.as_bytes())));
            }
        }
    }

    /// Remembers a failure, as far as there is room.
    pub(super) fn fail(&mut self, exit: Exit, problem: impl FnOnce() -> Problem) {
        self.exit.and(exit);
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem());
        }
    }

    /// Remembers what was skipped, as far as there is room.
    pub(super) fn skip(&mut self, line: impl FnOnce() -> String) {
        if self.skipped.len() < MAX_SKIPPED {
            self.skipped.push(line());
        }
    }
}

#[cfg(test)]
mod tests {
    use ftp::Failure;

    use super::*;

    fn path(path: &str) -> RemotePath {
        RemotePath::parse(path).unwrap()
    }

    fn taken() -> Outcome {
        Outcome::Failed(Failure::new(Status::Conflict, "it is there already"))
    }

    #[test]
    fn a_name_that_is_taken_fails_waits_or_is_left() {
        let now = Instant::now();
        for (taken_names, waits, told) in [
            (Taken::Fails, 0, Some("failed")),
            (Taken::Waits, 1, None),
            (Taken::IsLeft, 0, Some("skipped")),
        ] {
            let mut state = State::new(now);
            state.begin(Pass::First, taken_names, now);
            let outcome = taken();
            let settled = state.settle(&path("a"), Kind::File, 1, &outcome, 0);
            let word = settled.as_deref().map(super::super::words::word);
            assert_eq!((state.held.len(), word), (waits, told), "{taken_names:?}");
        }
    }

    #[test]
    fn a_later_pass_counts_only_what_it_did() {
        let now = Instant::now();
        let mut state = State::new(now);
        for (pass, outcome) in [
            (Pass::First, Outcome::Unchanged),
            (Pass::Again, Outcome::Unchanged),
            (Pass::Again, Outcome::Updated),
            (Pass::Plan, Outcome::Updated),
            (Pass::Plan, Outcome::Deleted),
        ] {
            state.begin(pass, Taken::Fails, now);
            state.settle(&path("a"), Kind::File, 1, &outcome, 0);
        }
        let expected = Census { unchanged: 1, updated: 1, bytes: 1, ..Census::default() };
        assert_eq!(state.census, expected);
        assert_eq!(state.doomed, (1, vec!["a".to_owned()]));
    }

    #[test]
    fn failures_without_end_are_counted_and_only_the_first_are_kept() {
        let mut state = State::new(Instant::now());
        for _ in 0..MAX_PROBLEMS + 5 {
            state.fail(Exit::Denied, || Problem::new(Exit::Denied, "no"));
        }
        assert_eq!((state.problems.len(), state.exit), (MAX_PROBLEMS, Exit::Denied));
    }
}
