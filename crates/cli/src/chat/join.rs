//! `join` without a screen: a line for each message, and a message for each line.

use std::collections::BTreeSet;
use std::time::Duration;

use udpchat::{CallError, ChatClient, Delivery, Event, HistoryQuery, MessageId, Name, Target};

use super::args::JoinArgs;
use super::event::ChatEvent;
use super::lines::Lines;
use super::shown;
use super::station::Station;
use super::typed::{HELP, Typed};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::Report;
use crate::settings::CommonArgs;
use crate::signals::Signals;

/// How long the end of the input waits for the server to store what was sent.
const LAST_MESSAGES: Duration = Duration::from_secs(10);

/// How long the goodbye may take; the server notices all the same.
pub(super) const GOODBYE: Duration = Duration::from_secs(2);

/// Talks until `/quit`, the end of the input, or Ctrl-C.
pub(super) async fn join(
    args: &JoinArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    let station = Station::find(common).await?;
    let (client, mut events) = station.start(&args.name)?;
    if let Some(room) = &args.room {
        client.enter(room.clone()).await.map_err(ended)?;
    }
    let mut chat = Chat {
        station: &station,
        client: client.clone(),
        name: &args.name,
        to: args.target(),
        joined: false,
        unsettled: BTreeSet::new(),
        report,
    };
    let mut lines = Lines::of_stdin();
    let exit = loop {
        tokio::select! {
            biased;
            () = signals.next() => break Exit::Interrupted,
            () = report.closed() => break Exit::Done,
            event = events.next() => match event {
                Some(event) => chat.event(event).await?,
                None => return Err(ended(CallError::Ended)),
            },
            line = lines.next() => match line {
                Some(line) => match chat.line(&line).await {
                    Ok(Next::Line) => {}
                    Ok(Next::Quit) => break Exit::Done,
                    Err(problem) => report.problem(&problem),
                },
                None => {
                    let all = async {
                        while !chat.joined || !chat.unsettled.is_empty() {
                            let Some(event) = events.next().await else { break };
                            chat.event(event).await?;
                        }
                        Ok::<_, Problem>(Exit::Done)
                    };
                    break tokio::select! {
                        all = all => all?,
                        () = signals.next() => Exit::Interrupted,
                        () = tokio::time::sleep(LAST_MESSAGES) => return Err(chat.unsent()),
                    };
                }
            },
        }
    };
    client.leave(GOODBYE).await;
    Ok(exit)
}

pub(super) fn ended(error: CallError) -> Problem {
    Problem::new(Exit::Failed, error)
}

struct Chat<'a> {
    station: &'a Station,
    client: ChatClient,
    name: &'a Name,
    to: Option<Target>,
    /// Whether the server has ever let us in.
    joined: bool,
    /// What was sent from here, and is not stored (or refused) yet.
    unsettled: BTreeSet<MessageId>,
    report: &'a Report,
}

/// Whether to go on.
enum Next {
    Line,
    Quit,
}

