//! How far a tree is, while it runs; pure: the time is an argument.

use std::time::Instant;

use crate::report::tally::{Tally, join, lay_out, percent};
use crate::report::text::{self, counted};

/// How many columns a bar takes before numbers do that say the same.
const BAR_COLUMNS: usize = 16;

/// The counts of a tree under way.
#[derive(Debug)]
pub(super) struct TreeTally {
    pub(super) bytes: Tally,
    /// Files that are known so far.
    files: u64,
    /// Whether there are no more.
    complete: bool,
    /// Files that are done with.
    done: u64,
}

impl TreeTally {
    pub(super) fn new(now: Instant) -> Self {
        Self { bytes: Tally::new(now), files: 0, complete: false, done: 0 }
    }

    /// So much of the tree is known by now.
    pub(super) fn know(&mut self, files: u64, bytes: u64, complete: bool) {
        (self.files, self.complete) = (files, complete);
        self.bytes.resize(bytes);
    }

    /// A file is done with.
    pub(super) fn settle(&mut self) {
        self.done += 1;
    }

    /// All is told anew, but for the files that are done with.
    pub(super) fn restart(&mut self) {
        self.bytes.begin(None);
        (self.files, self.complete) = (0, false);
    }

    /// Files that are known, and those that are done with.
    pub(super) fn files(&self) -> (u64, u64) {
        (self.files.max(self.done), self.done)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The whole in one line of at most `columns`: name, bar, counts, rate, time left. As long as
    /// not all is known, it says so, and there is neither a bar nor a time left.
    pub(super) fn line(&self, name: &str, columns: usize, now: Instant) -> String {
        let size = self.bytes.size().unwrap_or(0);
        let at = self.bytes.position();
        let position = format!("{:>9}", text::size(at));
        let (files, done) = self.files();
        let rate = self.bytes.rate(now).map(|rate| format!("{}/s", text::size(rate)));
        let rate = format!("{:>11}", rate.unwrap_or_default());
        let counts = |so_far: &str| {
            let all = counted(files, "file", "files");
            let done = text::count(done);
            let width = text::count(files).len();
            let size = text::size(size);
            (format!("{done:>width$} of {all}"), format!("{position} of {size}{so_far}"))
        };
        if !self.complete {
            let (files, bytes) = counts(" so far");
            let choices = [
                join(&[Some(&files), Some(&bytes), Some(&rate)]),
                join(&[Some(&format!("{files} so far")), Some(&rate)]),
                format!("{files} so far"),
            ];
            return lay_out(name, None, &choices, columns, 0);
        }
        // Where nothing but empty files are on their way, they are what tells how far it is.
        let share = match size {
            0 => percent(done, files),
            size => percent(at, size),
        };
        let (files, bytes) = counts("");
        let left = self.bytes.remaining(now).map(|left| format!("{} left", text::clock(left)));
        let left = format!("{:<10}", left.unwrap_or_default());
        let shown = format!("{share:>3}%");
        let (shown, files, bytes) = (Some(&*shown), Some(&*files), Some(&*bytes));
        let (rate, left) = (Some(&*rate), Some(&*left));
        let choices = [
            join(&[shown, files, bytes, rate, left]),
            join(&[shown, files, Some(&position), rate, left]),
            join(&[shown, files, rate, left]),
            join(&[shown, files, rate]),
            join(&[shown, rate]),
            join(&[shown]),
        ];
        lay_out(name, Some(share), &choices, columns, BAR_COLUMNS)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn moving() -> (TreeTally, Instant) {
        let start = Instant::now();
        let mut tally = TreeTally::new(start);
        tally.know(12_345, 100 * MIB, false);
        tally.bytes.reuse(30 * MIB);
        tally.bytes.advance(0, start);
        tally.bytes.advance(20 * MIB, start + Duration::from_secs(1));
        for _ in 0..3021 {
            tally.settle();
        }
        (tally, start + Duration::from_secs(1))
    }

    #[test]
    fn as_long_as_not_all_is_known_there_is_no_bar_and_it_says_so_far() {
        let (tally, now) = moving();
        assert_eq!(
            tally.line("照片", 100, now),
            "照片   3,021 of 12,345 files   50.0 MiB of 100.0 MiB so far   20.0 MiB/s"
        );
        assert_eq!(tally.line("照片", 50, now), "照片   3,021 of 12,345 files so far   20.0 MiB/s");
    }

    #[test]
    fn when_all_is_known_there_is_a_bar() {
        let (mut tally, now) = moving();
        tally.know(12_345, 100 * MIB, true);
        assert_eq!(
            tally.line("照片", 120, now),
            "照片  [############             ]   50%   3,021 of 12,345 files   50.0 MiB of \
             100.0 MiB   20.0 MiB/s  0:03 left "
        );
        assert_eq!(
            tally.line("照片", 100, now),
            "照片  [#########         ]   50%   3,021 of 12,345 files   50.0 MiB   20.0 MiB/s  \
             0:03 left "
        );
        for columns in 0..200 {
            assert!(text::width(&tally.line("照片", columns, now)) <= columns, "{columns}");
        }
    }

    #[test]
    fn of_empty_files_their_number_tells_how_far_it_is() {
        let now = Instant::now();
        let mut tally = TreeTally::new(now);
        tally.know(4, 0, true);
        tally.settle();
        assert!(tally.line("a", 80, now).contains(" 25%"), "{}", tally.line("a", 80, now));
    }

    #[test]
    fn what_is_done_stays_done_when_all_is_told_anew() {
        let (mut tally, now) = moving();
        tally.restart();
        assert_eq!((tally.files(), tally.bytes.position()), ((3021, 3021), 0));
        tally.know(12_345, 100 * MIB, true);
        assert_eq!((tally.files(), tally.bytes.rate(now)), ((12_345, 3021), None));
    }
}
