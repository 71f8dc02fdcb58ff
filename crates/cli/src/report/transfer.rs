//! One transfer, from its beginning to the line that tells its end.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ftp::{ClientError, Observer, RemotePath, Transfer, safe};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::bar::Bar;
use super::json::{Done, Event, Name};
use super::tally::Tally;
use super::{Report, text};
use crate::exit::Exit;
use crate::problem::Problem;

/// How often a bar is drawn; what is done before the first time shows none.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// How often `--json` tells how far a transfer is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// Watches one transfer and shows it.
pub(crate) struct Progress<'a> {
    report: &'a Report,
    command: &'static str,
    path: &'a RemotePath,
    /// The name beside the bar, with its place among several.
    label: String,
    tally: Mutex<Tally>,
    bar: Bar,
}

/// What a transfer that went well amounts to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) size: u64,
    pub(crate) moved: u64,
    pub(crate) reused: u64,
    pub(crate) mended: u64,
    pub(crate) retries: u32,
    pub(crate) unchanged: bool,
}

impl From<&Transfer> for Counts {
    fn from(transfer: &Transfer) -> Self {
        let &Transfer { size, moved, reused, mended, retries, unchanged, .. } = transfer;
        Self { size, moved, reused, mended, retries, unchanged }
    }
}

/// How a transfer is named when it has ended.
pub(crate) struct Finished<'a> {
    /// The name it was asked for under, as it is shown.
    pub(crate) shown: String,
    /// The name it got, if that is another one.
    pub(crate) renamed: Option<String>,
    /// The local side, for programs.
    pub(crate) local: Option<String>,
    /// The name on the server.
    pub(crate) remote: &'a RemotePath,
}

impl<'a> Progress<'a> {
    /// `place` is the transfer's number among several, and their count.
    pub(crate) fn new(
        report: &'a Report,
        command: &'static str,
        path: &'a RemotePath,
        place: (usize, usize),
    ) -> Self {
        let name = path.file_name().map_or_else(|| path.to_string(), |name| safe(name).to_string());
        let label = match place {
            (_, 0 | 1) => name,
            (number, count) => format!("{number}/{count} {name}"),
        };
        let bar = Bar::new();
        Self { report, command, path, label, tally: Mutex::new(Tally::new(Instant::now())), bar }
    }

    /// Runs the transfer, showing how far it is, until it ends or is interrupted.
    pub(crate) async fn watch<T>(
        &self,
        transfer: impl Future<Output = T>,
        interrupt: &CancellationToken,
    ) -> Result<T, Interrupted> {
        let watched = watched(self.report, transfer, interrupt, || self.show()).await;
        let ended = watched.ok_or_else(|| self.interrupted());
        self.bar.clear();
        ended
    }

    /// What was seen of the transfer, for those that tell no more.
    pub(crate) fn counts(&self) -> Counts {
        let tally = self.tally();
        Counts { size: tally.position(), moved: tally.moved(), ..Counts::default() }
    }

    /// Tells the end of a transfer that went well.
    pub(crate) fn finish(&self, transfer: &Counts, names: Finished<'_>) {
        let elapsed = self.tally().elapsed(Instant::now());
        let line = summary(transfer, &names.shown, names.renamed.as_deref(), elapsed);
        self.report.result(line);
        self.report.event(&Event::Done(Done {
            command: self.command,
            name: Name::from(names.remote),
            local: names.local,
            size: transfer.size,
            moved: transfer.moved,
            reused: transfer.reused,
            mended: transfer.mended,
            retries: transfer.retries,
            unchanged: transfer.unchanged,
            seconds: (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
        }));
    }

    fn show(&self) {
        let now = Instant::now();
        let mut tally = self.tally();
        tally.sample(now);
        if self.report.is_json() {
            let event = Event::Progress {
                command: self.command,
                name: Name::from(self.path),
                size: tally.size(),
                position: tally.position(),
                moved: tally.moved(),
                reused: tally.reused(),
                rate: tally.rate(now),
            };
            return self.report.event(&event);
        }
        if !self.report.shows_progress() {
            return;
        }
        self.bar.draw(tally.line(&self.label, Bar::columns(), now));
    }

    /// A line for people that leaves the bar whole.
    fn note(&self, line: String) {
        self.bar.above(|| self.report.note(line));
    }

    fn interrupted(&self) -> Interrupted {
        let tally = self.tally();
        Interrupted { kept: tally.position(), size: tally.size() }
    }

    /// The counts are whole even if a thread died while it held them.
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Progress<'_> {
    fn event(&self, event: ftp::Event<'_>) {
        let (command, name) = (self.command, || Name::from(self.path));
        match event {
            ftp::Event::Begun { size, .. } => {
                self.tally().begin(size);
                self.report.event(&Event::Begun { command, name: name(), size });
            }
            ftp::Event::Reused { bytes } => self.tally().reuse(bytes),
            ftp::Event::Moved { bytes } => self.tally().advance(bytes, Instant::now()),
            ftp::Event::Mended { offset } => {
                self.note(format!("{}: a wrong block at {offset} is fetched again", self.label));
                self.report.event(&Event::Mended { command, name: name(), offset });
            }
            ftp::Event::Retrying { error, attempt, delay } => {
                let message = broken_off(error);
                let seconds = delay.as_secs_f64();
                self.note(format!("{message}; trying again in {seconds:.1} s (attempt {attempt})"));
                let delay = (seconds * 1000.0).round() / 1000.0;
                self.report.event(&Event::Retrying {
                    command,
                    name: name(),
                    attempt,
                    delay,
                    message,
                });
            }
            _ => {}
        }
    }
}

/// Runs a transfer, showing from time to time how far it is; `None` when it was interrupted.
pub(super) async fn watched<T>(
    report: &Report,
    transfer: impl Future<Output = T>,
    interrupt: &CancellationToken,
    show: impl Fn(),
) -> Option<T> {
    let every = if report.is_json() { TELL_EVERY } else { DRAW_EVERY };
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut transfer = pin!(transfer);
    loop {
        tokio::select! {
            biased;
            ended = &mut transfer => return Some(ended),
            () = interrupt.cancelled() => return None,
            _ = ticks.tick() => show(),
        }
    }
}

/// Why a transfer is tried again, safe for a terminal.
pub(super) fn broken_off(error: &ClientError) -> String {
    let message = match error {
        ClientError::Connect { peer, source } => {
            format!("cannot connect to {peer}: {}", text::reason(source))
        }
        _ => error.to_string(),
    };
    safe(message.as_bytes()).to_string()
}

/// A transfer was broken off by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interrupted {
    kept: u64,
    size: Option<u64>,
}

