use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Leap, Mode, NtpTimestamp, PACKET_BYTES, Packet, PacketError};

const VERSION: u8 = 4;

/// A request of a client, and what its answer must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    nonce: NtpTimestamp,
}

/// What one answer tells about the server's clock and about ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// How far the server's clock is ahead of ours; negative: behind.
    pub offset: SignedDuration,
    /// How long the network took, both ways together. The offset may be wrong by half of it.
    pub delay: SignedDuration,
    /// When the server sent the answer, by its own clock, if it is within 68 years of ours.
    pub server_time: Timestamp,
    /// Whether the server's clock is set, and whether a leap second is near.
    pub leap: Leap,
    /// How far away the reference clock is; 16 if the server's clock is not set.
    pub stratum: u8,
    /// The server's precision.
    pub precision: i8,
    /// From the server to the reference clock and back.
    pub root_delay: Duration,
    /// How far from the reference clock the server's may be.
    pub root_dispersion: Duration,
    /// What names the reference.
    pub reference_id: [u8; 4],
}

impl Sample {
    /// Whether a clock may be set by it.
    #[must_use]
    pub fn is_synchronised(&self) -> bool {
        self.leap != Leap::Unsynchronised && (1..16).contains(&self.stratum)
    }
}

/// Why a datagram is not the answer to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// It is no packet.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// It is no server's packet.
    #[error("a packet of mode {found:?}, where the server's answer was expected")]
    Mode {
        /// Who speaks in it.
        found: Mode,
    },
    /// It answers another query, or was made up.
    #[error("the answer to another query")]
    Origin,
    /// The server has no time to give.
    #[error("the answer tells no time")]
    NoTime,
    /// The server refuses, and says why in four letters.
    #[error("the server refuses: {}", Code(*.code))]
    Refused {
        /// `RATE`, `DENY`, `RSTR` and others.
        code: [u8; 4],
    },
}

impl Query {
    /// A query. The nonce is what nobody on the way can guess; it stands where NTP's own clients
    /// tell their time, which is nobody's business.
    #[must_use]
    pub fn new(nonce: u64) -> Self {
        // Zero would mean that there is none.
        Self { nonce: NtpTimestamp(nonce.max(1)) }
    }

    /// The datagram to send.
    #[must_use]
    pub fn encode(&self) -> [u8; PACKET_BYTES] {
        let packet = Packet {
            leap: Leap::None,
            version: VERSION,
            mode: Mode::Client,
            stratum: 0,
            poll: 0,
            precision: 0,
            root_delay: Duration::ZERO,
            root_dispersion: Duration::ZERO,
            reference_id: [0; 4],
            reference: NtpTimestamp::UNKNOWN,
            origin: NtpTimestamp::UNKNOWN,
            receive: NtpTimestamp::UNKNOWN,
            transmit: self.nonce,
        };
        packet.encode()
    }

    /// What a datagram tells that came at `arrived`, after the query was sent at `sent`.
    ///
    /// # Errors
    ///
    /// If it is not the answer to this query: wait for another one. [`ReplyError::Refused`] and
    /// [`ReplyError::NoTime`] are answers.
    pub fn judge(
        &self,
        datagram: &[u8],
        sent: Timestamp,
        arrived: Timestamp,
    ) -> Result<Sample, ReplyError> {
        let reply = Packet::decode(datagram)?;
        if reply.mode != Mode::Server {
            return Err(ReplyError::Mode { found: reply.mode });
        }
        if reply.origin != self.nonce {
            return Err(ReplyError::Origin);
        }
        if reply.stratum == 0 {
            return Err(ReplyError::Refused { code: reply.reference_id });
        }
        if reply.receive.is_unknown() || reply.transmit.is_unknown() {
            return Err(ReplyError::NoTime);
        }
        // Source: RFC 5905, section 8.
        let there = reply.receive.since(sent.into());
        let back = reply.transmit.since(arrived.into());
        let offset = midpoint(there, back);
        Ok(Sample {
            offset,
            delay: (arrived.duration_since(sent) - reply.transmit.since(reply.receive))
                .max(SignedDuration::ZERO),
            server_time: arrived.saturating_add(back).expect("a duration has no calendar"),
            leap: reply.leap,
            stratum: reply.stratum,
            precision: reply.precision,
            root_delay: reply.root_delay,
            root_dispersion: reply.root_dispersion,
            reference_id: reply.reference_id,
        })
    }
}

