use std::collections::VecDeque;
use std::time::Instant;

use super::rtt::RoundTrip;
use crate::wire::{Ack, MAX_BODY_BYTES};

/// How many fragments may be on their way: as many as an acknowledgement can speak of.
pub(crate) const MAX_WINDOW: usize = 64;

/// How many are sent before anything is known of the path (RFC 6928).
const FIRST_WINDOW: usize = 10;

/// With so many later ones acknowledged, a fragment counts as lost before its time (RFC 5681).
const OVERTAKEN: usize = 3;

/// The sending half of a stream: bytes are cut into numbered fragments, and sent until they are
/// acknowledged.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// What has not been cut yet.
    waiting: VecDeque<u8>,
    /// What has, from the first that is not acknowledged.
    flight: VecDeque<Fragment>,
    /// The number of the first in flight.
    first: u64,
    trips: RoundTrip,
    window: Window,
    /// The time runs for the fragment that was sent first; it is set anew when one arrives.
    progress: Option<Instant>,
}

#[derive(Debug)]
struct Fragment {
    bytes: Vec<u8>,
    sent_at: Instant,
    sendings: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// On its way, for all that is known.
    Away,
    /// To be sent again.
    Lost,
    /// It has arrived, and one before it has not.
    Arrived,
}

/// An acknowledgement of what was never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("data up to {found} is acknowledged, and {sent} were sent")]
pub(crate) struct AckError {
    found: u64,
    sent: u64,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            flight: VecDeque::new(),
            first: 0,
            trips: RoundTrip::new(),
            window: Window::new(),
            progress: None,
        }
    }

    /// Adds to the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend(bytes);
    }

    /// How much has not been acknowledged.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.flight.iter().map(|fragment| fragment.bytes.len()).sum::<usize>()
    }

    /// Since when nothing has arrived of what is on its way; `None` if nothing is.
    pub(crate) fn unanswered_since(&self) -> Option<Instant> {
        self.flight.front().and(self.progress)
    }

    /// Takes an acknowledgement; whether it tells anything new.
    pub(crate) fn acknowledge(&mut self, ack: Ack, now: Instant) -> Result<bool, AckError> {
        let sent = self.first + self.flight.len() as u64;
        let highest = 64 - u64::from(ack.beyond.leading_zeros());
        let found = ack.next.saturating_add(highest);
        if found > sent {
            return Err(AckError { found, sent });
        }
        let mut arrived = 0;
        for (number, fragment) in (self.first..).zip(&mut self.flight) {
            if fragment.state == State::Arrived || !ack.has(number) {
                continue;
            }
            fragment.state = State::Arrived;
            arrived += 1;
            if fragment.sendings == 1 {
                self.trips.measured(now.saturating_duration_since(fragment.sent_at));
            }
        }
        while self.flight.front().is_some_and(|fragment| fragment.state == State::Arrived) {
            self.flight.pop_front();
            self.first += 1;
        }
        if arrived > 0 {
            self.window.grow(arrived);
            self.progress = Some(now);
            self.give_up_what_was_overtaken();
        }
        Ok(arrived > 0)
    }

    /// A fragment that was sent once and overtaken by several is lost, not late.
    fn give_up_what_was_overtaken(&mut self) {
        let mut later = 0;
        let mut lost = false;
        for fragment in self.flight.iter_mut().rev() {
            match fragment.state {
                State::Arrived => later += 1,
                State::Away if later >= OVERTAKEN && fragment.sendings == 1 => {
                    fragment.state = State::Lost;
                    lost = true;
                }
                State::Away | State::Lost => {}
            }
        }
        if lost {
            self.window.shrink();
        }
    }

    /// The next fragment to send now, with its number. To be called until there is none.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(u64, &[u8])> {
        self.time_out(now);
        if self.on_their_way() >= self.window.size {
            return None;
        }
        let index = match self.flight.iter().position(|one| one.state == State::Lost) {
            Some(index) => index,
            None => self.cut(now)?,
        };
        let number = self.first + index as u64;
        let fragment = &mut self.flight[index];
        fragment.state = State::Away;
        fragment.sent_at = now;
        fragment.sendings += 1;
        self.progress.get_or_insert(now);
        Some((number, &fragment.bytes))
    }

    /// Takes the next fragment from what waits.
    fn cut(&mut self, now: Instant) -> Option<usize> {
        if self.waiting.is_empty() || self.flight.len() >= MAX_WINDOW {
            return None;
        }
        if self.flight.is_empty() {
            // What is sent after a silence has not been waited for yet.
            self.progress = None;
        }
        let length = self.waiting.len().min(MAX_BODY_BYTES);
        let bytes = self.waiting.drain(..length).collect();
        self.flight.push_back(Fragment { bytes, sent_at: now, sendings: 0, state: State::Lost });
        Some(self.flight.len() - 1)
    }

    fn on_their_way(&self) -> usize {
        self.flight.iter().filter(|fragment| fragment.state == State::Away).count()
    }

    /// If the time of the oldest has run out, gives up everything that is as old.
    fn time_out(&mut self, now: Instant) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let timeout = self.trips.timeout();
        for fragment in &mut self.flight {
            if fragment.state == State::Away && fragment.sent_at + timeout <= now {
                fragment.state = State::Lost;
            }
        }
        self.trips.back_off();
        self.window.collapse();
    }

    /// When [`next`](Self::next) has something again if nothing comes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let away = self.flight.iter().filter(|fragment| fragment.state == State::Away);
        away.map(|fragment| fragment.sent_at).min().map(|oldest| oldest + self.trips.timeout())
    }

    /// The path has changed: nothing that was measured holds, and all of it is sent at once.
    pub(crate) fn start_over(&mut self) {
        self.trips = RoundTrip::new();
        self.window = Window::new();
        self.progress = None;
        for fragment in &mut self.flight {
            if fragment.state == State::Away {
                fragment.state = State::Lost;
            }
        }
    }
}

