use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::Addr;

/// What is remembered of the sources of traffic: for each one number, a time up to which something
/// holds.
///
/// A source is an IPv4 address, or an IPv6 network of 64 bits, which is what one customer gets;
/// the port does not matter, because anybody has all of them.
///
/// They stand in a table of fixed size, in rows of eight, each source's row chosen by a hash with
/// a secret key, so that nobody can choose whom to push out. When a row is full, the source is
/// forgotten whose time is up first.
#[derive(Debug)]
pub(crate) struct Sources<S = RandomState> {
    hasher: S,
    rows: Box<[Row]>,
    /// Times are counted from here; the table holds nanoseconds.
    epoch: Option<Instant>,
}

type Row = [Source; 8];

#[derive(Clone, Copy, Debug, Default)]
struct Source {
    /// The whole hash, which stands for the source: sharing one with another source takes luck.
    hash: u64,
    /// A place that is free has it at 0.
    until: u64,
}

impl<S: BuildHasher> Sources<S> {
    /// Room for at least so many, rounded up to a power of two.
    pub(crate) fn new(max_sources: usize, hasher: S) -> Self {
        let rows = max_sources.div_ceil(size_of::<Row>() / size_of::<Source>());
        let rows = vec![Row::default(); rows.max(1).next_power_of_two()].into_boxed_slice();
        Self { hasher, rows, epoch: None }
    }

    /// The time as the table has it; it is never 0.
    pub(crate) fn nanos(&mut self, now: Instant) -> u64 {
        let epoch = *self.epoch.get_or_insert(now);
        nanos(now.saturating_duration_since(epoch)).saturating_add(1)
    }

    /// The time of this source; it is `now` for one that is new.
    pub(crate) fn until(&mut self, source: &Addr, now: u64) -> &mut u64 {
        let hash = self.hash(source);
        let index = usize::try_from(hash & (self.rows.len() as u64 - 1))
            .expect("an index of the table fits a usize, as its length does");
        let row = &mut self.rows[index];
        let place = row.iter().position(|entry| entry.hash == hash).unwrap_or_else(|| {
            let (place, _) = row
                .iter()
                .enumerate()
                .min_by_key(|(_, entry)| entry.until)
                .expect("a row has eight places");
            row[place] = Source { hash, until: now };
            place
        });
        &mut row[place].until
    }

    #[cfg(test)]
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    fn hash(&self, source: &Addr) -> u64 {
        match source {
            Addr::Ip(addr) => match addr.ip().to_canonical() {
                IpAddr::V4(addr) => self.hasher.hash_one(addr),
                IpAddr::V6(addr) => self.hasher.hash_one(network(addr)),
            },
            other => self.hasher.hash_one(other),
        }
    }
}

/// The 64 bits that say whose network an address is in.
fn network(addr: Ipv6Addr) -> u64 {
    (addr.to_bits() >> 64) as u64
}

/// A length of time in the table's unit.
pub(crate) fn nanos(duration: Duration) -> u64 {
    // The table runs out after 584 years.
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2)
}
