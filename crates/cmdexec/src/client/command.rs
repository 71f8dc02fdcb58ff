//! What is to be run, as a caller says it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::wire::{Pty, Run, Text, What};

/// A command to be run on a server.
///
/// ```
/// use std::time::Duration;
/// use cmdexec::Command;
///
/// let line = Command::shell("du -sh * | sort -h").dir("/var").timeout(Duration::from_secs(60));
/// let exact = Command::argv(["printf", "%s", "$HOME is not expanded"]).env("LC_ALL", "C");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    what: What,
    dir: Option<Text>,
    env: BTreeMap<String, Text>,
    timeout: Option<Duration>,
    pub(super) stdin: bool,
    pty: Option<Pty>,
}

impl Command {
    /// A line for the server's shell.
    pub fn shell(line: impl Into<Text>) -> Self {
        Self::new(What::Shell { line: line.into(), shell: None })
    }

    /// A program and its arguments, just as they are.
    pub fn argv<T: Into<Text>>(argv: impl IntoIterator<Item = T>) -> Self {
        Self::new(What::Argv(argv.into_iter().map(Into::into).collect()))
    }

    fn new(what: What) -> Self {
        Self { what, dir: None, env: BTreeMap::new(), timeout: None, stdin: false, pty: None }
    }

    /// Sets the shell for a line, by path or name. Default: the server's first. An argument vector
    /// has none.
    #[must_use]
    pub fn with_shell(mut self, name: impl Into<Text>) -> Self {
        if let What::Shell { shell, .. } = &mut self.what {
            *shell = Some(name.into());
        }
        self
    }

    /// Sets the directory to run in. Default: the server's own.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<Text>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Adds a variable to the environment. Default: the server's clean base alone.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets how long it may run. Default: as long as the server allows.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Sets whether it gets the input that [`Client::start`](crate::Client::start) is given.
    /// Default: no, it finds none.
    #[must_use]
    pub fn stdin(mut self, stdin: bool) -> Self {
        self.stdin = stdin;
        self
    }

    /// Gives it a terminal of this kind (`TERM`) and size. Default: none. All it writes comes as
    /// stdout then.
    #[must_use]
    pub fn pty(mut self, term: impl Into<String>, rows: u16, cols: u16) -> Self {
        self.pty = Some(Pty { term: term.into(), rows, cols });
        self
    }

    /// The request.
    pub(super) fn request(&self, id: u64) -> Run {
        Run {
            id,
            command: self.what.clone(),
            dir: self.dir.clone(),
            env: self.env.clone(),
            timeout_ms: self.timeout.map(|limit| limit.as_millis().try_into().unwrap_or(u64::MAX)),
            stdin: self.stdin,
            pty: self.pty.clone(),
        }
    }
}
