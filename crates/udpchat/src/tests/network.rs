use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    /// Of a hundred datagrams, so many are lost.
    pub(super) lost: u64,
    /// Of a hundred, so many come twice.
    pub(super) doubled: u64,
    /// Each takes between one millisecond and this, and so they overtake each other.
    pub(super) delay: Duration,
}

impl Weather {
    pub(super) const FINE: Self = Self { lost: 0, doubled: 0, delay: Duration::from_millis(5) };
    pub(super) const STORM: Self =
        Self { lost: 50, doubled: 20, delay: Duration::from_millis(300) };
}

/// A datagram on its way. In the order of arrival; the number tells equals apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Parcel {
    pub(super) at: Instant,
    number: u64,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) bytes: Vec<u8>,
}

/// The network: what was sent arrives later, or not, or twice.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) weather: Weather,
    on_the_way: BinaryHeap<Reverse<Parcel>>,
    /// Everything that was ever sent, lost or not.
    pub(super) log: Vec<Parcel>,
    dice: Dice,
    numbered: u64,
}

impl Network {
    pub(super) fn new(weather: Weather, seed: u64) -> Self {
        let on_the_way = BinaryHeap::new();
        Self { weather, on_the_way, log: Vec::new(), dice: Dice(seed), numbered: 0 }
    }

    pub(super) fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8], now: Instant) {
        let copies = match self.dice.throw(100) {
            throw if throw < self.weather.lost => 0,
            throw if throw < self.weather.lost + self.weather.doubled => 2,
            _ => 1,
        };
        let micros = u64::try_from(self.weather.delay.as_micros()).unwrap();
        for copy in 0..copies.max(1) {
            let delay = Duration::from_micros(1000 + self.dice.throw(micros));
            self.numbered += 1;
            let (at, number) = (now + delay, self.numbered);
            let parcel = Parcel { at, number, from, to, bytes: bytes.to_vec() };
            if copy == 0 {
                self.log.push(parcel.clone());
            }
            if copies > 0 {
                self.on_the_way.push(Reverse(parcel));
            }
        }
    }

    /// When something arrives next.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.on_the_way.peek().map(|Reverse(parcel)| parcel.at)
    }

    pub(super) fn arrive(&mut self, now: Instant) -> Option<Parcel> {
        let Reverse(next) = self.on_the_way.peek()?;
        if next.at > now {
            return None;
        }
        self.on_the_way.pop().map(|Reverse(parcel)| parcel)
    }
}

/// Numbers that look random and are the same each time (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }
}
