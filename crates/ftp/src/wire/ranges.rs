//! Byte ranges, and their list as it travels in the body of a `want`.

use bytes::{BufMut, Bytes, BytesMut};

/// A part of a file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// Where it begins.
    pub start: u64,
    /// Where it ends: the first byte that does not belong to it.
    pub end: u64,
}

impl Range {
    /// The bytes from `start` up to `end`.
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start, end }
    }

    /// How many bytes it holds.
    pub const fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it holds nothing.
    pub const fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Whether it begins on a block and ends on one, or at `size`.
    pub fn is_aligned(&self, size: u64) -> bool {
        let block = proto::BLOCK_LEN as u64;
        self.start.is_multiple_of(block) && (self.end.is_multiple_of(block) || self.end == size)
    }
}

/// Ranges as they travel: for each `u64 LE start, u64 LE end`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeList(pub Vec<Range>);

/// Why the body of a `want` is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangesError {
    /// The body is not a whole number of ranges.
    #[error("a list of ranges has {found} bytes, which is no multiple of {RANGE_LEN}")]
    Length {
        /// The length of the body.
        found: usize,
    },
    /// A range ends before it begins.
    #[error("a range from {start} to {end} ends before it begins")]
    Backwards {
        /// Where it begins.
        start: u64,
        /// Where it ends.
        end: u64,
    },
}

/// Two integers of 64 bits.
const RANGE_LEN: usize = 16;

impl RangeList {
    /// The length of the body that holds `count` ranges.
    pub const fn body_len(count: usize) -> usize {
        count * RANGE_LEN
    }

    /// The body of a `want`.
    pub fn encode(&self) -> Bytes {
        let mut body = BytesMut::with_capacity(Self::body_len(self.0.len()));
        for range in &self.0 {
            body.put_u64_le(range.start);
            body.put_u64_le(range.end);
        }
        body.freeze()
    }

    /// Reads the body of a `want`.
    ///
    /// # Errors
    /// [`RangesError`] when it is not a list of ranges.
    pub fn decode(body: &[u8]) -> Result<Self, RangesError> {
        let (pairs, rest) = body.as_chunks::<RANGE_LEN>();
        if !rest.is_empty() {
            return Err(RangesError::Length { found: body.len() });
        }
        let ranges = pairs.iter().map(|pair| {
            let (start, end) = pair.split_at(8);
            let start = u64::from_le_bytes(start.try_into().expect("half of sixteen bytes"));
            let end = u64::from_le_bytes(end.try_into().expect("half of sixteen bytes"));
            if end < start {
                return Err(RangesError::Backwards { start, end });
            }
            Ok(Range { start, end })
        });
        ranges.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_as_pairs_of_little_endian_integers() {
        let list = RangeList(vec![Range::new(0, 65_536), Range::new(1 << 40, (1 << 40) + 1)]);
        let body = list.encode();
        assert_eq!(body[8..16], [0, 0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(RangeList::decode(&body), Ok(list));
    }

    #[test]
    fn rejects_a_list_cut_anywhere_and_a_range_that_runs_backwards() {
        let body = RangeList(vec![Range::new(5, 9)]).encode();
        for cut in 1..body.len() {
            let found = RangeList::decode(&body[..cut]);
            assert_eq!(found, Err(RangesError::Length { found: cut }));
        }
        let backwards = RangeList(vec![Range::new(9, 5)]).encode();
        let expected = RangesError::Backwards { start: 9, end: 5 };
        assert_eq!(RangeList::decode(&backwards), Err(expected));
    }

    #[test]
    fn knows_what_is_aligned() {
        assert!(Range::new(0, 65_536).is_aligned(1 << 20));
        assert!(Range::new(65_536, 65_537).is_aligned(65_537));
        assert!(!Range::new(65_536, 65_537).is_aligned(65_538));
        assert!(!Range::new(1, 65_536).is_aligned(65_536));
    }
}
