use std::fmt;
use std::hash::RandomState;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netserver::Addr;

use super::echoes::Echoes;
use super::{Policy, Silence};
use crate::{LocalTime, strftime_into};

/// What an empty request asks for.
pub const DEFAULT_FORMAT: &str = "%Y-%m-%d %X";

/// A longer request is answered by an empty datagram.
pub const MAX_FORMAT_BYTES: usize = 1024;

/// A result that would be longer is answered by an empty datagram. Clients read this many bytes.
pub const MAX_REPLY_BYTES: usize = 1024;

/// What stands before the name of a time zone.
const ZONE_PREFIX: &[u8] = b"TZ=";

/// No name in the database is half as long.
const MAX_ZONE_BYTES: usize = 64;

/// Answers the time service's raw datagrams: a request is a format, the answer the formatted time.
///
/// ```text
/// [TZ=Area/City ] format        empty: %Y-%m-%d %X        ──▶  2026-03-01 09:12:55
/// ```
///
/// The time is the local one, unless the request begins with a zone that the database of time zones
/// knows. One that it does not know is no zone, and is echoed like all that has no meaning.
pub struct TimeAnswers {
    zone: TimeZone,
    policy: Policy,
    /// Locked only for answers that are their own question.
    echoes: Mutex<Echoes>,
}

impl TimeAnswers {
    /// Tells the time in that zone to whom the policy allows. The hasher's keys are what nobody
    /// else may know.
    #[must_use]
    pub fn new(zone: TimeZone, policy: Policy, random: RandomState) -> Self {
        Self { zone, policy, echoes: Mutex::new(Echoes::new(random)) }
    }

    /// Writes the answer to a request into `reply`, in place of what is there.
    ///
    /// # Errors
    ///
    /// If there is to be no answer; `reply` is then empty.
    pub fn answer(
        &self,
        request: &[u8],
        source: &Addr,
        now: Timestamp,
        reply: &mut Vec<u8>,
    ) -> Result<(), Silence> {
        reply.clear();
        self.policy.check(source)?;
        self.format(request, now, reply);
        if reply == request && !self.allows_echo(source, reply, now) {
            reply.clear();
            return Err(Silence::Echo);
        }
        Ok(())
    }

    /// Leaves `reply` empty if there is too much of the request or of its result.
    fn format(&self, request: &[u8], now: Timestamp, reply: &mut Vec<u8>) {
        if request.len() > MAX_FORMAT_BYTES {
            return;
        }
        let (zone, format) = match split_zone(request) {
            Some((zone, format)) => (Some(zone), format),
            None => (None, request),
        };
        let format = if format.is_empty() { DEFAULT_FORMAT.as_bytes() } else { format };
        let time = LocalTime::new(now, zone.as_ref().unwrap_or(&self.zone));
        // What is too long has no answer; an empty one lets the client go on.
        let _ = strftime_into(reply, format, &time, MAX_REPLY_BYTES);
    }

    fn allows_echo(&self, source: &Addr, echo: &[u8], now: Timestamp) -> bool {
        let mut echoes = self.echoes.lock().unwrap_or_else(PoisonError::into_inner);
        echoes.allows(source, echo, now)
    }
}

impl fmt::Debug for TimeAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeAnswers")
            .field("zone", &self.zone)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// The zone that a request asks for, and the rest of it.
