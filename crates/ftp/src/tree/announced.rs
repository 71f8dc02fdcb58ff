//! What a sender has announced and may still be asked for, as a value.

use std::collections::VecDeque;

use super::walk::Known;
use crate::store::Kind;
use crate::wire::{ChoiceError, MAX_SMALL_LEN, MAX_UNSETTLED};

/// The entries of a tree that are announced and not settled.
#[derive(Debug, Default)]
pub(crate) struct Announced {
    /// The number of the first entry that is held.
    base: u64,
    entries: VecDeque<Option<Held>>,
    /// The first entry that the receiver has not decided on.
    upto: u64,
    /// Whether entries are held until the receiver says what became of them.
    until_settled: bool,
}

#[derive(Debug)]
struct Held {
    known: Known,
    wanted: bool,
    /// Bytes of its content that were sent.
    moved: u64,
}

/// What a receiver has chosen: the small ones, and those that are offered first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) small: Vec<u64>,
    pub(crate) large: Vec<u64>,
}

impl Announced {
    /// Nothing is announced. Entries are held until it is told what became of them, or only until
    /// they are not wanted or sent.
    pub(crate) fn new(until_settled: bool) -> Self {
        Self { until_settled, ..Self::default() }
    }

    /// The number of the next entry: how many were announced.
    pub(crate) fn count(&self) -> u64 {
        self.base + self.entries.len() as u64
    }

    /// How many more may be announced now.
    pub(crate) fn room(&self) -> u64 {
        MAX_UNSETTLED - (self.entries.len() as u64).min(MAX_UNSETTLED)
    }

    /// How many await the receiver's decision.
    pub(crate) fn undecided(&self) -> u64 {
        self.count() - self.upto
    }

    pub(crate) fn announce(&mut self, known: Known) {
        self.entries.push_back(Some(Held { known, wanted: false, moved: 0 }));
    }

    /// Takes in what the receiver decided on all entries below `upto`.
    pub(crate) fn choose(
        &mut self,
        upto: u64,
        whole: &[u64],
        compare: &[u64],
    ) -> Result<Chosen, ChoiceError> {
        let known = self.upto..=self.count();
        if !known.contains(&upto) {
            return Err(ChoiceError::Upto { upto, known });
        }
        let mut chosen = Chosen::default();
        for (&n, small) in whole.iter().map(|n| (n, true)).chain(compare.iter().map(|n| (n, false)))
        {
            let undecided = self.upto..upto;
            let held = self.held(n).filter(|_| undecided.contains(&n));
            let held = held.filter(|held| held.known.kind == Kind::File && !held.wanted);
            let held = held.ok_or(ChoiceError::Number { n })?;
            held.wanted = true;
            match small && held.known.size <= MAX_SMALL_LEN {
                true => chosen.small.push(n),
                false => chosen.large.push(n),
            }
        }
        if !self.until_settled {
            for n in self.upto..upto {
                if self.held(n).is_some_and(|held| !held.wanted) {
                    self.release(n);
                }
            }
        }
        self.upto = upto;
        Ok(chosen)
    }

    pub(crate) fn get(&self, n: u64) -> Option<&Known> {
        let index = usize::try_from(n.checked_sub(self.base)?).ok()?;
        Some(&self.entries.get(index)?.as_ref()?.known)
    }

    /// Content of an entry was sent.
    pub(crate) fn moved(&mut self, n: u64, bytes: u64) {
        if let Some(held) = self.held(n) {
            held.moved += bytes;
        }
    }

    /// The content of an entry is sent, and will not be asked for again.
    pub(crate) fn served(&mut self, n: u64) {
        if !self.until_settled {
            self.release(n);
        }
    }

    /// The receiver has told what became of an entry. Returns it, and how much of it was sent.
    pub(crate) fn settled(&mut self, n: u64) -> Option<(Known, u64)> {
        self.release(n).map(|held| (held.known, held.moved))
    }

    fn held(&mut self, n: u64) -> Option<&mut Held> {
        let index = usize::try_from(n.checked_sub(self.base)?).ok()?;
        self.entries.get_mut(index)?.as_mut()
    }

