//! What a receiver knows of the entries that are not settled, as a value.

use std::collections::VecDeque;
use std::sync::Arc;

use super::directory::Directory;
use crate::wire::{MAX_SMALL_LEN, MAX_UNSETTLED};

/// How many entries may be held: a sender counts those as settled whose content it has sent, so
/// that some may still be on their way beyond its own limit.
const MAX_HELD: u64 = 4 * MAX_UNSETTLED;

/// The entries of a tree that have been announced and are not settled.
#[derive(Debug, Default)]
pub(super) struct Slots {
    base: u64,
    slots: VecDeque<Slot>,
}

#[derive(Debug)]
enum Slot {
    Undecided,
    /// Its content is wanted, and has not come.
    Wanted(Box<Wanted>),
    /// Its content is being taken in.
    Taken,
    Settled,
}

/// A file whose content is wanted.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) n: u64,
    pub(super) directory: Arc<Directory>,
    /// Its name in the tree; the root's is empty.
    pub(super) name: Box<[u8]>,
    pub(super) size: u64,
    /// Whether nothing had the name when it was decided on.
    pub(super) is_new: bool,
    /// Whether only its content tells whether it is the same: size and time are.
    pub(super) verify: bool,
}

/// The sender does not keep to the numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadNumber {
    #[error("entries from {found} on came where {expected} was next")]
    Order { found: u64, expected: u64 },
    #[error("{found} entries are not settled: {MAX_HELD} are allowed")]
    TooMany { found: u64 },
    #[error("content of entry {n} came, which was not wanted")]
    Unwanted { n: u64 },
}

impl Wanted {
    /// Whether it is offered first, for the receiver to say what of it it wants.
    pub(super) fn is_compared(&self) -> bool {
        self.verify || self.size > MAX_SMALL_LEN
    }
}

impl Slots {
    /// How many entries were announced.
    pub(super) fn count(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    /// Whether all that was announced is settled.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// `count` entries were announced, from `n` on.
    pub(super) fn announce(&mut self, n: u64, count: u32) -> Result<(), BadNumber> {
        if n != self.count() {
            return Err(BadNumber::Order { found: n, expected: self.count() });
        }
        let found = self.slots.len() as u64 + u64::from(count);
        if found > MAX_HELD {
            return Err(BadNumber::TooMany { found });
        }
        self.slots.extend((0..count).map(|_| Slot::Undecided));
        Ok(())
    }

    /// The content of an entry is wanted.
    pub(super) fn want(&mut self, wanted: Wanted) {
        if let Some(slot) = self.slot(wanted.n) {
            *slot = Slot::Wanted(Box::new(wanted));
        }
    }

    /// Content of an entry comes. `None` if it was given up meanwhile, or is being taken in.
    pub(super) fn take(&mut self, n: u64) -> Result<Option<Wanted>, BadNumber> {
        if n < self.base {
            return Ok(None);
        }
        match self.slot(n) {
            Some(slot @ Slot::Wanted(_)) => match std::mem::replace(slot, Slot::Taken) {
                Slot::Wanted(wanted) => Ok(Some(*wanted)),
                _ => unreachable!("it was just seen to be wanted"),
            },
            Some(Slot::Taken | Slot::Settled) => Ok(None),
            Some(Slot::Undecided) | None => Err(BadNumber::Unwanted { n }),
        }
    }

    /// Something comes of an entry that is not open.
    ///
    /// # Errors
    /// Unless it was open before: then it was under way while the entry was given up.
    pub(super) fn pass_over(&mut self, n: u64) -> Result<(), BadNumber> {
        let past = n < self.base;
        match self.slot(n) {
            Some(Slot::Taken | Slot::Settled) => Ok(()),
            None if past => Ok(()),
            Some(Slot::Undecided | Slot::Wanted(_)) | None => Err(BadNumber::Unwanted { n }),
        }
    }

    /// An entry is settled.
    pub(super) fn settle(&mut self, n: u64) {
        if let Some(slot) = self.slot(n) {
            *slot = Slot::Settled;
        }
        while matches!(self.slots.front(), Some(Slot::Settled)) {
            self.slots.pop_front();
            self.base += 1;
        }
    }

    fn slot(&mut self, n: u64) -> Option<&mut Slot> {
        let index = usize::try_from(n.checked_sub(self.base)?).ok()?;
        self.slots.get_mut(index)
    }
}