fn midpoint(one: SignedDuration, other: SignedDuration) -> SignedDuration {
    // Both are less than 69 years.
    (one + other) / 2
}

/// Four bytes from a server, as they may be shown.
struct Code([u8; 4]);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{ClockQuality, answer};
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).unwrap()
    }

    /// The timestamps on the wire are not whole nanoseconds.
    fn near(found: SignedDuration, milliseconds: i64) -> bool {
        (found - SignedDuration::from_millis(milliseconds)).abs().as_nanos() <= 2
    }

    /// The answer of a server that is `ahead` of us, to a query that was 30 ms on its way.
    fn reply(query: &Query, ahead: i64, clock: ClockQuality) -> Packet {
        answer(&query.encode(), at(ahead + 30), at(ahead + 35), clock).unwrap()
    }

    #[test]
    fn offset_and_delay_come_from_four_moments() {
        let query = Query::new(7);
        for ahead in [0, 5000, -86_400_000, 40 * 365 * 86_400_000] {
            let datagram = reply(&query, ahead, ClockQuality::local(3)).encode();
            let sample = query.judge(&datagram, at(0), at(65)).unwrap();
            assert!(near(sample.offset, ahead) && near(sample.delay, 60), "{sample:?}");
            assert!(near(sample.server_time.duration_since(at(ahead)), 35), "{sample:?}");
            assert_eq!((sample.stratum, sample.is_synchronised()), (3, true));
        }
    }

    #[test]
    fn an_asymmetric_way_is_an_offset_of_half_the_difference() {
        let query = Query::new(7);
        let datagram = reply(&query, 0, ClockQuality::local(3)).encode();
        // 30 ms there, 10 ms back.
        let sample = query.judge(&datagram, at(0), at(45)).unwrap();
        assert!(near(sample.offset, 10) && near(sample.delay, 40), "{sample:?}");
    }

    #[test]
    fn a_server_whose_clock_is_not_set_is_heard_but_not_believed() {
        let query = Query::new(7);
        let datagram = reply(&query, 0, ClockQuality::UNSYNCHRONISED).encode();
        let sample = query.judge(&datagram, at(0), at(65)).unwrap();
        assert!(!sample.is_synchronised());
        assert_eq!((sample.leap, sample.stratum), (Leap::Unsynchronised, 16));
    }

    #[test]
    fn what_is_no_answer_to_the_query_is_told_apart() {
        let query = Query::new(7);
        let good = reply(&query, 0, ClockQuality::local(3));
        let judge = |packet: &Packet| query.judge(&packet.encode(), at(0), at(65));
        let other = Packet { origin: NtpTimestamp(8), ..good.clone() };
        assert_eq!(judge(&other), Err(ReplyError::Origin));
        let echo = query.judge(&query.encode(), at(0), at(65));
        assert_eq!(echo, Err(ReplyError::Mode { found: Mode::Client }));
        let refusal = Packet { stratum: 0, reference_id: *b"RATE", ..good.clone() };
        let error = judge(&refusal).unwrap_err();
        assert_eq!(error.to_string(), "the server refuses: RATE");
        let timeless = Packet { transmit: NtpTimestamp::UNKNOWN, ..good };
        assert_eq!(judge(&timeless), Err(ReplyError::NoTime));
        let short = query.judge(b"2026-03-01 09:12:55", at(0), at(65));
        assert_eq!(short, Err(PacketError::Short { found: 19 }.into()));
    }

    #[test]
    fn a_nonce_of_zero_is_none() {
        assert_ne!(Query::new(0).encode()[40..], [0; 8]);
    }

    proptest! {
        #[test]
        fn no_datagram_is_too_strange(
            datagram in proptest::collection::vec(any::<u8>(), 0..100),
            sent in any::<i32>(),
            arrived in any::<i32>(),
        ) {
            let moment = |at| Timestamp::from_second(i64::from(at)).unwrap();
            let mut datagram = datagram;
            if let Some(first) = datagram.first_mut() {
                *first = 0x24;
            }
            if let Some(origin) = datagram.get_mut(24..32) {
                origin.copy_from_slice(&7_u64.to_be_bytes());
            }
            let _ = Query::new(7).judge(&datagram, moment(sent), moment(arrived));
        }
    }
}
