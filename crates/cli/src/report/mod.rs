//! What the programs print: results on standard output, all else on standard error.

mod bar;
mod json;
mod sending;
mod tally;
pub(crate) mod text;
mod transfer;
mod tree;

pub(crate) use json::{Event, Listed, Name, NewName};
pub(crate) use sending::Sending;
pub(crate) use transfer::{Counts, Finished, Progress};
pub(crate) use tree::{Pass, Subject, Taken, TreeProgress, retries};

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::problem::Problem;
use crate::settings::CommonArgs;

/// Where and how results, notes and failures are told.
///
/// Cloned, it still is the same one: all clones know when nobody reads standard output any more.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    program: &'static str,
    json: bool,
    quiet: bool,
    /// How much more than results is told of each entry of a tree.
    verbose: u8,
    /// Standard output carries content: everything else goes to standard error.
    carries_content: bool,
    terminal: Terminal,
    /// Nobody reads standard output any more.
    closed: CancellationToken,
}

/// Which of the standard streams belong to a person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub(crate) input: bool,
    pub(crate) output: bool,
    pub(crate) errors: bool,
}

impl Terminal {
    fn find() -> Self {
        Self {
            input: io::stdin().is_terminal(),
            output: io::stdout().is_terminal(),
            errors: io::stderr().is_terminal(),
        }
    }
}

impl Report {
    pub(crate) fn new(program: &'static str, common: &CommonArgs) -> Self {
        Self {
            program,
            json: common.json,
            quiet: common.quiet,
            verbose: common.verbose,
            carries_content: false,
            terminal: Terminal::find(),
            closed: CancellationToken::new(),
        }
    }

    /// The same, for a command that writes content to standard output.
    pub(crate) fn beside_content(&self) -> Self {
        Self { carries_content: true, ..self.clone() }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// How often `-v` was given.
    pub(crate) fn verbosity(&self) -> u8 {
        self.verbose
    }

    /// Whether there is a person who can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.terminal.input && self.terminal.errors && !self.json
    }

    /// Whether a bar may be drawn: not into content that is shown on the same terminal.
    fn shows_progress(&self) -> bool {
        let content_on_terminal = self.carries_content && self.terminal.output;
        self.terminal.errors && !self.quiet && !self.json && !content_on_terminal
    }

    /// Whether results are laid out for a terminal.
    pub(crate) fn is_for_terminal(&self) -> bool {
        self.terminal.output && !self.carries_content
    }

    /// Ends when nobody reads standard output any more.
    pub(crate) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Nobody reads the content any more: the program ends quietly, and this never returns.
    pub(crate) async fn close<T>(&self) -> T {
        self.closed.cancel();
        std::future::pending().await
    }

    /// What was asked for, for people.
    pub(crate) fn result(&self, line: impl fmt::Display) {
        // Beside content only a person who does not see the content is told.
        let beside_content = self.carries_content && !self.shows_progress();
        if !self.quiet && !self.json && !beside_content {
            self.write(line);
        }
    }

    /// What was asked for, for programs.
    pub(crate) fn event(&self, event: &impl Serialize) {
        if self.json {
            self.write(serde_json::to_string(event).expect("events hold nothing but JSON has"));
        }
    }

    /// The same for both of them.
    pub(crate) fn tell(&self, line: impl fmt::Display, event: &impl Serialize) {
        self.result(line);
        self.event(event);
    }

    /// What is good to know, for people.
    pub(crate) fn note(&self, line: impl fmt::Display) {
        if !self.quiet && !self.json {
            self.complain(line);
        }
    }

    /// A failure.
    pub(crate) fn problem(&self, problem: &Problem) {
        if self.json {
            return self.event(&Event::from(problem));
        }
        let program = console::style(format!("{}:", self.program)).for_stderr().red().bold();
        self.complain(format_args!("{program} {problem}"));
    }

    fn write(&self, line: impl fmt::Display) {
        if self.carries_content {
            return self.complain(line);
        }
        let written = writeln!(io::stdout().lock(), "{line}");
        if written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.closed.cancel();
        }
    }

    /// A program that cannot even complain goes on all the same.
    fn complain(&self, line: impl fmt::Display) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}
