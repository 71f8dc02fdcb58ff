//! What a caller learns of its command.

use std::time::Duration;

use bytes::Bytes;

use crate::wire::{EndedBy, Exit, Proof};

/// Something that happened to a command that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It runs.
    Started {
        /// The number of its process on the server.
        pid: u32,
    },
    /// It wrote to its standard output, or to its terminal.
    Stdout(Bytes),
    /// It wrote to its standard error.
    Stderr(Bytes),
    /// It is over, and all that was sent has come.
    End(Outcome),
}

/// How a command ended. Counts and digests of both streams were found right.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// How its process ended.
    pub exit: Exit,
    /// Whether all that was written has come. It has not if [`pipe_held`](Self::pipe_held), or if
    /// the server cut the output off.
    pub complete: bool,
    /// Whether something that the command left behind still held its output open. It was ended.
    pub pipe_held: bool,
    /// Why the server ended the command, if it did.
    pub ended_by: Option<EndedBy>,
    /// How many bytes came from stdout.
    pub stdout_bytes: u64,
    /// How many bytes came from stderr.
    pub stderr_bytes: u64,
    /// How many bytes of the input the command's pipe took; it need not have read them all.
    pub stdin_bytes: u64,
    /// How long it ran.
    pub run_time: Duration,
    /// How many processes it left behind; they were ended.
    pub left_over: u32,
}

impl From<Proof> for Outcome {
    fn from(proof: Proof) -> Self {
        Self {
            exit: proof.exit,
            complete: proof.complete,
            pipe_held: proof.pipe_held,
            ended_by: proof.ended_by,
            stdout_bytes: proof.stdout.bytes,
            stderr_bytes: proof.stderr.bytes,
            stdin_bytes: proof.stdin_bytes,
            run_time: Duration::from_micros(proof.run_micros),
            left_over: proof.left_over,
        }
    }
}

/// What [`Client::output`](crate::Client::output) gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// What the command wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What the command wrote to its standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub outcome: Outcome,
}
