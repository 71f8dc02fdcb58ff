//! A whole tree under way, from its beginning to the lines that tell its end.

mod census;
mod state;
mod tally;
mod words;

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ftp::{Kind, Outcome, RemotePath, TreeEvent, TreeObserver, TreeSummary, safe};
use tokio_util::sync::CancellationToken;

pub(crate) use self::census::Census;
use self::state::{MAX_PROBLEMS, MAX_SKIPPED, State};
pub(crate) use self::state::{Pass, Taken};
use super::bar::Bar;
use super::json::{Event, Item, ItemFailure, Name, NewName};
use super::tally::lay_out;
use super::transfer::{broken_off, watched};
use super::{Report, text};
use crate::exit::Exit;
use crate::problem::Problem;

/// How many lines wait for the bar to be drawn anew before they are printed at once.
const MAX_PENDING: usize = 256;

/// What a tree is called.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) command: &'static str,
    /// Its root on the server.
    pub(crate) remote: RemotePath,
    /// What stands in front of the names in it, without a slash; nothing for the contents of where
    /// the user stands.
    pub(crate) prefix: String,
    /// The whole, with the place it goes to if that is not obvious.
    pub(crate) title: String,
    /// Its local side, for programs.
    pub(crate) local: Option<String>,
    /// Its number among several things, and their count.
    pub(crate) place: (usize, usize),
    /// What the user does to go on after an interruption.
    pub(crate) again: String,
}

/// Watches one tree and shows it.
pub(crate) struct TreeProgress<'a> {
    report: &'a Report,
    subject: Subject,
    /// What stands beside the bar.
    label: String,
    dry_run: bool,
    state: Mutex<State>,
    bar: Bar,
}

impl<'a> TreeProgress<'a> {
    pub(crate) fn new(report: &'a Report, subject: Subject, dry_run: bool) -> Self {
        let name = match subject.remote.file_name() {
            Some(name) => safe(name).to_string(),
            None => subject.title.clone(),
        };
        let label = match subject.place {
            (_, 0 | 1) => name,
            (number, count) => format!("{number}/{count} {name}"),
        };
        let state = Mutex::new(State::new(Instant::now()));
        Self { report, subject, label, dry_run, state, bar: Bar::new() }
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The tree is gone through, for the first time or once more.
    pub(crate) fn begin(&self, pass: Pass, taken: Taken) {
        self.state().begin(pass, taken, Instant::now());
    }

    /// Runs a pass, showing how far it is, until it ends or is interrupted.
    pub(crate) async fn watch<T>(
        &self,
        transfer: impl Future<Output = T>,
        interrupt: &CancellationToken,
    ) -> Result<T, Problem> {
        let began = Instant::now();
        let ended = watched(self.report, transfer, interrupt, || self.show()).await;
        self.state().elapsed += began.elapsed();
        self.print_pending();
        self.bar.clear();
        ended.ok_or_else(|| self.interrupted())
    }

    /// The names that are taken by something else and wait for a decision.
    pub(crate) fn take_held(&self) -> Vec<RemotePath> {
        std::mem::take(&mut self.state().held)
    }

    /// Those that were left to what has them, and the names of those that are beside them now.
    pub(crate) fn take_settled(&self) -> HashSet<RemotePath> {
        std::mem::take(&mut self.state().settled)
    }

    /// What would be deleted: how many, and the first names.
    pub(crate) fn take_doomed(&self) -> (u64, Vec<String>) {
        std::mem::take(&mut self.state().doomed)
    }

    /// Whether something failed so far.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().census.failed > 0
    }

    /// A name that was held is left to what has it.
    pub(crate) fn leave(&self, path: &RemotePath) {
        let skipped = Outcome::Skipped("the name is taken".into());
        self.state().settled.insert(path.clone());
        self.settle(path, Kind::File, 0, (&skipped, 0, 0));
    }

    /// The name of something in the tree, as it is shown.
    pub(crate) fn shown(&self, path: &RemotePath) -> String {
        let prefix = &self.subject.prefix;
        match (prefix.is_empty(), path.is_root()) {
            (true, _) => path.to_string(),
            (false, true) => prefix.clone(),
            (false, false) if prefix.ends_with('/') => format!("{prefix}{path}"),
            (false, false) => format!("{prefix}/{path}"),
        }
    }

