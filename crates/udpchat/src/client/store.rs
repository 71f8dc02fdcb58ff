use std::io;
use std::path::Path;

use redb::{ReadableTable as _, ReadableTableMetadata as _, TableDefinition, WriteTransaction};

use super::history::HistoryQuery;
use crate::disk::{Disk, StoreError, pack, unpack};
use crate::key::PublicKey;
use crate::message::{Delivery, Entry, MessageId};
use crate::name::{Name, Target};

/// The place of a message, and the message.
const HISTORY: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("history");
/// Sender, nonce and number of a message, and its place.
const PLACES: TableDefinition<'_, (&str, u64, u64), u64> = TableDefinition::new("places");
/// A conversation and the place of a message in it.
const TALKS: TableDefinition<'_, (&str, u64), ()> = TableDefinition::new("talks");
/// The number of a message that the server has not stored yet, and its place.
const OUTBOX: TableDefinition<'_, u64, u64> = TableDefinition::new("outbox");
/// Sender, nonce and number of a message that was read, which the server has not been told.
const READS: TableDefinition<'_, (&str, u64, u64), ()> = TableDefinition::new("reads");
/// Single numbers, under the names below.
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
/// One row: the server's key.
const SERVER: TableDefinition<'_, (), &[u8]> = TableDefinition::new("server");

/// Our half of the identity of our messages.
const NONCE: &str = "nonce";
/// The number of our last message.
const NUMBER: &str = "number";
/// What the server's store is known by, and up to where we have our mailbox in it.
const MAILBOX: &str = "mailbox";
const CURSOR: &str = "cursor";

/// Where a [`ChatClient`](crate::ChatClient) keeps its history, and what is still to be sent.
///
/// It is one file for each name, which no other process may open at the same time, and which
/// survives being cut off at any moment: a message is either in it, and the server knows, or the
/// server will send it again.
#[derive(Debug)]
pub struct ClientStore(Disk);

