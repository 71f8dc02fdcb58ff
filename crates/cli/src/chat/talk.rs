//! `talk`: the tutorial's client. A contact by name, a message, one reply.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;
use udpchat::tutorial::{Contacts, Courier, Talk, TalkStep};
use udpchat::{Name, safe};

use super::args::{DEFAULT_PORT, TalkArgs};
use super::event::ChatEvent;
use super::lines::Lines;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Report, text};
use crate::signals::Signals;

/// Talks until `quit`, the end of the input, or Ctrl-C.
pub(super) async fn talk(args: &TalkArgs, report: &Report) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    let talker = Talker {
        talk: Talk::new(contacts(args)?),
        courier: Courier::new(),
        lines: Lines::of_stdin(),
        timeout: args.timeout,
        is_person: report.can_ask(),
        report,
    };
    tokio::select! {
        biased;
        exit = talker.run() => Ok(exit),
        () = report.closed() => Ok(Exit::Done),
        () = signals.next() => Ok(Exit::Interrupted),
    }
}

/// All that were named; the tutorial's where none was.
fn contacts(args: &TalkArgs) -> Result<Contacts, Problem> {
    let mut contacts = Contacts::default();
    if let Some(file) = &args.file {
        let shown = safe(file.as_os_str().as_encoded_bytes()).to_string();
        let read = fs::read_to_string(file).map_err(|error| {
            Problem::new(Exit::NotFound, text::reason(&error)).on("--contacts", &shown)
        })?;
        contacts = read.parse().map_err(|why| Problem::usage(why).on("--contacts", &shown))?;
    }
    for contact in &args.contacts {
        contacts.add(contact).map_err(|why| Problem::usage(why).on("--contact", safe(contact)))?;
    }
    if contacts.is_empty() {
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
        contacts = Contacts::tutorial(server);
    }
    Ok(contacts)
}

/// A reply that is to come.
#[derive(Clone, Copy)]
struct Awaited {
    peer: SocketAddr,
    deadline: Option<Instant>,
}

impl Awaited {
    fn new(peer: SocketAddr, timeout: Option<Duration>) -> Self {
        Self { peer, deadline: timeout.map(|timeout| Instant::now() + timeout) }
    }
}

/// What has come.
enum Heard {
    Line(Option<String>),
    Reply(SocketAddr, Vec<u8>),
    Failure(Problem),
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

struct Talker<'a> {
    talk: Talk,
    courier: Courier,
    lines: Lines,
    timeout: Option<Duration>,
    is_person: bool,
    report: &'a Report,
}

impl Talker<'_> {
    async fn run(mut self) -> Exit {
        let mut exit = Exit::Done;
        let mut awaited = None;
        self.choose();
        loop {
            let line = match self.next(awaited).await {
                Heard::Line(Some(line)) => line,
                Heard::Line(None) => return exit,
                Heard::Reply(from, bytes) => {
                    if self.hear(from, &bytes) {
                        awaited = None;
                    }
                    continue;
                }
                Heard::Failure(problem) => {
                    self.report.problem(&problem);
                    exit.and(problem.exit);
                    awaited = None;
                    continue;
                }
            };
            awaited = None;
            match self.talk.line(&line) {
                TalkStep::Quit => return exit,
                TalkStep::Choosing => {
                    self.report.event(&ChatEvent::Contact { contact: None });
                    self.choose();
                }
                TalkStep::Chosen(name) => self.chosen(&name),
                TalkStep::Send { to, bytes } => match self.courier.send(to, &bytes).await {
                    Ok(()) => awaited = Some(Awaited::new(to, self.timeout)),
                    Err(error) => {
                        let problem = Problem::new(Exit::Failed, error);
                        self.report.problem(&problem);
                        exit.and(problem.exit);
                    }
                },
                TalkStep::Say(what) => self.refuse(&what, &mut exit),
                // What a later version may have to say is not for us.
                _ => {}
            }
        }
    }

    /// What comes next: a line, or what was awaited. A person who does not want to wait any more
    /// types the next line; the lines of a pipe wait.
    async fn next(&mut self, awaited: Option<Awaited>) -> Heard {
        let Some(Awaited { peer, deadline }) = awaited else {
            return Heard::Line(self.lines.next().await);
        };
        tokio::select! {
            biased;
            reply = self.courier.receive(peer) => match reply {
                Ok((from, bytes)) => Heard::Reply(from, bytes.to_vec()),
                Err(error) => Heard::Failure(Problem::new(Exit::Failed, error)),
            },
            line = self.lines.next(), if self.is_person => Heard::Line(line),
            () = until(deadline) => {
                let message = format!("no reply from {peer}");
                Heard::Failure(Problem::new(Exit::CannotConnect, message))
            }
        }
    }

    /// Whether it is the reply that is awaited.
    fn hear(&mut self, from: SocketAddr, bytes: &[u8]) -> bool {
        let Some(shown) = self.talk.datagram(from, bytes) else { return false };
        let text = String::from_utf8_lossy(bytes);
        let event = ChatEvent::Reply { thread: None, peer: &from.to_string(), text: &text };
        self.report.tell(shown, &event);
        true
    }

    fn choose(&self) {
        if self.is_person {
            let names: Vec<_> =
                self.talk.contacts().iter().map(|(name, _)| name.as_str()).collect();
            self.report.note(format_args!("choose a contact: {} (or quit)", names.join(", ")));
        }
    }

    fn chosen(&self, name: &Name) {
        if self.is_person {
            self.report.note(format_args!("to {name}; quit chooses another one"));
        }
        self.report.event(&ChatEvent::Contact { contact: Some(name) });
    }

    /// A person tries again; in a pipe it is a failure of the script.
    fn refuse(&self, what: &str, exit: &mut Exit) {
        let problem = Problem::usage(what);
        self.report.problem(&problem);
        if !self.is_person {
            exit.and(problem.exit);
        }
    }
}
