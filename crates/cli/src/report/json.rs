//! What `--json` prints: one object a line, `event` first.

use ftp::{Entry, Kind, RemotePath, Timestamp};
use serde::Serialize;

use super::tree::Census;
use crate::problem::Problem;

/// A name, lossy where it is not UTF-8; then its bytes stand beside it in hex.
#[derive(Debug, Serialize)]
pub(crate) struct Name {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
}

impl From<&RemotePath> for Name {
    fn from(path: &RemotePath) -> Self {
        if path.is_root() {
            return Self { path: "/".into(), path_hex: None };
        }
        Self { path: lossy(path.as_bytes()), path_hex: hex(path.as_bytes()) }
    }
}

/// As [`Name`], for the second name of an event.
#[derive(Debug, Serialize)]
pub(crate) struct NewName {
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_hex: Option<String>,
}

impl From<&RemotePath> for NewName {
    fn from(path: &RemotePath) -> Self {
        Self { to: lossy(path.as_bytes()), to_hex: hex(path.as_bytes()) }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The bytes in hex, unless they are text.
fn hex(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes)
        .is_err()
        .then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A moment in UTC; `None` beyond the calendar.
fn rfc3339(moment: Timestamp) -> Option<String> {
    let nanoseconds = i32::try_from(moment.nanoseconds()).ok()?;
    Some(jiff::Timestamp::new(moment.seconds(), nanoseconds).ok()?.to_string())
}

/// A line of output.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// A server is ready.
    Serving { address: String, root: String, rights: &'a [&'a str], plain: bool },
    /// A server has ended.
    Stopped { accepted: u64, aborted: u64 },
    /// A transfer begins.
    Begun {
        command: &'a str,
        #[serde(flatten)]
        name: Name,
        size: Option<u64>,
    },
    /// A transfer goes on; at most four a second.
    Progress {
        command: &'a str,
        #[serde(flatten)]
        name: Name,
        size: Option<u64>,
        position: u64,
        moved: u64,
        reused: u64,
        rate: Option<u64>,
    },
    /// A tree goes on; at most four a second.
    #[serde(rename = "progress")]
    TreeProgress {
        command: &'a str,
        #[serde(flatten)]
        name: Name,
        /// Of all that is known so far.
        size: u64,
        position: u64,
        moved: u64,
        reused: u64,
        rate: Option<u64>,
        /// As many as are known so far.
        files: u64,
        files_done: u64,
        /// Whether all is known.
        complete: bool,
    },
    /// An entry of a tree is done with; `path` is the name on the server.
    Item(Item<'a>),
    /// A tree has ended; `path` is its root on the server.
    Summary {
        command: &'a str,
        #[serde(flatten)]
        name: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        local: Option<String>,
        dry_run: bool,
        #[serde(flatten)]
        census: &'a Census,
        retries: u32,
        seconds: f64,
        exit: u8,
    },
    /// The connection was lost; it is tried again after `delay` seconds.
    Retrying {
        command: &'a str,
        #[serde(flatten)]
        name: Name,
        attempt: u32,
        delay: f64,
        message: String,
    },
    /// A wrong block was noticed and is asked for again.
    Mended {
        command: &'a str,
        #[serde(flatten)]
        name: Name,
        offset: u64,
    },
    /// A transfer has ended well; `path` is the name on the server.
    Done(Done<'a>),
    /// Something was left out, and why.
    Skipped {
        command: &'a str,
        #[serde(flatten)]
        name: Name,
        reason: &'a str,
    },
    /// A thing in a directory, or what `stat` tells.
    Entry(Listed<'a>),
    /// A file or directory is removed.
    Removed {
        #[serde(flatten)]
        name: Name,
    },
    /// A directory is made.
    Made {
        #[serde(flatten)]
        name: Name,
    },
    /// A file or directory has another name.
    Renamed {
        #[serde(flatten)]
        name: Name,
        #[serde(flatten)]
        to: NewName,
    },
    /// Where the interactive client stands, there and here.
    Directory {
        #[serde(flatten)]
        name: Name,
        local: String,
    },
    /// A local thing, listed by the interactive client.
    Local { name: String, kind: &'a str, size: u64 },
    /// Something failed.
    Error {
        #[serde(flatten)]
        name: Option<Name>,
        status: &'a str,
        message: String,
        exit: u8,
    },
}

/// What became of an entry of a tree, or what would.
#[derive(Debug, Serialize)]
pub(crate) struct Item<'a> {
    pub(crate) command: &'a str,
    #[serde(flatten)]
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    pub(crate) outcome: &'a str,
    pub(crate) moved: u64,
    pub(crate) reused: u64,
    /// The name it has got, where its own was taken.
    #[serde(flatten)]
    pub(crate) to: Option<NewName>,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
    /// Why it failed.
    #[serde(flatten)]
    pub(crate) failure: Option<ItemFailure>,
}

/// Why an entry of a tree failed.
#[derive(Debug, Serialize)]
pub(crate) struct ItemFailure {
    pub(crate) status: &'static str,
    pub(crate) message: String,
    pub(crate) exit: u8,
}

/// The end of a transfer.
#[derive(Debug, Serialize)]
pub(crate) struct Done<'a> {
    pub(crate) command: &'a str,
    #[serde(flatten)]
    pub(crate) name: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) local: Option<String>,
    pub(crate) size: u64,
    pub(crate) moved: u64,
    pub(crate) reused: u64,
    pub(crate) mended: u64,
    pub(crate) retries: u32,
    pub(crate) unchanged: bool,
    pub(crate) seconds: f64,
}

/// An entry of a store.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<'a> {
    #[serde(flatten)]
    name: Name,
    kind: Kind,
    size: u64,
    /// The permission bits in octal.
    mode: Option<String>,
    /// As RFC 3339 writes it, with all nanoseconds that are known.
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5: Option<&'a str>,
}

