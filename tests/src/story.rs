//! How a scenario is told.

use std::fmt::{Debug, Display};
use std::io::Write;

use crate::Error;

/// A story while it is told: lines of what happens, and checks that it is so.
pub struct Story {
    out: Box<dyn Write + Send>,
    colours: bool,
    checks: usize,
}

impl Story {
    /// A story that goes to `out`, with or without colours.
    pub fn new(out: impl Write + Send + 'static, colours: bool) -> Self {
        Self { out: Box::new(out), colours, checks: 0 }
    }

    /// How many checks there were.
    #[must_use]
    pub fn checks(&self) -> usize {
        self.checks
    }

    /// Tells what happens.
    pub fn tell(&mut self, line: impl Display) {
        self.line("   ", line);
    }

    /// Shows a thing itself: bytes, a message, an answer.
    pub fn show(&mut self, thing: impl Display) {
        for line in thing.to_string().lines() {
            self.line("       ", line);
        }
    }

    /// Tells what must be so, and ends the story if it is not.
    ///
    /// # Errors
    ///
    /// If it is not so.
    pub fn check(&mut self, what: impl Display, is_so: bool) -> Result<(), Error> {
        self.checks += 1;
        if is_so {
            let mark = self.coloured("32", "✓");
            self.line(" ", format_args!("{mark} {what}"));
            return Ok(());
        }
        let mark = self.coloured("31", "✗");
        self.line(" ", format_args!("{mark} {what}"));
        Err(format!("it is not so that {what}").into())
    }

    /// Tells that two things must be equal, and ends the story if they are not.
    ///
    /// # Errors
    ///
    /// If they differ, with both of them.
    pub fn check_eq<T>(&mut self, what: impl Display, found: T, expected: T) -> Result<(), Error>
    where
        T: PartialEq + Debug,
    {
        let equal = found == expected;
        let checked = self.check(what, equal);
        checked.map_err(|error| format!("{error}: {found:?} instead of {expected:?}").into())
    }

    /// Whoever does not listen misses nothing that is checked.
    fn line(&mut self, indent: &str, line: impl Display) {
        let _ = writeln!(self.out, "{indent} {line}");
    }

    fn coloured(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
