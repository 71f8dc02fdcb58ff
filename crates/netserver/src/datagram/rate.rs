use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::time::Instant;

use crate::Addr;
use crate::sources::Sources;

/// How many datagrams a server takes from one source.
///
/// A source is an IPv4 address, or an IPv6 network of 64 bits, which is what one customer gets;
/// the port does not matter, because anybody has all of them. A Unix peer is its path.
///
/// ```
/// use netserver::RateLimit;
///
/// let limit = RateLimit::per_second(100).burst(20).leak_one_in(None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Datagrams a second that a source may send for ever; at least 1.
    pub per_second: u32,
    /// How many it may send at once after a pause; default as many as in a second, at least 1.
    pub burst: u32,
    /// How many sources are remembered; default 8,192, which takes 128 KiB.
    ///
    /// It is all the memory there is, however many sources turn up or are forged. When there are
    /// more, those are forgotten that have used least of their allowance; the worst stay.
    pub max_sources: usize,
    /// Of those over the limit, one in this many is served all the same, at random; default 16,
    /// `None` for none.
    ///
    /// Whoever forges a victim's address could else silence the victim here. With the leak it gets
    /// through within some tries, and the flood is still cut to a fraction.
    pub leak_one_in: Option<NonZeroU32>,
}

impl RateLimit {
    /// A limit of this many datagrams a second; 0 counts as 1.
    #[must_use]
    pub fn per_second(count: u32) -> Self {
        let per_second = count.max(1);
        let leak_one_in = NonZeroU32::new(16);
        Self { per_second, burst: per_second, max_sources: 8192, leak_one_in }
    }

    /// Sets [`burst`](Self#structfield.burst); 0 counts as 1.
    #[must_use]
    pub fn burst(mut self, count: u32) -> Self {
        self.burst = count.max(1);
        self
    }

    /// Sets [`max_sources`](Self#structfield.max_sources), rounded up to a power of two.
    #[must_use]
    pub fn max_sources(mut self, count: usize) -> Self {
        self.max_sources = count;
        self
    }

    /// Sets [`leak_one_in`](Self#structfield.leak_one_in).
    #[must_use]
    pub fn leak_one_in(mut self, count: impl Into<Option<NonZeroU32>>) -> Self {
        self.leak_one_in = count.into();
        self
    }
}

/// What a [`RateLimiter`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateVerdict {
    /// The source is within its limit.
    Within,
    /// It is not, but is let through by chance.
    Leaked,
    /// It is not.
    Over,
}

/// Keeps sources to a [`RateLimit`]: a value that is told the source, the time and a random number.
///
/// Each source has one number, the time up to which its allowance is used (the generic cell rate
/// algorithm). They stand in a table of fixed size; nobody can choose whom to push out of it.
#[derive(Debug)]
pub struct RateLimiter<S = RandomState> {
    limit: RateLimit,
    used_until: Sources<S>,
}

impl RateLimiter {
    /// A limiter with a secret key of its own.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self::with_hasher(limit, RandomState::new())
    }
}

impl<S: BuildHasher> RateLimiter<S> {
    /// A limiter with this hasher, for one that is to behave the same each time.
    #[must_use]
    pub fn with_hasher(limit: RateLimit, hasher: S) -> Self {
        let used_until = Sources::new(limit.max_sources, hasher);
        Self { limit, used_until }
    }

