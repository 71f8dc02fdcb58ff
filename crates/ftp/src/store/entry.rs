//! What a store tells about the things in it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::path::{RemotePath, deserialize_bytes, safe, serialize_bytes};

/// What sort of thing an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket, or something that could not be described.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Link => "a link",
            Self::Other => "a special file",
        })
    }
}

/// A state of some content. Two that are equal stand for the same content, as far as the store can
/// tell; nothing else can be read from one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(String);

impl Revision {
    /// For stores, and for those who kept one: `text` means what the store that made it means.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, to be kept; not safe to print when it came from a peer.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Safe for a terminal.
impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        safe(self.0.as_bytes()).fmt(f)
    }
}

/// A moment since the Unix epoch, or before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawTimestamp")]
pub struct Timestamp {
    seconds: i64,
    nanoseconds: u32,
}

impl Timestamp {
    /// `seconds` since the epoch, negative before it, and `nanoseconds` after that second.
    ///
    /// `None` if that is a second of nanoseconds or more.
    #[must_use]
    pub fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        (nanoseconds < 1_000_000_000).then_some(Self { seconds, nanoseconds })
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after [`seconds`](Self::seconds): always less than a second.
    #[must_use]
    pub fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    /// The same moment for the standard library; `None` where the system's clock cannot name it.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        let seconds = Duration::from_secs(self.seconds.unsigned_abs());
        let second = match self.seconds < 0 {
            true => UNIX_EPOCH.checked_sub(seconds)?,
            false => UNIX_EPOCH.checked_add(seconds)?,
        };
        second.checked_add(Duration::from_nanos(self.nanoseconds.into()))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self {
                seconds: after.as_secs().try_into().unwrap_or(i64::MAX),
                nanoseconds: after.subsec_nanos(),
            },
            Err(error) => {
                let before = error.duration();
                let seconds = before.as_secs().try_into().map_or(i64::MIN, |whole: i64| -whole);
                match before.subsec_nanos() {
                    0 => Self { seconds, nanoseconds: 0 },
                    part => Self {
                        seconds: seconds.saturating_sub(1),
                        nanoseconds: 1_000_000_000 - part,
                    },
                }
            }
        }
    }
}

/// A [`Timestamp`] as it comes, before it is checked.
#[derive(Deserialize)]
struct RawTimestamp {
    seconds: i64,
    #[serde(default)]
    nanoseconds: u32,
}

impl TryFrom<RawTimestamp> for Timestamp {
    type Error = String;

    fn try_from(raw: RawTimestamp) -> Result<Self, String> {
        Self::new(raw.seconds, raw.nanoseconds)
            .ok_or_else(|| format!("{} nanoseconds: below 1000000000 allowed", raw.nanoseconds))
    }
}

/// What a link leads to, as it is written in the link: it may be absolute, lead anywhere or
/// nowhere, and is only told, never followed.
///
/// In JSON as a [`RemotePath`], but unchecked. `Display` is safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkTarget(Vec<u8>);

impl LinkTarget {
    /// Any bytes are a target.
    #[must_use]
    pub fn new(target: impl Into<Vec<u8>>) -> Self {
        Self(target.into())
    }

    /// The bytes as they are; not safe to print.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for LinkTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        safe(&self.0).fmt(f)
    }
}

impl Serialize for LinkTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_bytes(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for LinkTarget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let target = deserialize_bytes(deserializer)?;
        match target.len() <= RemotePath::MAX_BYTES {
            true => Ok(Self(target)),
            false => Err(de::Error::custom(format_args!(
                "a link target of {} bytes is too long: {} are allowed",
                target.len(),
                RemotePath::MAX_BYTES
            ))),
        }
    }
}

/// One thing in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is, from the store's root.
    pub path: RemotePath,
    /// What it is.
    pub kind: Kind,
    /// A file's length in bytes; 0 for anything else.
    pub size: u64,
    /// The permission bits (`0o7777`), where the store keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// When the content was last changed, where the store keeps that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
    /// Which state of it this is.
    pub revision: Revision,
    /// What a link leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<LinkTarget>,
}

/// What a finished upload is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// The length in bytes: what lies beyond it is cut off.
    pub size: u64,
    /// The permission bits. Only `0o777` of them are kept: a peer sets no set-user-ID bit here.
    /// Without them a replaced file's are kept, and a new file has the process's usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The modification time; without it, the time of the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_convert_before_and_after_the_epoch() {
        let cases = [(0, 0), (1, 999_999_999), (-1, 1), (-1, 0), (-86_400, 500_000_000)];
        for (seconds, nanoseconds) in cases {
            let timestamp = Timestamp::new(seconds, nanoseconds).unwrap();
            assert_eq!(Timestamp::from(timestamp.to_system_time().unwrap()), timestamp);
        }
        let half_before = UNIX_EPOCH - Duration::from_millis(500);
        assert_eq!(Timestamp::from(half_before), Timestamp::new(-1, 500_000_000).unwrap());
    }

    #[test]
    fn a_timestamp_with_a_second_of_nanoseconds_is_refused() {
        assert_eq!(Timestamp::new(0, 1_000_000_000), None);
        let json = r#"{"seconds":0,"nanoseconds":1000000000}"#;
        assert!(serde_json::from_str::<Timestamp>(json).is_err());
        assert_eq!(
            serde_json::from_str::<Timestamp>(r#"{"seconds":-7}"#).unwrap(),
            Timestamp::new(-7, 0).unwrap()
        );
    }

    #[test]
    fn the_furthest_timestamps_do_not_panic() {
        for seconds in [i64::MIN, i64::MAX] {
            let furthest = Timestamp::new(seconds, 999_999_999).unwrap();
            if let Some(time) = furthest.to_system_time() {
                assert_eq!(Timestamp::from(time), furthest);
            }
        }
    }

    #[test]
    fn an_entry_travels_without_what_it_lacks() {
        let entry = Entry {
            path: RemotePath::parse("报告").unwrap(),
            kind: Kind::File,
            size: 7,
            mode: None,
            modified: None,
            revision: Revision::new("r1"),
            target: None,
        };
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(json, r#"{"path":"报告","kind":"file","size":7,"revision":"r1"}"#);
        assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
    }

    #[test]
    fn a_link_target_travels_unchecked_but_bounded() {
        for target in [&b"../../etc"[..], b"/dev/null", b"\xff", b""] {
            let target = LinkTarget::new(target);
            let json = serde_json::to_string(&target).unwrap();
            assert_eq!(serde_json::from_str::<LinkTarget>(&json).unwrap(), target);
        }
        let long = serde_json::to_string(&"x".repeat(RemotePath::MAX_BYTES + 1)).unwrap();
        assert!(serde_json::from_str::<LinkTarget>(&long).is_err());
    }
}
