//! What a server lets its peers run.

mod allow;
mod env;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use env::base as base_environment;

use crate::wire::{Failure, Run, Status, Text, What};

/// What a server lets its peers run, and for how long.
///
/// ```
/// use std::time::Duration;
/// use cmdexec::Policy;
///
/// let policy = Policy::default().allow(["uptime", "df"]).max_run(Duration::from_secs(60));
/// assert_eq!(policy.max_concurrent_per_owner, 64);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// Only programs of these names; default `None`, any.
    ///
    /// A request's program must be one of them to the letter; its arguments are free. No shell is
    /// started then: a shell line is run only if it is plain words, as a program and its
    /// arguments, so that `df -h` works and `df; rm x` does not.
    pub allow: Option<Vec<String>>,
    /// How long a command may run; default `None`, for ever. Then it is ended as if its own
    /// time limit were reached.
    pub max_run: Option<Duration>,
    /// How much a command may write to stdout and stderr together, in bytes; default `None`, any
    /// amount. One that writes more is ended, and its end says why.
    pub max_output_bytes: Option<u64>,
    /// How many commands may run at once for one [owner](crate::Access#structfield.owner); default
    /// 64. One more is refused as busy.
    pub max_concurrent_per_owner: usize,
    /// The shells that may be asked for, by path or by file name; the first is the one for those
    /// who do not ask. Default: `/bin/sh`, then what `/etc/shells` lists.
    pub shells: Vec<PathBuf>,
    /// The variables that are taken from peers; a `*` at the end stands for anything. Default
    /// `None`: any where any program may be run, only the language, the time zone and the like
    /// where programs are named.
    ///
    /// What would change the meaning of a shell, a loader or an interpreter (`LD_*`, `BASH_ENV`,
    /// `IFS`, `PATH`, ...) is never taken, whatever is said here.
    pub env_allow: Option<Vec<String>>,
    /// From asking a command to end to killing it; default 1 s.
    pub kill_grace: Duration,
    /// From the end of a command's first process to the end of its output, if something it left
    /// behind holds the output open; default 1 s. What it had written itself is sent in any case,
    /// however slow the client is.
    pub pipe_grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow: None,
            max_run: None,
            max_output_bytes: None,
            max_concurrent_per_owner: 64,
            shells: default_shells(),
            env_allow: None,
            kill_grace: Duration::from_secs(1),
            pipe_grace: Duration::from_secs(1),
        }
    }
}

impl Policy {
    /// Sets [`allow`](Self#structfield.allow) to programs of these names only.
    #[must_use]
    pub fn allow<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.allow = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets [`max_run`](Self#structfield.max_run).
    #[must_use]
    pub fn max_run(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.max_run = limit.into();
        self
    }

    /// Sets [`max_output_bytes`](Self#structfield.max_output_bytes).
    #[must_use]
    pub fn max_output_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.max_output_bytes = bytes.into();
        self
    }

    /// Sets [`max_concurrent_per_owner`](Self#structfield.max_concurrent_per_owner).
    #[must_use]
    pub fn max_concurrent_per_owner(mut self, count: usize) -> Self {
        self.max_concurrent_per_owner = count;
        self
    }

    /// Sets [`shells`](Self#structfield.shells).
    #[must_use]
    pub fn shells<T: Into<PathBuf>>(mut self, shells: impl IntoIterator<Item = T>) -> Self {
        self.shells = shells.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`env_allow`](Self#structfield.env_allow).
    #[must_use]
    pub fn env_allow<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.env_allow = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets [`kill_grace`](Self#structfield.kill_grace).
    #[must_use]
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.kill_grace = grace;
        self
    }

    /// Sets [`pipe_grace`](Self#structfield.pipe_grace).
    #[must_use]
    pub fn pipe_grace(mut self, grace: Duration) -> Self {
        self.pipe_grace = grace;
        self
    }

    /// The program and arguments that a request comes to, if it is allowed.
    pub(crate) fn admit(&self, run: &Run) -> Result<Vec<Text>, Failure> {
        let argv = match &run.command {
            What::Argv(argv) => self.admit_argv(argv)?,
            What::Shell { line, shell } => self.admit_line(line, shell.as_ref())?,
        };
        let texts = argv.iter().chain(&run.dir).chain(run.env.values());
        if let Some(text) = texts.into_iter().find(|text| text.as_bytes().contains(&0)) {
            return Err(bad(format!("`{text}` holds a NUL byte, which no command can be given")));
        }
        for name in run.env.keys() {
            env::admit(name, self.env_allow.as_deref(), self.allow.is_some())?;
        }
        if let Some(pty) = &run.pty
            && (pty.term.len() > 64 || !pty.term.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(bad("the terminal's kind is no name of up to 64 letters"));
        }
        Ok(argv)
    }

    fn admit_argv(&self, argv: &[Text]) -> Result<Vec<Text>, Failure> {
        let Some(program) = argv.first().filter(|program| !program.is_empty()) else {
            return Err(bad("the command is empty"));
        };
        allow::check_program(program, self.allow.as_deref())?;
        Ok(argv.to_vec())
    }

    fn admit_line(&self, line: &Text, shell: Option<&Text>) -> Result<Vec<Text>, Failure> {
        if line.as_bytes().trim_ascii().is_empty() {
            return Err(bad("the command is empty"));
        }
        let shell = self.shell(shell)?;
        if let Some(names) = &self.allow {
            return allow::plain_words(line, names);
        }
        Ok(vec![shell, SHELL_FLAG.into(), line.clone()])
    }

    fn shell(&self, wanted: Option<&Text>) -> Result<Text, Failure> {
        let Some(wanted) = wanted else {
            let first = self.shells.first().map(|shell| path_text(shell));
            return first.ok_or_else(|| denied("no shell may be used here"));
        };
        let is_wanted = |shell: &&PathBuf| {
            let name = shell.file_name().map(|name| path_text(Path::new(name)));
            path_text(shell) == *wanted || name.as_ref() == Some(wanted)
        };
        self.shells.iter().find(is_wanted).map(|shell| path_text(shell)).ok_or_else(|| {
            let names: Vec<_> =
                self.shells.iter().map(|shell| shell.display().to_string()).collect();
            let known = names.join(", ");
            Failure::new(Status::NotFound, format!("no shell `{wanted}`: there are {known}"))
        })
    }
}

#[cfg(unix)]
const SHELL_FLAG: &str = "-c";
#[cfg(not(unix))]
const SHELL_FLAG: &str = "/C";

#[cfg(unix)]
fn default_shells() -> Vec<PathBuf> {
    let mut shells = vec![PathBuf::from("/bin/sh")];
    for line in std::fs::read_to_string("/etc/shells").unwrap_or_default().lines() {
        let path = PathBuf::from(line.trim());
        if path.is_absolute() && !shells.contains(&path) {
            shells.push(path);
        }
    }
    shells
}

#[cfg(not(unix))]
fn default_shells() -> Vec<PathBuf> {
    vec!["cmd".into(), "powershell".into()]
}

#[cfg(unix)]
fn path_text(path: &Path) -> Text {
    path.as_os_str().into()
}

#[cfg(not(unix))]
fn path_text(path: &Path) -> Text {
    path.to_string_lossy().into_owned().into()
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(Status::BadRequest, message)
}

fn denied(message: impl Into<String>) -> Failure {
    Failure::new(Status::Denied, message)
}
