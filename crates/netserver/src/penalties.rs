use std::collections::hash_map::RandomState;
use std::time::{Duration, Instant};

use crate::sources::{Sources, nanos};
use crate::{Addr, Deadline, Ending};

/// How sources pay for connections that come to nothing, before they are
/// [admitted](crate::Conn::admit).
///
/// Whoever guesses at keys or tickets, or holds connections open, does so again and again. Each
/// time earns the source a penalty; penalties add up, and once more than [`tolerance`] of them is
/// outstanding, its connections are closed as soon as they are accepted, until it has sat out the
/// rest. Peers that were admitted are never penalised, and those on this machine are exempt: they
/// are told apart by other means, or not at all.
///
/// A source is an IPv4 address, or an IPv6 network of 64 bits, which is what one customer gets.
/// The idea is OpenSSH's (`PerSourcePenalties`), and so are the figures.
///
/// ```
/// use netserver::Penalties;
/// use std::time::Duration;
///
/// let penalties = Penalties::default().refused(Duration::from_secs(30));
/// assert_eq!(penalties.tolerance, Duration::from_secs(15));
/// ```
///
/// [`tolerance`]: Self#structfield.tolerance
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Penalties {
    /// For a peer whose handler or upgrade failed before it was admitted; default 5 s.
    pub refused: Duration,
    /// For one that was not admitted in time; default 10 s.
    pub timed_out: Duration,
    /// For one that left, or was dropped for another newcomer, before it was admitted; default 1 s.
    pub wasted: Duration,
    /// For one that made a handler or upgrade panic; default 90 s.
    pub panicked: Duration,
    /// As long as a source has no more than this outstanding, it is served; default 15 s.
    ///
    /// It forgives a person a few tries.
    pub tolerance: Duration,
    /// No source has more than this outstanding; default 10 minutes.
    pub most: Duration,
    /// How many sources are remembered; default 8,192, which takes 128 KiB. When there are more,
    /// those are forgotten whose penalty ends first.
    pub max_sources: usize,
    /// Whether loopback addresses are penalised too; default no.
    pub loopback: bool,
}

impl Default for Penalties {
    fn default() -> Self {
        Self {
            refused: Duration::from_secs(5),
            timed_out: Duration::from_secs(10),
            wasted: Duration::from_secs(1),
            panicked: Duration::from_secs(90),
            tolerance: Duration::from_secs(15),
            most: Duration::from_secs(600),
            max_sources: 8192,
            loopback: false,
        }
    }
}

impl Penalties {
    /// Sets [`refused`](Self#structfield.refused).
    #[must_use]
    pub fn refused(mut self, penalty: Duration) -> Self {
        self.refused = penalty;
        self
    }

    /// Sets [`timed_out`](Self#structfield.timed_out).
    #[must_use]
    pub fn timed_out(mut self, penalty: Duration) -> Self {
        self.timed_out = penalty;
        self
    }

    /// Sets [`wasted`](Self#structfield.wasted).
    #[must_use]
    pub fn wasted(mut self, penalty: Duration) -> Self {
        self.wasted = penalty;
        self
    }

    /// Sets [`panicked`](Self#structfield.panicked).
    #[must_use]
    pub fn panicked(mut self, penalty: Duration) -> Self {
        self.panicked = penalty;
        self
    }

    /// Sets [`tolerance`](Self#structfield.tolerance).
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets [`most`](Self#structfield.most).
    #[must_use]
    pub fn most(mut self, most: Duration) -> Self {
        self.most = most;
        self
    }

    /// Sets [`max_sources`](Self#structfield.max_sources), rounded up to a power of two.
    #[must_use]
    pub fn max_sources(mut self, count: usize) -> Self {
        self.max_sources = count;
        self
    }

    /// Sets [`loopback`](Self#structfield.loopback).
    #[must_use]
    pub fn loopback(mut self, penalised: bool) -> Self {
        self.loopback = penalised;
        self
    }

    /// What the end of a connection costs its source.
    fn penalty(&self, ending: Ending, admitted: bool) -> Duration {
        match ending {
            Ending::Panicked => self.panicked,
            _ if admitted => Duration::ZERO,
            Ending::Failed | Ending::UpgradeFailed => self.refused,
            Ending::TimedOut(Deadline::Admission) => self.timed_out,
            Ending::Served | Ending::Evicted => self.wasted,
            // What the server decided for reasons of its own.
            Ending::Drained | Ending::Refused | Ending::Aborted | Ending::TimedOut(_) => {
                Duration::ZERO
            }
        }
    }
}

/// Who has how much outstanding: a value that is told what happened, and when.
#[derive(Debug)]
pub(crate) struct PenaltyBox {
    penalties: Penalties,
    outstanding_until: Sources,
}

impl PenaltyBox {
    pub(crate) fn new(penalties: Penalties) -> Self {
        let outstanding_until = Sources::new(penalties.max_sources, RandomState::new());
        Self { penalties, outstanding_until }
    }

