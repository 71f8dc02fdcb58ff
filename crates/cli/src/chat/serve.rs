//! `serve`: directory and relay for those who join, and a desk for raw text.

use identity::Home;
use netserver::DatagramHandle;
use udpchat::tutorial::{Desk, DeskStep, Reply};
use udpchat::{ChatServer, RawMessage, RawMessages, RunningChat, safe};

use super::args::{DEFAULT_PORT, ServeArgs};
use super::event::ChatEvent;
use super::lines::Lines;
use super::station;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::Report;
use crate::signals::Signals;
use crate::sockets::{bind_datagrams, local, resolve};

const HELP: &[&str] = &[
    "text        answers who was chosen, else who has waited longest",
    "@N text     answers thread N once",
    "/to N       chooses thread N (/to alone: nobody)",
    "/show N     what thread N has said and was told",
    "/who        the threads",
    "/quit       ends the server",
    "//text, @@text   an answer that begins with / or @",
];

/// Serves until Ctrl-C.
pub(super) async fn serve(args: &ServeArgs, report: &Report) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    let home = Home::from_env()?;
    let socket = bind_datagrams(resolve(&args.bind, DEFAULT_PORT, "--bind").await?, "--bind")?;
    let addr = local(&socket, "--bind")?;
    let identity = station::identity(&home)?;
    let key = identity.public();
    let store = station::server_store(&home, args.store.as_deref())?;
    let server = ChatServer::new(socket, identity, store);
    let mut running = server.start().map_err(|error| Problem::new(Exit::Failed, error))?;
    let raw = running.take_raw().filter(|_| !args.no_desk);

    let desk = if raw.is_some() { "with a desk" } else { "without a desk" };
    let fingerprint = station::fingerprint(key);
    report.tell(
        format_args!("chat at {addr}, {desk}; the server's key: {fingerprint}"),
        &ChatEvent::Serving {
            address: addr.to_string(),
            key: key.to_string(),
            desk: raw.is_some(),
        },
    );
    let operator = async {
        match raw {
            Some(raw) => Operator::new(running.handle(), report).work(raw).await,
            None => std::future::pending().await,
        }
    };
    let stopped = running.handle();
    tokio::select! {
        () = operator => {}
        () = stopped.stop_signal().stopped() => {}
        () = signals.next() => {}
    }
    stop(running, &mut signals, report).await
}

async fn stop(
    running: RunningChat,
    signals: &mut Signals,
    report: &Report,
) -> Result<Exit, Problem> {
    running.shutdown();
    let stats = running.stats();
    let ended = tokio::select! {
        ended = running.wait() => ended,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    let done = ended.map_err(|error| Problem::new(Exit::Failed, error))?;
    report.note(format_args!("stopped: {stats}"));
    let (received, sent, stored) = (done.received, done.sent, stats.stored);
    report.event(&ChatEvent::Stopped { received, sent, stored });
    Ok(Exit::Done)
}

/// Who answers raw text: a person at the terminal, or the lines of a pipe in their order.
struct Operator<'a> {
    desk: Desk,
    server: DatagramHandle,
    report: &'a Report,
    is_person: bool,
}

/// Whether to go on.
#[derive(PartialEq)]
enum Next {
    Line,
    Quit,
}

impl<'a> Operator<'a> {
    fn new(server: DatagramHandle, report: &'a Report) -> Self {
        let is_person = report.can_ask();
        Self { desk: Desk::default(), server, report, is_person }
    }

    /// Works until it is told to quit, or the server has stopped.
    async fn work(mut self, mut raw: RawMessages) {
        if self.is_person {
            self.report.note("what is typed answers raw text; /help tells how");
        }
        let mut lines = Lines::of_stdin();
        let mut open = true;
        loop {
            // The lines of a pipe wait for somebody to answer.
            let listens = open && (self.is_person || self.desk.unanswered() > 0);
            tokio::select! {
                message = raw.next() => match message {
                    Some(message) => self.show(&message),
                    None => return,
                },
                line = lines.next(), if listens => match line {
                    Some(line) if self.line(&line) == Next::Quit => return,
                    Some(_) => {}
                    // Without an operator it is a relay all the same.
                    None => open = false,
                },
            }
        }
    }

