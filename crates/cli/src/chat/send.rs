//! `send`: one message, and the certainty that it has come as far as it should.

use std::io::{self, Read as _};

use udpchat::{Delivery, Event, Events, MAX_TEXT_BYTES, MessageId, Name, PostRefusal, Target};

use super::args::SendArgs;
use super::event::ChatEvent;
use super::shown;
use super::station::Station;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Report, text};
use crate::settings::CommonArgs;
use crate::signals::Signals;

/// Sends, and waits.
pub(super) async fn send(
    args: &SendArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    let text = message(&args.text)?;
    let station = Station::find(common).await?;
    let name = station.who(&args.who)?;
    let wanted = args.wait.state();
    // From memory: what the server has not stored when this ends is not sent later. How far it has
    // come after that, only who takes the messages for the name is told, and those must be kept.
    let keeps = wanted > Delivery::Stored;
    let (client, events) = if keeps { station.start(&name)? } else { station.visit(&name)? };
    let about = |problem: Problem| problem.on("send", shown::target(&args.to));
    let id = client.send(args.to.clone(), text).await;
    let id = id.map_err(|error| about(Problem::usage(error)))?;
    let mut wait =
        Wait { station: &station, name: &name, to: &args.to, id, came: None, keeps, events };
    tokio::select! {
        biased;
        came = wait.until(wanted) => {
            let state = came?;
            report.tell(format_args!("{state}"), &ChatEvent::sent(id, &args.to, state));
            client.leave(args.timeout).await;
            Ok(Exit::Done)
        }
        () = tokio::time::sleep(args.timeout) => Err(wait.gave_up(wanted)),
        () = signals.next() => Ok(Exit::Interrupted),
    }
}

/// The text, wherever it stands. The end of its last line is not part of it.
fn message(text: &str) -> Result<String, Problem> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut read = String::new();
    // One byte more than any message has, to tell what is too long.
    let input = io::stdin().lock().take(MAX_TEXT_BYTES as u64 + 2).read_to_string(&mut read);
    let failed = |error| Problem::new(Exit::Failed, text::reason(&error)).on("send", "-");
    input.map_err(failed)?;
    Ok(read.strip_suffix('\n').map(str::to_owned).unwrap_or(read))
}

/// What is waited for.
struct Wait<'a> {
    station: &'a Station,
    name: &'a Name,
    to: &'a Target,
    id: MessageId,
    /// How far it has come; nothing before the server has let us in.
    came: Option<Delivery>,
    /// Whether it is sent next time if it is not now.
    keeps: bool,
    events: Events,
}

impl Wait<'_> {
    async fn until(&mut self, wanted: Delivery) -> Result<Delivery, Problem> {
        while let Some(event) = self.events.next().await {
            if let Some(problem) = self.station.end(self.name, &event) {
                return Err(problem);
            }
            match event {
                Event::Connected { server } => {
                    self.station.remember(server)?;
                    self.came = self.came.or(Some(Delivery::Queued));
                }
                Event::Delivery { id, why: Some(why), .. } if id == self.id => {
                    return Err(self.refused(why));
                }
                Event::Delivery { id, state, .. } if id == self.id => {
                    self.came = Some(state);
                    if state >= wanted {
                        return Ok(state);
                    }
                }
                _ => {}
            }
        }
        Err(Problem::new(Exit::Failed, "the chat has ended"))
    }

    fn refused(&self, why: PostRefusal) -> Problem {
        let exit = match why {
            PostRefusal::UnknownPerson => Exit::NotFound,
            PostRefusal::NotInRoom => Exit::Denied,
            PostRefusal::TooLong | PostRefusal::NoText => Exit::Usage,
            _ => Exit::Failed,
        };
        let problem = Problem::new(exit, why).on("send", shown::target(self.to));
        match (why, self.to) {
            (PostRefusal::NotInRoom, Target::Room(room)) => {
                problem.hint(format!("chat-cli join {} --room {room}", self.name))
            }
            (PostRefusal::UnknownPerson, _) => problem.hint("chat-cli contacts"),
            _ => problem,
        }
    }

    fn gave_up(&self, wanted: Delivery) -> Problem {
        match self.came {
            None | Some(Delivery::Queued) if self.keeps => {
                let message = "the server has not stored it yet; it is sent next time";
                Problem::new(Exit::CannotConnect, message).on("send", shown::target(self.to))
            }
            None => self.station.no_answer(),
            Some(state) => {
                let message = format!("it is {state}, and not {wanted} yet");
                Problem::new(Exit::CannotConnect, message).on("send", shown::target(self.to))
            }
        }
    }
}