    /// For how long connections of this source are not served; zero if they are.
    pub(crate) fn barred_for(&mut self, source: &Addr, now: Instant) -> Duration {
        if self.is_exempt(source) {
            return Duration::ZERO;
        }
        let now = self.outstanding_until.nanos(now);
        let outstanding = self.outstanding_until.until(source, now).saturating_sub(now);
        let beyond = outstanding.saturating_sub(nanos(self.penalties.tolerance));
        // One that is over its tolerance sits out all of it, so that it does not come and go.
        Duration::from_nanos(if beyond > 0 { outstanding } else { 0 })
    }

    /// A connection of this source has ended.
    pub(crate) fn ended(&mut self, source: &Addr, ending: Ending, admitted: bool, now: Instant) {
        let penalty = self.penalties.penalty(ending, admitted);
        if penalty.is_zero() || self.is_exempt(source) {
            return;
        }
        let now = self.outstanding_until.nanos(now);
        let until = self.outstanding_until.until(source, now);
        let longer = (*until).max(now).saturating_add(nanos(penalty));
        *until = longer.min(now.saturating_add(nanos(self.penalties.most)));
    }

    fn is_exempt(&self, source: &Addr) -> bool {
        match source.ip() {
            Some(addr) => !self.penalties.loopback && addr.ip().to_canonical().is_loopback(),
            // Whoever comes by another way than the network is on this machine.
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn addr(text: &str) -> Addr {
        Addr::Ip(text.parse().unwrap())
    }

    #[test]
    fn a_few_failures_are_forgiven_and_more_are_sat_out() {
        let mut bars = PenaltyBox::new(Penalties::default());
        let (guesser, other) = (addr("192.0.2.1:1"), addr("192.0.2.2:1"));
        let start = Instant::now();
        for _ in 0..3 {
            bars.ended(&guesser, Ending::Failed, false, start);
            assert_eq!(bars.barred_for(&guesser, start), Duration::ZERO);
        }
        bars.ended(&guesser, Ending::UpgradeFailed, false, start);
        assert_eq!(bars.barred_for(&guesser, start), 20 * SECOND);
        assert_eq!(bars.barred_for(&addr("192.0.2.1:2"), start), 20 * SECOND);
        assert_eq!(bars.barred_for(&other, start), Duration::ZERO);
        assert_eq!(bars.barred_for(&guesser, start + 4 * SECOND), 16 * SECOND);
        assert_eq!(bars.barred_for(&guesser, start + 5 * SECOND), Duration::ZERO);
    }

    #[test]
    fn penalties_grow_up_to_a_limit_and_pass() {
        let mut bars = PenaltyBox::new(Penalties::default());
        let stranger = addr("[2001:db8::1]:1");
        let start = Instant::now();
        for _ in 0..1000 {
            let ending = Ending::TimedOut(Deadline::Admission);
            bars.ended(&stranger, ending, false, start);
        }
        let neighbour = addr("[2001:db8::2]:1");
        assert_eq!(bars.barred_for(&neighbour, start), 600 * SECOND);
        assert_eq!(bars.barred_for(&addr("[2001:db8:0:1::1]:1"), start), Duration::ZERO);
        assert_eq!(bars.barred_for(&stranger, start + 600 * SECOND), Duration::ZERO);
    }

    #[test]
    fn the_admitted_and_the_machine_itself_are_exempt() {
        let mut bars = PenaltyBox::new(Penalties::default());
        let now = Instant::now();
        let peers = ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"].map(addr);
        for peer in peers.iter().chain([&Addr::Unix(None), &Addr::named("memory")]) {
            for _ in 0..100 {
                bars.ended(peer, Ending::Failed, false, now);
            }
            assert_eq!(bars.barred_for(peer, now), Duration::ZERO, "{peer}");
        }
        let admitted = addr("192.0.2.1:1");
        for ending in [Ending::Failed, Ending::Served, Ending::TimedOut(Deadline::Idle)] {
            for _ in 0..100 {
                bars.ended(&admitted, ending, true, now);
            }
        }
        assert_eq!(bars.barred_for(&admitted, now), Duration::ZERO);
        bars.ended(&admitted, Ending::Panicked, true, now);
        assert_eq!(bars.barred_for(&admitted, now), 90 * SECOND);
    }

    #[test]
    fn what_the_server_decides_costs_the_source_nothing() {
        let mut bars = PenaltyBox::new(Penalties::default());
        let (peer, now) = (addr("192.0.2.1:1"), Instant::now());
        for ending in [Ending::Refused, Ending::Drained, Ending::Aborted] {
            for _ in 0..1000 {
                bars.ended(&peer, ending, false, now);
            }
        }
        assert_eq!(bars.barred_for(&peer, now), Duration::ZERO);
    }
}
