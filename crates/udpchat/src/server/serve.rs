//! What clients ask in their sessions.

use super::machine::Machine;
use super::session::{Listing, Session, SessionId};
use super::store::{Entering, Item, Post, Posted};
use crate::disk::StoreError;
use crate::message::Contact;
use crate::moment::Moment;
use crate::name::{Name, Target};
use crate::wire::{MAX_LISTED, Reply, Request};

/// How many items of a mailbox are fetched at a time.
const MAIL_BATCH: usize = 32;

/// How many people and rooms are told at a time.
const PEOPLE_BATCH: usize = MAX_LISTED;
const ROOMS_BATCH: usize = 8;

/// How many messages of the history one query gives.
const MAX_PAST: usize = 100;

impl Machine {
    /// Answers everything that a client has asked.
    pub(super) fn serve(&mut self, id: SessionId, now: Moment) -> Result<(), StoreError> {
        while let Some(session) = self.sessions.get_mut(&id) {
            match session.next_request() {
                Ok(Some((request, body))) => {
                    let name = session.name.clone();
                    self.request(id, &name, request, &body, now)?;
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(name = %session.name, %error, "a stream that is broken");
                    self.stats.broken += 1;
                    self.end(id);
                }
            }
        }
        Ok(())
    }

    fn request(
        &mut self,
        id: SessionId,
        name: &Name,
        request: Request,
        body: &[u8],
        now: Moment,
    ) -> Result<(), StoreError> {
        match request {
            Request::Post { id: message, to, .. } => {
                let unix_millis = now.unix_millis;
                self.post(id, Post { from: name, to: &to, id: message, text: body, unix_millis })
            }
            Request::Have { upto } => self.have(id, name, upto),
            Request::Read { from, id: message } => {
                if self.store.read_by(name, &from, message, &self.config)? {
                    self.has_mail(&from);
                }
                Ok(())
            }
            Request::Enter { room } => self.enter(id, name, room),
            Request::Exit { room } => self.exit(id, name, room),
            Request::Directory => {
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.listing = Some(Listing::People { after: None });
                }
                Ok(())
            }
            Request::History { query, of, before, limit } => {
                let limit = usize::try_from(limit).unwrap_or(MAX_PAST).min(MAX_PAST);
                self.history(id, name, query, &of, before, limit)
            }
            Request::Ping => Ok(()),
            Request::Leave => {
                self.farewell(id);
                self.end(id);
                Ok(())
            }
        }
    }

    fn post(&mut self, id: SessionId, post: Post<'_>) -> Result<(), StoreError> {
        let message = post.id;
        let reply = match self.store.post(post, &self.config)? {
            Posted::Stored { recipients } => {
                self.stats.stored += 1;
                recipients.iter().for_each(|name| self.has_mail(name));
                Reply::Stored { id: message, at: post.unix_millis }
            }
            Posted::Again { unix_millis } => {
                self.stats.again += 1;
                Reply::Stored { id: message, at: unix_millis }
            }
            Posted::Refused(why) => {
                self.stats.unwanted += 1;
                Reply::Refused { id: message, why }
            }
        };
        self.tell(id, &reply);
        Ok(())
    }

    /// A client says what it has; from the first time on it gets what comes for its name.
    fn have(&mut self, id: SessionId, name: &Name, upto: u64) -> Result<(), StoreError> {
        let Some(session) = self.sessions.get_mut(&id).filter(|session| session.receives) else {
            return Ok(());
        };
        let is_first = session.mailed.is_none();
        session.mailed = Some(session.mailed.map_or(upto, |mailed| mailed.max(upto)));
        session.may_have_mail |= is_first;
        let senders = self.store.delivered(name, upto, &self.config)?;
        senders.iter().for_each(|sender| self.has_mail(sender));
        if is_first && self.receivers.insert(name.clone(), id).is_none() {
            self.presence(name, true);
        }
        Ok(())
    }

    fn enter(&mut self, id: SessionId, name: &Name, room: Name) -> Result<(), StoreError> {
        match self.store.enter(&room, name, &self.config)? {
            Entering::Entered => {
                self.changed_rooms.insert(room);
                Ok(())
            }
            Entering::Already => {
                let members = self.store.members(&room)?;
                self.tell(id, &Reply::Room { room, members });
                Ok(())
            }
            Entering::Full => {
                self.tell(id, &Reply::RoomRefused { room });
                Ok(())
            }
        }
    }

    fn exit(&mut self, id: SessionId, name: &Name, room: Name) -> Result<(), StoreError> {
        if self.store.exit(&room, name)? {
            self.changed_rooms.insert(room.clone());
        }
        self.tell(id, &Reply::Room { room, members: Vec::new() });
        Ok(())
    }

    /// Tells the members of a room who they are: once for all that has changed at one time, so
    /// that nobody who comes and goes keeps the others busy.
    fn tell_members(&mut self, room: Name) -> Result<(), StoreError> {
        let members = self.store.members(&room)?;
        let reply = Reply::Room { room, members: members.clone() };
        self.announce(&reply, |session| members.contains(&session.name));
        Ok(())
    }

    /// Tells something to sessions that did not ask. Who does not keep up gets the whole list later,
    /// instead of every change.
    fn announce(&mut self, reply: &Reply, to: impl Fn(&Session) -> bool) {
        for session in self.sessions.values_mut().filter(|session| session.confirmed) {
            match session.is_full() {
                _ if !to(session) => {}
                true => session.listing = Some(Listing::People { after: None }),
                false => session.push(reply, &[]),
            }
        }
    }

    fn history(
        &mut self,
        id: SessionId,
        name: &Name,
        query: u64,
        of: &Target,
        before: u64,
        limit: usize,
    ) -> Result<(), StoreError> {
        let messages = self.store.conversation(name, of, before, limit)?;
        let Some(session) = self.sessions.get_mut(&id) else { return Ok(()) };
        for (place, past) in messages {
            // The rest can be asked for when this has been listened to.
            if session.is_full() {
                break;
            }
            let size = past.text.len() as u64;
            let (from, to, id, at) = (past.from, past.to, past.id, past.unix_millis);
            let reply = Reply::Past { query, place, from, to, id, at, size };
            session.push(&reply, past.text.as_bytes());
        }
        session.push(&Reply::PastEnd { query }, &[]);
        Ok(())
    }

    /// A session is over.
    pub(super) fn end(&mut self, id: SessionId) {
        let Some(session) = self.sessions.remove(&id) else { return };
        tracing::debug!(name = %session.name, peer = %session.route.peer(), "gone");
        if self.receivers.get(&session.name) == Some(&id) {
            self.receivers.remove(&session.name);
            self.inherit(&session.name);
        }
    }

    /// Another session of the same name listens from now on, if there is one.
    fn inherit(&mut self, name: &Name) {
        let listens =
            |(_, one): &(&SessionId, &mut Session)| &one.name == name && one.mailed.is_some();
        match self.sessions.iter_mut().find(listens) {
            Some((id, heir)) => {
                heir.may_have_mail = true;
                self.receivers.insert(name.clone(), *id);
            }
            None => self.presence(name, false),
        }
    }

    fn presence(&mut self, name: &Name, online: bool) {
        let people = vec![Contact { name: name.clone(), online }];
        self.announce(&Reply::People { people }, |_| true);
    }

    fn tell(&mut self, id: SessionId, reply: &Reply) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.push(reply, &[]);
        }
    }

    fn has_mail(&mut self, name: &Name) {
        let receiver = self.receivers.get(name);
        if let Some(session) = receiver.and_then(|id| self.sessions.get_mut(id)) {
            session.may_have_mail = true;
        }
    }

    /// Fetches for everybody who listens what waits for them.
    pub(super) fn deliver(&mut self) -> Result<(), StoreError> {
        for room in std::mem::take(&mut self.changed_rooms) {
            self.tell_members(room)?;
        }
        let ids: Vec<_> = self.sessions.keys().copied().collect();
        for id in ids {
            self.deliver_mail(id)?;
            self.deliver_listing(id)?;
        }
        Ok(())
    }

    fn deliver_mail(&mut self, id: SessionId) -> Result<(), StoreError> {
        while let Some(session) = self.sessions.get_mut(&id)
            && let Some(mailed) = session.mailed
            && session.may_have_mail
            && !session.is_full()
            && self.receivers.get(&session.name) == Some(&id)
        {
            let (items, more) = self.store.mail_after(&session.name, mailed, MAIL_BATCH)?;
            session.may_have_mail = more;
            for (seq, item) in items {
                session.mailed = Some(seq);
                match item {
                    Item::Message(past) => {
                        let size = past.text.len() as u64;
                        let (from, to, id, at) = (past.from, past.to, past.id, past.unix_millis);
                        let reply = Reply::Message { seq, from, to, id, at, size };
                        session.push(&reply, past.text.as_bytes());
                    }
                    Item::Notice { id, state, by } => {
                        session.push(&Reply::Notice { seq, id, state, by }, &[]);
                    }
                }
            }
        }
        Ok(())
    }

    fn deliver_listing(&mut self, id: SessionId) -> Result<(), StoreError> {
        while let Some(session) = self.sessions.get_mut(&id)
            && !session.is_full()
            && let Some(listing) = session.listing.take()
        {
            match listing {
                Listing::People { after } => {
                    let names = self.store.names_after(after.as_ref(), PEOPLE_BATCH)?;
                    session.listing = Some(match names.last() {
                        Some(last) => Listing::People { after: Some(last.clone()) },
                        None => Listing::Rooms { after: None },
                    });
                    let online = |name: &Name| self.receivers.contains_key(name);
                    let contact = |name: Name| Contact { online: online(&name), name };
                    let people: Vec<_> = names.into_iter().map(contact).collect();
                    session.push(&Reply::People { people }, &[]);
                }
                Listing::Rooms { after } => {
                    let rooms = self.store.rooms_after(after.as_ref(), ROOMS_BATCH)?;
                    let last = rooms.last().cloned();
                    session.listing = last.map(|last| Listing::Rooms { after: Some(last) });
                    for room in rooms {
                        let members = self.store.members(&room)?;
                        session.push(&Reply::Room { room, members }, &[]);
                    }
                }
            }
        }
        Ok(())
    }
}
