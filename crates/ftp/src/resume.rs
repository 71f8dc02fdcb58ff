//! What a receiver still wants: the plan of one transfer, as a value that is fed what arrives.
//!
//! A receiver may hold part of the content already: a partial that an interrupted session left,
//! or the older content under the same name. The plan first wants the block digests of that
//! part, window by window, then the content of the blocks that differ, and of all beyond. No
//! state is kept on disk between runs: the digests alone prove what is there, so that nothing can
//! go stale or be damaged unnoticed.
//!
//! A sender serves wants in the order in which they came. So what arrives next is known exactly,
//! and anything else was never wanted.

use std::collections::{BTreeMap, VecDeque};

use crate::wire::{MAX_WANT_RANGES, Range};

/// How much is compared at a time; two windows are under way at once, so that a round trip
/// leaves no gap.
const WINDOW: u64 = 128 * 1024 * 1024;

/// How often a block may arrive damaged before the transfer is given up.
pub(crate) const MAX_TRIES: u8 = 3;

/// How many different blocks may arrive damaged: a peer must not fill our memory with them.
const MAX_DAMAGED: usize = 4096;

/// The plan of a receiver.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where the wanted part of the content ends.
    end: u64,
    /// Up to where something here may be right already.
    basis: u64,
    /// Up to where digests have been wanted.
    cursor: u64,
    /// Whether what lies beyond the basis has been wanted.
    tail_wanted: bool,
    /// Digests that are on their way, in order.
    comparing: VecDeque<Range>,
    /// Content that is on its way, in order.
    awaited: VecDeque<Range>,
    /// Content that is known to be missing and has not been wanted yet.
    missing: VecDeque<Range>,
    /// Whether the sender has been told that nothing more will be wanted.
    last_told: bool,
    /// How many wants were sent.
    wants: u32,
    damaged: BTreeMap<u64, u8>,
}

/// What to tell the sender next.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) digests: Vec<Range>,
    pub(crate) content: Vec<Range>,
    pub(crate) last: bool,
}

/// Something arrived that was not wanted, or not now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} of {found:?} came where {wanted:?} was wanted")]
pub(crate) struct Unwanted {
    what: &'static str,
    found: Range,
    wanted: Option<Range>,
}

/// Blocks arrive damaged again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the block at {offset} arrived damaged {tries} times")]
pub(crate) struct TooDamaged {
    pub(crate) offset: u64,
    pub(crate) tries: u8,
}

impl Plan {
    /// Wants the content from 0 to `size`, of which the first `basis` bytes may be here already.
    pub(crate) fn compare(size: u64, basis: u64) -> Self {
        // A basis that ends within a block is compared with that whole block of the content.
        let basis = basis.next_multiple_of(proto::BLOCK_LEN as u64).min(size);
        Self::new(0, basis, size)
    }

    /// Wants just this part, and has nothing of it.
    pub(crate) fn fetch(range: Range) -> Self {
        Self::new(range.start, range.start, range.end)
    }

    /// All of the content is on its way without having been wanted.
    pub(crate) fn eager(size: u64) -> Self {
        let mut plan = Self::new(0, 0, size);
        plan.tail_wanted = true;
        plan.last_told = true;
        plan.awaited.extend((size > 0).then_some(Range::new(0, size)));
        plan
    }

    fn new(start: u64, basis: u64, end: u64) -> Self {
        Self {
            end,
            basis,
            cursor: start,
            tail_wanted: basis >= end,
            comparing: VecDeque::new(),
            awaited: VecDeque::new(),
            missing: VecDeque::new(),
            last_told: false,
            wants: 0,
            damaged: BTreeMap::new(),
        }
    }

