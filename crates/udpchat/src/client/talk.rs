//! What the client and its server say to each other in a session.

use std::time::Instant;

use super::calls::entering;
use super::machine::Machine;
use crate::disk::StoreError;
use crate::event::Event;
use crate::message::{Contact, Delivery, Entry, MessageId, PostRefusal, RoomInfo};
use crate::name::{Name, Target};
use crate::wire::{Reply, Request};

/// How many people and rooms of the server's are remembered.
const MAX_KNOWN: usize = 20_000;

impl Machine {
    /// What a session begins with.
    pub(super) fn greet(&mut self) {
        let Some(session) = &mut self.session else { return };
        if self.config.receives {
            session.push(&Request::Have { upto: self.cursor }, &[]);
        }
        for (room, inside) in &self.entering {
            session.push(&entering(room, *inside), &[]);
        }
        session.push(&Request::Directory, &[]);
    }

    /// Puts into the session what there is to say, as far as there is room.
    ///
    /// What it says of the mailbox has been made durable before.
    pub(super) fn fill_session(&mut self, now: Instant) -> Result<(), StoreError> {
        let ping = self.ping_at().is_some_and(|at| at <= now);
        let Some(session) = &mut self.session else { return Ok(()) };
        if session.told < self.cursor && self.config.receives {
            session.told = self.cursor;
            session.push(&Request::Have { upto: self.cursor }, &[]);
        }
        while !session.is_full()
            && let Some(entry) = self.store.queued_after(session.posted)?
        {
            session.posted = entry.id.number;
            let size = entry.text.len() as u64;
            let post = Request::Post { id: entry.id, to: entry.to, size };
            session.push(&post, entry.text.as_bytes());
        }
        if session.is_idle() && !session.reads.is_empty() {
            // The server does what it acknowledges; nothing else tells us that it knows.
            self.store.forget_reads(&std::mem::take(&mut session.reads))?;
        }
        if session.may_have_reads && session.reads.is_empty() && !session.is_full() {
            session.may_have_reads = false;
            session.reads = self.store.reads()?;
            for (from, id) in session.reads.clone() {
                session.push(&Request::Read { from, id }, &[]);
            }
        }
        if ping {
            session.push(&Request::Ping, &[]);
        }
        Ok(())
    }

    /// Takes what the server says.
    pub(super) fn reply(&mut self, reply: Reply, body: Vec<u8>) -> Result<(), StoreError> {
        match reply {
            Reply::Stored { id, at } => self.settled(id, Delivery::Stored, Some(at), None),
            Reply::Refused { id, why } => self.settled(id, Delivery::Refused, None, Some(why)),
            Reply::Message { seq, from, to, id, at, .. } => {
                if !self.is_next(seq)? {
                    return Ok(());
                }
                self.message(from, to, id, at, body)
            }
            Reply::Notice { seq, id, state, by } => {
                if !self.is_next(seq)? {
                    return Ok(());
                }
                self.notice(id, state, by)
            }
            Reply::People { people } => {
                people.into_iter().for_each(|contact| self.contact(contact));
                Ok(())
            }
            Reply::Room { room, members } => {
                self.room(RoomInfo { room, members });
                Ok(())
            }
            Reply::RoomRefused { room } => {
                self.entering.remove(&room);
                self.events.push_back(Event::RoomRefused { room });
                Ok(())
            }
            Reply::Past { query, place, from, to, id, at: unix_millis, .. } => {
                let state = Delivery::Stored;
                if let Some(query) = self.queries.get_mut(&query)
                    && let Ok(text) = String::from_utf8(body)
                {
                    query.found.push(Entry { place, from, to, id, unix_millis, text, state });
                }
                Ok(())
            }
            Reply::PastEnd { query } => {
                if let Some(query) = self.queries.remove(&query) {
                    // Whoever asked may have stopped waiting.
                    let _ = query.tell.send(query.found);
                }
                Ok(())
            }
        }
    }

    /// Whether an item of the mailbox is a new one. After a session that was cut off some come
    /// again, and those we have.
    fn is_next(&mut self, seq: u64) -> Result<bool, StoreError> {
        if seq <= self.cursor {
            return Ok(false);
        }
        self.cursor = seq;
        self.store.set_cursor(seq)?;
        Ok(true)
    }

    fn message(
        &mut self,
        from: Name,
        to: Target,
        id: MessageId,
        unix_millis: u64,
        body: Vec<u8>,
    ) -> Result<(), StoreError> {
        let state = Delivery::Delivered;
        let Ok(text) = String::from_utf8(body) else { return Ok(()) };
        let entry = Entry { place: 0, from, to, id, unix_millis, text, state };
        if let Some(entry) = self.store.take(entry, &self.config.name)? {
            self.store.delete_the_oldest(self.config.max_history, &self.config.name)?;
            self.events.push_back(Event::Message(entry));
        }
        Ok(())
    }

    fn settled(
        &mut self,
        id: MessageId,
        state: Delivery,
        unix_millis: Option<u64>,
        why: Option<PostRefusal>,
    ) -> Result<(), StoreError> {
        if self.store.settle(id, state, unix_millis)?.is_some() {
            self.events.push_back(Event::Delivery { id, state, by: None, why });
        }
        Ok(())
    }

    fn notice(&mut self, id: MessageId, state: Delivery, by: Name) -> Result<(), StoreError> {
        if !matches!(state, Delivery::Delivered | Delivery::Read) {
            return Ok(());
        }
        // It may overtake the news that the message is stored, if that was lost with a session.
        self.settled(id, Delivery::Stored, None, None)?;
        if self.store.advance(&self.config.name, id, state)?.is_some() {
            self.events.push_back(Event::Delivery { id, state, by: Some(by), why: None });
        }
        Ok(())
    }

    fn contact(&mut self, contact: Contact) {
        let Contact { name, online } = contact.clone();
        let is_known = self.people.contains_key(&name);
        if !is_known && self.people.len() >= MAX_KNOWN {
            return;
        }
        if self.people.insert(name, online) != Some(online) {
            self.events.push_back(Event::Presence(contact));
        }
    }

    fn room(&mut self, info: RoomInfo) {
        let RoomInfo { room, members } = info.clone();
        if self.entering.get(&room) == Some(&members.contains(&self.config.name)) {
            self.entering.remove(&room);
        }
        let before = if members.is_empty() {
            self.rooms.remove(&room)
        } else if self.rooms.contains_key(&room) || self.rooms.len() < MAX_KNOWN {
            self.rooms.insert(room, members.clone())
        } else {
            return;
        };
        if before.unwrap_or_default() != members {
            self.events.push_back(Event::Room(info));
        }
    }
}
