//! The names in a directory one after the other, however many they are.

use crate::store::{Folder, Names, StoreError};

/// How many bytes of names are taken from a directory at a time.
const ROOM: usize = 2 * 1024 * 1024;

/// A place among the names of a directory, which are gone through in the order of their bytes.
///
/// A piece of them is held at a time. It may be forgotten; the next is listed when it is needed.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    names: Names,
    at: usize,
    last: Option<Box<[u8]>>,
}

impl Cursor {
    /// The next name; `None` after the last.
    pub(super) fn peek<F: Folder>(&mut self, folder: &F) -> Result<Option<&[u8]>, StoreError> {
        while self.at >= self.names.len() {
            if self.names.is_complete() {
                return Ok(None);
            }
            self.names = folder.names(self.last.as_deref(), ROOM)?;
            self.at = 0;
        }
        Ok(self.names.get(self.at))
    }

    /// Goes beyond the name that was peeked at.
    pub(super) fn advance(&mut self) {
        self.last = self.names.get(self.at).map(Into::into);
        self.at += 1;
    }

    /// The next name, and beyond.
    pub(super) fn next<F: Folder>(&mut self, folder: &F) -> Result<Option<Box<[u8]>>, StoreError> {
        let name: Option<Box<[u8]>> = self.peek(folder)?.map(Into::into);
        if name.is_some() {
            self.advance();
        }
        Ok(name)
    }

    /// How much memory it takes.
    pub(super) fn held(&self) -> usize {
        self.names.held()
    }

    /// Forgets what is listed beyond here.
    pub(super) fn forget(&mut self) {
        (self.names, self.at) = (Names::default(), 0);
    }
}

/// Makes the cursors of a way down, given from the top, forget names until what they hold together
/// is bounded. The outer ones forget first: their turn comes last.
pub(super) fn bound<'a>(cursors: impl DoubleEndedIterator<Item = &'a mut Cursor>) {
    const HELD: usize = 16 * 1024 * 1024;
    let mut held = 0;
    for cursor in cursors.rev() {
        held += cursor.held();
        if held > HELD {
            held -= cursor.held();
            cursor.forget();
        }
    }
}
