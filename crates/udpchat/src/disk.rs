//! What server and client have in common about their stores.

use std::path::Path;

use redb::backends::InMemoryBackend;
use redb::{Database, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A store failed: the disk is full or broken, the file is no store, or another process has it.
#[derive(Debug, thiserror::Error)]
#[error("the store of the chat: {0}")]
pub struct StoreError(Box<redb::Error>);

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}

/// A database with one transaction that everything goes through.
///
/// It begins with the first access and ends with [`commit`](Self::commit), so that whatever came
/// at one time becomes durable by one write to the disk. What is read in between includes what has
/// been written in it.
pub(crate) struct Disk {
    /// Before the database, because it is to be dropped first.
    open: Option<WriteTransaction>,
    dirty: bool,
    database: Database,
}

impl Disk {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { open: None, dirty: false, database: Database::create(path)? })
    }

    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let database = Database::builder().create_with_backend(InMemoryBackend::new())?;
        Ok(Self { open: None, dirty: false, database })
    }

    /// On whatever a test gives.
    #[cfg(test)]
    pub(crate) fn on(backend: impl redb::StorageBackend) -> Result<Self, StoreError> {
        let database = Database::builder().create_with_backend(backend)?;
        Ok(Self { open: None, dirty: false, database })
    }

    /// To read by.
    pub(crate) fn read(&mut self) -> Result<&WriteTransaction, StoreError> {
        match &mut self.open {
            Some(open) => Ok(open),
            none => Ok(none.insert(self.database.begin_write()?)),
        }
    }

    /// To write by.
    pub(crate) fn write(&mut self) -> Result<&WriteTransaction, StoreError> {
        self.dirty = true;
        self.read()
    }

    /// Makes durable what was written. Nothing may be said of it before.
    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.dirty)
            && let Some(open) = self.open.take()
        {
            open.commit()?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("dirty", &self.dirty).finish_non_exhaustive()
    }
}

/// A record as it is stored.
pub(crate) fn pack<T: Serialize>(record: &T) -> Vec<u8> {
    serde_json::to_vec(record).expect("records have nothing that JSON cannot say")
}

/// A record as it was stored.
pub(crate) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| {
        redb::Error::Corrupted(format!("a record that cannot be read: {error}")).into()
    })
}