impl Chat<'_> {
    /// Tells what has happened; an error ends the program.
    async fn event(&mut self, event: Event) -> Result<(), Problem> {
        if let Some(problem) = self.station.end(self.name, &event) {
            return Err(problem);
        }
        let report = self.report;
        match event {
            Event::Connected { server } => {
                self.station.remember(server)?;
                self.joined = true;
                report.note(format_args!("{} at {}", self.name, self.station.place()));
                let (name, server) = (self.name, server.to_string());
                report.event(&ChatEvent::Connected { name, server });
            }
            Event::Disconnected => {
                report.note("the server does not answer; messages wait");
                report.event(&ChatEvent::Disconnected);
            }
            Event::Refused(why) => {
                report.note(why);
                report.event(&ChatEvent::Refused { what: why.to_string() });
            }
            Event::Message(entry) => {
                report.tell(shown::Line(&entry), &ChatEvent::message(&entry));
                // What has been printed has been read, as far as anybody can tell.
                self.client.mark_read(entry.conversation(self.name)).await.map_err(ended)?;
            }
            Event::Delivery { id, state, by, why } => {
                if state > Delivery::Queued {
                    self.unsettled.remove(&id);
                }
                if let Some(why) = why {
                    report.note(format_args!("not sent: {why}"));
                }
                report.event(&ChatEvent::Delivery { id: id.to_string(), state, by, why });
            }
            Event::Presence(contact) => {
                let (name, online) = (&contact.name, contact.online);
                report.event(&ChatEvent::Presence { name, online });
            }
            Event::Room(info) => {
                report.event(&ChatEvent::Room { room: &info.room, members: &info.members });
            }
            Event::RoomRefused { room } => {
                let what = format!("there is no room for us in #{room}");
                report.note(&what);
                report.event(&ChatEvent::Refused { what });
            }
            // What a later version may have to say is not for us.
            _ => {}
        }
        Ok(())
    }

    async fn line(&mut self, line: &str) -> Result<Next, Problem> {
        match Typed::parse(line).map_err(Problem::usage)? {
            Typed::Say(text) => self.say(text).await?,
            Typed::To(to) => self.turn_to(to),
            Typed::Join(room) => {
                self.client.enter(room.clone()).await.map_err(ended)?;
                self.turn_to(Target::Room(room));
            }
            Typed::Leave(room) => self.leave(room).await?,
            Typed::History(word) => self.history(word).await?,
            Typed::Who => self.who().await?,
            Typed::Help => HELP.iter().for_each(|line| self.report.note(line)),
            Typed::Quit => return Ok(Next::Quit),
        }
        Ok(Next::Line)
    }

    async fn say(&mut self, text: &str) -> Result<(), Problem> {
        let Some(to) = &self.to else {
            return Err(Problem::usage("to whom? say it with /to NAME or /to #ROOM"));
        };
        let sent = self.client.send(to.clone(), text).await;
        let id = sent.map_err(|error| Problem::usage(error).on("send", shown::target(to)))?;
        self.unsettled.insert(id);
        self.report.event(&ChatEvent::sent(id, to, Delivery::Queued));
        Ok(())
    }

    fn turn_to(&mut self, to: Target) {
        self.report.note(format_args!("to {to}"));
        self.report.event(&ChatEvent::To { to: &to });
        self.to = Some(to);
    }

    async fn leave(&mut self, room: Option<Name>) -> Result<(), Problem> {
        let room = match (room, &self.to) {
            (Some(room), _) => room,
            (None, Some(Target::Room(room))) => room.clone(),
            (None, _) => return Err(Problem::usage("which room? /leave ROOM")),
        };
        self.to.take_if(|to| *to == Target::Room(room.clone()));
        self.client.exit(room).await.map_err(ended)
    }

    /// With a word of all conversations, else of the one that is written to.
    async fn history(&self, word: Option<&str>) -> Result<(), Problem> {
        let query = match word {
            Some(word) => HistoryQuery::default().containing(word),
            None => HistoryQuery::default().with(self.to.clone()),
        };
        let found = self.client.history(query).await.map_err(ended)?;
        for entry in found.iter().rev() {
            self.report.tell(shown::Line(entry), &ChatEvent::message(entry));
        }
        Ok(())
    }

    async fn who(&self) -> Result<(), Problem> {
        for contact in self.client.contacts().await.map_err(ended)? {
            let presence = if contact.online { "online" } else { "away" };
            let event = ChatEvent::Presence { name: &contact.name, online: contact.online };
            self.report.tell(format_args!("{}  {presence}", contact.name), &event);
        }
        for info in self.client.rooms().await.map_err(ended)? {
            let members: Vec<_> = info.members.iter().map(Name::as_str).collect();
            let event = ChatEvent::Room { room: &info.room, members: &info.members };
            self.report.tell(format_args!("#{}  {}", info.room, members.join(", ")), &event);
        }
        Ok(())
    }

    fn unsent(&self) -> Problem {
        let count = self.unsettled.len();
        if count == 0 {
            return self.station.no_answer();
        }
        let message = format!("{count} messages wait for the server, and are sent next time");
        Problem::new(Exit::CannotConnect, message).on("join", self.name)
    }
}