impl<'a> Listed<'a> {
    pub(crate) fn new(entry: &'a Entry, md5: Option<&'a str>) -> Self {
        let target = entry.target.as_ref().map(|target| target.as_bytes());
        Self {
            name: Name::from(&entry.path),
            kind: entry.kind,
            size: entry.size,
            mode: entry.mode.map(|mode| format!("{mode:04o}")),
            modified: entry.modified.and_then(rfc3339),
            revision: Some(entry.revision.as_str()),
            target: target.map(lossy),
            target_hex: target.and_then(hex),
            md5,
        }
    }

    /// An entry of a whole tree, of which no revision is told.
    pub(crate) fn of_a_tree(entry: &'a Entry) -> Self {
        Self { revision: None, ..Self::new(entry, None) }
    }
}

impl<'a> From<&'a Problem> for Event<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self::Error {
            name: problem.path.as_ref().map(Name::from),
            status: problem.status_word(),
            message: problem.to_string(),
            exit: problem.exit.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ftp::{LinkTarget, Revision};

    use super::*;
    use crate::exit::Exit;

    fn line(event: &Event<'_>) -> String {
        serde_json::to_string(event).unwrap()
    }

    fn name(path: &[u8]) -> Name {
        Name::from(&RemotePath::parse(path).unwrap())
    }

    #[test]
    fn a_finished_transfer_tells_what_moved_and_what_was_reused() {
        let done = Done {
            command: "get",
            name: name("报告.txt".as_bytes()),
            local: None,
            size: 5,
            moved: 2,
            reused: 3,
            mended: 0,
            retries: 1,
            unchanged: false,
            seconds: 0.25,
        };
        assert_eq!(
            line(&Event::Done(done)),
            r#"{"event":"done","command":"get","path":"报告.txt","size":5,"moved":2,"reused":3,"mended":0,"retries":1,"unchanged":false,"seconds":0.25}"#
        );
    }

    #[test]
    fn a_name_that_is_not_utf8_stands_there_in_hex_too() {
        let event = Event::Removed { name: name(b"a\xff") };
        assert_eq!(line(&event), r#"{"event":"removed","path":"a�","path_hex":"61ff"}"#);
    }

    #[test]
    fn a_serving_line_tells_address_root_and_rights() {
        let event = Event::Serving {
            address: "127.0.0.1:8484".into(),
            root: "/srv".into(),
            rights: &["read"],
            plain: true,
        };
        assert_eq!(
            line(&event),
            r#"{"event":"serving","address":"127.0.0.1:8484","root":"/srv","rights":["read"],"plain":true}"#
        );
    }

    #[test]
    fn an_error_carries_the_exit_code_and_the_name_if_there_is_one() {
        let problem = Problem::new(Exit::NotFound, "not found").on("get", "a");
        assert_eq!(
            line(&Event::from(&problem)),
            r#"{"event":"error","status":"not_found","message":"get a: not found","exit":3}"#
        );
        let problem = problem.path(&RemotePath::parse("a").unwrap());
        assert!(line(&Event::from(&problem)).starts_with(r#"{"event":"error","path":"a","#));
    }

    #[test]
    fn an_entry_tells_all_that_the_server_told() {
        let entry = Entry {
            path: RemotePath::parse("l").unwrap(),
            kind: Kind::Link,
            size: 0,
            mode: Some(0o777),
            modified: Timestamp::new(-1, 5),
            revision: Revision::new("r"),
            target: Some(LinkTarget::new(b"\xfe".to_vec())),
        };
        assert_eq!(
            line(&Event::Entry(Listed::new(&entry, None))),
            r#"{"event":"entry","path":"l","kind":"link","size":0,"mode":"0777","modified":"1969-12-31T23:59:59.000000005Z","revision":"r","target":"�","target_hex":"fe"}"#
        );
    }
}
