//! A server, and what becomes of a command there.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::io;
use std::pin::pin;

use cmdexec::{Client, ClientError, Command, EndedBy, Event, Options, Outcome, Running};
use tokio::io::AsyncRead;

use super::args::{DEFAULT_PORT, SERVICE};
use super::event::ExecEvent;
use super::explain::explain;
use super::forward::{Catch, Caught};
use super::output::{Closed, Output, Stream};
use super::terminal::RawMode;
use crate::exit::Exit;
use crate::peer::Dialer;
use crate::problem::Problem;
use crate::report::{Report, text};
use crate::settings::CommonArgs;

/// The status of a command whose output nobody reads: that of one which `SIGPIPE` ended.
const NOBODY_READS: u8 = 128 + 13;

/// How long an answer for this program may be, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// One server.
pub(super) struct Remote {
    client: Client<Dialer>,
    dialer: Dialer,
}

/// What goes along with a command here.
pub(super) struct Course<'a> {
    pub(super) report: &'a Report,
    pub(super) output: &'a mut Output,
    pub(super) catch: &'a mut Catch,
    /// The command has a terminal, so that keys are its own.
    pub(super) tty: bool,
}

/// Why a command is not followed to its end.
enum Stopped {
    Failed(ClientError),
    /// Its output can no longer be written.
    Closed,
    /// A signal that is for this program.
    Caught(Caught),
    /// The terminal here does not do as it is told.
    Terminal(io::Error),
}

impl From<ClientError> for Stopped {
    fn from(error: ClientError) -> Self {
        Self::Failed(error)
    }
}

impl From<Closed> for Stopped {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl Remote {
    /// The server that was named, or the usual one of this machine.
    pub(super) fn new(common: &CommonArgs) -> Result<Self, Problem> {
        let server = common.server_or_local()?;
        let dialer = Dialer::new(&server, SERVICE, DEFAULT_PORT, common)?;
        let mut options = Options::default();
        options.token = dialer.token();
        Ok(Self { client: Client::new(dialer.clone(), options), dialer })
    }

    /// `HOST:PORT`.
    pub(super) fn server(&self) -> &str {
        self.dialer.address()
    }

    /// Connects now rather than at the first command. Gives the status to end with if a signal
    /// came first.
    pub(super) async fn connect(&mut self, course: &mut Course<'_>) -> Result<Option<u8>, Problem> {
        let server = self.dialer.address();
        tokio::select! {
            connected = self.client.connect() => connected
                .map(|()| None)
                .map_err(|error| explain("connect", b"", server, &error).on_its_own()),
            caught = course.catch.ending() => Ok(Some(caught.status())),
        }
    }

    /// With a ticket: comes in by it, and notes the server, whose address is enough afterwards.
    pub(super) async fn redeem(&mut self, course: &mut Course<'_>) -> Result<Option<u8>, Problem> {
        if !self.dialer.has_ticket() {
            return Ok(None);
        }
        let stopped = self.connect(course).await?;
        self.dialer.remember()?;
        Ok(stopped)
    }

    /// Says goodbye. The server takes any other end for a failure.
    pub(super) async fn close(&mut self) {
        self.client.close().await;
    }

    /// Runs a command to its end, and gives its status.
    pub(super) async fn run(
        &mut self,
        command: &Command,
        shown: &OsStr,
        stdin: impl AsyncRead + Unpin + Send,
        course: &mut Course<'_>,
    ) -> Result<u8, Problem> {
        let shown = shown.as_encoded_bytes();
        course.output.begin();
        let followed = self.follow(command, stdin, course).await;
        // All that came is written before anything is said of it.
        let written = tokio::select! {
            biased;
            written = course.output.finish() => written,
            caught = course.catch.ending() => return Ok(caught.status()),
        };
        match (followed, written) {
            (Ok(outcome), Ok(())) => Ok(course.conclude(shown, &outcome)),
            (Err(Stopped::Caught(caught)), _) => Ok(caught.status()),
            (_, Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(NOBODY_READS),
            (Ok(_) | Err(Stopped::Closed), written) => {
                let error = written.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into());
                let message = format!("cannot write the output: {}", text::reason(&error));
                Err(Problem::new(Exit::Failed, message))
            }
            (Err(Stopped::Failed(error)), _) => {
                Err(explain("run", shown, self.dialer.address(), &error))
            }
            (Err(Stopped::Terminal(error)), _) => {
                let message = format!("the terminal cannot be set up: {}", text::reason(&error));
                Err(Problem::new(Exit::Failed, message))
            }
        }
    }

