use std::fmt;
use std::hash::RandomState;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netserver::Addr;

use super::echoes::Echoes;
use super::{MAX_REPLY_BYTES, Policy, Silence};
use crate::{LocalTime, strftime_into};

/// The form that RFC 867 suggests, with the year in full.
const DAYTIME_FORMAT: &[u8] = b"%A, %B %-d, %Y %H:%M:%S-%Z\r\n";

/// From the beginning of 1900 to that of 1970.
const SECONDS_FROM_1900_TO_1970: i64 = 2_208_988_800;

/// A datagram that is shorter is nobody's answer.
const SHORTEST_ANSWER: usize = 4;

/// The day and the time for people, as in RFC 867.
///
/// ```
/// use jiff::{Timestamp, tz::TimeZone};
///
/// let line = timesvc::daytime(Timestamp::from_second(1_000_000_000)?, &TimeZone::UTC);
/// assert_eq!(line, b"Sunday, September 9, 2001 01:46:40-UTC\r\n");
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn daytime(now: Timestamp, zone: &TimeZone) -> Vec<u8> {
    let mut line = Vec::new();
    write_daytime(now, zone, &mut line);
    line
}

fn write_daytime(now: Timestamp, zone: &TimeZone, line: &mut Vec<u8>) {
    let written = strftime_into(line, DAYTIME_FORMAT, &LocalTime::new(now, zone), MAX_REPLY_BYTES);
    written.expect("a date is much shorter");
}

/// The time for machines, as in RFC 868: seconds, most significant byte first.
///
/// The number has 32 bits and begins anew in February 2036; its readers are to know roughly when
/// they live.
#[must_use]
pub fn seconds_since_1900(now: Timestamp) -> [u8; 4] {
    let seconds = now.as_nanosecond().div_euclid(1_000_000_000);
    let seconds = seconds + i128::from(SECONDS_FROM_1900_TO_1970);
    let wrapped = seconds.rem_euclid(1 << 32);
    u32::try_from(wrapped).expect("the remainder has 32 bits").to_be_bytes()
}

/// Answers the datagrams of RFC 867 and RFC 868, which mean the same whatever is in them.
///
/// That is also their danger: every datagram is a request, so that two servers would talk for
/// ever. A source whose datagrams could be answers (four bytes or more) is answered a few times in
/// a row only. Clients usually send nothing, or the end of a line.
pub struct LegacyAnswers {
    zone: TimeZone,
    policy: Policy,
    echoes: Mutex<Echoes>,
}

impl LegacyAnswers {
    /// Tells the time in that zone to whom the policy allows. The hasher's keys are what nobody
    /// else may know.
    #[must_use]
    pub fn new(zone: TimeZone, policy: Policy, random: RandomState) -> Self {
        Self { zone, policy, echoes: Mutex::new(Echoes::new(random)) }
    }

    /// Writes the [`daytime`] into `reply`, in place of what is there.
    ///
    /// # Errors
    ///
    /// If there is to be no answer; `reply` is then empty.
    pub fn daytime(
        &self,
        request: &[u8],
        source: &Addr,
        now: Timestamp,
        reply: &mut Vec<u8>,
    ) -> Result<(), Silence> {
        reply.clear();
        self.check(request, source, now)?;
        write_daytime(now, &self.zone, reply);
        Ok(())
    }

    /// Writes the [`seconds_since_1900`] into `reply`, in place of what is there.
    ///
    /// # Errors
    ///
    /// If there is to be no answer; `reply` is then empty.
    pub fn seconds(
        &self,
        request: &[u8],
        source: &Addr,
        now: Timestamp,
        reply: &mut Vec<u8>,
    ) -> Result<(), Silence> {
        reply.clear();
        self.check(request, source, now)?;
        reply.extend_from_slice(&seconds_since_1900(now));
        Ok(())
    }

    fn check(&self, request: &[u8], source: &Addr, now: Timestamp) -> Result<(), Silence> {
        self.policy.check(source)?;
        if request.len() < SHORTEST_ANSWER {
            return Ok(());
        }
        let mut echoes = self.echoes.lock().unwrap_or_else(PoisonError::into_inner);
        // What it says changes with the time, and tells nothing.
        if echoes.allows(source, b"", now) { Ok(()) } else { Err(Silence::Echo) }
    }
}

impl fmt::Debug for LegacyAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyAnswers")
            .field("zone", &self.zone)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> LegacyAnswers {
        LegacyAnswers::new(TimeZone::UTC, Policy::default(), RandomState::new())
    }

    fn source() -> Addr {
        Addr::Ip(([127, 0, 0, 1], 40_000).into())
    }

    #[test]
    fn seconds_begin_in_1900_and_begin_again_in_2036() {
        // The examples of RFC 868, and the last second of its first round.
        for (unix, expected) in [
            (-2_208_988_800, 0_u32),
            (0, 2_208_988_800),
            (232_280_000 - 10, 2_441_268_790),
            (2_085_978_495, u32::MAX),
            (2_085_978_496, 0),
            (-2_208_988_801, u32::MAX),
        ] {
            let now = Timestamp::from_second(unix).unwrap();
            assert_eq!(seconds_since_1900(now), expected.to_be_bytes(), "{unix}");
        }
        let before = Timestamp::from_nanosecond(-1).unwrap();
        assert_eq!(seconds_since_1900(before), 2_208_988_799_u32.to_be_bytes());
    }

    #[test]
    fn short_requests_are_always_answered_and_long_ones_a_few_times_in_a_row() {
        let answers = answers();
        let now = Timestamp::UNIX_EPOCH;
        let mut reply = Vec::new();
        for _ in 0..100 {
            answers.daytime(b"", &source(), now, &mut reply).unwrap();
            assert_eq!(reply, b"Thursday, January 1, 1970 00:00:00-UTC\r\n");
            answers.seconds(b"\r\n", &source(), now, &mut reply).unwrap();
            assert_eq!(reply, 2_208_988_800_u32.to_be_bytes());
        }
        let answered = (0..100)
            .filter(|_| answers.seconds(b"what time is it?", &source(), now, &mut reply).is_ok())
            .count();
        assert_eq!(answered, 8);
        assert!(reply.is_empty());
    }

    #[test]
    fn two_servers_of_any_kind_fall_silent() {
        let [one, other] = [answers(), answers()];
        let mut datagram = Vec::new();
        let mut reply = Vec::new();
        let mut turns = 0;
        loop {
            let now = Timestamp::from_millisecond(turns).unwrap();
            let answered = match turns % 2 {
                0 => one.daytime(&datagram, &source(), now, &mut reply),
                _ => other.seconds(&datagram, &source(), now, &mut reply),
            };
            if answered.is_err() {
                break;
            }
            std::mem::swap(&mut datagram, &mut reply);
            turns += 1;
        }
        assert!(turns < 20, "{turns}");
    }
}