    /// What to tell the sender now, if anything.
    pub(crate) fn next_want(&mut self) -> Option<Wanted> {
        let mut wanted = Wanted::default();
        while self.cursor < self.basis && self.comparing_len() < 2 * WINDOW {
            let range = Range::new(self.cursor, self.basis.min(self.cursor + WINDOW));
            self.cursor = range.end;
            self.comparing.push_back(range);
            wanted.digests.push(range);
        }
        while wanted.content.len() < MAX_WANT_RANGES - 3
            && let Some(range) = self.missing.pop_front()
        {
            wanted.content.push(range);
        }
        if self.cursor >= self.basis && !self.tail_wanted {
            self.tail_wanted = true;
            wanted.content.push(Range::new(self.basis, self.end));
        }
        self.awaited.extend(&wanted.content);
        wanted.last = self.decided();
        let news = !wanted.digests.is_empty() || !wanted.content.is_empty();
        if !news && (!wanted.last || self.last_told) {
            return None;
        }
        self.last_told = wanted.last;
        self.wants += 1;
        Some(wanted)
    }

    /// Digests of `range` arrived.
    pub(crate) fn take_digests(&mut self, range: Range) -> Result<(), Unwanted> {
        take(&mut self.comparing, range, "digests")
    }

    /// Blocks in `range` turned out to be missing or different here.
    pub(crate) fn miss(&mut self, range: Range) {
        match self.missing.back_mut() {
            Some(back) if back.end == range.start => back.end = range.end,
            _ => self.missing.push_back(range),
        }
    }

    /// Content of `range` arrived.
    pub(crate) fn take_content(&mut self, range: Range) -> Result<(), Unwanted> {
        take(&mut self.awaited, range, "content")
    }

    /// The block of `range` was damaged: it is wanted again.
    pub(crate) fn damaged(&mut self, range: Range) -> Result<(), TooDamaged> {
        let full = self.damaged.len() >= MAX_DAMAGED;
        let tries = self.damaged.entry(range.start).or_default();
        *tries += 1;
        if *tries >= MAX_TRIES || full {
            return Err(TooDamaged { offset: range.start, tries: *tries });
        }
        self.miss(range);
        Ok(())
    }

    /// Whether all is here.
    pub(crate) fn is_complete(&self) -> bool {
        self.decided() && self.awaited.is_empty()
    }

    /// Once all that may be here is compared: whether something of it is missing.
    pub(crate) fn differs(&self) -> Option<bool> {
        let compared = self.cursor >= self.basis && self.comparing.is_empty();
        compared.then_some(!self.missing.is_empty())
    }

    /// How many wants have been told.
    pub(crate) fn wants(&self) -> u32 {
        self.wants
    }

    /// Nothing is left to be compared or to be wanted.
    fn decided(&self) -> bool {
        self.cursor >= self.basis
            && self.tail_wanted
            && self.comparing.is_empty()
            && self.missing.is_empty()
    }

    fn comparing_len(&self) -> u64 {
        self.comparing.iter().map(Range::len).sum()
    }
}

