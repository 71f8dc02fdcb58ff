//! What is known of a transfer while it runs; pure: the time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::text;

/// How far back the rate looks.
const WINDOW: Duration = Duration::from_secs(5);

/// How far apart its samples are at the least.
const SPACING: Duration = Duration::from_millis(100);

/// The counts of one transfer.
#[derive(Debug)]
pub(crate) struct Tally {
    size: Option<u64>,
    reused: u64,
    moved: u64,
    began: Instant,
    /// Moments, and what had been moved by then; the rate is measured from the first to now.
    samples: VecDeque<(Instant, u64)>,
}

impl Tally {
    pub(crate) fn new(now: Instant) -> Self {
        Self { size: None, reused: 0, moved: 0, began: now, samples: VecDeque::new() }
    }

    /// The transfer begins, or begins anew because its source has changed.
    pub(crate) fn begin(&mut self, size: Option<u64>) {
        self.size = size;
        self.restart();
    }

    pub(crate) fn restart(&mut self) {
        self.reused = 0;
        self.moved = 0;
        self.samples.clear();
    }

    /// More is known of how much there is.
    pub(crate) fn resize(&mut self, size: u64) {
        self.size = Some(size);
    }

    /// So much was there already.
    pub(crate) fn reuse(&mut self, bytes: u64) {
        self.reused += bytes;
    }

    /// So much has arrived.
    pub(crate) fn advance(&mut self, bytes: u64, now: Instant) {
        if self.samples.is_empty() {
            self.samples.push_back((now, 0));
        }
        self.moved += bytes;
        self.sample(now);
    }