/// How many fragments may be on their way, as TCP finds it out (RFC 5681).
#[derive(Debug)]
struct Window {
    size: usize,
    /// Below it the size doubles with each round trip, above it grows by one.
    threshold: usize,
    /// What has arrived towards the next growth.
    credit: usize,
}

impl Window {
    fn new() -> Self {
        Self { size: FIRST_WINDOW, threshold: MAX_WINDOW, credit: 0 }
    }

    fn grow(&mut self, arrived: usize) {
        if self.size < self.threshold {
            self.size += arrived;
        } else {
            self.credit += arrived;
            if self.credit >= self.size {
                self.credit = 0;
                self.size += 1;
            }
        }
        self.size = self.size.min(MAX_WINDOW);
    }

    fn shrink(&mut self) {
        self.threshold = (self.size / 2).max(2);
        self.size = self.threshold;
    }

    fn collapse(&mut self) {
        self.shrink();
        self.size = 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn numbers(outgoing: &mut Outgoing, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| outgoing.next(now).map(|(number, _)| number)).collect()
    }

    fn with_fragments(count: usize) -> Outgoing {
        let mut outgoing = Outgoing::new();
        outgoing.push(&vec![7; count * MAX_BODY_BYTES]);
        outgoing
    }

    #[test]
    fn sends_a_window_and_no_more_until_something_arrives() {
        let start = Instant::now();
        let mut outgoing = with_fragments(30);
        assert_eq!(numbers(&mut outgoing, start), (0..10).collect::<Vec<_>>());
        assert_eq!(outgoing.acknowledge(Ack { next: 2, beyond: 0 }, start + ms(5)), Ok(true));
        assert_eq!(numbers(&mut outgoing, start + ms(5)), [10, 11, 12, 13]);
        assert_eq!(outgoing.acknowledge(Ack { next: 1, beyond: 0 }, start + ms(6)), Ok(false));
    }

    #[test]
    fn what_was_overtaken_is_sent_again_before_its_time() {
        let start = Instant::now();
        let mut outgoing = with_fragments(10);
        numbers(&mut outgoing, start);
        // 0 and 2 are missing; three that came after 2 have arrived.
        outgoing.acknowledge(Ack { next: 0, beyond: 0b11101 }, start + ms(5)).unwrap();
        // Four are still on their way, of a window that is now seven.
        assert_eq!(numbers(&mut outgoing, start + ms(5)), [0, 2]);
    }

    #[test]
    fn the_time_runs_out_and_the_wait_doubles() {
        let start = Instant::now();
        let mut outgoing = with_fragments(1);
        let mut sent = Vec::new();
        let mut now = start;
        while sent.len() < 4 {
            assert!(outgoing.next(now).is_some());
            assert!(outgoing.next(now).is_none());
            sent.push((now - start).as_millis());
            now = outgoing.deadline().unwrap();
        }
        assert_eq!(sent, [0, 1000, 3000, 7000]);
        assert_eq!(outgoing.unanswered_since(), Some(start));
        outgoing.acknowledge(Ack { next: 1, beyond: 0 }, now).unwrap();
        assert_eq!((outgoing.len(), outgoing.deadline()), (0, None));
        assert_eq!(outgoing.unanswered_since(), None);
    }

    #[test]
    fn what_was_never_sent_cannot_be_acknowledged() {
        let now = Instant::now();
        let mut outgoing = with_fragments(2);
        numbers(&mut outgoing, now);
        for (next, beyond) in [(3, 0), (0, 0b100), (u64::MAX, 1), (1, 1 << 63)] {
            assert!(outgoing.acknowledge(Ack { next, beyond }, now).is_err(), "{next} {beyond}");
        }
        assert_eq!(outgoing.acknowledge(Ack { next: 2, beyond: 0 }, now), Ok(true));
    }
}