impl ClientStore {
    /// Opens the store in that file, or makes one.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or made, holds something else, or belongs to another process.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Disk::open(path.as_ref()).and_then(Self::with_nonce)
    }

    /// A store that is gone with the process: for scripts that only send, and for tests.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        Disk::in_memory().and_then(Self::with_nonce)
    }

    #[cfg(test)]
    pub(crate) fn on(backend: impl redb::StorageBackend) -> Result<Self, StoreError> {
        Disk::on(backend).and_then(Self::with_nonce)
    }

    fn with_nonce(disk: Disk) -> Result<Self, StoreError> {
        let mut store = Self(disk);
        if store.number(NONCE)? == 0 {
            let nonce = getrandom::u64().map_err(io::Error::from)?;
            store.set_number(NONCE, nonce.max(1))?;
        }
        store.commit()?;
        Ok(store)
    }

    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        self.0.commit()
    }

    /// The key of the server that was joined before.
    pub(crate) fn server_key(&mut self) -> Result<Option<PublicKey>, StoreError> {
        let server = self.0.read()?.open_table(SERVER)?;
        let key = server.get(())?;
        Ok(key.and_then(|key| key.value().try_into().ok()).map(PublicKey))
    }

    pub(crate) fn set_server_key(&mut self, key: PublicKey) -> Result<(), StoreError> {
        self.0.write()?.open_table(SERVER)?.insert((), &key.0[..])?;
        Ok(())
    }

    /// Up to where we have our mailbox in the server's store of that identity. In another one it
    /// begins anew.
    pub(crate) fn cursor(&mut self, mailbox: u64) -> Result<u64, StoreError> {
        if self.number(MAILBOX)? != mailbox {
            self.set_number(MAILBOX, mailbox)?;
            self.set_number(CURSOR, 0)?;
        }
        self.number(CURSOR)
    }

    pub(crate) fn set_cursor(&mut self, cursor: u64) -> Result<(), StoreError> {
        self.set_number(CURSOR, cursor)
    }

    /// How many messages wait to be stored by the server.
    pub(crate) fn queued(&mut self) -> Result<u64, StoreError> {
        Ok(self.0.read()?.open_table(OUTBOX)?.len()?)
    }

    /// Takes a message of our own: it has an identity from now on, and is to be sent.
    pub(crate) fn write(
        &mut self,
        from: &Name,
        to: &Target,
        text: &str,
        unix_millis: u64,
    ) -> Result<Entry, StoreError> {
        let number = self.number(NUMBER)? + 1;
        self.set_number(NUMBER, number)?;
        let id = MessageId { nonce: self.number(NONCE)?, number };
        let entry = self.append(
            Entry {
                place: 0,
                from: from.clone(),
                to: to.clone(),
                id,
                unix_millis,
                text: text.to_owned(),
                state: Delivery::Queued,
            },
            from,
        )?;
        self.0.write()?.open_table(OUTBOX)?.insert(number, entry.place)?;
        Ok(entry)
    }

    /// The first message after that number which the server has not stored yet.
    pub(crate) fn queued_after(&mut self, number: u64) -> Result<Option<Entry>, StoreError> {
        let place = {
            let outbox = self.0.read()?.open_table(OUTBOX)?;
            let first = outbox.range(number + 1..)?.next().transpose()?;
            first.map(|(_, place)| place.value())
        };
        place.map_or(Ok(None), |place| self.at(place))
    }

    /// A message of our own has been stored by the server, or refused; `None` if that is no news.
    pub(crate) fn settle(
        &mut self,
        id: MessageId,
        state: Delivery,
        unix_millis: Option<u64>,
    ) -> Result<Option<Entry>, StoreError> {
        if id.nonce != self.number(NONCE)? {
            return Ok(None);
        }
        let place = {
            let mut outbox = self.0.write()?.open_table(OUTBOX)?;
            let place = outbox.remove(id.number)?;
            place.map(|place| place.value())
        };
        let Some(mut entry) = place.map_or(Ok(None), |place| self.at(place))? else {
            return Ok(None);
        };
        entry.state = entry.state.max(state);
        entry.unix_millis = unix_millis.unwrap_or(entry.unix_millis);
        self.replace(&entry)?;
        Ok(Some(entry))
    }

    /// A message of our own has come further; `None` if that is no news.
    pub(crate) fn advance(
        &mut self,
        me: &Name,
        id: MessageId,
        state: Delivery,
    ) -> Result<Option<Entry>, StoreError> {
        let Some(mut entry) = self.find(me, id)? else { return Ok(None) };
        if entry.state < state {
            entry.state = state;
            self.replace(&entry)?;
        }
        Ok(Some(entry))
    }

    /// Takes a message of somebody else's; `None` if it is there already.
    pub(crate) fn take(&mut self, entry: Entry, me: &Name) -> Result<Option<Entry>, StoreError> {
        if self.find(&entry.from, entry.id)?.is_some() {
            return Ok(None);
        }
        self.append(entry, me).map(Some)
    }

    /// Marks the messages of a conversation as read, the latest first, until one that is; how many
    /// there were.
    pub(crate) fn mark_read(&mut self, with: &Target, me: &Name) -> Result<u64, StoreError> {
        let mut marked = 0;
        for mut entry in self.unread(with, me)? {
            entry.state = Delivery::Read;
            self.replace(&entry)?;
            let key = (entry.from.as_str(), entry.id.nonce, entry.id.number);
            self.0.write()?.open_table(READS)?.insert(key, ())?;
            marked += 1;
        }
        Ok(marked)
    }

    /// The messages of others in a conversation that have not been read.
    pub(crate) fn unread(&mut self, with: &Target, me: &Name) -> Result<Vec<Entry>, StoreError> {
        let talk = with.to_string();
        let tx = self.0.read()?;
        let talks = tx.open_table(TALKS)?;
        let history = tx.open_table(HISTORY)?;
        let mut unread = Vec::new();
        for row in talks.range((&*talk, 0)..=(&*talk, u64::MAX))?.rev() {
            let place = row?.0.value().1;
            let Some(bytes) = history.get(place)? else { continue };
            let entry: Entry = unpack(bytes.value())?;
            match entry.state {
                _ if &entry.from == me => {}
                Delivery::Read => break,
                _ => unread.push(entry),
            }
        }
        Ok(unread)
    }

    /// What was read, and the server has not been told.
    pub(crate) fn reads(&mut self) -> Result<Vec<(Name, MessageId)>, StoreError> {
        let reads = self.0.read()?.open_table(READS)?;
        let mut found = Vec::new();
        for row in reads.iter()? {
            let row = row?.0;
            let (from, nonce, number) = row.value();
            let from = Name::try_from(from.to_owned())
                .map_err(|error| redb::Error::Corrupted(format!("a name in the store: {error}")))?;
            found.push((from, MessageId { nonce, number }));
        }
        Ok(found)
    }

    pub(crate) fn forget_reads(&mut self, reads: &[(Name, MessageId)]) -> Result<(), StoreError> {
        let mut table = self.0.write()?.open_table(READS)?;
        for (from, id) in reads {
            table.remove((from.as_str(), id.nonce, id.number))?;
        }
        Ok(())
    }

    /// Deletes the oldest messages beyond `max`, but none that is still to be sent.
    pub(crate) fn delete_the_oldest(&mut self, max: u64, me: &Name) -> Result<(), StoreError> {
        let tx = self.0.write()?;
        let mut history = tx.open_table(HISTORY)?;
        while history.len()? > max {
            let (place, entry) = match history.first()? {
                Some((place, bytes)) => (place.value(), unpack::<Entry>(bytes.value())?),
                None => break,
            };
            if entry.state == Delivery::Queued {
                break;
            }
            history.remove(place)?;
            tx.open_table(PLACES)?.remove(key(&entry))?;
            tx.open_table(TALKS)?.remove((&*entry.conversation(me).to_string(), place))?;
        }
        Ok(())
    }

    /// The messages that a query asks for, the latest first.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn search(&mut self, query: &HistoryQuery) -> Result<Vec<Entry>, StoreError> {
        let tx = self.0.read()?;
        let before = query.before.unwrap_or(u64::MAX);
        match &query.with {
            Some(with) => {
                let talk = with.to_string();
                let talks = tx.open_table(TALKS)?;
                let places = talks.range((&*talk, 0)..(&*talk, before))?.rev();
                Self::matching(tx, query, places.map(|row| Ok(row?.0.value().1)))
            }
            None => {
                let last = tx.open_table(HISTORY)?.last()?.map_or(0, |(place, _)| place.value());
                let places = (1..before.min(last.saturating_add(1))).rev();
                Self::matching(tx, query, places.map(Ok))
            }
        }
    }

    fn matching(
        tx: &WriteTransaction,
        query: &HistoryQuery,
        places: impl Iterator<Item = Result<u64, StoreError>>,
    ) -> Result<Vec<Entry>, StoreError> {
        let history = tx.open_table(HISTORY)?;
        let mut found = Vec::new();
        for place in places {
            if found.len() == query.limit {
                break;
            }
            // Places are deleted from the oldest on.
            let Some(bytes) = history.get(place?)? else { break };
            let entry: Entry = unpack(bytes.value())?;
            if query.matches(&entry) {
                found.push(entry);
            }
        }
        Ok(found)
    }

    fn append(&mut self, mut entry: Entry, me: &Name) -> Result<Entry, StoreError> {
        let tx = self.0.write()?;
        let mut history = tx.open_table(HISTORY)?;
        entry.place = history.last()?.map_or(1, |(place, _)| place.value() + 1);
        history.insert(entry.place, &pack(&entry)[..])?;
        tx.open_table(PLACES)?.insert(key(&entry), entry.place)?;
        let talk = entry.conversation(me).to_string();
        tx.open_table(TALKS)?.insert((&*talk, entry.place), ())?;
        Ok(entry)
    }

    fn replace(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.0.write()?.open_table(HISTORY)?.insert(entry.place, &pack(entry)[..])?;
        Ok(())
    }

    fn find(&mut self, from: &Name, id: MessageId) -> Result<Option<Entry>, StoreError> {
        let place = {
            let places = self.0.read()?.open_table(PLACES)?;
            let place = places.get((from.as_str(), id.nonce, id.number))?;
            place.map(|place| place.value())
        };
        place.map_or(Ok(None), |place| self.at(place))
    }

    fn at(&mut self, place: u64) -> Result<Option<Entry>, StoreError> {
        let history = self.0.read()?.open_table(HISTORY)?;
        history.get(place)?.map(|bytes| unpack(bytes.value())).transpose()
    }

    fn number(&mut self, of: &str) -> Result<u64, StoreError> {
        let numbers = self.0.read()?.open_table(NUMBERS)?;
        Ok(numbers.get(of)?.map_or(0, |number| number.value()))
    }

    fn set_number(&mut self, of: &str, number: u64) -> Result<(), StoreError> {
        self.0.write()?.open_table(NUMBERS)?.insert(of, number)?;
        Ok(())
    }
}

fn key(entry: &Entry) -> (&str, u64, u64) {
    (entry.from.as_str(), entry.id.nonce, entry.id.number)
}
