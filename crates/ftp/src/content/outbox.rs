//! What a sender has yet to send, as a value that is fed the wants of its receiver.

use std::collections::VecDeque;

use crate::wire::{MAX_DIGEST_BLOCKS, MAX_WANT_RANGES, Range, RangeList, Want};

/// How many ranges may wait to be served: a few wants' worth. A receiver of ours never comes
/// near it.
const MAX_QUEUED: usize = 4 * MAX_WANT_RANGES;

/// The queue of a sender.
#[derive(Debug)]
pub(crate) struct Outbox {
    size: u64,
    queue: VecDeque<Piece>,
    last: bool,
    wants: u32,
    /// How much content was wanted.
    wanted: u64,
}

/// What to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The digests of the blocks in the range.
    Digests(Range),
    /// The content of the range.
    Content(Range),
}

/// A want that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadWant {
    #[error("{found:?} was wanted of content of {size} bytes; ranges begin and end on blocks")]
    Range { found: Range, size: u64 },
    #[error("more than {MAX_QUEUED} ranges are wanted at once")]
    TooMany,
    #[error("{found} ranges came where {announced} were announced")]
    Count { found: usize, announced: u64 },
}

impl Outbox {
    /// Content of `size` bytes, of which nothing is wanted yet.
    pub(crate) fn new(size: u64) -> Self {
        Self { size, queue: VecDeque::new(), last: false, wants: 0, wanted: 0 }
    }

    /// Content of `size` bytes that is sent without having been wanted.
    pub(crate) fn eager(size: u64) -> Self {
        let mut outbox = Self::new(size);
        outbox.last = true;
        let all = Range::new(0, size);
        outbox.queue.extend((!all.is_empty()).then_some(Piece::Content(all)));
        outbox
    }

    /// Takes a want in.
    pub(crate) fn want(&mut self, want: &Want, ranges: &RangeList) -> Result<(), BadWant> {
        let announced = u64::from(want.digests) + u64::from(want.content);
        if announced != ranges.0.len() as u64 {
            return Err(BadWant::Count { found: ranges.0.len(), announced });
        }
        if self.queue.len() + ranges.0.len() > MAX_QUEUED {
            return Err(BadWant::TooMany);
        }
        for (index, &range) in ranges.0.iter().enumerate() {
            if range.is_empty() || range.end > self.size || !range.is_aligned(self.size) {
                return Err(BadWant::Range { found: range, size: self.size });
            }
            let digests = index < want.digests as usize;
            self.queue.push_back(match digests {
                true => Piece::Digests(range),
                false => Piece::Content(range),
            });
            if !digests {
                self.wanted = self.wanted.saturating_add(range.len());
            }
        }
        self.last = want.last;
        self.wants = self.wants.saturating_add(1);
        Ok(())
    }

    /// The next piece: of content at most `max_content` bytes, a multiple of the block length.
    pub(crate) fn next(&mut self, max_content: u64) -> Option<Piece> {
        let front = self.queue.front_mut()?;
        let (range, most) = match front {
            Piece::Digests(range) => (range, (MAX_DIGEST_BLOCKS * proto::BLOCK_LEN) as u64),
            Piece::Content(range) => (range, max_content),
        };
        let piece = Range::new(range.start, range.end.min(range.start + most));
        range.start = piece.end;
        let done = range.is_empty();
        let piece = match front {
            Piece::Digests(_) => Piece::Digests(piece),
            Piece::Content(_) => Piece::Content(piece),
        };
        if done {
            self.queue.pop_front();
        }
        Some(piece)
    }

    /// Whether all that will be wanted has been taken from the queue.
    pub(crate) fn is_finished(&self) -> bool {
        self.last && self.queue.is_empty()
    }

    /// How long the next piece is at the most, if something waits to be sent.
    pub(crate) fn next_len(&self) -> Option<u64> {
        let (Piece::Digests(range) | Piece::Content(range)) = self.queue.front()?;
        Some(range.len())
    }

    /// How much of the content the receiver had already, once it has said all that it wants.
    pub(crate) fn reused(&self) -> Option<u64> {
        (self.last && self.wants > 0).then(|| self.size.saturating_sub(self.wanted))
    }

    /// How many wants were taken in.
    pub(crate) fn wants(&self) -> u32 {
        self.wants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = proto::BLOCK_LEN as u64;

    fn want(digests: u32, content: u32, last: bool) -> Want {
        Want { id: 1, n: 0, digests, content, last }
    }

    #[test]
    fn serves_wants_in_their_order_in_pieces() {
        let mut outbox = Outbox::new(10 * BLOCK + 1);
        let all = Range::new(0, 10 * BLOCK + 1);
        outbox.want(&want(1, 1, true), &RangeList(vec![all, all])).unwrap();
        assert!(!outbox.is_finished());
        assert_eq!(outbox.reused(), Some(0));
        assert_eq!(outbox.next(4 * BLOCK), Some(Piece::Digests(all)));
        for start in [0, 4] {
            let piece = Range::new(start * BLOCK, (start + 4) * BLOCK);
            assert_eq!(outbox.next(4 * BLOCK), Some(Piece::Content(piece)));
        }
        let rest = Range::new(8 * BLOCK, 10 * BLOCK + 1);
        assert_eq!(outbox.next(4 * BLOCK), Some(Piece::Content(rest)));
        assert!(outbox.is_finished());
        assert_eq!(outbox.next(4 * BLOCK), None);
    }

    #[test]
    fn knows_what_was_reused_when_all_is_said() {
        let mut outbox = Outbox::new(4 * BLOCK);
        let all = RangeList(vec![Range::new(0, 4 * BLOCK)]);
        outbox.want(&want(1, 0, false), &all).unwrap();
        assert_eq!(outbox.reused(), None);
        let one = RangeList(vec![Range::new(BLOCK, 2 * BLOCK)]);
        outbox.want(&want(0, 1, true), &one).unwrap();
        assert_eq!(outbox.reused(), Some(3 * BLOCK));
    }

    #[test]
    fn an_eager_outbox_is_full_from_the_start() {
        let mut outbox = Outbox::eager(5);
        assert_eq!(outbox.next(BLOCK), Some(Piece::Content(Range::new(0, 5))));
        assert!(outbox.is_finished());
        assert!(Outbox::eager(0).is_finished());
    }

    #[test]
    fn refuses_ranges_that_are_not_there() {
        let size = 3 * BLOCK + 7;
        let bad = [(0, 0), (1, BLOCK), (0, BLOCK + 1), (0, 4 * BLOCK), (size, size)];
        for (start, end) in bad {
            let mut outbox = Outbox::new(size);
            let found = Range::new(start, end);
            let refused = outbox.want(&want(0, 1, true), &RangeList(vec![found]));
            assert_eq!(refused, Err(BadWant::Range { found, size }));
        }
    }

    #[test]
    fn refuses_a_flood_of_wants_and_a_count_that_lies() {
        let mut outbox = Outbox::new(BLOCK);
        let ranges = RangeList(vec![Range::new(0, BLOCK); MAX_WANT_RANGES]);
        let many = want(0, MAX_WANT_RANGES as u32, false);
        for _ in 0..4 {
            outbox.want(&many, &ranges).unwrap();
        }
        assert_eq!(outbox.want(&many, &ranges), Err(BadWant::TooMany));
        let lie = Outbox::new(BLOCK).want(&want(1, 1, false), &RangeList(vec![]));
        assert_eq!(lie, Err(BadWant::Count { found: 0, announced: 2 }));
    }
}
