use std::time::Duration;

/// Round trips as RFC 6298 measures them, and the time after which something counts as lost.
#[derive(Clone, Debug)]
pub(crate) struct RoundTrip {
    smoothed: Option<Duration>,
    variation: Duration,
    timeout: Duration,
}

impl RoundTrip {
    /// Before the first measurement (2.1).
    const INITIAL: Duration = Duration::from_secs(1);
    /// The RFC wants a second; on a local network, where acknowledgements are never held back,
    /// that would be felt, and a fifth of it is what TCP stacks take.
    const MIN: Duration = Duration::from_millis(200);
    /// The RFC allows no less than a minute. A chat would rather ask a server that has come back
    /// than keep a person waiting, and one datagram in four seconds congests nothing.
    const MAX: Duration = Duration::from_secs(4);
    /// The resolution of our clock, which the variation is never taken below (the RFC's G).
    const GRANULARITY: Duration = Duration::from_millis(1);

    pub(crate) fn new() -> Self {
        Self { smoothed: None, variation: Duration::ZERO, timeout: Self::INITIAL }
    }

    /// How long to wait for an acknowledgement.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Something that was sent once was acknowledged after that time (2.2, 2.3). What was sent
    /// twice measures nothing: nobody knows which of the two was acknowledged (Karn's rule).
    pub(crate) fn measured(&mut self, trip: Duration) {
        let smoothed = match self.smoothed {
            None => {
                self.variation = trip / 2;
                trip
            }
            Some(smoothed) => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(trip)) / 4;
                (smoothed * 7 + trip) / 8
            }
        };
        self.smoothed = Some(smoothed);
        let timeout = smoothed + (self.variation * 4).max(Self::GRANULARITY);
        self.timeout = timeout.clamp(Self::MIN, Self::MAX);
    }

    /// The time ran out (5.5).
    pub(crate) fn back_off(&mut self) {
        self.timeout = (self.timeout * 2).min(Self::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn follows_the_figures_of_the_rfc() {
        let mut trips = RoundTrip::new();
        assert_eq!(trips.timeout(), ms(1000));
        trips.measured(ms(400));
        // SRTT 400, RTTVAR 200.
        assert_eq!(trips.timeout(), ms(1200));
        trips.measured(ms(800));
        // RTTVAR (3*200 + 400)/4 = 250, SRTT (7*400 + 800)/8 = 450.
        assert_eq!(trips.timeout(), ms(1450));
    }

    #[test]
    fn backs_off_to_a_limit_until_it_measures_again() {
        let mut trips = RoundTrip::new();
        trips.measured(ms(1));
        assert_eq!(trips.timeout(), ms(200));
        let waits: Vec<_> = (0..6)
            .map(|_| {
                trips.back_off();
                trips.timeout().as_millis()
            })
            .collect();
        assert_eq!(waits, [400, 800, 1600, 3200, 4000, 4000]);
        trips.measured(ms(1));
        assert_eq!(trips.timeout(), ms(200));
    }
}
