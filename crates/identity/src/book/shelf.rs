//! Where the books stand.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::SystemTime;

use super::document::{Document, Entry};
use crate::disk::{self, Lock, Privacy, Stamp};
use crate::{Home, HomeError};

/// One file of entries in a home.
#[derive(Clone, Debug)]
pub(crate) struct Shelf<T> {
    home: Home,
    name: &'static str,
    entries: PhantomData<fn() -> T>,
}

impl<T: Entry> Shelf<T> {
    pub(crate) fn new(home: Home, name: &'static str) -> Self {
        Self { home, name, entries: PhantomData }
    }

    /// Reads the file; without one there are no entries.
    pub(crate) fn read(&self) -> Result<Document<T>, HomeError> {
        let bytes = match self.home.check()? {
            true => disk::read(&self.path(), Privacy::Readable)?,
            false => None,
        };
        Ok(Document::parse(self.name, &bytes.unwrap_or_default()))
    }

    /// Writes the file.
    pub(crate) fn write(&self, document: &Document<T>, lock: &Lock) -> Result<(), HomeError> {
        disk::replace(&self.path(), &document.to_bytes(), lock)
    }

    /// The right to change this and the other files of the home.
    pub(crate) fn lock(&self) -> Result<Lock, HomeError> {
        self.home.lock()
    }

    fn path(&self) -> PathBuf {
        self.home.dir().join(self.name)
    }
}

/// A file that is read anew when it has changed.
#[derive(Debug)]
pub(crate) struct Book<T> {
    shelf: Shelf<T>,
    seen: Option<Seen>,
    document: Document<T>,
}

/// How the file looked when it was read, and whether a change since then could look the same.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    stamp: Option<Stamp>,
    fresh: bool,
}

impl<T: Entry> Book<T> {
    pub(crate) fn open(shelf: Shelf<T>) -> Result<Self, HomeError> {
        let mut book = Self { document: Document::parse(shelf.name, b""), shelf, seen: None };
        book.refresh()?;
        Ok(book)
    }

    /// Reads the file if it has changed, and tells whether that was so. On an error all is as it
    /// was.
    pub(crate) fn refresh(&mut self) -> Result<bool, HomeError> {
        // Looked at first: a change in between is then read a second time, and not missed.
        let now = SystemTime::now();
        let stamp = Stamp::of(&self.shelf.path())?;
        let fresh = stamp.as_ref().is_some_and(|stamp| stamp.is_fresh(now));
        if self.seen.as_ref().is_some_and(|seen| !seen.fresh && seen.stamp == stamp) {
            return Ok(false);
        }
        self.document = self.shelf.read()?;
        self.seen = Some(Seen { stamp, fresh });
        Ok(true)
    }

    pub(crate) fn document(&self) -> &Document<T> {
        &self.document
    }
}