    fn show(&mut self, RawMessage { route, bytes, .. }: &RawMessage) {
        let arrival = self.desk.receive(route, bytes);
        let (number, peer) = (arrival.thread, arrival.peer.to_string());
        let who = console::style(format!("[{peer}]")).cyan().bold();
        let text = &arrival.text;
        self.report.tell(
            format_args!("#{number} {who} {text}"),
            &ChatEvent::Raw { thread: number, peer, text: &String::from_utf8_lossy(bytes) },
        );
    }

    fn line(&mut self, line: &str) -> Next {
        let said = match self.command(line) {
            Some(Ok(next)) => return next,
            Some(Err(problem)) => Err(problem),
            None => self.answer(line),
        };
        if let Err(problem) = said {
            self.report.problem(&problem);
        }
        Next::Line
    }

    /// `None` if it is an answer.
    fn command(&mut self, line: &str) -> Option<Result<Next, Problem>> {
        let command = line.strip_prefix('/').filter(|rest| !rest.starts_with('/'))?;
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match verb {
            "to" => {
                let chosen = self.answer(&format!("@{}", rest.trim()));
                return Some(chosen.map(|()| Next::Line));
            }
            "show" => return Some(self.tell_thread(rest.trim()).map(|()| Next::Line)),
            "who" => self.tell_threads(),
            "help" => HELP.iter().for_each(|line| self.report.note(line)),
            "quit" => return Some(Ok(Next::Quit)),
            _ => {
                let message = format!("there is no command /{}", safe(verb));
                return Some(Err(Problem::usage(message).hint("/help")));
            }
        }
        Some(Ok(Next::Line))
    }

    fn answer(&mut self, line: &str) -> Result<(), Problem> {
        // An empty line answers somebody with nothing, but only if somebody waits.
        if line.is_empty() && self.desk.unanswered() == 0 {
            return Ok(());
        }
        let line = if line.starts_with("//") { &line[1..] } else { line };
        match self.desk.line(line).map_err(Problem::usage)? {
            DeskStep::Send(reply) => self.send(&reply),
            DeskStep::Chosen(Some(number)) => {
                self.report.note(format_args!("answers go to #{number}"));
                Ok(())
            }
            _ => {
                self.report.note("answers go to who has waited longest");
                Ok(())
            }
        }
    }

    fn send(&self, reply: &Reply) -> Result<(), Problem> {
        let peer = reply.route.peer().to_string();
        self.server
            .send(&reply.bytes, &reply.route)
            .map_err(|error| Problem::new(Exit::Failed, error).on("answer", &peer))?;
        if self.is_person {
            self.report.note(format_args!("#{} [{peer}] was answered", reply.thread));
        }
        let (thread, text) = (Some(reply.thread), String::from_utf8_lossy(&reply.bytes));
        self.report.event(&ChatEvent::Reply { thread, peer: &peer, text: &text });
        Ok(())
    }

    fn tell_threads(&self) {
        if self.desk.threads().len() == 0 {
            self.report.note("nobody has written yet");
        }
        for thread in self.desk.threads() {
            let last = thread.messages().last();
            let waits = if last.is_some_and(|last| !last.ours) { ", waits" } else { "" };
            let (number, peer) = (thread.number(), thread.peer());
            self.report.note(format_args!("#{number} [{peer}]{waits}"));
        }
    }

    fn tell_thread(&self, who: &str) -> Result<(), Problem> {
        let is_it = |thread: &&udpchat::tutorial::Thread| who.parse() == Ok(thread.number());
        let Some(thread) = self.desk.threads().find(is_it) else {
            return Err(Problem::usage("there is no such thread").on("/show", safe(who)));
        };
        for said in thread.messages() {
            let arrow = if said.ours { "<-" } else { "->" };
            self.report.note(format_args!("{arrow} {}", said.text));
        }
        Ok(())
    }
}
