//! What is said when a command could not be run.

use std::io;

use cmdexec::classic::ClassicError;
use cmdexec::{ClientError, Status, safe};

use crate::exit::Exit;
use crate::peer::{tls_error, tls_hint};
use crate::problem::Problem;
use crate::report::text;

/// What helps where nobody listens.
const SERVE: &str = "exec-cli serve, there";

/// A failure of the client as the user is told it.
pub(super) fn explain(verb: &str, what: &[u8], server: &str, error: &ClientError) -> Problem {
    let (message, hint) = match error {
        ClientError::Connect { peer, source } => not_connected(peer, source),
        ClientError::Stranger { .. } => {
            (error.to_string(), Some("-s HOST:PORT for another server".into()))
        }
        ClientError::Lost { .. } => {
            let message =
                format!("{error}; the server ends what ran, which may have done its work");
            (message, None)
        }
        ClientError::Remote(_) => (format!("{error} (on {server})"), None),
        ClientError::Local { what, source } => (format!("{what}: {}", text::reason(source)), None),
        _ => (error.to_string(), None),
    };
    // What a peer said may be part of any of them.
    let message = safe(message.as_bytes());
    let mut problem = Problem::new(exit(error), message).on(verb, shown(what));
    if let Some(hint) = hint {
        problem = problem.hint(hint);
    }
    match error.status() {
        Some(status) => problem.status(status.as_str()),
        None => problem,
    }
}

/// A failure with one of the tutorial's servers.
pub(super) fn explain_classic(verb: &str, what: &[u8], error: &ClassicError) -> Problem {
    let (exit, message, hint) = match error {
        ClassicError::Connect { peer, source } => {
            let (message, hint) = not_connected(peer, source);
            (Exit::CannotConnect, message, hint)
        }
        ClassicError::NoAnswer { .. } => {
            let hint = "another --classic way, or --timeout for more patience";
            (Exit::Failed, error.to_string(), Some(hint.into()))
        }
        ClassicError::CommandTooLong { .. }
        | ClassicError::Empty
        | ClassicError::ControlCharacter { .. } => (Exit::Usage, error.to_string(), None),
        ClassicError::Io(_) | ClassicError::Closed => {
            (Exit::CannotConnect, error.to_string(), None)
        }
        _ => (Exit::Failed, error.to_string(), None),
    };
    let problem = Problem::new(exit, safe(message.as_bytes())).on(verb, shown(what));
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// What there is to know of a command that was run.
pub(super) fn about(what: &[u8], message: &str) -> Problem {
    Problem::new(Exit::Failed, message).on("run", shown(what))
}

fn not_connected(peer: &str, source: &io::Error) -> (String, Option<String>) {
    if let Some(error) = tls_error(source) {
        return (format!("cannot connect to {peer}: {error}"), tls_hint(error, "exec-cli"));
    }
    let refused = source.kind() == io::ErrorKind::ConnectionRefused;
    let message = format!("cannot connect to {peer}: {}", text::reason(source));
    (message, refused.then(|| SERVE.to_owned()))
}

fn exit(error: &ClientError) -> Exit {
    match error {
        ClientError::Connect { .. } | ClientError::Lost { .. } | ClientError::Stranger { .. } => {
            Exit::CannotConnect
        }
        ClientError::Refused { .. } => Exit::Denied,
        ClientError::Damaged { .. } => Exit::ContentWrong,
        ClientError::TooLong(_) => Exit::Usage,
        _ => match error.status() {
            Some(Status::NotFound) => Exit::NotFound,
            Some(Status::Denied) => Exit::Denied,
            Some(Status::BadRequest) => Exit::Usage,
            Some(Status::Cancelled) => Exit::Interrupted,
            _ => Exit::Failed,
        },
    }
}

/// A command, short enough to begin a message with.
fn shown(command: &[u8]) -> String {
    let whole = safe(command).to_string();
    let shown = text::fit(&whole, 40).into_owned();
    if shown.is_empty() { "``".into() } else { shown }
}

#[cfg(test)]
mod tests {
    use cmdexec::Failure;

    use super::*;

    #[test]
    fn a_failure_names_the_server_and_the_next_step() {
        let source = io::ErrorKind::ConnectionRefused.into();
        let refused = ClientError::Connect { peer: "host:1".into(), source };
        assert_eq!(
            explain("run", b"true", "host:1", &refused).to_string(),
            "run true: cannot connect to host:1: connection refused (try: exec-cli serve, there)"
        );
        let missing = Failure::new(Status::NotFound, "no program `x\x1b[2J`");
        let problem = explain("run", b"x\x1b[2J", "host:1", &missing.into());
        assert_eq!(problem.to_string(), r"run x\x1b[2J: no program `x\x1b[2J` (on host:1)");
        assert_eq!((problem.exit, problem.status_word()), (Exit::NotFound, "not_found"));
    }

    #[test]
    fn a_long_command_is_cut_in_a_message() {
        let after = std::time::Duration::from_secs(3);
        let problem =
            explain_classic("run", &[b'x'; 999], &ClassicError::NoAnswer { after }).to_string();
        assert!(problem.starts_with("run xxx") && problem.contains("xx…: no answer"), "{problem}");
    }
}