    /// Whether a datagram from this source may be served now; `random` decides about leaks, and
    /// must not be one that a peer can guess.
    pub fn check(&mut self, source: &Addr, now: Instant, random: u64) -> RateVerdict {
        let now = self.used_until.nanos(now);
        let per_datagram = 1_000_000_000 / u64::from(self.limit.per_second);
        let allowance = per_datagram * u64::from(self.limit.burst);

        let used_until = self.used_until.until(source, now);
        let after = (*used_until).max(now) + per_datagram;
        if after - now <= allowance {
            *used_until = after;
            return RateVerdict::Within;
        }
        match self.limit.leak_one_in {
            Some(one_in) if random.is_multiple_of(u64::from(one_in.get())) => RateVerdict::Leaked,
            _ => RateVerdict::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasherDefault, DefaultHasher};
    use std::net::SocketAddr;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    type Fixed = BuildHasherDefault<DefaultHasher>;

    /// A number that leaks nothing.
    const UNLUCKY: u64 = 1;

    fn limiter(limit: RateLimit) -> RateLimiter<Fixed> {
        RateLimiter::with_hasher(limit, Fixed::default())
    }

    fn source(number: u32) -> Addr {
        Addr::Ip(SocketAddr::from((number.to_be_bytes(), 9)))
    }

    fn passed(
        limiter: &mut RateLimiter<Fixed>,
        source: &Addr,
        times: impl Iterator<Item = Instant>,
    ) -> usize {
        times.filter(|now| limiter.check(source, *now, UNLUCKY) == RateVerdict::Within).count()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let mut limiter = limiter(RateLimit::per_second(10).burst(5));
        let start = Instant::now();
        let at_once = std::iter::repeat_n(start, 100);
        assert_eq!(passed(&mut limiter, &source(1), at_once), 5);
        let each_ms = (1..=10_000).map(|ms| start + Duration::from_millis(ms));
        assert_eq!(passed(&mut limiter, &source(1), each_ms), 100);
        let after_a_pause = std::iter::repeat_n(start + Duration::from_secs(60), 100);
        assert_eq!(passed(&mut limiter, &source(1), after_a_pause), 5);
    }

    #[test]
    fn a_flood_from_one_source_does_not_touch_another() {
        let mut limiter = limiter(RateLimit::per_second(10).burst(10));
        let now = Instant::now();
        assert_eq!(passed(&mut limiter, &source(1), std::iter::repeat_n(now, 100_000)), 10);
        assert_eq!(passed(&mut limiter, &source(2), std::iter::repeat_n(now, 10)), 10);
    }

    #[test]
    fn a_million_forged_sources_take_no_memory_and_do_not_absolve_a_flooder() {
        let mut limiter = limiter(RateLimit::per_second(1).burst(100).max_sources(1000));
        assert_eq!(limiter.used_until.rows(), 128);
        let now = Instant::now();
        let flooder = source(0);
        assert_eq!(passed(&mut limiter, &flooder, std::iter::repeat_n(now, 1000)), 100);
        for forged in 1..1_000_000 {
            assert_eq!(limiter.check(&source(forged), now, UNLUCKY), RateVerdict::Within);
        }
        assert_eq!(passed(&mut limiter, &flooder, std::iter::repeat_n(now, 1000)), 0);
        assert_eq!(limiter.used_until.rows(), 128);
    }

    #[test]
    fn one_in_so_many_of_those_over_the_limit_leaks() {
        let now = Instant::now();
        let leaks = |one_in: Option<NonZeroU32>| {
            let mut limiter = limiter(RateLimit::per_second(1).leak_one_in(one_in));
            limiter.check(&source(1), now, UNLUCKY);
            let verdicts = (0..1600).map(|random| limiter.check(&source(1), now, random));
            verdicts.filter(|verdict| *verdict == RateVerdict::Leaked).count()
        };
        assert_eq!(leaks(NonZeroU32::new(16)), 100);
        assert_eq!(leaks(None), 0);
    }

    #[test]
    fn ports_and_the_lower_half_of_ipv6_are_no_new_source() {
        let now = Instant::now();
        let over = |first: &str, second: &str| {
            let mut limiter = limiter(RateLimit::per_second(1));
            let addr = |text: &str| Addr::Ip(text.parse().unwrap());
            limiter.check(&addr(first), now, UNLUCKY);
            limiter.check(&addr(second), now, UNLUCKY) == RateVerdict::Over
        };
        assert!(over("192.0.2.1:1", "192.0.2.1:2"));
        assert!(over("192.0.2.1:1", "[::ffff:192.0.2.1]:1"));
        assert!(over("[2001:db8::1]:1", "[2001:db8::ffff:2]:2"));
        assert!(!over("[2001:db8::1]:1", "[2001:db8:0:1::1]:1"));
        assert!(!over("192.0.2.1:1", "192.0.2.2:1"));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_the_burst_and_the_rate(
            per_second in 0..1_000_u32,
            burst in 0..100_u32,
            steps in prop::collection::vec(0..50_000_000_u64, 1..500),
        ) {
            let mut limiter = limiter(RateLimit::per_second(per_second).burst(burst));
            let start = Instant::now();
            let mut elapsed = Duration::ZERO;
            let mut within = 0;
            for step in steps {
                elapsed += Duration::from_nanos(step);
                if limiter.check(&source(1), start + elapsed, UNLUCKY) == RateVerdict::Within {
                    within += 1;
                }
            }
            let rate = f64::from(per_second.max(1));
            let most = f64::from(burst.max(1)) + elapsed.as_secs_f64() * rate * 1.001 + 1.0;
            prop_assert!(f64::from(within) <= most, "{} of {}", within, most);
            prop_assert!(within >= 1);
        }
    }
}
