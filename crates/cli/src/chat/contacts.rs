//! `contacts`: who has joined, who is there, and which rooms there are.

use std::time::Duration;

use udpchat::{CallError, ChatClient, Contact, Event, Events, Name, RoomInfo, Target};

use super::args::ContactsArgs;
use super::event::ChatEvent;
use super::station::Station;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::Report;
use crate::settings::CommonArgs;
use crate::signals::Signals;

/// How long the goodbye may take; the server notices all the same.
const GOODBYE: Duration = Duration::from_secs(2);

/// Asks the server's directory.
pub(super) async fn contacts(
    args: &ContactsArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    let station = Station::find(common).await?;
    let name = station.who(&args.who)?;
    let (client, events) = station.visit(&name)?;
    let (people, rooms) = tokio::select! {
        biased;
        listed = listed(&station, &name, &client, events) => listed?,
        () = tokio::time::sleep(args.timeout) => return Err(station.no_answer()),
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    for Contact { name, online } in &people {
        let presence = if *online { "online" } else { "away" };
        report.tell(
            format_args!("{name}  {presence}"),
            &ChatEvent::Presence { name, online: *online },
        );
    }
    for RoomInfo { room, members } in &rooms {
        let names: Vec<_> = members.iter().map(Name::as_str).collect();
        report.tell(
            format_args!("#{room}  {}", names.join(", ")),
            &ChatEvent::Room { room, members },
        );
    }
    client.leave(GOODBYE).await;
    Ok(Exit::Done)
}

/// The whole directory. It comes in pages, as the line has room for them; when two questions in a
/// row were answered, in their place behind the pages, and nothing new had come before either, all
/// of it is here.
async fn listed(
    station: &Station,
    name: &Name,
    client: &ChatClient,
    mut events: Events,
) -> Result<(Vec<Contact>, Vec<RoomInfo>), Problem> {
    let ended = |error: CallError| Problem::new(Exit::Failed, error);
    let mut unchanged = 0;
    let mut known = (Vec::new(), Vec::new());
    while let Some(event) = events.next().await {
        if let Some(problem) = station.end(name, &event) {
            return Err(problem);
        }
        let Event::Connected { server } = event else { continue };
        station.remember(server)?;
        while unchanged < 2 {
            match client.server_history(Target::Person(name.clone()), None, 1).await {
                Ok(_) => {}
                // Lost again: it is looked for, and says when it is found.
                Err(CallError::NotConnected) => break,
                Err(error) => return Err(ended(error)),
            }
            let now =
                (client.contacts().await.map_err(ended)?, client.rooms().await.map_err(ended)?);
            let is_new = (now.0.len(), now.1.len()) != (known.0.len(), known.1.len());
            unchanged = if is_new { 0 } else { unchanged + 1 };
            known = now;
        }
        if unchanged == 2 {
            return Ok(known);
        }
    }
    Err(Problem::new(Exit::Failed, "the chat has ended"))
}
