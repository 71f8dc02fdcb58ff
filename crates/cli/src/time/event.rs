//! What `time-cli --json` prints: one object a line, `event` first.

use serde::Serialize;
use timesvc::sntp::{Leap, Sample};

/// A line of output; failures are those of every program.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum TimeEvent<'a> {
    /// A server is ready.
    Serving(Serving),
    /// A server has ended.
    Stopped { received: u64, sent: u64, accepted: u64 },
    /// A formatted time; what of it is not UTF-8 is lossy.
    Time { server: String, format: &'a str, text: &'a str },
    /// What a server's clock says, and how ours stands to it.
    Clock(Clock),
}

/// Where a server answers, and to whom.
#[derive(Debug, Serialize)]
pub(super) struct Serving {
    pub(super) address: String,
    pub(super) ntp: Option<String>,
    pub(super) daytime: Option<String>,
    pub(super) time: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) public: bool,
}

/// A sample of SNTP, in seconds.
#[derive(Debug, Serialize)]
pub(super) struct Clock {
    server: String,
    time: String,
    offset: f64,
    delay: f64,
    stratum: u8,
    leap: &'static str,
    synchronised: bool,
    reference: String,
    root_delay: f64,
    root_dispersion: f64,
}

impl Clock {
    pub(super) fn new(server: String, sample: &Sample) -> Self {
        Self {
            server,
            time: sample.server_time.to_string(),
            offset: sample.offset.as_secs_f64(),
            delay: sample.delay.as_secs_f64(),
            stratum: sample.stratum,
            leap: match sample.leap {
                Leap::None => "none",
                Leap::Insert => "insert",
                Leap::Delete => "delete",
                Leap::Unsynchronised => "unsynchronised",
            },
            synchronised: sample.is_synchronised(),
            reference: reference(sample),
            root_delay: sample.root_delay.as_secs_f64(),
            root_dispersion: sample.root_dispersion.as_secs_f64(),
        }
    }
}

/// Letters at the first stratum and where there is none, else an address (or what is left of it).
fn reference(sample: &Sample) -> String {
    let id = sample.reference_id;
    match sample.stratum {
        2..16 => std::net::Ipv4Addr::from(id).to_string(),
        _ => id.escape_ascii().to_string().trim_end_matches("\\x00").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_tells_what_was_asked_and_answered() {
        let event =
            TimeEvent::Time { server: "127.0.0.1:9000".into(), format: "%X", text: "09:12:55" };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"event":"time","server":"127.0.0.1:9000","format":"%X","text":"09:12:55"}"#
        );
    }
}
