use std::time::Duration;

use super::NtpTimestamp;

/// The length of a packet without extensions.
pub const PACKET_BYTES: usize = 48;

/// A packet of NTP without its extensions and signatures.
///
/// ```text
///  0 | leap (2 bits), version (3), mode (3) | stratum | poll | precision |
///  4 | root delay      s, 16.16                                          |
///  8 | root dispersion s, 16.16                                          |
/// 12 | reference identifier                                              |
/// 16 | reference timestamp     when the server's clock was last set      |
/// 24 | origin timestamp        the transmit timestamp of the request     |
/// 32 | receive timestamp       when the request arrived                  |
/// 40 | transmit timestamp      when this packet left                     |
/// ```
///
/// Source: RFC 4330, section 4, and RFC 5905, section 7.3. Everything is most significant first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Whether the clock is set, and whether a leap second is near.
    pub leap: Leap,
    /// 1 to 7; 3 and 4 are in use.
    pub version: u8,
    /// Who speaks.
    pub mode: Mode,
    /// How far away the reference clock is: 1 has one, 16 knows of none. 0 in an answer refuses
    /// service.
    pub stratum: u8,
    /// The time between two requests, as a power of two of seconds.
    pub poll: i8,
    /// The clock's precision, as a power of two of seconds.
    pub precision: i8,
    /// From the server to the reference clock and back.
    pub root_delay: Duration,
    /// How far from the reference clock the server's may be.
    pub root_dispersion: Duration,
    /// Four letters or an address that name the reference; the reason of a refusal.
    pub reference_id: [u8; 4],
    /// When the server's clock was last set.
    pub reference: NtpTimestamp,
    /// In an answer: the transmit timestamp of the request.
    pub origin: NtpTimestamp,
    /// When the request arrived.
    pub receive: NtpTimestamp,
    /// When this packet left.
    pub transmit: NtpTimestamp,
}

/// The leap indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Leap {
    /// Nothing is near.
    None = 0,
    /// The last minute of the day has 61 seconds.
    Insert = 1,
    /// The last minute of the day has 59 seconds.
    Delete = 2,
    /// The clock is not synchronised.
    Unsynchronised = 3,
}

/// Who speaks in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    /// Reserved.
    Reserved = 0,
    /// A peer that also asks on its own account.
    SymmetricActive = 1,
    /// A peer that answers one.
    SymmetricPassive = 2,
    /// A client's request.
    Client = 3,
    /// A server's answer.
    Server = 4,
    /// A server that is not asked.
    Broadcast = 5,
    /// For management.
    Control = 6,
    /// For private use.
    Private = 7,
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// Too few bytes.
    #[error("{found} bytes are too few for an NTP packet, which has at least {PACKET_BYTES}")]
    Short {
        /// How many there are.
        found: usize,
    },
    /// A version that was never spoken.
    #[error("NTP version 0 is unknown: 1 to 7 are allowed")]
    Version,
}

impl Packet {
    /// Reads the packet; what follows it (extensions, a signature) is not looked at.
    ///
    /// # Errors
    ///
    /// If there are too few bytes, or none of NTP's versions.
    pub fn decode(bytes: &[u8]) -> Result<Self, PacketError> {
        let Some(bytes) = bytes.first_chunk::<PACKET_BYTES>() else {
            return Err(PacketError::Short { found: bytes.len() });
        };
        let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let timestamp = |at: usize| {
            let [high, low] = [word(at), word(at + 4)].map(u32::from_be_bytes);
            NtpTimestamp(u64::from(high) << 32 | u64::from(low))
        };
        let version = bytes[0] >> 3 & 7;
        if version == 0 {
            return Err(PacketError::Version);
        }
        Ok(Self {
            leap: Leap::from_bits(bytes[0] >> 6),
            version,
            mode: Mode::from_bits(bytes[0] & 7),
            stratum: bytes[1],
            poll: bytes[2].cast_signed(),
            precision: bytes[3].cast_signed(),
            root_delay: short_duration(word(4)),
            root_dispersion: short_duration(word(8)),
            reference_id: word(12),
            reference: timestamp(16),
            origin: timestamp(24),
            receive: timestamp(32),
            transmit: timestamp(40),
        })
    }

