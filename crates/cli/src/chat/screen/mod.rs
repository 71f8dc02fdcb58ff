//! `join` in a terminal: the full screen.
//!
//! ```text
//! keys ───▶ Model ──▶ view ──▶ terminal
//! events ──▶  │ ▲
//!             ▼ │
//!           ChatClient
//! ```

mod input;
mod model;
mod talk;
mod terminal;
mod view;
mod wrap;

#[cfg(test)]
mod tests;

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use crossterm::event::Event as Typed;
use jiff::tz::TimeZone;
use udpchat::{CallError, ChatClient, Event, HistoryQuery};

use self::model::{Action, Model};
use self::terminal::Screen;
use super::args::JoinArgs;
use super::join::{GOODBYE, ended};
use super::station::Station;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::text;
use crate::settings::CommonArgs;
use crate::signals::Signals;

/// How much of the history is there from the beginning.
const REMEMBERED: usize = 1000;

/// How many messages a search shows.
const FOUND: usize = 200;

/// Talks until it is left.
pub(super) async fn join(args: &JoinArgs, common: &CommonArgs) -> Result<Exit, Problem> {
    let mut signals = Signals::new();
    let station = Station::find(common).await?;
    let (client, mut events) = station.start(&args.name)?;
    if let Some(room) = &args.room {
        client.enter(room.clone()).await.map_err(ended)?;
    }
    let mut chat = Chat {
        model: Model::new(args.name.clone(), station.place().to_string(), args.target()),
        client: client.clone(),
        zone: TimeZone::try_system().unwrap_or(TimeZone::UTC),
    };
    chat.remember().await?;

    // From here on nothing may be printed; failures are told when the terminal is given back.
    let mut screen = Screen::take().map_err(|error| broken(&error))?;
    let mut keys = terminal::keys();
    let exit = loop {
        chat.draw(&mut screen).map_err(|error| broken(&error))?;
        tokio::select! {
            biased;
            () = signals.next() => break Exit::Interrupted,
            key = keys.recv() => match key {
                Some(key) => {
                    if !chat.key(&key).await? {
                        break Exit::Done;
                    }
                }
                // The terminal is gone.
                None => break Exit::Interrupted,
            },
            event = events.next() => {
                let mut next = Some(event.ok_or_else(|| ended(CallError::Ended))?);
                // What has come at one time is drawn at one time.
                while let Some(event) = next {
                    chat.event(event, &station).await?;
                    next = events.try_next();
                }
            }
        }
    };
    drop(screen);
    client.leave(GOODBYE).await;
    Ok(exit)
}

fn broken(error: &io::Error) -> Problem {
    Problem::new(Exit::Failed, text::reason(error)).on("join", "the terminal").hint("--plain-text")
}

struct Chat {
    model: Model,
    client: ChatClient,
    zone: TimeZone,
}

impl Chat {
    async fn remember(&mut self) -> Result<(), Problem> {
        let query = HistoryQuery::default().limit(REMEMBERED);
        self.model.remember(self.client.history(query).await.map_err(ended)?);
        if let Some(to) = self.model.to.clone()
            && let Some(action) = self.model.turn_to(to)
        {
            self.act(action).await?;
        }
        Ok(())
    }

    fn draw(&mut self, screen: &mut Screen) -> io::Result<()> {
        let Self { model, zone, .. } = self;
        let mut scroll = 0;
        screen.draw(|frame| scroll = view::draw(model, zone, frame))?;
        // Nobody scrolls beyond the first message.
        model.scroll = scroll;
        Ok(())
    }

    async fn event(&mut self, event: Event, station: &Station) -> Result<(), Problem> {
        if let Some(problem) = station.end(&self.model.me, &event) {
            return Err(problem);
        }
        if let Event::Connected { server } = &event {
            station.remember(*server)?;
        }
        if let Some(action) = self.model.event(event) {
            self.act(action).await?;
        }
        Ok(())
    }

    /// Whether to go on.
    async fn key(&mut self, typed: &Typed) -> Result<bool, Problem> {
        match typed {
            Typed::Key(key) => match self.model.key(*key) {
                Some(action) => self.act(action).await,
                None => Ok(true),
            },
            Typed::Paste(text) => {
                self.model.paste(text);
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    async fn act(&mut self, action: Action) -> Result<bool, Problem> {
        match action {
            Action::Send { to, text } => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
                match self.client.send(to.clone(), text.clone()).await {
                    Ok(id) => self.model.sent(id, to, text, now),
                    Err(error) => self.model.notice = Some(error.to_string()),
                }
            }
            Action::Enter(room) => self.client.enter(room).await.map_err(ended)?,
            Action::Leave(room) => self.client.exit(room).await.map_err(ended)?,
            Action::Read(with) => {
                self.client.mark_read(with).await.map_err(ended)?;
            }
            Action::Search(word) => {
                let query = HistoryQuery::default().containing(word).limit(FOUND);
                let found = self.client.history(query).await.map_err(ended)?;
                self.model.found(&found);
            }
            Action::Quit => return Ok(false),
        }
        Ok(true)
    }
}
