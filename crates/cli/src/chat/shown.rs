//! Messages as people read them: nothing of a peer's reaches the terminal unmade safe.

use std::fmt;

use jiff::tz::TimeZone;
use udpchat::{Entry, Target, safe};

/// `雪 → #大厅: 你好`; lines of a text that has several are told apart by `\n`.
pub(super) struct Line<'a>(pub(super) &'a Entry);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { from, to, text, .. } = self.0;
        write!(f, "{from} → {to}: {}", safe(text))
    }
}

/// The moment of a message, as `format` says; empty beyond the calendar.
pub(super) fn time(unix_millis: u64, zone: &TimeZone, format: &str) -> String {
    let moment = i64::try_from(unix_millis).ok();
    let moment = moment.and_then(|moment| jiff::Timestamp::from_millisecond(moment).ok());
    moment.map_or_else(String::new, |moment| {
        moment.to_zoned(zone.clone()).strftime(format).to_string()
    })
}

/// The moment of a message, for programs.
pub(super) fn rfc3339(unix_millis: u64) -> Option<String> {
    let moment = i64::try_from(unix_millis).ok()?;
    Some(jiff::Timestamp::from_millisecond(moment).ok()?.to_string())
}

/// `liu`, or `room #lobby`: for messages about it.
pub(super) fn target(target: &Target) -> String {
    match target {
        Target::Person(name) => name.to_string(),
        Target::Room(name) => format!("room #{name}"),
    }
}
