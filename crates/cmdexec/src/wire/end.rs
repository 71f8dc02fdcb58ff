//! How a command ended, and the proof that all of its output came.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// A signal ended it.
    Signal {
        /// The signal's number on the server.
        number: i32,
        /// Whether a core was dumped.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        core: bool,
    },
}

impl Exit {
    /// The code that a shell shows: the process's own, or 128 and the number of the signal.
    #[must_use]
    pub fn shell_code(&self) -> i32 {
        match self {
            Self::Code(code) => *code,
            Self::Signal { number, .. } => 128 + number,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal { number, core } => {
                let core = if *core { ", core dumped" } else { "" };
                write!(f, "signal {number}{core}")
            }
        }
    }
}

/// Why the server ended a command that might have gone on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndedBy {
    /// Its time was up.
    Time,
    /// It wrote more than the server lets through.
    Output,
    /// The client cancelled it.
    Cancel,
    /// Something that only a later version knows.
    #[serde(other)]
    Other,
}

/// How much was sent of one stream, and its digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamSum {
    /// How many bytes.
    pub bytes: u64,
    /// The digest, in hex, of the digests of its blocks of 64 KiB.
    pub digest: String,
}

/// What the last frame tells of a command that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// How the command's first process ended.
    pub exit: Exit,
    /// Whether all that was written to stdout and stderr was sent: both were read to their end.
    pub complete: bool,
    /// Whether something that the command left behind still held its output open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pipe_held: bool,
    /// Why the server ended the command, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    /// What was sent of stdout.
    pub stdout: StreamSum,
    /// What was sent of stderr.
    pub stderr: StreamSum,
    /// How many bytes of the input the command's pipe took.
    pub stdin_bytes: u64,
    /// How long it ran, in microseconds.
    pub run_micros: u64,
    /// How many processes were left behind and were ended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_over: u32,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_shown_as_a_shell_shows_it() {
        let killed = Exit::Signal { number: 9, core: false };
        assert_eq!(serde_json::to_string(&Exit::Code(7)).unwrap(), r#"{"code":7}"#);
        assert_eq!(serde_json::to_string(&killed).unwrap(), r#"{"signal":{"number":9}}"#);
        assert_eq!((Exit::Code(7).shell_code(), killed.shell_code()), (7, 137));
    }
}
