//! A failure as the user is told it.

use std::fmt;

use ftp::RemotePath;

use crate::exit::Exit;

/// What failed, on what, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// What the program ends with because of it.
    pub(crate) exit: Exit,
    /// The command and its object: `get a.txt`.
    subject: Option<String>,
    /// A lower-case fragment, safe for a terminal.
    message: String,
    /// A command that may help.
    hint: Option<String>,
    /// The name that it is about, for programs.
    pub(crate) path: Option<RemotePath>,
    /// The server's word for it, where it gave one.
    status: Option<String>,
}

impl Problem {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            exit,
            subject: None,
            message: message.to_string(),
            hint: None,
            path: None,
            status: None,
        }
    }

    /// The command was not understood.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// What it is about: `verb` on `object`.
    pub(crate) fn on(mut self, verb: &str, object: impl fmt::Display) -> Self {
        self.subject = Some(format!("{verb} {object}"));
        self
    }

    /// About nothing in particular: the message says it all.
    pub(crate) fn on_its_own(mut self) -> Self {
        self.subject = None;
        self.path = None;
        self
    }

    /// What the user may do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn path(mut self, path: &RemotePath) -> Self {
        self.path = Some(path.clone());
        self
    }

    pub(crate) fn status(mut self, status: impl Into<String>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Keeps its word for programs, but the program ends with `exit` because of it.
    pub(crate) fn ending_with(self, exit: Exit) -> Self {
        let status = Some(self.status_word().to_owned());
        Self { exit, status, ..self }
    }

    /// The word for programs.
    pub(crate) fn status_word(&self) -> &str {
        self.status.as_deref().unwrap_or(self.exit.word())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " (try: {hint})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_failed_on_what_and_what_to_do_next() {
        let problem = Problem::new(Exit::NotFound, "not found on 127.0.0.1:8484")
            .on("get", "a.txt")
            .hint("ftp-cli ls");
        assert_eq!(problem.to_string(), "get a.txt: not found on 127.0.0.1:8484 (try: ftp-cli ls)");
        assert_eq!(problem.status_word(), "not_found");
        assert_eq!(problem.status("gone").status_word(), "gone");
    }
}
