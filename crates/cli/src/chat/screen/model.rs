//! What the screen shows and how it follows from keys and events; pure.

use std::collections::{BTreeMap, BTreeSet};

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use udpchat::{Contact, Delivery, Entry, Event, MessageId, Name, RoomInfo, Target};

use super::input::Input;
use super::talk::{Message, Talk};
use crate::chat::shown;
use crate::chat::typed::{HELP, Typed};

/// How many lines a page key scrolls.
const PAGE: usize = 10;

/// Something that is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Send {
        to: Target,
        text: String,
    },
    Enter(Name),
    Leave(Name),
    /// The person looks at this conversation.
    Read(Target),
    /// What was said with that in it, anywhere.
    Search(String),
    Quit,
}

/// Whether the server is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Looking,
    Joined,
    Lost,
}

/// All that the screen shows.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) me: Name,
    pub(super) server: String,
    pub(super) link: Link,
    pub(super) people: BTreeMap<Name, bool>,
    pub(super) rooms: BTreeMap<Name, Vec<Name>>,
    pub(super) talks: BTreeMap<Target, Talk>,
    /// Whom messages go to.
    pub(super) to: Option<Target>,
    pub(super) input: Input,
    /// How many lines of the conversation are below the screen.
    pub(super) scroll: usize,
    /// Shown instead of the conversation until the next key.
    pub(super) page: Option<Vec<String>>,
    /// What is good to know, until the next key.
    pub(super) notice: Option<String>,
}

impl Model {
    pub(super) fn new(me: Name, server: String, to: Option<Target>) -> Self {
        Self {
            me,
            server,
            link: Link::Looking,
            people: BTreeMap::new(),
            rooms: BTreeMap::new(),
            talks: to.iter().map(|to| (to.clone(), Talk::default())).collect(),
            to,
            input: Input::default(),
            scroll: 0,
            page: None,
            notice: None,
        }
    }

    /// Takes what the history has, the latest first.
    pub(super) fn remember(&mut self, history: Vec<Entry>) {
        for entry in history {
            let with = entry.conversation(&self.me);
            let is_unread = entry.from != self.me && entry.state < Delivery::Read;
            let talk = self.talks.entry(with).or_default();
            talk.unread += usize::from(is_unread);
            talk.remember(vec![entry]);
        }
    }

