use std::time::Duration;

use jiff::Timestamp;

use super::{Leap, Mode, NtpTimestamp, Packet};
use crate::Silence;

/// The stratum of who knows of no reference clock.
const UNSYNCHRONISED: u8 = 16;

/// The newest version that is answered.
const NEWEST_VERSION: u8 = 4;

/// A microsecond, roughly: what system clocks and networks are good for.
const PRECISION: i8 = -20;

/// How good the clock is that a server tells the time from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockQuality {
    /// Whether it is set, and whether a leap second is near.
    pub leap: Leap,
    /// How far away its reference is: 1 to 15, or 16 if it is not set.
    pub stratum: u8,
    /// How wrong it may be.
    pub dispersion: Duration,
}

impl ClockQuality {
    /// A clock that nothing is known of: clients will not set theirs by it.
    pub const UNSYNCHRONISED: Self = Self {
        leap: Leap::Unsynchronised,
        stratum: UNSYNCHRONISED,
        dispersion: Duration::from_secs(16),
    };

    /// A clock that is declared to be right, whatever is known of it.
    ///
    /// The stratum is kept between 1 and 15. Take a high one, such as 10, so that no client
    /// prefers this clock to one that has a reference.
    #[must_use]
    pub fn local(stratum: u8) -> Self {
        Self { leap: Leap::None, stratum: stratum.clamp(1, 15), dispersion: Duration::ZERO }
    }

    /// A clock that something keeps right to within `dispersion`.
    #[must_use]
    pub fn synchronised(leap: Leap, stratum: u8, dispersion: Duration) -> Self {
        Self { leap, stratum: stratum.clamp(1, 15), dispersion }
    }
}

/// Answers a request of a client of SNTP or NTP.
///
/// `received` is when the datagram arrived, as near to the network as can be told, and `transmit`
/// when the answer will leave. The answer is as long as the request at the shortest, so that it is
/// worth nothing to whoever forges a source; and only requests are answered, so that servers do
/// not talk to each other.
///
/// # Errors
///
/// [`Silence::NotARequest`], for all that is not a client's packet of the versions 1 to 4.
pub fn answer(
    request: &[u8],
    received: Timestamp,
    transmit: Timestamp,
    clock: ClockQuality,
) -> Result<Packet, Silence> {
    let request = Packet::decode(request).map_err(|_| Silence::NotARequest)?;
    // Version 1 had no modes: its clients send zero.
    let asks = match request.version {
        1 => matches!(request.mode, Mode::Reserved | Mode::Client),
        version => version <= NEWEST_VERSION && request.mode == Mode::Client,
    };
    if !asks {
        return Err(Silence::NotARequest);
    }
    // When the clock was last set is not told; for one that is kept right all the time it is now.
    let reference = match clock.leap {
        Leap::Unsynchronised => NtpTimestamp::UNKNOWN,
        _ => received.into(),
    };
    Ok(Packet {
        leap: clock.leap,
        version: request.version,
        mode: Mode::Server,
        stratum: clock.stratum,
        poll: request.poll,
        precision: PRECISION,
        root_delay: Duration::ZERO,
        root_dispersion: clock.dispersion,
        reference_id: reference_id(clock),
        reference,
        origin: request.transmit,
        receive: received.into(),
        transmit: transmit.into(),
    })
}

/// What the clock is set by. The local clock has a name, and beyond stratum 1 an address.
fn reference_id(clock: ClockQuality) -> [u8; 4] {
    match clock.stratum {
        1 => *b"LOCL",
        UNSYNCHRONISED => *b"INIT",
        // The customary address of an undisciplined local clock; clients that find their own
        // address here would think that the time comes from them.
        _ => [127, 127, 1, 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn request(first: u8) -> Vec<u8> {
        let mut bytes = vec![0; 48];
        bytes[0] = first;
        bytes[2] = 6;
        bytes[40..].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        bytes
    }

    #[test]
    fn an_answer_carries_the_request_s_timestamp_and_our_own() {
        let clock = ClockQuality::local(10);
        let reply = answer(&request(0x23), at(1000), at(1001), clock).unwrap();
        assert_eq!((reply.version, reply.mode, reply.poll), (4, Mode::Server, 6));
        assert_eq!((reply.leap, reply.stratum), (Leap::None, 10));
        assert_eq!(reply.origin, NtpTimestamp(0x0102_0304_0506_0708));
        assert_eq!((reply.receive, reply.transmit), (at(1000).into(), at(1001).into()));
        assert_eq!(reply.reference_id, [127, 127, 1, 1]);
    }

    #[test]
    fn a_clock_that_is_not_set_says_so() {
        let clock = ClockQuality::UNSYNCHRONISED;
        let reply = answer(&request(0x1b), at(1000), at(1000), clock).unwrap();
        assert_eq!((reply.version, reply.leap, reply.stratum), (3, Leap::Unsynchronised, 16));
        assert!(reply.reference.is_unknown());
        assert_eq!(&reply.reference_id, b"INIT");
    }

    #[test]
    fn only_requests_are_answered() {
        let silent = Err(Silence::NotARequest);
        for first in 0..=u8::MAX {
            let (version, mode) = (first >> 3 & 7, first & 7);
            let expected = match (version, mode) {
                (1, 0 | 3) | (2..=4, 3) => Ok(()),
                _ => silent,
            };
            let found = answer(&request(first), at(0), at(0), ClockQuality::local(1));
            assert_eq!(found.map(|_| ()), expected, "{first:#04x}");
        }
        for length in 0..48 {
            let cut = &request(0x23)[..length];
            let found = answer(cut, at(0), at(0), ClockQuality::local(1));
            assert_eq!(found.map(|_| ()), silent);
        }
    }

    #[test]
    fn an_answer_is_never_answered() {
        let clock = ClockQuality::local(1);
        let reply = answer(&request(0x23), at(0), at(0), clock).unwrap();
        assert_eq!(answer(&reply.encode(), at(0), at(0), clock), Err(Silence::NotARequest));
    }

    #[test]
    fn a_stratum_stays_within_what_the_protocol_has() {
        assert_eq!(ClockQuality::local(0).stratum, 1);
        assert_eq!(ClockQuality::local(200).stratum, 15);
    }
}
