//! What the server keeps: who owns which name, who is in which room, what was said, and what
//! still waits for whom.

mod directory;
mod history;
mod mailbox;

use std::io;
use std::path::Path;

use redb::{ReadableTable as _, TableDefinition};

use crate::disk::{Disk, StoreError};

pub(crate) use directory::{Binding, Entering};
pub(crate) use history::{Post, Posted};
pub(crate) use mailbox::Item;

/// A person's name, and the key it is bound to.
const NAMES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("names");
/// A key, and how many names it has.
const KEYS: TableDefinition<'_, &[u8], u64> = TableDefinition::new("keys");
/// A room, and how many people are in it.
const ROOMS: TableDefinition<'_, &str, u64> = TableDefinition::new("rooms");
/// A room and somebody in it.
const MEMBERS: TableDefinition<'_, (&str, &str), ()> = TableDefinition::new("members");
/// The place of a message in the history, and the message.
const MESSAGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("messages");
/// Sender, nonce and number of a message, and its place.
const PLACES: TableDefinition<'_, (&str, u64, u64), u64> = TableDefinition::new("places");
/// A conversation and the place of a message in it.
const TALKS: TableDefinition<'_, (&str, u64), ()> = TableDefinition::new("talks");
/// The place of a message, and somebody who has read it.
const READERS: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("readers");
/// A person and the state of their mailbox: the last number in it, how many items, how many bytes.
const BOXES: TableDefinition<'_, &str, (u64, u64, u64)> = TableDefinition::new("boxes");
/// A person and a number, and the item of that number in their mailbox.
const MAIL: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("mail");

/// One row: what this store is known by, so that a client sees when it is another one.
const STORE_ID: TableDefinition<'_, (), u64> = TableDefinition::new("id");

/// Where a [`ChatServer`](crate::ChatServer) keeps everything that outlives it.
///
/// It is one file, which no other process may open at the same time, and which survives being cut
/// off at any moment.
#[derive(Debug)]
pub struct ServerStore(Disk);

impl ServerStore {
    /// Opens the store in that file, or makes one.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or made, holds something else, or belongs to another process.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Disk::open(path.as_ref()).and_then(Self::with_id)
    }

    /// A store that is gone with the process, for tests and for chats that leave no trace.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        Disk::in_memory().and_then(Self::with_id)
    }

    #[cfg(test)]
    pub(crate) fn on(backend: impl redb::StorageBackend) -> Result<Self, StoreError> {
        Disk::on(backend).and_then(Self::with_id)
    }

    fn with_id(mut disk: Disk) -> Result<Self, StoreError> {
        let tx = disk.write()?;
        let mut ids = tx.open_table(STORE_ID)?;
        if ids.get(())?.is_none() {
            ids.insert((), getrandom::u64().map_err(io::Error::from)?)?;
        }
        drop(ids);
        disk.commit()?;
        Ok(Self(disk))
    }

    /// A random number, drawn when the store was made.
    pub(crate) fn id(&mut self) -> Result<u64, StoreError> {
        let ids = self.0.read()?.open_table(STORE_ID)?;
        Ok(ids.get(())?.map_or(0, |id| id.value()))
    }

    /// Makes durable everything since the last time.
    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        self.0.commit()
    }
}