    /// The rooms, then the people: what one can write to.
    pub(super) fn targets(&self) -> Vec<Target> {
        let rooms = self.rooms.keys().cloned().map(Target::Room);
        let people = self.people.keys().filter(|name| **name != self.me).cloned();
        let talks = self.talks.keys().cloned();
        let all: BTreeSet<_> = rooms.chain(people.map(Target::Person)).chain(talks).collect();
        let (rooms, people): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|target| matches!(target, Target::Room(_)));
        [rooms, people].concat()
    }

    /// Takes what the chat tells.
    pub(super) fn event(&mut self, event: Event) -> Option<Action> {
        match event {
            Event::Connected { .. } => self.link = Link::Joined,
            Event::Disconnected => self.link = Link::Lost,
            Event::Refused(why) => self.notice = Some(why.to_string()),
            Event::Message(entry) => return self.message(entry),
            Event::Delivery { id, state, why, .. } => {
                // Which conversation it is in, only the message itself tells.
                let _ = self.talks.values_mut().any(|talk| talk.advance(id, state, why));
            }
            Event::Presence(Contact { name, online }) => {
                self.people.insert(name, online);
            }
            Event::Room(RoomInfo { room, members }) => {
                if members.is_empty() {
                    self.rooms.remove(&room);
                } else {
                    self.rooms.insert(room, members);
                }
            }
            Event::RoomRefused { room } => {
                self.notice = Some(format!("there is no room for us in #{room}"));
            }
            _ => {}
        }
        None
    }

    fn message(&mut self, entry: Entry) -> Option<Action> {
        let with = entry.conversation(&self.me);
        let is_seen = self.to.as_ref() == Some(&with) && self.scroll == 0 && self.page.is_none();
        let talk = self.talks.entry(with.clone()).or_default();
        talk.push(entry.into());
        if is_seen {
            return Some(Action::Read(with));
        }
        talk.unread += 1;
        None
    }

    /// A message of ours is on the disk.
    pub(super) fn sent(&mut self, id: MessageId, to: Target, text: String, unix_millis: u64) {
        let (from, state) = (self.me.clone(), Delivery::Queued);
        let message = Message { id, from, unix_millis, text, state, why: None };
        self.talks.entry(to).or_default().push(message);
    }

    /// Shows what a search has found, the latest first.
    pub(super) fn found(&mut self, entries: &[Entry]) {
        let lines = entries.iter().rev().map(|entry| shown::Line(entry).to_string());
        let lines: Vec<_> = lines.collect();
        self.page = Some(if lines.is_empty() { vec!["nothing was found".into()] } else { lines });
        self.scroll = 0;
    }

    /// Takes text that was pasted.
    pub(super) fn paste(&mut self, text: &str) {
        self.input.insert(text);
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        self.notice = None;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char(c) if control => return self.control(c),
            KeyCode::Char(c) => self.input.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Enter => return self.enter(),
            KeyCode::Esc => return self.close_page(),
            KeyCode::Tab | KeyCode::Down => return self.turn(1),
            KeyCode::BackTab | KeyCode::Up => return self.turn(-1),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_add(PAGE),
            KeyCode::PageDown => return self.scroll_down(),
            KeyCode::Left => self.input.left(),
            KeyCode::Right => self.input.right(),
            KeyCode::Home => self.input.home(),
            KeyCode::End => self.input.end(),
            KeyCode::Backspace => self.input.backspace(),
            KeyCode::Delete => self.input.delete(),
            _ => {}
        }
        None
    }

    fn control(&mut self, c: char) -> Option<Action> {
        match c {
            'c' => return Some(Action::Quit),
            'd' if self.input.is_empty() => return Some(Action::Quit),
            'd' => self.input.delete(),
            'a' => self.input.home(),
            'e' => self.input.end(),
            'b' => self.input.left(),
            'f' => self.input.right(),
            'h' => self.input.backspace(),
            'w' => self.input.delete_word(),
            'u' => self.input.delete_to_start(),
            'n' => return self.turn(1),
            'p' => return self.turn(-1),
            _ => {}
        }
        None
    }

    fn close_page(&mut self) -> Option<Action> {
        self.page = None;
        self.scroll = 0;
        self.looks()
    }

    fn scroll_down(&mut self) -> Option<Action> {
        self.scroll = self.scroll.saturating_sub(PAGE);
        if self.scroll == 0 { self.looks() } else { None }
    }

    /// The person sees the end of the conversation.
    fn looks(&mut self) -> Option<Action> {
        let to = self.to.clone().filter(|_| self.page.is_none())?;
        let talk = self.talks.get_mut(&to).filter(|talk| talk.unread > 0)?;
        talk.unread = 0;
        Some(Action::Read(to))
    }

    /// Goes to the next conversation of the list, or to the one before.
    fn turn(&mut self, by: isize) -> Option<Action> {
        let targets = self.targets();
        let count = isize::try_from(targets.len()).ok().filter(|count| *count > 0)?;
        let now = targets.iter().position(|target| self.to.as_ref() == Some(target));
        let next = match now.and_then(|now| isize::try_from(now).ok()) {
            Some(now) => (now + by).rem_euclid(count),
            None => 0,
        };
        self.turn_to(targets[next.unsigned_abs()].clone())
    }

    /// Goes to a conversation.
    pub(super) fn turn_to(&mut self, to: Target) -> Option<Action> {
        self.talks.entry(to.clone()).or_default();
        self.to = Some(to);
        self.close_page()
    }

    fn enter(&mut self) -> Option<Action> {
        if self.input.is_empty() {
            return self.close_page();
        }
        let line = self.input.take();
        match Typed::parse(&line) {
            Ok(typed) => self.typed(typed),
            Err(why) => {
                self.notice = Some(why.to_string());
                None
            }
        }
    }

    fn typed(&mut self, typed: Typed<'_>) -> Option<Action> {
        self.page = None;
        match typed {
            Typed::Say(text) => {
                let Some(to) = self.to.clone() else {
                    self.notice = Some("to whom? /to NAME or /join ROOM; Tab chooses".into());
                    self.input.insert(text);
                    return None;
                };
                self.scroll = 0;
                return Some(Action::Send { to, text: text.to_owned() });
            }
            Typed::To(to) => return self.turn_to(to),
            Typed::Join(room) => {
                // Nothing of a room that is only now entered can be unread.
                let _ = self.turn_to(Target::Room(room.clone()));
                return Some(Action::Enter(room));
            }
            Typed::Leave(room) => return self.leave(room),
            Typed::History(Some(word)) => return Some(Action::Search(word.to_owned())),
            Typed::History(None) => self.scroll = self.scroll.saturating_add(PAGE),
            Typed::Who => self.page = Some(self.who()),
            Typed::Help => self.page = Some(help()),
            Typed::Quit => return Some(Action::Quit),
        }
        None
    }

    fn leave(&mut self, room: Option<Name>) -> Option<Action> {
        let here = match &self.to {
            Some(Target::Room(room)) => Some(room.clone()),
            _ => None,
        };
        let Some(room) = room.or(here) else {
            self.notice = Some("which room? /leave ROOM".into());
            return None;
        };
        let left = Target::Room(room.clone());
        self.to.take_if(|to| *to == left);
        self.talks.remove(&left);
        Some(Action::Leave(room))
    }

    fn who(&self) -> Vec<String> {
        let people = self
            .people
            .iter()
            .map(|(name, online)| format!("{name}  {}", if *online { "online" } else { "away" }));
        let rooms = self.rooms.iter().map(|(room, members)| {
            let members: Vec<_> = members.iter().map(Name::as_str).collect();
            format!("#{room}  {}", members.join(", "))
        });
        people.chain(rooms).collect()
    }
}

fn help() -> Vec<String> {
    let keys = [
        "",
        "Tab, Shift-Tab   the next conversation, the one before (also Down and Up)",
        "PageUp, PageDown earlier and later messages",
        "Ctrl-W, Ctrl-U   delete a word, all before the cursor",
        "Esc              back to the conversation",
        "Ctrl-C           quit",
    ];
    HELP.iter().chain(&keys).map(|line| (*line).to_owned()).collect()
}