    /// Tells the end of all passes: what failed, what was skipped, and the whole in numbers.
    pub(crate) fn finish(&self, retries: u32) -> Exit {
        let mut state = self.state();
        let elapsed = state.elapsed;
        self.tell_failures(&state);
        if self.report.is_json() {
            // The numbers are those of all passes, the bytes too.
            state.census.moved = state.moved;
            self.report.event(&Event::Summary {
                command: self.subject.command,
                name: Name::from(&self.subject.remote),
                local: self.subject.local.clone(),
                dry_run: self.dry_run,
                census: &state.census,
                retries,
                seconds: (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
                exit: state.exit.code(),
            });
            return state.exit;
        }
        state.census.moved = state.moved;
        for line in state.census.summary(&self.subject.title, elapsed, self.dry_run) {
            self.report.result(line);
        }
        state.exit
    }

    /// Tells what failed and was skipped when there is no end to tell.
    pub(crate) fn break_off(&self) -> Exit {
        let state = self.state();
        self.tell_failures(&state);
        state.exit
    }

    fn tell_failures(&self, state: &State) {
        // Programs have been told of each as it happened.
        if self.report.is_json() {
            return;
        }
        state.problems.iter().for_each(|problem| self.report.problem(problem));
        let untold = state.census.failed - state.problems.len() as u64;
        if untold > 0 {
            let more = text::counted(untold, "more failure", "more failures");
            let message = format!("{more}; only the first {MAX_PROBLEMS} are named");
            self.report.problem(&Problem::new(state.exit, message));
        }
        if state.conflicts > 0 {
            self.report.note(format_args!(
                "{} taken by something else (try: --on-conflict overwrite, keep-both or skip)",
                text::counted(state.conflicts, "name is", "names are"),
            ));
        }
        // Where each entry has its line, these have theirs.
        if self.tells_entries() {
            return;
        }
        for line in &state.skipped {
            self.report.note(line);
        }
        let untold = state.census.skipped - state.skipped.len() as u64;
        if untold > 0 {
            self.report.note(format_args!(
                "{} skipped; only the first {MAX_SKIPPED} are named",
                text::counted(untold, "more is", "more are"),
            ));
        }
    }

    /// An entry is done with.
    fn settle(
        &self,
        path: &RemotePath,
        kind: Kind,
        size: u64,
        (outcome, moved, reused): (&Outcome, u64, u64),
    ) {
        let mut state = self.state();
        let Some(outcome) = state.settle(path, kind, size, outcome, reused) else {
            return;
        };
        let outcome = &*outcome;
        if let Outcome::Skipped(reason) = outcome {
            let reason = safe(reason.as_bytes());
            state.skip(|| format!("{}: {reason}, skipped", self.shown(path)));
        }
        if let Outcome::Failed(failure) = outcome {
            let exit = Exit::from(failure.status);
            let problem = || {
                let problem =
                    Problem::new(exit, failure).on(self.subject.command, self.shown(path));
                problem.path(&self.on_server(path)).status(failure.status.as_str())
            };
            state.fail(exit, problem);
        }
        self.tell(&mut state, path, kind, size, (outcome, moved, reused));
    }

    /// Tells of an entry, to programs always, to people if they asked for it.
    fn tell(
        &self,
        state: &mut State,
        path: &RemotePath,
        kind: Kind,
        size: u64,
        (outcome, moved, reused): (&Outcome, u64, u64),
    ) {
        if self.report.is_json() {
            let reason = match outcome {
                Outcome::Skipped(reason) => Some(reason.as_str()),
                _ => None,
            };
            let to = match outcome {
                Outcome::KeptAs(to) => Some(NewName::from(&self.on_server(to))),
                _ => None,
            };
            let failure = outcome.failure().map(|failure| ItemFailure {
                status: failure.status.as_str(),
                message: failure.to_string(),
                exit: Exit::from(failure.status).code(),
            });
            return self.report.event(&Event::Item(Item {
                command: self.subject.command,
                name: Name::from(&self.on_server(path)),
                kind,
                size,
                outcome: words::word(outcome),
                moved,
                reused,
                to,
                reason,
                failure,
            }));
        }
        let wanted = match outcome {
            Outcome::Unchanged => self.report.verbosity() > 1,
            _ => self.tells_entries(),
        };
        if wanted {
            let line = words::line(&self.shown(path), kind, size, outcome);
            if !self.report.shows_progress() {
                return self.report.result(line);
            }
            state.pending.push(line);
            if state.pending.len() >= MAX_PENDING {
                let lines = std::mem::take(&mut state.pending);
                self.print(lines);
            }
        }
    }

    /// Whether people are told of each entry that is not as it was.
    fn tells_entries(&self) -> bool {
        self.dry_run || self.report.verbosity() > 0
    }

    /// The name of something in the tree as the server has it.
    fn on_server(&self, path: &RemotePath) -> RemotePath {
        let root = &self.subject.remote;
        if root.is_root() {
            return path.clone();
        }
        let joined = path.components().try_fold(root.clone(), |path, name| path.join(name));
        // A path too long for a path cannot be told whole.
        joined.unwrap_or_else(|_| path.clone())
    }

    fn show(&self) {
        let now = Instant::now();
        let mut state = self.state();
        state.tally.bytes.sample(now);
        if self.report.is_json() {
            let (files, files_done) = state.tally.files();
            let bytes = &state.tally.bytes;
            return self.report.event(&Event::TreeProgress {
                command: self.subject.command,
                name: Name::from(&self.subject.remote),
                size: bytes.size().unwrap_or(0),
                position: bytes.position(),
                moved: bytes.moved(),
                reused: bytes.reused(),
                rate: bytes.rate(now),
                files,
                files_done,
                complete: state.tally.is_complete(),
            });
        }
        if !self.report.shows_progress() {
            return;
        }
        let columns = Bar::columns();
        let mut lines = match self.subject.command {
            // Of what is removed, nobody knows how much there is before it is gone.
            "rm" => {
                let removed = text::counted(state.census.deleted, "thing", "things");
                lay_out(&self.label, None, &[format!("{removed} removed so far")], columns, 0)
            }
            _ => state.tally.line(&self.label, columns, now),
        };
        if let Some((path, size)) = state.moving.last() {
            let line = format!("  {}  {}", self.shown(path), text::size(*size));
            lines.push('\n');
            lines.push_str(&text::fit(&line, columns));
        }
        drop(state);
        self.print_pending();
        self.bar.draw(lines);
    }

    fn print_pending(&self) {
        let pending = std::mem::take(&mut self.state().pending);
        self.print(pending);
    }

    fn print(&self, lines: Vec<String>) {
        if !lines.is_empty() {
            self.bar.above(|| self.report.result(lines.join("\n")));
        }
    }

    fn interrupted(&self) -> Problem {
        let state = self.state();
        let (files, done) = state.tally.files();
        let so_far = if state.tally.is_complete() { "" } else { " known so far" };
        let message = format!(
            "interrupted: {} of {}{so_far} are done, with {}; {}",
            text::count(done),
            text::counted(files, "file", "files"),
            text::size(state.tally.bytes.position()),
            self.subject.again,
        );
        Problem::new(Exit::Interrupted, message).path(&self.subject.remote)
    }

    /// The counts are whole even if a thread died while it held them.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TreeObserver for TreeProgress<'_> {
    fn event(&self, event: TreeEvent<'_>) {
        match event {
            TreeEvent::Entry { path, kind, size, outcome, moved, reused } => {
                self.settle(path, kind, size, (outcome, moved, reused));
            }
            TreeEvent::Known { files, bytes, complete } => {
                self.state().tally.know(files, bytes, complete);
            }
            TreeEvent::Reused { bytes } => self.state().tally.bytes.reuse(bytes),
            TreeEvent::Moved { bytes } => self.state().advance(bytes, Instant::now()),
            TreeEvent::Moving { path, size } => self.state().moves(path, size),
            TreeEvent::Retrying { error, attempt, delay } => {
                self.state().tally.restart();
                let message = broken_off(error);
                let seconds = delay.as_secs_f64();
                self.bar.above(|| {
                    self.report.note(format_args!(
                        "{message}; trying again in {seconds:.1} s (attempt {attempt})"
                    ));
                });
                self.report.event(&Event::Retrying {
                    command: self.subject.command,
                    name: Name::from(&self.subject.remote),
                    attempt,
                    delay: (seconds * 1000.0).round() / 1000.0,
                    message,
                });
            }
            _ => {}
        }
    }
}

/// How often a tree was gone on with after it had broken off.
pub(crate) fn retries(summaries: &[TreeSummary]) -> u32 {
    summaries.iter().map(|summary| summary.reconnects).sum()
}
