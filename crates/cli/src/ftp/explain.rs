//! What is said when the client fails.

use std::io;

use ftp::{ClientError, RemotePath, Status, safe};

use super::os;
use super::session::Session;
use crate::exit::Exit;
use crate::peer::{tls_error, tls_hint};
use crate::problem::Problem;

/// What helps where a name is taken.
const DECIDE: &str = "--on-conflict overwrite, keep-both or skip";

impl Session {
    /// A failure of the client as the user is told it: `verb` on `path`.
    pub(super) fn explain(&self, verb: &str, path: &RemotePath, error: ClientError) -> Problem {
        let (message, hint) = match &error {
            ClientError::Remote(_) => self.explain_remote(verb, path, &error),
            _ => explain_ours(verb, &error),
        };
        // What a peer said may be part of any of them.
        let message = safe(message.as_bytes());
        let mut problem = Problem::new(Exit::from(&error), message).on(verb, path).path(path);
        if let Some(hint) = hint {
            problem = problem.hint(hint);
        }
        match error.status() {
            Some(status) => problem.status(status.as_str()),
            None => problem,
        }
    }

    /// The server says that the request failed.
    fn explain_remote(
        &self,
        verb: &str,
        path: &RemotePath,
        error: &ClientError,
    ) -> (String, Option<String>) {
        let (server, program) = (&self.server, self.program);
        let parent = path.parent().filter(|parent| !parent.is_root());
        match error.status() {
            Some(Status::NotFound) if reads(verb) => {
                let parent = parent.map(|parent| format!(" {parent}")).unwrap_or_default();
                (format!("not found on {server}"), Some(format!("{program}ls{parent}")))
            }
            Some(Status::NotFound) => {
                let hint = parent.map(|parent| format!("{program}mkdir -p {parent}"));
                (format!("{error} on {server}"), hint)
            }
            Some(Status::Conflict) => (format!("{error} on {server}"), Some(DECIDE.into())),
            _ => (format!("{error} (on {server})"), None),
        }
    }
}

/// It failed here, or on the way.
fn explain_ours(verb: &str, error: &ClientError) -> (String, Option<String>) {
    match error {
        ClientError::Connect { peer, source } => {
            if let Some(error) = tls_error(source) {
                return (format!("cannot connect to {peer}: {error}"), tls_hint(error, "ftp-cli"));
            }
            let refused = source.kind() == io::ErrorKind::ConnectionRefused;
            let hint = refused.then(|| "ftp-cli serve DIR, there".to_owned());
            (format!("cannot connect to {peer}: {}", os::reason(source)), hint)
        }
        ClientError::Stranger { .. } => {
            (error.to_string(), Some("-s HOST:PORT for another server".into()))
        }
        ClientError::Local(_) if error.status() == Some(Status::Conflict) => {
            (format!("{error} here"), Some(DECIDE.into()))
        }
        ClientError::GaveUp { .. } if matches!(verb, "get" | "put") => {
            (error.to_string(), Some("the same command again: it goes on where it stopped".into()))
        }
        _ => (error.to_string(), None),
    }
}

/// What is asked for must be there.
fn reads(verb: &str) -> bool {
    matches!(verb, "get" | "ls" | "stat" | "rm" | "cd")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use ftp::{Failure, Options, StoreError};

    use super::*;
    use crate::ftp::args::FtpArgs;
    use crate::peer::Dialer;
    use crate::report::Report;

    fn explain(verb: &str, error: ClientError) -> String {
        let args = FtpArgs::parse_from(["ftp-cli"]);
        let report = Report::new("ftp-cli", &args.common);
        let session = Session::new(Dialer::plain("host:1"), Options::default(), report);
        let path = RemotePath::parse("d/a.txt").unwrap();
        session.explain(verb, &path, error).to_string()
    }

    fn remote(status: Status, message: &str) -> ClientError {
        ClientError::Remote(Failure::new(status, message))
    }

    #[test]
    fn a_failure_names_the_server_and_the_next_step() {
        let missing = || remote(Status::NotFound, "`d` does not exist");
        assert_eq!(
            explain("get", missing()),
            "get d/a.txt: not found on host:1 (try: ftp-cli ls d)"
        );
        assert_eq!(
            explain("put", missing()),
            "put d/a.txt: `d` does not exist on host:1 (try: ftp-cli mkdir -p d)"
        );
        let source = io::Error::from(io::ErrorKind::ConnectionRefused);
        let refused = ClientError::Connect { peer: "host:1".into(), source };
        assert_eq!(
            explain("get", refused),
            "get d/a.txt: cannot connect to host:1: connection refused \
             (try: ftp-cli serve DIR, there)"
        );
        let exists = StoreError::Exists { path: RemotePath::parse("a.txt").unwrap() };
        assert_eq!(
            explain("get", ClientError::Local(exists)),
            "get d/a.txt: `a.txt` already exists here \
             (try: --on-conflict overwrite, keep-both or skip)"
        );
    }

    #[test]
    fn what_a_server_says_cannot_steer_the_terminal() {
        let said = explain("rm", remote(Status::Denied, "no\x1b[2J\n"));
        assert_eq!(said, r"rm d/a.txt: no\x1b[2J\n (on host:1)");
    }
}
