//! The rate limit, as a value that is fed bytes and the time.

use std::time::{Duration, Instant};

/// How much may be saved up while nothing moves: a fifth of a second.
const BURST: Duration = Duration::from_millis(200);

/// Tells how long to wait so that content moves no faster than so many bytes a second.
#[derive(Debug)]
pub(crate) struct Pacer {
    rate: u64,
    /// When everything charged so far will have been paid for.
    paid: Instant,
}

impl Pacer {
    /// At most `rate` bytes a second, and at least one.
    pub(crate) fn new(rate: u64, now: Instant) -> Self {
        Self { rate: rate.max(1), paid: now }
    }

    /// Charges `len` bytes, and returns how long to wait before the next.
    pub(crate) fn charge(&mut self, len: u64, now: Instant) -> Duration {
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        self.paid =
            self.paid.max(earliest) + Duration::from_secs_f64(len as f64 / self.rate as f64);
        self.paid.saturating_duration_since(now)
    }

    /// A length that takes about a fifth of a second: whole blocks, at least one.
    pub(crate) fn piece_len(&self) -> u64 {
        let block = proto::BLOCK_LEN as u64;
        (self.rate / 5 / block * block).max(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_the_rate_over_any_pieces() {
        let start = Instant::now();
        let mut now = start;
        let mut pacer = Pacer::new(1_000_000, start);
        for len in [1, 65_536, 300_000, 7, 634_456] {
            now += pacer.charge(len, now);
        }
        let took = now - start;
        assert!(took >= Duration::from_millis(999) && took <= Duration::from_millis(1001));
    }

    #[test]
    fn saves_up_only_a_little_while_nothing_moves() {
        let start = Instant::now();
        let mut pacer = Pacer::new(1000, start);
        let later = start + Duration::from_secs(3600);
        assert_eq!(pacer.charge(200, later), Duration::ZERO);
        assert_eq!(pacer.charge(100, later), Duration::from_millis(100));
    }

    #[test]
    fn a_slow_rate_moves_single_blocks() {
        assert_eq!(Pacer::new(10, Instant::now()).piece_len(), 65_536);
        assert_eq!(Pacer::new(10_000_000, Instant::now()).piece_len(), 30 * 65_536);
    }
}
