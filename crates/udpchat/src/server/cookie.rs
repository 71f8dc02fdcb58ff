use std::time::{Duration, Instant};

use netserver::Addr;

use crate::key::PublicKey;
use crate::wire::{COOKIE_BYTES, Cookie};

/// Tells addresses that are real from forged ones without remembering any: a cookie is a keyed
/// hash of address, key, nonce and time, and only who receives at that address can bring it back.
pub(crate) struct Cookies {
    secret: [u8; 32],
    epoch: Instant,
}

impl Cookies {
    /// A cookie is good for between one and two of these.
    const PERIOD: Duration = Duration::from_secs(30);

    pub(crate) fn new(secret: [u8; 32], epoch: Instant) -> Self {
        Self { secret, epoch }
    }

    pub(crate) fn bake(&self, peer: &Addr, key: PublicKey, nonce: u64, now: Instant) -> Cookie {
        self.bake_in(self.period(now), peer, key, nonce)
    }

    pub(crate) fn is_good(
        &self,
        cookie: Cookie,
        peer: &Addr,
        key: PublicKey,
        nonce: u64,
        now: Instant,
    ) -> bool {
        let period = self.period(now);
        // A guess costs a datagram, whether or not the comparison takes the same time for all.
        [Some(period), period.checked_sub(1)]
            .into_iter()
            .flatten()
            .any(|period| self.bake_in(period, peer, key, nonce) == cookie)
    }

    fn period(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.epoch).as_secs() / Self::PERIOD.as_secs()
    }

    fn bake_in(&self, period: u64, peer: &Addr, key: PublicKey, nonce: u64) -> Cookie {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(&period.to_le_bytes());
        hasher.update(&key.0);
        hasher.update(&nonce.to_le_bytes());
        hasher.update(peer.to_string().as_bytes());
        let mut cookie = [0; COOKIE_BYTES];
        cookie.copy_from_slice(&hasher.finalize().as_bytes()[..COOKIE_BYTES]);
        cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_good_for_its_address_key_nonce_and_time_only() {
        let start = Instant::now();
        let cookies = Cookies::new([7; 32], start);
        let (here, there) = (Addr::named("here"), Addr::named("there"));
        let (key, other) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let cookie = cookies.bake(&here, key, 5, start);
        let later = |seconds| start + Duration::from_secs(seconds);
        assert!(cookies.is_good(cookie, &here, key, 5, later(59)));
        assert!(!cookies.is_good(cookie, &here, key, 5, later(60)));
        assert!(!cookies.is_good(cookie, &there, key, 5, start));
        assert!(!cookies.is_good(cookie, &here, other, 5, start));
        assert!(!cookies.is_good(cookie, &here, key, 6, start));
        let restarted = Cookies::new([8; 32], start);
        assert!(!restarted.is_good(cookie, &here, key, 5, start));
    }
}
