use std::hash::{BuildHasher as _, RandomState};

use jiff::{SignedDuration, Timestamp};
use netserver::Addr;

/// How often in a row the same echo is answered.
const TURNS: u8 = 8;

/// How long it must be quiet before a row counts as ended.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// How many rows are remembered: 96 KiB, whatever is sent.
const SLOTS: usize = 4096;

/// Recognises conversations that consist of echoes only.
///
/// The answer to a format without conversions is the format itself. For a client that is fine; two
/// servers would go on for ever, as one's answer is the other's request. So a source gets the same
/// echo a few times in a row, and then nothing until it has been quiet for a while. That ends the
/// conversation of two servers, because each of their turns needs the other's answer.
///
/// Rows share slots by their hash. Whoever pushes a row out of its slot lets it begin again, which
/// costs a datagram for each few turns: not worth it.
#[derive(Debug)]
pub(super) struct Echoes {
    slots: Vec<Slot>,
    random: RandomState,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    row: u64,
    turns: u8,
    last: Timestamp,
}

impl Echoes {
    pub(super) fn new(random: RandomState) -> Self {
        let empty = Slot { row: 0, turns: 0, last: Timestamp::MIN };
        Self { slots: vec![empty; SLOTS], random }
    }

    /// Whether this source gets this echo once more.
    pub(super) fn allows(&mut self, source: &Addr, echo: &[u8], now: Timestamp) -> bool {
        let row = self.random.hash_one((source, echo));
        let at = usize::try_from(row % SLOTS as u64).expect("a few thousand");
        let slot = &mut self.slots[at];
        // A clock that was set back does not end a row.
        let goes_on = slot.row == row && now.duration_since(slot.last) < PAUSE;
        let turns = if goes_on { slot.turns } else { 0 };
        *slot = Slot { row, turns: turns.saturating_add(1), last: now };
        turns < TURNS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn source(port: u16) -> Addr {
        Addr::Ip(([127, 0, 0, 1], port).into())
    }

    #[test]
    fn a_row_of_the_same_echo_ends_and_only_quiet_begins_another() {
        let mut echoes = Echoes::new(RandomState::new());
        let mut turn = |second| echoes.allows(&source(9001), b"hello", at(second));
        assert_eq!((0..10).filter(|_| turn(0)).count(), 8);
        assert!(!turn(9) && !turn(18));
        assert!(turn(28));
    }

    #[test]
    fn others_and_other_echoes_do_not_suffer() {
        let mut echoes = Echoes::new(RandomState::new());
        for _ in 0..20 {
            echoes.allows(&source(9001), b"hello", at(0));
        }
        // Another row in the same slot would be one case in four thousand.
        assert!((0..20).all(|port| echoes.allows(&source(5000 + port), b"hello", at(0))));
        assert!((0..20_u8).all(|text| echoes.allows(&source(9001), &[text], at(0))));
    }
}
