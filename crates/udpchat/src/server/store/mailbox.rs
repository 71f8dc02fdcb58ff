use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::history::Past;
use super::{BOXES, MAIL, ServerStore};
use crate::disk::{StoreError, pack, unpack};
use crate::message::{Delivery, MessageId};
use crate::name::Name;
use crate::server::ServerConfig;

/// What a notice counts for in a mailbox, in bytes.
const NOTICE_BYTES: u64 = 64;

/// What waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mail {
    /// The message at that place of the history.
    Message { place: u64, bytes: u64 },
    /// How far a message of theirs has come.
    Notice { id: MessageId, state: Delivery, by: Name },
}

/// The same, with what it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Message(Past),
    Notice { id: MessageId, state: Delivery, by: Name },
}

impl Mail {
    fn bytes(&self) -> u64 {
        match self {
            Self::Message { bytes, .. } => *bytes,
            Self::Notice { .. } => NOTICE_BYTES,
        }
    }
}

impl ServerStore {
    /// Whether so many bytes more may wait for somebody.
    pub(super) fn has_room(
        &mut self,
        name: &Name,
        bytes: u64,
        config: &ServerConfig,
    ) -> Result<bool, StoreError> {
        let boxes = self.0.read()?.open_table(BOXES)?;
        let state = boxes.get(name.as_str())?.map_or((0, 0, 0), |state| state.value());
        let (_, items, waiting) = state;
        Ok(items < config.max_waiting && waiting + bytes <= config.max_waiting_bytes)
    }

    /// Puts something into a mailbox. Numbers go up without end: one that was used once means the
    /// same for ever.
    pub(super) fn put(&mut self, name: &Name, mail: &Mail) -> Result<(), StoreError> {
        let tx = self.0.write()?;
        let mut boxes = tx.open_table(BOXES)?;
        let (last, items, bytes) =
            boxes.get(name.as_str())?.map_or((0, 0, 0), |state| state.value());
        boxes.insert(name.as_str(), (last + 1, items + 1, bytes + mail.bytes()))?;
        tx.open_table(MAIL)?.insert((name.as_str(), last + 1), &pack(mail)[..])?;
        Ok(())
    }

    /// Tells a sender how far a message has come, if there is room; whether there was.
    pub(super) fn notify(
        &mut self,
        sender: &Name,
        id: MessageId,
        state: Delivery,
        by: &Name,
        config: &ServerConfig,
    ) -> Result<bool, StoreError> {
        let room = self.has_room(sender, NOTICE_BYTES, config)?;
        if room {
            self.put(sender, &Mail::Notice { id, state, by: by.clone() })?;
        }
        Ok(room)
    }

    /// Somebody has everything up to that number on their own disk: it is taken out of the
    /// mailbox, and the senders, who are returned, are told.
    pub(crate) fn delivered(
        &mut self,
        name: &Name,
        upto: u64,
        config: &ServerConfig,
    ) -> Result<Vec<Name>, StoreError> {
        let mut senders = Vec::new();
        for (number, mail) in self.waiting(name, 0, upto, usize::MAX)? {
            self.take_out(name, number, &mail)?;
            let Mail::Message { place, .. } = mail else { continue };
            let Some(past) = self.past(place)? else { continue };
            if self.notify(&past.from, past.id, Delivery::Delivered, name, config)? {
                senders.push(past.from);
            }
        }
        Ok(senders)
    }

    /// What waits after that number, at most so many items, and whether there may be more.
    pub(crate) fn mail_after(
        &mut self,
        name: &Name,
        after: u64,
        limit: usize,
    ) -> Result<(Vec<(u64, Item)>, bool), StoreError> {
        let mut items = Vec::new();
        let waiting = self.waiting(name, after, u64::MAX, limit)?;
        let more = waiting.len() == limit;
        for (number, mail) in waiting {
            match mail {
                Mail::Notice { id, state, by } => {
                    items.push((number, Item::Notice { id, state, by }));
                }
                Mail::Message { place, .. } => match self.past(place)? {
                    Some(past) => items.push((number, Item::Message(past))),
                    // It waited so long that the history has been deleted up to there.
                    None => self.take_out(name, number, &mail)?,
                },
            }
        }
        Ok((items, more))
    }

    fn waiting(
        &mut self,
        name: &Name,
        after: u64,
        upto: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Mail)>, StoreError> {
        let mail = self.0.read()?.open_table(MAIL)?;
        let Some(first) = after.checked_add(1).filter(|first| *first <= upto) else {
            return Ok(Vec::new());
        };
        let range = mail.range((name.as_str(), first)..=(name.as_str(), upto))?;
        let mut waiting = Vec::new();
        for row in range.take(limit) {
            let (key, mail) = row?;
            waiting.push((key.value().1, unpack(mail.value())?));
        }
        Ok(waiting)
    }

    fn take_out(&mut self, name: &Name, number: u64, mail: &Mail) -> Result<(), StoreError> {
        let tx = self.0.write()?;
        tx.open_table(MAIL)?.remove((name.as_str(), number))?;
        let mut boxes = tx.open_table(BOXES)?;
        let (last, items, bytes) =
            boxes.get(name.as_str())?.map_or((0, 0, 0), |state| state.value());
        let left = (last, items.saturating_sub(1), bytes.saturating_sub(mail.bytes()));
        boxes.insert(name.as_str(), left)?;
        Ok(())
    }
}
