//! The bar of a server that sends something to somebody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Report;
use super::bar::Bar;
use super::tally::Tally;

const DRAW_EVERY: Duration = Duration::from_millis(250);

/// How much of something went out, drawn while it goes.
pub(crate) struct Sending<'a> {
    report: &'a Report,
    label: &'a str,
    tally: Tally,
    bar: Bar,
    /// What has gone out so far, of all connections.
    sent: Arc<AtomicU64>,
}

impl<'a> Sending<'a> {
    /// Of `size` bytes, `sent` says how many have gone.
    pub(crate) fn new(report: &'a Report, label: &'a str, size: u64, sent: Arc<AtomicU64>) -> Self {
        let mut tally = Tally::new(Instant::now());
        tally.begin(Some(size));
        Self { report, label, tally, bar: Bar::new(), sent }
    }

    /// Draws until `done`.
    pub(crate) async fn watch<T>(&mut self, done: impl Future<Output = T>) -> T {
        let mut ticks = tokio::time::interval(DRAW_EVERY);
        let mut done = std::pin::pin!(done);
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut done => break ended,
                _ = ticks.tick() => self.show(),
            }
        };
        self.bar.clear();
        ended
    }

    fn show(&mut self) {
        let now = Instant::now();
        // Words about the content go out as well: with them it is never more than all of it.
        let sent = self.sent.load(Ordering::Relaxed).min(self.tally.size().unwrap_or(u64::MAX));
        self.tally.advance(sent.saturating_sub(self.tally.moved()), now);
        if self.report.shows_progress() && sent > 0 {
            self.bar.draw(self.tally.line(self.label, Bar::columns(), now));
        }
    }
}
