//! One command that runs: what it writes goes out, what comes for it goes in, and one place
//! decides.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use proto::Algorithm;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

use super::channel::Channel;
use super::course::{Course, Due};
use crate::digest::StreamDigest;
use crate::line::{Incoming, Line, LineError, SIGN_OF_LIFE, Stream};
use crate::policy::Policy;
use crate::run::{Group, Inlet, Process};
use crate::wire::{EndedBy, Exit, Frame, Of, Output, Proof, Run, STDIN_WINDOW, Started};

/// With more than so many bytes on their way to the client, the command's output is not read.
const HIGH_WATER: usize = 2 * 1024 * 1024;

/// It is read again when no more than so many are left.
const LOW_WATER: usize = 1024 * 1024;

/// The client is told of room for input in steps of this many bytes.
const ROOM_STEP: u64 = STDIN_WINDOW / 4;

/// What bounds a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_run: Option<Duration>,
    pub(crate) max_output: Option<u64>,
    pub(crate) kill_grace: Duration,
    pub(crate) pipe_grace: Duration,
}

impl Limits {
    pub(crate) fn new(run: &Run, policy: &Policy) -> Self {
        let asked = run.timeout_ms.map(Duration::from_millis);
        Self {
            max_run: [asked, policy.max_run].into_iter().flatten().min(),
            max_output: policy.max_output_bytes,
            kill_grace: policy.kill_grace,
            pipe_grace: policy.pipe_grace,
        }
    }
}

/// A command that runs.
pub(super) struct Execution<'a, T> {
    line: &'a mut Line<T>,
    id: u64,
    begun: Instant,
    group: Group,
    exit: Option<Exit>,
    course: Course,
    kill_grace: Duration,
    input: Input,
    stdout: Channel,
    stderr: Channel,
    /// What was sent of stdout and stderr.
    sums: [StreamDigest; 2],
    /// How much more it may write.
    output_left: u64,
    /// Whether the queue was full and has not been emptied far enough since.
    choked: bool,
}

/// What the command is to read.
struct Input {
    /// None once it is closed.
    inlet: Option<Inlet>,
    waiting: BytesMut,
    /// No more will come.
    ended: bool,
    /// How much the command's side has taken.
    taken: u64,
    /// How much of that the client does not know of yet.
    untold: u64,
}

/// What happens next, of all that can.
enum Turn {
    Heard(Result<Option<Incoming>, LineError>),
    Stdout(io::Result<Bytes>),
    Stderr(io::Result<Bytes>),
    Written(io::Result<usize>),
    Exited(io::Result<Exit>),
    Due,
    Idle,
}

impl<'a, T: AsyncRead + AsyncWrite + Unpin> Execution<'a, T> {
    pub(super) fn new(
        line: &'a mut Line<T>,
        run: &Run,
        process: Process,
        limits: Limits,
        algorithm: Algorithm,
    ) -> Self {
        let begun = Instant::now();
        let Process { group, stdin, stdout, stderr } = process;
        // A terminal is not closed by its input's end, and can be resized without any.
        let ended = !run.stdin;
        let Limits { max_run, max_output, kill_grace, pipe_grace } = limits;
        Self {
            line,
            id: run.id,
            begun,
            group,
            exit: None,
            course: Course::new(begun, max_run, kill_grace, pipe_grace),
            kill_grace,
            input: Input { inlet: stdin, waiting: BytesMut::new(), ended, taken: 0, untold: 0 },
            stdout: Channel::new(Some(stdout)),
            stderr: Channel::new(stderr),
            sums: [StreamDigest::new(algorithm), StreamDigest::new(algorithm)],
            output_left: max_output.unwrap_or(u64::MAX),
            choked: false,
        }
    }