    fn release(&mut self, n: u64) -> Option<Held> {
        let index = usize::try_from(n.checked_sub(self.base)?).ok()?;
        let released = self.entries.get_mut(index)?.take();
        while self.entries.front().is_some_and(Option::is_none) {
            self.entries.pop_front();
            self.base += 1;
        }
        released
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::tree::directory::{Directory, Standing};

    fn known(kind: Kind, size: u64) -> Known {
        let directory = Directory::root(Standing::Here, (None, None));
        Known { directory, name: Box::default(), kind, size }
    }

    fn file() -> Known {
        known(Kind::File, 1)
    }

    #[test]
    fn a_receiver_decides_forwards_on_what_was_announced() {
        let mut announced = Announced::new(true);
        for _ in 0..4 {
            announced.announce(file());
        }
        assert_eq!(announced.choose(3, &[0, 2], &[]).unwrap().small, [0, 2]);
        assert_eq!(announced.undecided(), 1);
        let back = announced.choose(2, &[], &[]);
        assert_eq!(back, Err(ChoiceError::Upto { upto: 2, known: 3..=4 }));
        let beyond = announced.choose(5, &[], &[]);
        assert_eq!(beyond, Err(ChoiceError::Upto { upto: 5, known: 3..=4 }));
        assert_eq!(announced.choose(4, &[1], &[]), Err(ChoiceError::Number { n: 1 }));
        assert_eq!(announced.choose(4, &[3, 3], &[]), Err(ChoiceError::Number { n: 3 }));
    }

    #[test]
    fn only_files_are_wanted_and_large_ones_are_offered_first() {
        let mut announced = Announced::new(true);
        announced.announce(known(Kind::Directory, 0));
        announced.announce(known(Kind::File, MAX_SMALL_LEN + 1));
        announced.announce(file());
        assert_eq!(announced.choose(3, &[0], &[]), Err(ChoiceError::Number { n: 0 }));
        let chosen = announced.choose(3, &[1], &[2]).unwrap();
        assert_eq!(chosen, Chosen { small: vec![], large: vec![1, 2] });
    }

    proptest! {
        /// Whatever a receiver says, in whatever order entries are done with: what is held is what
        /// is neither passed over nor served, and numbers never move.
        #[test]
        fn what_is_held_is_what_may_still_be_asked_for(
            until_settled: bool,
            steps in vec((0..4_u8, 0..40_u64, vec(0..40_u64, 0..6)), 0..120),
        ) {
            let mut announced = Announced::new(until_settled);
            // What each entry is: held, and wanted.
            let mut model: Vec<(bool, bool)> = Vec::new();
            let mut upto = 0;
            for (step, n, numbers) in steps {
                let count = model.len() as u64;
                match step {
                    0 => {
                        announced.announce(file());
                        model.push((true, false));
                    }
                    1 => {
                        let fresh = |n: &u64| (upto..count).contains(n);
                        let wanted: Vec<u64> = numbers.into_iter().filter(fresh).collect();
                        let to = wanted.iter().max().map_or(n, |most| n.max(most + 1));
                        let mut once = wanted.clone();
                        once.sort_unstable();
                        once.dedup();
                        let held = wanted.iter().all(|n| model[*n as usize].0);
                        let ours = (upto..=count).contains(&to) && held && once.len() == wanted.len();
                        let chosen = announced.choose(to, &wanted, &[]);
                        prop_assert_eq!(chosen.is_ok(), ours, "{:?} of {}..={}", wanted, upto, count);
                        if !ours {
                            return Ok(());
                        }
                        prop_assert_eq!(&chosen.unwrap().small, &wanted);
                        for at in upto..to {
                            let entry = &mut model[at as usize];
                            entry.1 = wanted.contains(&at);
                            entry.0 &= until_settled || entry.1;
                        }
                        upto = to;
                    }
                    2 => {
                        announced.served(n);
                        if let Some(entry) = model.get_mut(n as usize).filter(|_| !until_settled) {
                            entry.0 = false;
                        }
                    }
                    _ => {
                        let settled = announced.settled(n).is_some();
                        let held = model.get(n as usize).is_some_and(|entry| entry.0);
                        prop_assert_eq!(settled, held);
                        if let Some(entry) = model.get_mut(n as usize) {
                            entry.0 = false;
                        }
                    }
                }
                prop_assert_eq!(announced.count(), model.len() as u64);
                for (n, (held, _)) in model.iter().enumerate() {
                    prop_assert_eq!(announced.get(n as u64).is_some(), *held, "entry {}", n);
                }
                let first = model.iter().position(|entry| entry.0).unwrap_or(model.len());
                prop_assert_eq!(announced.room(), MAX_UNSETTLED - (model.len() - first) as u64);
            }
        }
    }
}
