//! The headers, one type a frame.

use std::collections::BTreeMap;

use proto::Header;
use serde::{Deserialize, Serialize};

use super::{Failure, Proof, Signal, Status, Text};

/// Every header of the command service, told apart by `"type"`.
///
/// `id` is the request's: the client counts up, and all frames of one request carry its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame {
    /// Client: run this.
    Run(Run),
    /// Client: input for the command.
    Stdin(Stdin),
    /// Client: the input ends here.
    StdinEnd(Of),
    /// Client: send the command's group this signal.
    Signal(Signalled),
    /// Client: the window has another size.
    Resize(Resize),
    /// Client: end the command.
    Cancel(Of),

    /// Server: the command runs.
    Started(Started),
    /// Server: what the command wrote to its standard output, or to its terminal.
    Stdout(Output),
    /// Server: what the command wrote to its standard error.
    Stderr(Output),
    /// Server: so much more input may be sent.
    Room(Room),
    /// Server: the command has closed its input; what still comes is thrown away.
    StdinClosed(Of),
    /// Server: the request is over.
    End(End),

    /// Either side: are you there?
    Ping(Ping),
    /// Either side: yes.
    Pong(Ping),
}

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A line for a shell.
    Shell {
        /// The line.
        line: Text,
        /// The shell, by its path or its name; the server's first without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shell: Option<Text>,
    },
    /// A program and its arguments, with no shell in between.
    Argv(Vec<Text>),
}

/// A terminal for the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pty {
    /// What kind of terminal it is: the value of `TERM`.
    pub term: String,
    /// How many rows it has.
    pub rows: u16,
    /// How many columns it has.
    pub cols: u16,
}

/// Asks for a command to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The request.
    pub id: u64,
    /// What is to be run.
    pub command: What,
    /// The directory to run it in; the server's own without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<Text>,
    /// What it finds in its environment beside the server's clean base.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Text>,
    /// How long it may run, in milliseconds; as long as the server allows without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether input will be sent; otherwise it finds none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stdin: bool,
    /// A terminal, if it is to have one: then stdout carries all it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pty: Option<Pty>,
}

/// Input for the command; the body holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stdin {
    /// The request.
    pub id: u64,
    /// How many bytes: no more than the window has room for.
    pub body: u64,
}

/// Says something that needs no more than the request it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Of {
    /// The request.
    pub id: u64,
}

/// A signal for the command's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signalled {
    /// The request.
    pub id: u64,
    /// The signal.
    pub name: Signal,
}

/// The new size of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resize {
    /// The request.
    pub id: u64,
    /// How many rows it has now.
    pub rows: u16,
    /// How many columns it has now.
    pub cols: u16,
}

/// The command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The request.
    pub id: u64,
    /// The number of its first process, which is that of its group as well.
    pub pid: u32,
}

/// A piece of output; the body holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The request.
    pub id: u64,
    /// How many bytes.
    pub body: u32,
}

/// More input may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The request.
    pub id: u64,
    /// How many bytes more.
    pub bytes: u64,
}

/// The request is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The request.
    pub id: u64,
    /// Whether the command was run.
    pub status: Status,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What became of it, if it was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// A sign of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {}

impl Frame {
    /// The request the frame belongs to; a sign of life belongs to none.
    pub fn id(&self) -> Option<u64> {
        Some(match self {
            Self::Run(frame) => frame.id,
            Self::Stdin(frame) => frame.id,
            Self::Signal(frame) => frame.id,
            Self::Resize(frame) => frame.id,
            Self::Started(frame) => frame.id,
            Self::Stdout(frame) | Self::Stderr(frame) => frame.id,
            Self::Room(frame) => frame.id,
            Self::StdinEnd(frame) | Self::Cancel(frame) | Self::StdinClosed(frame) => frame.id,
            Self::End(frame) => frame.id,
            Self::Ping(_) | Self::Pong(_) => return None,
        })
    }
}

impl Header for Frame {
    fn body_len(&self) -> u64 {
        match self {
            Self::Stdin(frame) => frame.body,
            Self::Stdout(frame) | Self::Stderr(frame) => u64::from(frame.body),
            _ => 0,
        }
    }
}

impl End {
    /// The end of a command that was run.
    pub fn ran(id: u64, proof: Proof) -> Self {
        Self { id, status: Status::Ok, message: None, proof: Some(proof) }
    }

    /// The end of a request that could not be met.
    pub fn failed(id: u64, failure: Failure) -> Self {
        Self { id, status: failure.status, message: Some(failure.message), proof: None }
    }

    /// The proof, or why there is none.
    ///
    /// # Errors
    ///
    /// The failure that it tells of.
    pub fn into_result(self) -> Result<Proof, Failure> {
        match (self.status, self.proof) {
            (Status::Ok, Some(proof)) => Ok(proof),
            (Status::Ok, None) => {
                Err(Failure::new(Status::Failed, "the end tells nothing of the command"))
            }
            (status, _) => {
                let message = self.message.unwrap_or_else(|| status.as_str().into());
                Err(Failure::new(status, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each frame as another implementation would write it.
    const FRAMES: [&str; 16] = [
        r#"{"type":"run","id":1,"command":{"shell":{"line":"ls"}}}"#,
        r#"{"type":"run","id":1,"command":{"shell":{"line":"ls","shell":"bash"}},"dir":"/"}"#,
        r#"{"type":"run","id":1,"command":{"argv":["ls",{"hex":"ff"}]},"env":{"A":"b"},"timeout_ms":5,"stdin":true,"pty":{"term":"xterm","rows":24,"cols":80}}"#,
        r#"{"type":"stdin","id":1,"body":9}"#,
        r#"{"type":"stdin_end","id":1}"#,
        r#"{"type":"signal","id":1,"name":"INT"}"#,
        r#"{"type":"resize","id":1,"rows":50,"cols":132}"#,
        r#"{"type":"cancel","id":1}"#,
        r#"{"type":"started","id":1,"pid":77}"#,
        r#"{"type":"stdout","id":1,"body":5}"#,
        r#"{"type":"stderr","id":1,"body":5}"#,
        r#"{"type":"room","id":1,"bytes":4096}"#,
        r#"{"type":"stdin_closed","id":1}"#,
        r#"{"type":"end","id":1,"status":"not_found","message":"no"}"#,
        r#"{"type":"end","id":1,"status":"ok","proof":{"exit":{"code":0},"complete":true,"stdout":{"bytes":0,"digest":"d4"},"stderr":{"bytes":0,"digest":"d4"},"stdin_bytes":0,"run_micros":7}}"#,
        r#"{"type":"ping"}"#,
    ];

    #[test]
    fn frames_are_what_the_documentation_says() {
        for text in FRAMES {
            let frame: Frame = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&frame).unwrap(), text);
            let has_body = text.contains("\"body\"");
            assert_eq!(frame.body_len() > 0, has_body, "{text}");
            assert_eq!(frame.id(), (!text.contains("ping")).then_some(1));
        }
    }

    #[test]
    fn refuses_what_is_not_in_range() {
        for text in [
            r#"{"type":"stdin","id":1,"body":-1}"#,
            r#"{"type":"stdin","id":1,"body":1e3}"#,
            r#"{"type":"signal","id":1,"name":"SEGV"}"#,
            r#"{"type":"resize","id":1,"rows":70000,"cols":1}"#,
            r#"{"type":"run","id":1,"command":"ls"}"#,
            r#"{"type":"run","id":1}"#,
        ] {
            serde_json::from_str::<Frame>(text).unwrap_err();
        }
    }
}