    /// Forgets what lies too far back; to be called from time to time, also when nothing moves.
    pub(crate) fn sample(&mut self, now: Instant) {
        let Some(&(last, _)) = self.samples.back() else {
            return;
        };
        if now.duration_since(last) >= SPACING {
            self.samples.push_back((now, self.moved));
        }
        while self.samples.len() > 2 && now.duration_since(self.samples[1].0) >= WINDOW {
            self.samples.pop_front();
        }
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    pub(crate) fn reused(&self) -> u64 {
        self.reused
    }

    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    /// Where the transfer stands: a resumed one begins at what is reused.
    pub(crate) fn position(&self) -> u64 {
        let position = self.reused + self.moved;
        self.size.map_or(position, |size| position.min(size))
    }

    pub(crate) fn elapsed(&self, now: Instant) -> Duration {
        now.duration_since(self.began)
    }

    /// Bytes a second, of moved bytes only.
    pub(crate) fn rate(&self, now: Instant) -> Option<u64> {
        let &(since, moved) = self.samples.front()?;
        let elapsed = now.duration_since(since);
        // Before that, the first piece would make the rate look like anything.
        if elapsed < SPACING {
            return None;
        }
        let bytes = u128::from(self.moved - moved);
        Some(u64::try_from(bytes * 1_000_000_000 / elapsed.as_nanos()).unwrap_or(u64::MAX))
    }

    /// How long the rest will take at this rate.
    pub(crate) fn remaining(&self, now: Instant) -> Option<Duration> {
        let rest = self.size?.checked_sub(self.position())?;
        let rate = self.rate(now).filter(|&rate| rate > 0)?;
        Some(Duration::from_secs(rest.div_ceil(rate)))
    }

    /// The whole transfer in one line of at most `columns`: name, bar, counts, rate, time left.
    ///
    /// What does not fit is left out, the most dispensable first.
    pub(crate) fn line(&self, name: &str, columns: usize, now: Instant) -> String {
        // The numbers keep their places while they grow, so that nothing jumps to and fro.
        let position = text::size(self.position());
        let percent = self.size.map(|size| percent(self.position(), size));
        let share = percent.map(|percent| format!("{percent:>3}%"));
        let counts = match self.size {
            Some(size) => format!("{position:>9} of {}", text::size(size)),
            None => format!("{position:>9}"),
        };
        let rate = self.rate(now).map(|rate| format!("{}/s", text::size(rate)));
        let rate = format!("{:>11}", rate.unwrap_or_default());
        let left = self.remaining(now).map(|left| format!("{} left", text::clock(left)));
        let left = self.size.map(|_| format!("{:<10}", left.unwrap_or_default()));

        let (share, left) = (share.as_deref(), left.as_deref());
        let choices = [
            join(&[share, Some(&counts), Some(&rate), left]),
            join(&[share, Some(&rate), left]),
            join(&[share, Some(&rate)]),
            share.unwrap_or(&position).to_owned(),
        ];
        lay_out(name, percent, &choices, columns, 0)
    }
}

/// What there is of some parts, side by side.
pub(super) fn join(parts: &[Option<&str>]) -> String {
    let parts: Vec<&str> = parts.iter().copied().flatten().collect();
    parts.join("  ")
}

/// Name, bar, and the first choice of numbers that leaves the name some room, and also the bar if
/// that is possible and it is to have `bar` columns.
pub(super) fn lay_out(
    name: &str,
    percent: Option<usize>,
    choices: &[String],
    columns: usize,
    bar: usize,
) -> String {
    let shown = text::width(name);
    let fitting =
        |rest: usize| choices.iter().find(|numbers| text::width(numbers) + 2 + rest <= columns);
    let with_bar = fitting(12 + bar).filter(|_| bar > 0);
    let Some(numbers) = with_bar.or_else(|| fitting(shown.min(12))).or(choices.last()) else {
        return text::fit(name, columns).into_owned();
    };
    let Some(room) = columns.checked_sub(text::width(numbers) + 2) else {
        return text::fit(numbers, columns).into_owned();
    };
    // The bar gets what the name leaves, but the name leaves it something.
    let bar_room = room.saturating_sub(shown.max(12).min(room / 2) + 2);
    match percent {
        Some(percent) if bar_room >= 10 => {
            let name = text::fit(name, room - bar_room - 2);
            let cells = bar_room.min(40) - 2;
            let filled = cells * percent / 100;
            let (done, rest) = ("#".repeat(filled), " ".repeat(cells - filled));
            format!("{name}  [{done}{rest}]  {numbers}")
        }
        _ => format!("{}  {numbers}", text::fit(name, room)),
    }
}

/// Rounded down: 100 % are shown when all is there.
pub(super) fn percent(position: u64, size: u64) -> usize {
    let percent = (u128::from(position) * 100).checked_div(size.into()).unwrap_or(100);
    usize::try_from(percent).map_or(100, |percent| percent.min(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn after(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_resumed_transfer_begins_where_it_stopped_and_its_rate_counts_moved_bytes_only() {
        let start = Instant::now();
        let mut tally = Tally::new(start);
        tally.begin(Some(100 * MIB));
        tally.reuse(60 * MIB);
        assert_eq!((tally.position(), tally.rate(after(start, 500))), (60 * MIB, None));
        tally.advance(0, after(start, 1000));
        tally.advance(10 * MIB, after(start, 2000));
        assert_eq!(tally.position(), 70 * MIB);
        assert_eq!(tally.rate(after(start, 2000)), Some(10 * MIB));
        assert_eq!(tally.remaining(after(start, 2000)), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_stalled_transfer_shows_a_falling_rate_and_then_no_time_left() {
        let start = Instant::now();
        let mut tally = Tally::new(start);
        tally.begin(Some(100 * MIB));
        for step in 0..=20 {
            tally.advance(MIB, after(start, step * 100));
        }
        let flowing = tally.rate(after(start, 2000)).unwrap();
        let mut now = start;
        for step in 21..120 {
            now = after(start, step * 100);
            tally.sample(now);
        }
        assert!(flowing > 9 * MIB);
        assert_eq!(tally.rate(now), Some(0));
        assert_eq!(tally.remaining(now), None);
        assert!(tally.samples.len() < 60, "old samples are forgotten");
    }

    #[test]
    fn counts_begin_anew_when_the_source_has_changed() {
        let start = Instant::now();
        let mut tally = Tally::new(start);
        tally.begin(Some(10));
        tally.reuse(4);
        tally.advance(3, start);
        tally.restart();
        assert_eq!((tally.position(), tally.size()), (0, Some(10)));
        assert_eq!(tally.rate(after(start, 1000)), None);
    }

    #[test]
    fn more_than_was_announced_is_not_more_than_all() {
        let start = Instant::now();
        let mut tally = Tally::new(start);
        tally.begin(Some(10));
        tally.advance(25, start);
        assert_eq!(tally.position(), 10);
        assert_eq!(percent(0, 0), 100);
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
    }

    #[test]
    fn a_line_fits_any_window_and_drops_the_most_dispensable_first() {
        let start = Instant::now();
        let mut tally = Tally::new(start);
        tally.begin(Some(100 * MIB));
        tally.reuse(30 * MIB);
        tally.advance(0, start);
        tally.advance(20 * MIB, after(start, 1000));
        let line = |columns| tally.line("年度报告 2026.pdf", columns, after(start, 1000));
        assert_eq!(
            line(100),
            "年度报告 2026.pdf  [############            ]   50%   50.0 MiB of 100.0 MiB  \
             \x2020.0 MiB/s  0:03 left "
        );
        assert_eq!(line(48), "年度报告 2026.pdf   50%   20.0 MiB/s  0:03 left ");
        assert_eq!(line(20), "年度报告 2026…   50%");
        assert_eq!(line(4), " 50%");
        for columns in 0..200 {
            assert!(text::width(&line(columns)) <= columns, "{columns}");
        }
    }

    #[test]
    fn a_stream_of_unknown_size_shows_no_bar() {
        let start = Instant::now();
        let mut tally = Tally::new(start);
        tally.begin(None);
        tally.advance(0, start);
        tally.advance(3 * MIB, after(start, 2000));
        assert_eq!(tally.line("-", 80, after(start, 2000)), "-    3.0 MiB    1.5 MiB/s");
    }
}
