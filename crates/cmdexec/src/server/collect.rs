//! A command whose output is wanted in one piece.

use std::io;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use super::Limits;
use super::channel::Channel;
use super::course::{Course, Due};
use crate::run::{Group, Process};
use crate::wire::{EndedBy, Exit, Proof, StreamSum};

/// What a command wrote, and how it ended.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Its digests are left out.
    pub(crate) proof: Proof,
}

/// A command that runs.
struct Collecting {
    group: Group,
    course: Course,
    exit: Option<Exit>,
    stdout: (Channel, Vec<u8>),
    stderr: (Channel, Vec<u8>),
    max_output: u64,
}

/// What happens next.
enum Turn {
    Stdout(io::Result<Bytes>),
    Stderr(io::Result<Bytes>),
    Exited(io::Result<Exit>),
    Due,
}

/// Runs a command to its end. If the future is dropped, the command is ended.
pub(crate) async fn collect(process: Process, limits: Limits) -> Collected {
    let begun = Instant::now();
    let Limits { max_run, max_output, kill_grace, pipe_grace } = limits;
    let collecting = Collecting {
        group: process.group,
        course: Course::new(begun, max_run, kill_grace, pipe_grace),
        exit: None,
        stdout: (Channel::new(Some(process.stdout)), Vec::new()),
        stderr: (Channel::new(process.stderr), Vec::new()),
        max_output: max_output.unwrap_or(u64::MAX),
    };
    collecting.run(begun).await
}

impl Collecting {
    async fn run(mut self, begun: Instant) -> Collected {
        while self.exit.is_none() || self.stdout.0.is_open() || self.stderr.0.is_open() {
            let alarm = self.course.next();
            let turn = tokio::select! {
                read = self.stdout.0.read() => Turn::Stdout(read),
                read = self.stderr.0.read() => Turn::Stderr(read),
                exit = self.group.exit(), if self.exit.is_none() => Turn::Exited(exit),
                () = sleep_until(alarm.unwrap_or(begun)), if alarm.is_some() => Turn::Due,
            };
            let due = match turn {
                Turn::Stdout(read) => self.take(read, false),
                Turn::Stderr(read) => self.take(read, true),
                Turn::Exited(exit) => {
                    self.exit = Some(exit.unwrap_or(Exit::Code(255)));
                    self.course.exited(Instant::now());
                    None
                }
                Turn::Due => self.course.due(Instant::now()),
            };
            match due {
                Some(Due::Ask) => self.group.ask_to_end().await,
                Some(Due::Kill) => self.group.kill_all().await,
                Some(Due::Cut) => {
                    self.stdout.0.cut();
                    self.stderr.0.cut();
                }
                None => {}
            }
        }
        self.conclude(begun).await
    }

    fn take(&mut self, read: io::Result<Bytes>, is_stderr: bool) -> Option<Due> {
        let (channel, kept) = if is_stderr { &mut self.stderr } else { &mut self.stdout };
        kept.extend_from_slice(&channel.took(read));
        let len = self.stdout.1.len() + self.stderr.1.len();
        if len as u64 <= self.max_output {
            return None;
        }
        self.stdout.0.abandon();
        self.stderr.0.abandon();
        self.course.end(Instant::now(), EndedBy::Output)
    }

    async fn conclude(mut self, begun: Instant) -> Collected {
        let run_time = begun.elapsed();
        let left_over = self.group.finish().await;
        let complete = self.stdout.0.is_whole() && self.stderr.0.is_whole();
        let sum = |kept: &[u8]| StreamSum { bytes: kept.len() as u64, digest: String::new() };
        let ended_by = self.course.ended_by();
        let proof = Proof {
            exit: self.exit.expect("it is over only when its exit is known"),
            complete,
            pipe_held: !complete && ended_by != Some(EndedBy::Output),
            ended_by,
            stdout: sum(&self.stdout.1),
            stderr: sum(&self.stderr.1),
            stdin_bytes: 0,
            run_micros: run_time.as_micros().try_into().unwrap_or(u64::MAX),
            left_over,
        };
        Collected { stdout: self.stdout.1, stderr: self.stderr.1, proof }
    }
}
