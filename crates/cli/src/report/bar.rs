//! The lines that are drawn over and over while a transfer runs.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// How many columns stay free at the right: a terminal shows `^C` behind the bar when it is
/// pressed, and where that began a new line the bar could not be cleared any more.
const FREE_COLUMNS: u16 = 3;

/// A line or two on standard error. They are not there before they are drawn for the first time.
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
        Narrow::new(Term::stderr()).width().into()
    }

    pub(super) fn draw(&self, line: String) {
        if self.bar.is_hidden() {
            let term = Box::new(Narrow::new(Term::buffered_stderr()));
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
struct Narrow {
    term: Term,
    /// A line has been written and filled up; another may follow.
    filled: AtomicBool,
}

impl Narrow {
    fn new(term: Term) -> Self {
        Self { term, filled: AtomicBool::new(false) }
    }
}

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        self.term.size().1.saturating_sub(FREE_COLUMNS)
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.term.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.term.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.term.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.term.move_cursor_left(columns)
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.term.write_line(line)
    }

    /// Lines come one after the other, each with as many spaces behind it as fill it: a terminal
    /// would begin a new one by itself then, but here some columns are left.
    fn write_str(&self, text: &str) -> io::Result<()> {
        let fills = text.bytes().all(|byte| byte == b' ');
        if self.filled.swap(fills, Ordering::Relaxed) && !fills {
            self.term.write_str("\n")?;
        }
        self.term.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.term.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.filled.store(false, Ordering::Relaxed);
        self.term.flush()
    }
}