/// Takes `found` off the front of what is expected.
fn take(expected: &mut VecDeque<Range>, found: Range, what: &'static str) -> Result<(), Unwanted> {
    let wanted = expected.front().copied();
    match expected.front_mut() {
        Some(front)
            if front.start == found.start && !found.is_empty() && found.end <= front.end =>
        {
            front.start = found.end;
            if front.is_empty() {
                expected.pop_front();
            }
            Ok(())
        }
        _ => Err(Unwanted { what, found, wanted }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = proto::BLOCK_LEN as u64;

    fn want(digests: &[(u64, u64)], content: &[(u64, u64)], last: bool) -> Option<Wanted> {
        let ranges = |list: &[(u64, u64)]| list.iter().map(|&(s, e)| Range::new(s, e)).collect();
        Some(Wanted { digests: ranges(digests), content: ranges(content), last })
    }

    #[test]
    fn wants_all_at_once_where_nothing_is_here() {
        let mut plan = Plan::compare(1000, 0);
        assert_eq!(plan.next_want(), want(&[], &[(0, 1000)], true));
        assert_eq!(plan.next_want(), None);
        plan.take_content(Range::new(0, 600)).unwrap();
        assert!(!plan.is_complete());
        plan.take_content(Range::new(600, 1000)).unwrap();
        assert!(plan.is_complete());
    }

    #[test]
    fn an_empty_file_wants_nothing_and_says_so() {
        let mut plan = Plan::compare(0, 0);
        assert_eq!(plan.next_want(), want(&[], &[], true));
        assert!(plan.is_complete());
    }

    #[test]
    fn compares_first_and_wants_what_differs_and_the_rest() {
        let size = 10 * BLOCK + 5;
        let mut plan = Plan::compare(size, 3 * BLOCK + 1);
        let expected = want(&[(0, 4 * BLOCK)], &[(4 * BLOCK, size)], false);
        assert_eq!(plan.next_want(), expected);
        plan.take_digests(Range::new(0, 4 * BLOCK)).unwrap();
        plan.miss(Range::new(BLOCK, 2 * BLOCK));
        plan.miss(Range::new(2 * BLOCK, 3 * BLOCK));
        assert_eq!(plan.next_want(), want(&[], &[(BLOCK, 3 * BLOCK)], true));
        plan.take_content(Range::new(4 * BLOCK, size)).unwrap();
        plan.take_content(Range::new(BLOCK, 3 * BLOCK)).unwrap();
        assert!(plan.is_complete());
    }

    #[test]
    fn tells_the_sender_that_all_was_here() {
        let mut plan = Plan::compare(2 * BLOCK, 2 * BLOCK);
        assert_eq!(plan.next_want(), want(&[(0, 2 * BLOCK)], &[], false));
        plan.take_digests(Range::new(0, 2 * BLOCK)).unwrap();
        assert_eq!(plan.next_want(), want(&[], &[], true));
        assert_eq!(plan.next_want(), None);
        assert!(plan.is_complete());
    }

    #[test]
    fn a_long_basis_is_compared_in_windows_of_which_two_are_under_way() {
        let size = 5 * WINDOW;
        let mut plan = Plan::compare(size, size);
        let first = plan.next_want().unwrap();
        assert_eq!(first.digests, [Range::new(0, WINDOW), Range::new(WINDOW, 2 * WINDOW)]);
        assert_eq!(plan.next_want(), None);
        plan.take_digests(Range::new(0, WINDOW)).unwrap();
        assert_eq!(plan.next_want(), want(&[(2 * WINDOW, 3 * WINDOW)], &[], false));
    }

    #[test]
    fn refuses_what_was_never_wanted() {
        let mut plan = Plan::compare(4 * BLOCK, 0);
        plan.next_want().unwrap();
        plan.take_content(Range::new(BLOCK, 2 * BLOCK)).unwrap_err();
        plan.take_content(Range::new(0, 5 * BLOCK)).unwrap_err();
        plan.take_content(Range::new(0, 0)).unwrap_err();
        plan.take_digests(Range::new(0, BLOCK)).unwrap_err();
        plan.take_content(Range::new(0, 4 * BLOCK)).unwrap();
        plan.take_content(Range::new(0, 4 * BLOCK)).unwrap_err();
    }

    #[test]
    fn asks_again_for_a_damaged_block_but_not_for_ever() {
        let mut plan = Plan::compare(4 * BLOCK, 0);
        plan.next_want().unwrap();
        plan.take_content(Range::new(0, 4 * BLOCK)).unwrap();
        for _ in 1..MAX_TRIES {
            plan.damaged(Range::new(BLOCK, 2 * BLOCK)).unwrap();
            assert!(!plan.is_complete());
            assert_eq!(plan.next_want(), want(&[], &[(BLOCK, 2 * BLOCK)], true));
            plan.take_content(Range::new(BLOCK, 2 * BLOCK)).unwrap();
            assert!(plan.is_complete());
        }
        let given_up = plan.damaged(Range::new(BLOCK, 2 * BLOCK)).unwrap_err();
        assert_eq!(given_up, TooDamaged { offset: BLOCK, tries: MAX_TRIES });
    }

    #[test]
    fn a_peer_that_damages_everything_does_not_fill_our_memory() {
        let blocks = MAX_DAMAGED as u64 + 10;
        let mut plan = Plan::compare(blocks * BLOCK, 0);
        let outcome = (0..blocks)
            .try_for_each(|block| plan.damaged(Range::new(block * BLOCK, (block + 1) * BLOCK)));
        assert!(outcome.is_err());
    }
}