    /// Runs it to its end. An error is the connection's; then the command was ended.
    pub(super) async fn run(mut self) -> Result<Proof, LineError> {
        self.line.open_window(STDIN_WINDOW);
        self.line.say(&Frame::Started(Started { id: self.id, pid: self.group.pid() }));
        while self.exit.is_none() || self.stdout.is_open() || self.stderr.is_open() {
            match self.turn().await {
                Turn::Heard(Ok(Some(incoming))) => self.hear(incoming).await,
                Turn::Heard(Ok(None)) => self.choked = false,
                Turn::Heard(Err(error)) => {
                    self.abandon().await;
                    return Err(error);
                }
                Turn::Stdout(read) => self.send(Stream::Stdout, read).await,
                Turn::Stderr(read) => self.send(Stream::Stderr, read).await,
                Turn::Written(written) => self.written(written),
                Turn::Exited(exit) => self.exited(exit),
                Turn::Due => {
                    let due = self.course.due(Instant::now());
                    self.enforce(due).await;
                }
                Turn::Idle => self.line.sign_of_life(),
            }
        }
        Ok(self.conclude().await)
    }

    /// Waits for whatever comes first. Everything in it is cancel-safe, and the order is left to
    /// chance: no flood, from whichever side, keeps the rest from being heard.
    async fn turn(&mut self) -> Turn {
        self.choked |= self.line.queued() >= HIGH_WATER;
        let low_water = self.choked.then_some(LOW_WATER);
        let alarm = self.course.next();
        let idle_at = Instant::now() + SIGN_OF_LIFE;
        tokio::select! {
            heard = self.line.incoming(self.id, low_water) => Turn::Heard(heard),
            () = sleep_until(alarm.unwrap_or(idle_at)), if alarm.is_some() => Turn::Due,
            read = self.stderr.read(), if !self.choked => Turn::Stderr(read),
            read = self.stdout.read(), if !self.choked => Turn::Stdout(read),
            written = self.input.write() => Turn::Written(written),
            exit = self.group.exit(), if self.exit.is_none() => Turn::Exited(exit),
            () = sleep_until(idle_at) => Turn::Idle,
        }
    }

    async fn hear(&mut self, incoming: Incoming) {
        let frame = match incoming {
            Incoming::Piece(_, bytes) => return self.take_input(bytes),
            Incoming::Frame(frame) => frame,
        };
        match frame {
            Frame::StdinEnd(_) => self.end_input(),
            Frame::Signal(signal) if self.exit.is_none() => self.group.signal(signal.name),
            Frame::Resize(size) => {
                if let Some(inlet) = &self.input.inlet {
                    inlet.resize(size.rows, size.cols);
                }
            }
            Frame::Cancel(_) => {
                let due = self.course.end(Instant::now(), EndedBy::Cancel);
                self.enforce(due).await;
            }
            // Only a server says the rest; from a client it means nothing.
            _ => {}
        }
    }

    fn take_input(&mut self, bytes: Bytes) {
        // What comes for a closed input is thrown away, but room is made for more: the client may
        // not have heard of it yet.
        if self.input.inlet.is_some() && !self.input.ended {
            self.input.waiting.extend_from_slice(&bytes);
        } else {
            self.give_room(bytes.len() as u64);
        }
    }

    fn end_input(&mut self) {
        if let Some(inlet) = self.input.inlet.as_ref().filter(|_| !self.input.ended) {
            self.input.waiting.extend_from_slice(inlet.last_words());
        }
        self.input.ended = true;
        self.input.close_if_done();
    }

    fn written(&mut self, written: io::Result<usize>) {
        match written {
            Ok(count) => {
                self.input.advance(count);
                self.give_room(count as u64);
                self.input.close_if_done();
            }
            Err(_) => {
                // Nobody reads it any more.
                self.input.inlet = None;
                self.input.waiting.clear();
                self.line.say(&Frame::StdinClosed(Of { id: self.id }));
            }
        }
    }

    fn give_room(&mut self, bytes: u64) {
        self.input.untold += bytes;
        if self.input.untold >= ROOM_STEP {
            self.line.widen_window(self.id, self.input.untold);
            self.input.untold = 0;
        }
    }

