use redb::{ReadableTable as _, ReadableTableMetadata as _};
use serde::{Deserialize, Serialize};

use super::mailbox::Mail;
use super::{MESSAGES, PLACES, READERS, ServerStore, TALKS};
use crate::disk::{StoreError, pack, unpack};
use crate::message::{Delivery, MAX_TEXT_BYTES, MessageId, PostRefusal};
use crate::name::{Name, Target};
use crate::server::ServerConfig;

/// A message that somebody wants stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Post<'a> {
    pub(crate) from: &'a Name,
    pub(crate) to: &'a Target,
    pub(crate) id: MessageId,
    pub(crate) text: &'a [u8],
    pub(crate) unix_millis: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// It is stored, and waits for these people.
    Stored {
        recipients: Vec<Name>,
    },
    /// It was stored before, at that time.
    Again {
        unix_millis: u64,
    },
    Refused(PostRefusal),
}

/// A message of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    pub(crate) from: Name,
    pub(crate) to: Target,
    pub(crate) id: MessageId,
    pub(crate) unix_millis: u64,
    pub(crate) text: String,
}

impl ServerStore {
    /// Stores a message once, however often it comes, and puts it into the mailboxes of those it
    /// is for.
    pub(crate) fn post(
        &mut self,
        post: Post<'_>,
        config: &ServerConfig,
    ) -> Result<Posted, StoreError> {
        if let Some(place) = self.place(post.from, post.id)?
            && let Some(past) = self.past(place)?
        {
            return Ok(Posted::Again { unix_millis: past.unix_millis });
        }
        let text = match std::str::from_utf8(post.text) {
            Ok(text) if text.len() > MAX_TEXT_BYTES => {
                return Ok(Posted::Refused(PostRefusal::TooLong));
            }
            Ok(text) if !text.is_empty() => text,
            _ => return Ok(Posted::Refused(PostRefusal::NoText)),
        };
        let recipients = match self.recipients(post, config)? {
            Ok(recipients) => recipients,
            Err(refusal) => return Ok(Posted::Refused(refusal)),
        };
        let Post { from, to, id, unix_millis, .. } = post;
        let (from, to) = (from.clone(), to.clone());
        let place = self.append(&Past { from, to, id, unix_millis, text: text.to_owned() })?;
        for recipient in &recipients {
            self.put(recipient, &Mail::Message { place, bytes: text.len() as u64 })?;
        }
        self.delete_the_oldest(config.max_history)?;
        Ok(Posted::Stored { recipients })
    }

    /// Whose mailbox it goes to. In a room those are passed over whose mailbox is full: they can
    /// ask for the room's history.
    fn recipients(
        &mut self,
        post: Post<'_>,
        config: &ServerConfig,
    ) -> Result<Result<Vec<Name>, PostRefusal>, StoreError> {
        let bytes = post.text.len() as u64;
        match post.to {
            Target::Person(to) => {
                if self.owner(to)?.is_none() {
                    return Ok(Err(PostRefusal::UnknownPerson));
                }
                if !self.has_room(to, bytes, config)? {
                    return Ok(Err(PostRefusal::MailboxFull));
                }
                // A note to oneself is in one's history already.
                Ok(Ok(if to == post.from { Vec::new() } else { vec![to.clone()] }))
            }
            Target::Room(room) => {
                if !self.is_member(room, post.from)? {
                    return Ok(Err(PostRefusal::NotInRoom));
                }
                let mut recipients = self.members(room)?;
                recipients.retain(|member| member != post.from);
                let mut with_room = Vec::with_capacity(recipients.len());
                for recipient in recipients {
                    if self.has_room(&recipient, bytes, config)? {
                        with_room.push(recipient);
                    }
                }
                Ok(Ok(with_room))
            }
        }
    }

