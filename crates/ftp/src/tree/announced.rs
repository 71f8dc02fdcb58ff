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