    /// Runs a command whose stdout is an answer for this program. Its stderr is shown.
    pub(super) async fn ask(
        &mut self,
        command: &Command,
        course: &mut Course<'_>,
    ) -> Result<(u8, Vec<u8>), Problem> {
        let server = self.dialer.address();
        let answer = tokio::select! {
            answer = self.client.output(command, MAX_ANSWER) => answer
                .map_err(|error| explain("ask", b"", server, &error).on_its_own())?,
            caught = course.catch.ending() => return Ok((caught.status(), Vec::new())),
        };
        course.output.begin();
        // A terminal that is gone is noticed by the next command.
        let _ = course.output.put(Stream::Stderr, answer.stderr.into()).await;
        let _ = course.output.end().await;
        let _ = course.output.finish().await;
        Ok((status(&answer.outcome), answer.stdout))
    }

    async fn follow(
        &mut self,
        command: &Command,
        stdin: impl AsyncRead + Unpin + Send,
        course: &mut Course<'_>,
    ) -> Result<Outcome, Stopped> {
        let Course { output, catch, tty, .. } = course;
        let mut running = tokio::select! {
            started = self.client.start(command, stdin) => started?,
            caught = catch.ending() => return Err(Stopped::Caught(caught)),
        };
        // Before the command runs, keys and signals are for this program.
        let mut raw = None;
        let mut started = false;
        loop {
            let event = tokio::select! {
                event = running.next() => event?,
                caught = catch.next() => match caught {
                    caught if started => {
                        pass_on(caught, &running)?;
                        continue;
                    }
                    Caught::Resized => continue,
                    caught => return Err(Stopped::Caught(caught)),
                },
            };
            match event {
                Some(Event::Started { pid }) => {
                    started = true;
                    if *tty {
                        raw = RawMode::enter().map_err(Stopped::Terminal)?;
                    }
                    output.tell(&ExecEvent::Started { pid }).await?;
                }
                Some(Event::Stdout(piece)) => {
                    beside(&mut running, catch, output.put(Stream::Stdout, piece)).await?;
                }
                Some(Event::Stderr(piece)) => {
                    beside(&mut running, catch, output.put(Stream::Stderr, piece)).await?;
                }
                Some(Event::End(outcome)) => {
                    drop(raw);
                    output.end().await?;
                    output.tell_end(&outcome, status(&outcome)).await?;
                    return Ok(outcome);
                }
                Some(_) => {}
                None => unreachable!("an end comes before nothing more does"),
            }
        }
    }
}

/// Writes a piece while the command goes on.
async fn beside<I: AsyncRead + Unpin + Send>(
    running: &mut Running<'_, Dialer, I>,
    catch: &mut Catch,
    put: impl Future<Output = Result<(), Closed>>,
) -> Result<(), Stopped> {
    let mut put = pin!(put);
    loop {
        let failed: Result<Infallible, ClientError> = tokio::select! {
            biased;
            put = &mut put => return Ok(put?),
            caught = catch.next() => {
                pass_on(caught, running)?;
                continue;
            }
            failed = running.tend() => failed,
        };
        match failed? {}
    }
}

/// Hands a signal on to the command, unless it is for this program.
fn pass_on<I>(caught: Caught, running: &Running<'_, Dialer, I>) -> Result<(), Stopped>
where
    I: AsyncRead + Unpin + Send,
{
    match caught.hand_on(&running.control()) {
        Some(caught) => Err(Stopped::Caught(caught)),
        None => Ok(()),
    }
}

/// What a command ends this program with. One that was ended because of a limit has not done what
/// it was to do, whatever it says.
fn status(outcome: &Outcome) -> u8 {
    // The system has the lowest eight bits only, there as here.
    match (outcome.exit.shell_code() & 0xff) as u8 {
        0 if outcome.ended_by.is_some() => Exit::NotRun.code(),
        status => status,
    }
}

impl Course<'_> {
    /// Tells what there is to know besides the status, and gives that.
    fn conclude(&self, shown: &[u8], outcome: &Outcome) -> u8 {
        let why = match outcome.ended_by {
            Some(EndedBy::Time) => Some("its time was up, and it was ended"),
            Some(EndedBy::Output) => Some("it wrote more than the server lets through: ended"),
            Some(_) => Some("the server ended it"),
            None => None,
        };
        // Programs have been told, in the end's own words.
        if !self.report.is_json() {
            if let Some(why) = why {
                self.report.problem(&super::explain::about(shown, why));
            } else if outcome.pipe_held {
                let message = "something it left behind held its output open, and was ended";
                self.report.problem(&super::explain::about(shown, message));
            }
        }
        status(outcome)
    }
}