fn split_zone(request: &[u8]) -> Option<(TimeZone, &[u8])> {
    let rest = request.strip_prefix(ZONE_PREFIX)?;
    let end = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
    let name = str::from_utf8(&rest[..end]).ok().filter(|name| name.len() <= MAX_ZONE_BYTES)?;
    let zone = TimeZone::get(name).ok()?;
    Some((zone, rest.get(end + 1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reach;

    fn answers(zone: &str) -> TimeAnswers {
        let zone = TimeZone::get(zone).unwrap();
        TimeAnswers::new(zone, Policy::default(), RandomState::new())
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_000_000_000).unwrap()
    }

    fn ask(answers: &TimeAnswers, request: impl AsRef<[u8]>) -> Result<String, Silence> {
        let source = Addr::Ip(([127, 0, 0, 1], 40_000).into());
        let mut reply = b"left over".to_vec();
        answers.answer(request.as_ref(), &source, now(), &mut reply)?;
        Ok(String::from_utf8(reply).unwrap())
    }

    #[test]
    fn an_empty_request_gets_date_and_time() {
        let answers = answers("Asia/Shanghai");
        assert_eq!(ask(&answers, "").unwrap(), "2001-09-09 09:46:40");
        assert_eq!(ask(&answers, "%H点%M分").unwrap(), "09点46分");
    }

    #[test]
    fn a_request_may_name_its_zone() {
        let answers = answers("Asia/Shanghai");
        assert_eq!(ask(&answers, "TZ=Europe/Paris %X %Z").unwrap(), "03:46:40 CEST");
        assert_eq!(ask(&answers, "TZ=UTC ").unwrap(), "2001-09-09 01:46:40");
        assert_eq!(ask(&answers, "TZ=America/St_Johns").unwrap(), "2001-09-08 23:16:40");
        assert_eq!(ask(&answers, "TZ=UTC  %H").unwrap(), " 01");
    }

    #[test]
    fn a_zone_that_is_not_known_is_text() {
        let answers = answers("UTC");
        let long = format!("TZ={} %H", "A".repeat(65));
        for request in ["TZ=Nowhere/City %H", "TZ= %H", "TZ=../etc/passwd %H", &long] {
            let expected = request.replace("%H", "01");
            assert_eq!(ask(&answers, request).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_too_long_gets_an_empty_answer() {
        let answers = answers("UTC");
        assert_eq!(ask(&answers, "%1024Y").unwrap().len(), 1024);
        assert_eq!(ask(&answers, "x".repeat(1024)).unwrap().len(), 1024);
        for request in ["%1025Y".to_owned(), "x".repeat(1025), "%Y".repeat(512), "x".repeat(65_507)]
        {
            assert_eq!(ask(&answers, request).unwrap(), "");
        }
    }

    #[test]
    fn who_may_not_be_answered_is_not() {
        let policy = Policy::default().own_ports([9000]);
        let answers = TimeAnswers::new(TimeZone::UTC, policy, RandomState::new());
        let mut reply = b"left over".to_vec();
        for (source, expected) in [
            ("127.0.0.1:7", Silence::ServicePort),
            ("127.0.0.1:9000", Silence::OwnPort),
            ("8.8.8.8:5000", Silence::PublicSource),
        ] {
            let silence =
                answers.answer(b"", &Addr::Ip(source.parse().unwrap()), now(), &mut reply);
            assert_eq!(silence, Err(expected));
            assert!(reply.is_empty());
        }
    }

    #[test]
    fn two_servers_that_are_pointed_at_each_other_fall_silent() {
        let addrs = [([10, 0, 0, 1], 9001), ([10, 0, 0, 2], 9002)].map(|at| Addr::Ip(at.into()));
        let zones = ["UTC", "Asia/Shanghai"];
        for first in ["", "%X", "hello", "%Q", "%%%%%%%%H", "%9Q", "TZ=Asia/Tokyo %%c", "%1025c"] {
            let servers = zones.map(|zone| {
                let policy = Policy::default().reach(Reach::Private);
                TimeAnswers::new(TimeZone::get(zone).unwrap(), policy, RandomState::new())
            });
            let mut datagram = first.as_bytes().to_vec();
            let mut reply = Vec::new();
            let mut turns = 0;
            // A fast network, and a clock that does not stand still.
            while servers[turns % 2]
                .answer(
                    &datagram,
                    &addrs[(turns + 1) % 2],
                    now() + jiff::SignedDuration::from_micros(50 * i64::try_from(turns).unwrap()),
                    &mut reply,
                )
                .is_ok()
            {
                std::mem::swap(&mut datagram, &mut reply);
                turns += 1;
                assert!(turns < 2000, "still talking after {first:?}");
            }
        }
    }
}