    fn append(&mut self, past: &Past) -> Result<u64, StoreError> {
        let tx = self.0.write()?;
        let mut messages = tx.open_table(MESSAGES)?;
        let place = messages.last()?.map_or(1, |(last, _)| last.value() + 1);
        messages.insert(place, &pack(past)[..])?;
        tx.open_table(PLACES)?.insert(past.key(), place)?;
        tx.open_table(TALKS)?.insert((&*past.talk(), place), ())?;
        Ok(place)
    }

    fn delete_the_oldest(&mut self, max_history: u64) -> Result<(), StoreError> {
        let tx = self.0.write()?;
        let mut messages = tx.open_table(MESSAGES)?;
        while messages.len()? > max_history {
            let Some((place, past)) = messages.pop_first()? else { break };
            let (place, past) = (place.value(), unpack::<Past>(past.value())?);
            tx.open_table(PLACES)?.remove(past.key())?;
            tx.open_table(TALKS)?.remove((&*past.talk(), place))?;
            let readers = (place, "")..(place + 1, "");
            tx.open_table(READERS)?.retain_in(readers, |_, ()| false)?;
        }
        Ok(())
    }

    /// Where a message stands, if it is still there.
    fn place(&mut self, from: &Name, id: MessageId) -> Result<Option<u64>, StoreError> {
        let places = self.0.read()?.open_table(PLACES)?;
        let place = places.get((from.as_str(), id.nonce, id.number))?;
        Ok(place.map(|place| place.value()))
    }

    /// The message at that place, if it is still there.
    pub(crate) fn past(&mut self, place: u64) -> Result<Option<Past>, StoreError> {
        let messages = self.0.read()?.open_table(MESSAGES)?;
        messages.get(place)?.map(|past| unpack(past.value())).transpose()
    }

    /// Somebody says that they have read a message. If it was for them, and this is the first
    /// time, its sender is told.
    pub(crate) fn read_by(
        &mut self,
        reader: &Name,
        from: &Name,
        id: MessageId,
        config: &ServerConfig,
    ) -> Result<bool, StoreError> {
        let Some(place) = self.place(from, id)? else { return Ok(false) };
        let Some(past) = self.past(place)? else { return Ok(false) };
        let was_for_them = match &past.to {
            Target::Person(to) => to == reader,
            Target::Room(room) => self.is_member(room, reader)?,
        };
        if !was_for_them || reader == from {
            return Ok(false);
        }
        let tx = self.0.write()?;
        if tx.open_table(READERS)?.insert((place, reader.as_str()), ())?.is_some() {
            return Ok(false);
        }
        self.notify(from, id, Delivery::Read, reader, config)
    }

    /// The last messages of a conversation of `me` before that place, the latest first.
    pub(crate) fn conversation(
        &mut self,
        me: &Name,
        with: &Target,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Past)>, StoreError> {
        if let Target::Room(room) = with
            && !self.is_member(room, me)?
        {
            return Ok(Vec::new());
        }
        let talk = talk(me, with);
        let places: Vec<u64> = {
            let talks = self.0.read()?.open_table(TALKS)?;
            let range = talks.range((&*talk, 0)..(&*talk, before))?;
            let places = range.rev().take(limit).map(|row| Ok(row?.0.value().1));
            places.collect::<Result<_, StoreError>>()?
        };
        let mut messages = Vec::with_capacity(places.len());
        for place in places {
            messages.extend(self.past(place)?.map(|past| (place, past)));
        }
        Ok(messages)
    }
}

impl Past {
    fn key(&self) -> (&str, u64, u64) {
        (self.from.as_str(), self.id.nonce, self.id.number)
    }

    fn talk(&self) -> String {
        talk(&self.from, &self.to)
    }
}

/// What a conversation is filed under: the room, or both people in order.
fn talk(one: &Name, with: &Target) -> String {
    match with {
        Target::Room(_) => with.to_string(),
        Target::Person(other) => {
            let (first, second) = if one < other { (one, other) } else { (other, one) };
            // No name has a zero in it.
            format!("{first}\0{second}")
        }
    }
}