impl Interrupted {
    /// The failure it is, for a transfer whose pieces are kept.
    pub(crate) fn resumable(self) -> Problem {
        let kept = text::size(self.kept);
        let of = self.size.map(|size| format!(" of {}", text::size(size))).unwrap_or_default();
        let message =
            format!("interrupted: {kept}{of} is kept; run the same command again to go on");
        Problem::new(Exit::Interrupted, message)
    }

    /// The failure it is, for a stream.
    pub(crate) fn streamed(self) -> Problem {
        let moved = text::size(self.kept);
        Problem::new(Exit::Interrupted, format!("interrupted after {moved}; nothing is kept"))
    }
}

/// `notes.txt  12.3 MiB  in 0.1 s (reused 3.0 MiB)`.
fn summary(transfer: &Counts, shown: &str, renamed: Option<&str>, elapsed: Duration) -> String {
    let mut line = shown.to_owned();
    if let Some(renamed) = renamed {
        line.push_str(" -> ");
        line.push_str(renamed);
    }
    line.push_str(&format!("  {}  ", text::size(transfer.size)));
    if transfer.unchanged {
        line.push_str("unchanged");
        return line;
    }
    line.push_str(&format!("in {}", text::duration(elapsed)));
    let mut remarks = Vec::new();
    if transfer.reused > 0 {
        remarks.push(format!("reused {}", text::size(transfer.reused)));
    }
    if transfer.mended > 0 {
        remarks.push(format!("mended {} blocks", transfer.mended));
    }
    if transfer.retries > 0 {
        remarks.push(format!("after {} new tries", transfer.retries));
    }
    if !remarks.is_empty() {
        line.push_str(&format!(" ({})", remarks.join(", ")));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: Counts = Counts {
        size: 12_897_485,
        moved: 9_751_757,
        reused: 3 << 20,
        mended: 0,
        retries: 0,
        unchanged: false,
    };

    #[test]
    fn a_summary_tells_size_time_and_what_was_reused() {
        let elapsed = Duration::from_millis(120);
        let line = summary(&COUNTS, "notes.txt", None, elapsed);
        assert_eq!(line, "notes.txt  12.3 MiB  in 0.1 s (reused 3.0 MiB)");
        let mended = Counts { mended: 2, retries: 1, reused: 0, ..COUNTS };
        assert_eq!(
            summary(&mended, "notes.txt", Some("notes.txt(1)"), elapsed),
            "notes.txt -> notes.txt(1)  12.3 MiB  in 0.1 s (mended 2 blocks, after 1 new tries)"
        );
        let same = Counts { unchanged: true, ..COUNTS };
        assert_eq!(summary(&same, "notes.txt", None, elapsed), "notes.txt  12.3 MiB  unchanged");
    }

    #[test]
    fn an_interrupted_transfer_says_what_is_kept_and_how_to_go_on() {
        let interrupted = Interrupted { kept: 1288490189, size: Some(5 << 30) };
        assert_eq!(
            interrupted.resumable().to_string(),
            "interrupted: 1.2 GiB of 5.0 GiB is kept; run the same command again to go on"
        );
        assert_eq!(interrupted.resumable().exit, Exit::Interrupted);
    }
}