    /// Sends a piece of output on.
    async fn send(&mut self, stream: Stream, read: io::Result<Bytes>) {
        let id = self.id;
        let [stdout, stderr] = &mut self.sums;
        let (channel, sum) = match stream {
            Stream::Stderr => (&mut self.stderr, stderr),
            _ => (&mut self.stdout, stdout),
        };
        let mut bytes = channel.took(read);
        if bytes.is_empty() {
            return;
        }
        let allowed = usize::try_from(self.output_left).unwrap_or(usize::MAX);
        let too_much = bytes.len() > allowed;
        bytes.truncate(allowed);
        sum.update(&bytes);
        self.output_left -= bytes.len() as u64;
        let output = Output { id, body: bytes.len() as u32 };
        let frame = match stream {
            Stream::Stderr => Frame::Stderr(output),
            _ => Frame::Stdout(output),
        };
        self.line.say_with(&frame, bytes);
        if too_much {
            // Nothing more of it is read, so that it cannot go on in the meantime.
            self.stdout.abandon();
            self.stderr.abandon();
            let due = self.course.end(Instant::now(), EndedBy::Output);
            self.enforce(due).await;
        }
    }

    fn exited(&mut self, exit: io::Result<Exit>) {
        // Only somebody else in this program can have reaped it, who knows its exit; we do not.
        let exit = exit.unwrap_or(Exit::Code(255));
        self.exit = Some(exit);
        self.course.exited(Instant::now());
        self.input.close();
    }

    async fn enforce(&mut self, due: Option<Due>) {
        match due {
            Some(Due::Ask) => self.group.ask_to_end().await,
            Some(Due::Kill) => self.group.kill_all().await,
            Some(Due::Cut) => {
                self.stdout.cut();
                self.stderr.cut();
            }
            None => {}
        }
    }

    /// Ends what the client has gone away from.
    async fn abandon(&mut self) {
        self.input.close();
        self.stdout.abandon();
        self.stderr.abandon();
        if self.exit.is_none() {
            self.group.ask_to_end().await;
            if tokio::time::timeout(self.kill_grace, self.group.exit()).await.is_err() {
                self.group.kill_all().await;
                // Who does not end by that is stuck in the system, and is left to a thread.
                let _ = tokio::time::timeout(self.kill_grace, self.group.exit()).await;
            }
        }
        self.group.finish().await;
    }

    async fn conclude(mut self) -> Proof {
        let run_time = self.begun.elapsed();
        let left_over = self.group.finish().await;
        let complete = self.stdout.is_whole() && self.stderr.is_whole();
        let [stdout, stderr] = self.sums;
        let cut_off = self.course.ended_by() == Some(EndedBy::Output);
        Proof {
            exit: self.exit.take().expect("it is over only when its exit is known"),
            complete,
            pipe_held: !complete && !cut_off,
            ended_by: self.course.ended_by(),
            stdout: stdout.finish(),
            stderr: stderr.finish(),
            stdin_bytes: self.input.taken,
            run_micros: run_time.as_micros().try_into().unwrap_or(u64::MAX),
            left_over,
        }
    }
}

impl Input {
    /// Writes some of what waits; waits for ever while there is nothing.
    async fn write(&mut self) -> io::Result<usize> {
        match &mut self.inlet {
            Some(inlet) if !self.waiting.is_empty() => inlet.write(&self.waiting).await,
            _ => pending().await,
        }
    }

    fn advance(&mut self, count: usize) {
        self.taken += count as u64;
        self.waiting.advance(count);
    }

    /// Closes a pipe into which all was written. A terminal stays: it carries the output too.
    fn close_if_done(&mut self) {
        if self.ended && self.waiting.is_empty() && matches!(self.inlet, Some(Inlet::Pipe(_))) {
            self.inlet = None;
        }
    }

    fn close(&mut self) {
        self.inlet = None;
        self.waiting.clear();
        self.ended = true;
    }
}
