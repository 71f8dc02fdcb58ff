//! The line that is drawn over and over while a transfer runs.

use std::io;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// How many columns stay free at the right: a terminal shows `^C` behind the bar when it is
/// pressed, and where that began a new line the bar could not be cleared any more.
const FREE_COLUMNS: u16 = 3;

/// A line on standard error. It is not there before it is drawn for the first time.
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{msg}").expect("a template that is fixed");
        let hidden = ProgressDrawTarget::hidden();
        Self { bar: ProgressBar::with_draw_target(None, hidden).with_style(style) }
    }

    /// How many columns it has.
    pub(super) fn columns() -> usize {
        Narrow(Term::stderr()).width().into()
    }

    pub(super) fn draw(&self, line: String) {
        if self.bar.is_hidden() {
            let term = Box::new(Narrow(Term::buffered_stderr()));
            self.bar.set_draw_target(ProgressDrawTarget::term_like(term));
        }
        self.bar.set_message(line);
    }

    /// Prints something above it.
    pub(super) fn above(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// A terminal that keeps some columns to itself.
#[derive(Debug)]
struct Narrow(Term);

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(FREE_COLUMNS)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.0.write_line(line)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
