//! Processes of the real program, seen through what they print.

use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::{Error, Given, within};

/// A process that tells what it does, an event a line. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it told so far.
    events: Vec<Value>,
    stderr: JoinHandle<String>,
}

/// What a process did until its end.
#[derive(Debug)]
pub struct Ended {
    /// What it ended with; `None` if a signal ended it.
    pub code: Option<i32>,
    /// The lines of its standard output; those that are no JSON as strings.
    pub events: Vec<Value>,
    /// Its standard error.
    pub stderr: String,
}

impl Process {
    /// Starts a program that has nothing to read from standard input.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn start(command: &mut Command) -> Result<Self, Error> {
        Self::start_reading(command, Stdio::null())
    }

    /// Starts a program with something as its standard input.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn start_reading(command: &mut Command, stdin: impl Into<Stdio>) -> Result<Self, Error> {
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().ok_or("a process without standard output")?;
        let mut errors = child.stderr.take().ok_or("a process without standard error")?;
        // It is read all the time, so that nobody waits for room in the pipe.
        let stderr = tokio::spawn(async move {
            let mut bytes = Vec::new();
            let _ = errors.read_to_end(&mut bytes).await;
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Ok(Self { child, lines: BufReader::new(stdout).lines(), events: Vec::new(), stderr })
    }

    /// Its number, as long as it has not been waited for.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for a line of which something is true.
    ///
    /// # Errors
    ///
    /// If the process ends before, or nothing like it comes in time.
    pub async fn event(
        &mut self,
        what: &str,
        mut is: impl FnMut(&Value) -> bool,
    ) -> Result<Value, Error> {
        let found = within(what, async {
            while let Some(event) = self.next().await? {
                if is(&event) {
                    return Ok(Some(event));
                }
            }
            Ok::<_, Error>(None)
        });
        match found.await? {
            Some(event) => Ok(event),
            None => {
                let stderr = (&mut self.stderr).await?;
                Err(format!("the process ended before {what}: {:?} {stderr}", self.events).into())
            }
        }
    }

    /// The next line; `None` when there will be none.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn next(&mut self) -> Result<Option<Value>, Error> {
        let Some(line) = self.lines.next_line().await? else {
            return Ok(None);
        };
        let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
        self.events.push(event.clone());
        Ok(Some(event))
    }

    /// The ticket that it gives.
    ///
    /// # Errors
    ///
    /// If it gives none in time.
    pub async fn ticket(&mut self) -> Result<Given, Error> {
        let event = self.event("a ticket", |event| event["event"] == "ticket").await?;
        Given::from_event(&event).ok_or_else(|| "a ticket without its parts".into())
    }

    /// Ends it without a warning, as `kill -9` does.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub async fn kill(&mut self) -> Result<(), Error> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end, as Ctrl-C does.
    ///
    /// # Errors
    ///
    /// If it has ended, or the system refuses.
    #[cfg(unix)]
    pub fn interrupt(&self) -> Result<(), Error> {
        use rustix::process::{Pid, Signal, kill_process};
        let id = self.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(kill_process(id.ok_or("it has ended")?, Signal::INT)?)
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// If it does not in time.
    pub async fn end(mut self) -> Result<Ended, Error> {
        within("the end of a process", async {
            while self.next().await?.is_some() {}
            let status = self.child.wait().await?;
            let stderr = (&mut self.stderr).await?;
            let events = std::mem::take(&mut self.events);
            Ok::<_, Error>(Ended { code: status.code(), events, stderr })
        })
        .await
    }
}

impl Ended {
    /// The event that tells of a transfer that went well.
    ///
    /// # Errors
    ///
    /// If there is none: then with all that the process said.
    pub fn done(&self) -> Result<&Value, Error> {
        let done = self.events.iter().find(|event| event["event"] == "done");
        match done {
            Some(done) if self.code == Some(0) => Ok(done),
            _ => Err(format!("no transfer was done: {self:?}").into()),
        }
    }

    /// A count from [`done`](Self::done): `moved`, `reused`, `retries` and so on.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn count(&self, name: &str) -> Result<u64, Error> {
        let count = self.done()?[name].as_u64();
        count.ok_or_else(|| format!("no `{name}` in {self:?}").into())
    }

    /// Everything that it said, on both streams.
    #[must_use]
    pub fn said(&self) -> String {
        let mut said: String = self.events.iter().map(|event| format!("{event}\n")).collect();
        said.push_str(&self.stderr);
        said
    }

    /// What it says has failed: standard error, or the event's message.
    #[must_use]
    pub fn complaint(&self) -> String {
        let error = self.events.iter().find(|event| event["event"] == "error");
        let message = error.and_then(|event| event["message"].as_str());
        message.map_or_else(|| self.stderr.clone(), str::to_owned)
    }
}

/// The real server, ready to be called.
#[derive(Debug)]
pub struct Served {
    /// The process.
    pub process: Process,
    /// Where it listens.
    pub addr: SocketAddr,
    /// All that its ready line says.
    pub ready: Value,
}

impl Served {
    /// Starts it, and waits until it says that it is ready.
    ///
    /// # Errors
    ///
    /// If it is not ready in time.
    pub async fn start(command: &mut Command) -> Result<Self, Error> {
        let mut process = Process::start(command)?;
        let ready = process.event("a server's ready line", |event| event["event"] == "serving");
        let ready = ready.await?;
        let addr = ready["address"].as_str().ok_or("a ready line without an address")?.parse()?;
        Ok(Self { process, addr, ready })
    }

    /// Ends it as Ctrl-C does where that is known, and gives back what it said.
    ///
    /// # Errors
    ///
    /// If it does not end in time.
    #[cfg_attr(unix, expect(unused_mut, reason = "it is killed elsewhere"))]
    pub async fn stop(mut self) -> Result<Ended, Error> {
        #[cfg(unix)]
        self.process.interrupt()?;
        #[cfg(not(unix))]
        self.process.child.start_kill()?;
        self.process.end().await
    }
}
