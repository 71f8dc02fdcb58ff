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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::tree::directory::Standing;

    fn wanted(n: u64) -> Wanted {
        let directory = Directory::root(Standing::Here, (None, None));
        Wanted { n, directory, name: Box::default(), size: 1, is_new: true, verify: false }
    }

    #[test]
    fn numbers_come_in_order_and_not_too_many_of_them() {
        let mut slots = Slots::default();
        slots.announce(0, 3).unwrap();
        assert_eq!(slots.announce(4, 1), Err(BadNumber::Order { found: 4, expected: 3 }));
        let most = u32::try_from(MAX_HELD).unwrap();
        assert_eq!(slots.announce(3, most), Err(BadNumber::TooMany { found: MAX_HELD + 3 }));
        slots.announce(3, most - 3).unwrap();
    }

    #[test]
    fn content_that_was_not_wanted_is_refused_and_late_content_passed_over() {
        let mut slots = Slots::default();
        slots.announce(0, 2).unwrap();
        assert_eq!(slots.take(0).err(), Some(BadNumber::Unwanted { n: 0 }));
        assert_eq!(slots.take(7).err(), Some(BadNumber::Unwanted { n: 7 }));
        slots.want(wanted(0));
        assert!(slots.take(0).unwrap().is_some());
        assert!(slots.take(0).unwrap().is_none());
        slots.settle(0);
        assert!(slots.take(0).unwrap().is_none());
        assert_eq!(slots.pass_over(0), Ok(()));
        assert_eq!(slots.pass_over(1), Err(BadNumber::Unwanted { n: 1 }));
    }

    proptest! {
        /// Whatever comes in whatever order: each wanted content is taken in once, and nothing is
        /// held of what is settled.
        #[test]
        fn each_content_is_taken_in_once(steps in vec((0..4_u8, 0..30_u64), 0..200)) {
            #[derive(Clone, Copy, PartialEq, Debug)]
            enum Is { Undecided, Wanted, Taken, Settled }
            let mut slots = Slots::default();
            let mut model: Vec<Is> = Vec::new();
            for (step, n) in steps {
                let is = model.get(n as usize).copied();
                match step {
                    0 => {
                        slots.announce(model.len() as u64, 1).unwrap();
                        model.push(Is::Undecided);
                    }
                    1 if is == Some(Is::Undecided) => {
                        slots.want(wanted(n));
                        model[n as usize] = Is::Wanted;
                    }
                    1 => {}
                    2 => match (slots.take(n), is) {
                        (Ok(Some(taken)), Some(Is::Wanted)) => {
                            prop_assert_eq!(taken.n, n);
                            model[n as usize] = Is::Taken;
                        }
                        (Ok(None), Some(Is::Taken | Is::Settled)) => {}
                        (Err(BadNumber::Unwanted { .. }), Some(Is::Undecided) | None) => {}
                        (took, is) => prop_assert!(false, "{took:?} of {is:?}"),
                    },
                    _ => {
                        slots.settle(n);
                        if let Some(is) = model.get_mut(n as usize) {
                            *is = Is::Settled;
                        }
                    }
                }
                prop_assert_eq!(slots.count(), model.len() as u64);
                prop_assert_eq!(slots.is_empty(), model.iter().all(|is| *is == Is::Settled));
            }
        }
    }
}
