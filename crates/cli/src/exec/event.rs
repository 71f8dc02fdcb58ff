//! What `exec-cli --json` prints: one object a line, `event` first.

use cmdexec::{EndedBy, Exit as Ended, Outcome};
use data_encoding::BASE64;
use serde::Serialize;

/// A line of output; failures are those of every program.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum ExecEvent<'a> {
    /// A server is ready.
    Serving { address: String, plain: bool, allow: Option<&'a [String]> },
    /// A server has ended.
    Stopped { accepted: u64, aborted: u64 },
    /// A command runs.
    Started { pid: u32 },
    /// It wrote to its standard output.
    Stdout(Written),
    /// It wrote to its standard error.
    Stderr(Written),
    /// It has ended.
    End(End<'a>),
    /// One of the tutorial's servers has answered; how the command ended it does not tell.
    Answered { bytes: u64 },
}

/// Text, or in base64 what is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Written {
    Text(String),
    Base64(String),
}

impl From<&[u8]> for Written {
    fn from(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Base64(BASE64.encode(bytes)),
        }
    }
}

/// How a command ended; `status` is what `run` ends with.
#[derive(Debug, Serialize)]
pub(super) struct End<'a> {
    status: u8,
    #[serde(flatten)]
    exit: &'a Ended,
    complete: bool,
    pipe_held: bool,
    ended_by: Option<EndedBy>,
    stdout_bytes: u64,
    stderr_bytes: u64,
    stdin_bytes: u64,
    left_over: u32,
    seconds: f64,
}

impl<'a> End<'a> {
    pub(super) fn new(outcome: &'a Outcome, status: u8) -> Self {
        Self {
            status,
            exit: &outcome.exit,
            complete: outcome.complete,
            pipe_held: outcome.pipe_held,
            ended_by: outcome.ended_by,
            stdout_bytes: outcome.stdout_bytes,
            stderr_bytes: outcome.stderr_bytes,
            stdin_bytes: outcome.stdin_bytes,
            left_over: outcome.left_over,
            seconds: outcome.run_time.as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_and_other_bytes_are_base64() {
        let line = |bytes: &[u8]| serde_json::to_string(&ExecEvent::Stdout(bytes.into())).unwrap();
        assert_eq!(line("报告\n".as_bytes()), r#"{"event":"stdout","text":"报告\n"}"#);
        assert_eq!(line(b"\xff\x00"), r#"{"event":"stdout","base64":"/wA="}"#);
    }
}