    /// The packet as it is sent. Durations are rounded up, and end at 18 hours.
    #[must_use]
    pub fn encode(&self) -> [u8; PACKET_BYTES] {
        let mut bytes = [0; PACKET_BYTES];
        bytes[0] = (self.leap as u8) << 6 | (self.version & 7) << 3 | self.mode as u8;
        bytes[1] = self.stratum;
        bytes[2] = self.poll.cast_unsigned();
        bytes[3] = self.precision.cast_unsigned();
        bytes[4..8].copy_from_slice(&short_bytes(self.root_delay));
        bytes[8..12].copy_from_slice(&short_bytes(self.root_dispersion));
        bytes[12..16].copy_from_slice(&self.reference_id);
        let timestamps = [self.reference, self.origin, self.receive, self.transmit];
        for (place, timestamp) in bytes[16..].chunks_exact_mut(8).zip(timestamps) {
            place.copy_from_slice(&timestamp.0.to_be_bytes());
        }
        bytes
    }
}

impl Leap {
    /// Of two bits.
    fn from_bits(bits: u8) -> Self {
        match bits {
            0 => Self::None,
            1 => Self::Insert,
            2 => Self::Delete,
            _ => Self::Unsynchronised,
        }
    }
}

impl Mode {
    /// Of three bits.
    fn from_bits(bits: u8) -> Self {
        match bits {
            0 => Self::Reserved,
            1 => Self::SymmetricActive,
            2 => Self::SymmetricPassive,
            3 => Self::Client,
            4 => Self::Server,
            5 => Self::Broadcast,
            6 => Self::Control,
            _ => Self::Private,
        }
    }
}

/// Seconds in 16 bits and their fraction in 16.
fn short_duration(bytes: [u8; 4]) -> Duration {
    let units = u64::from(u32::from_be_bytes(bytes));
    // Rounded down, because it was rounded up when it was written.
    Duration::from_nanos((units * 1_000_000_000) >> 16)
}

fn short_bytes(duration: Duration) -> [u8; 4] {
    let units = (duration.as_nanos() << 16).div_ceil(1_000_000_000);
    u32::try_from(units).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer of a public server, in the order of the diagram.
    const ANSWER: [u8; PACKET_BYTES] = [
        0x24, 0x02, 0x06, 0xe8, // no leap, version 4, server; stratum 2, poll 64 s, 2^-24 s
        0x00, 0x00, 0x01, 0x00, // 256/65536 s
        0x00, 0x01, 0x80, 0x00, // 1.5 s
        0xc0, 0xa8, 0x01, 0x07, // 192.168.1.7
        0xe0, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, //
        0xe0, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, //
        0xe0, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, //
        0xe0, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x03,
    ];

    fn packet() -> Packet {
        Packet {
            leap: Leap::None,
            version: 4,
            mode: Mode::Server,
            stratum: 2,
            poll: 6,
            precision: -24,
            root_delay: Duration::from_nanos(3_906_250),
            root_dispersion: Duration::from_millis(1500),
            reference_id: [192, 168, 1, 7],
            reference: NtpTimestamp(0xe000_0000_8000_0000),
            origin: NtpTimestamp(0xe000_0001_0000_0001),
            receive: NtpTimestamp(0xe000_0002_0000_0002),
            transmit: NtpTimestamp(0xe000_0003_0000_0003),
        }
    }

    #[test]
    fn every_field_has_its_place() {
        assert_eq!(Packet::decode(&ANSWER).unwrap(), packet());
        assert_eq!(packet().encode(), ANSWER);
        let longer = [&ANSWER[..], &[7; 20]].concat();
        assert_eq!(Packet::decode(&longer).unwrap(), packet());
    }

    #[test]
    fn what_is_cut_short_is_no_packet() {
        for found in 0..PACKET_BYTES {
            assert_eq!(Packet::decode(&ANSWER[..found]), Err(PacketError::Short { found }));
        }
    }

    #[test]
    fn version_0_is_no_version() {
        let mut bytes = ANSWER;
        bytes[0] = 0x04;
        assert_eq!(Packet::decode(&bytes), Err(PacketError::Version));
    }

    #[test]
    fn durations_that_are_too_long_are_the_longest() {
        let packet = Packet { root_dispersion: Duration::MAX, ..packet() };
        assert_eq!(packet.encode()[8..12], [0xff; 4]);
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_again(mut bytes in any::<[u8; 32]>(), rest in any::<[u8; 16]>()) {
            bytes[0] |= 0x08;
            let bytes = [&bytes[..], &rest].concat();
            prop_assert_eq!(Packet::decode(&bytes).unwrap().encode().to_vec(), bytes);
        }
    }
}
