//! The frames of whole trees, and the lines in their bodies.
//!
//! ```text
//! sender                                    receiver
//!   tree_entries{n, count} ─────────────────▶   what there is, parents first
//!   ◀──────────────── choose{upto, whole, compare}   what of it is wanted
//!   file{n} ────────────────────────────────▶   a small file, in one frame
//!   entry{n}, segment{n}…, sent{n} ─────────▶   any other, as in `get` and `put`
//!   ◀─────────────────────── want{n}, got{n}
//!   walked{count} ──────────────────────────▶   there is no more
//!   ◀──────────────────── got{count} or end
//! ```
//!
//! Entries are numbered in the order of the walk: a directory comes before what is in it, and the
//! names in it come in the order of their bytes. A line tells only the depth and the name, so a
//! sender cannot speak of a directory that it did not announce.

use serde::{Deserialize, Serialize};

use super::{Failure, Status};
use crate::path::{RemotePath, deserialize_bytes, serialize_bytes};
use crate::store::{Kind, LinkTarget, Publish, Timestamp};
use crate::tree::Outcome;

/// How many entries may be announced and not yet settled.
pub const MAX_UNSETTLED: u64 = 16 * 1024;

/// A file of at most this many bytes travels in one frame: 256 KiB.
pub const MAX_SMALL_LEN: u64 = 256 * 1024;

/// How many files of a tree may be open at a time, beside the small ones.
pub const MAX_OPEN: usize = 8;

/// Asks for a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GetTree {
    /// The request.
    pub id: u64,
    /// Its root: a directory, or a single file or link.
    pub path: RemotePath,
    /// Whether the digests of small files are to come with their entries.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub digests: bool,
}

/// Announces a tree, whose entries follow at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PutTree {
    /// The request.
    pub id: u64,
    /// Where its root is to be. The directory above it exists.
    pub path: RemotePath,
    /// A random word of the client's for its uploads, as in `put`.
    pub session: String,
    /// What is done with it.
    #[serde(flatten)]
    pub rules: TreeRules,
}

/// What a receiver of a tree does with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeRules {
    /// What happens to names that are taken by something different.
    pub publish: Publish,
    /// Whether content is to be on the disk before an entry is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub durable: bool,
    /// Whether files are compared by their content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checksum: bool,
    /// What happens to what the source does not have.
    #[serde(default, skip_serializing_if = "Extras::are_left")]
    pub extras: Extras,
    /// Whether nothing is changed, and only told what would be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What happens to what is in the target and not in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extras {
    /// Nothing.
    #[default]
    Leave,
    /// It is told, for the client to decide.
    Tell,
    /// It is removed.
    Delete,
}

impl Extras {
    fn are_left(&self) -> bool {
        *self == Self::Leave
    }
}

/// Removes whatever a path names, with all beneath it. What became of it is told by `settled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoveTree {
    /// The request.
    pub id: u64,
    /// What.
    pub path: RemotePath,
}

/// Sender: a piece of the walk; the body holds one [`TreeLine`] in JSON a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntries {
    /// The request.
    pub id: u64,
    /// The number of the first entry.
    #[serde(default)]
    pub n: u64,
    /// How many entries.
    pub count: u32,
    /// The length of the body.
    pub body: u32,
    /// The digest of the body, in hex.
    pub digest: String,
}

/// Sender: nothing more is in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walked {
    /// The request.
    pub id: u64,
    /// How many entries there were.
    pub count: u64,
}

/// Receiver: what is wanted of all entries below `upto` that it has not spoken of before; the
/// body holds the numbers (u64 LE) of those wanted whole, then of those to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choose {
    /// The request.
    pub id: u64,
    /// The first entry that is not decided on.
    pub upto: u64,
    /// How many small files are wanted whole.
    #[serde(default)]
    pub whole: u32,
    /// How many files are to be offered, for the receiver to say what of them it wants.
    #[serde(default)]
    pub compare: u32,
}

/// Receiver: nothing beneath this directory is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prune {
    /// The request.
    pub id: u64,
    /// The directory.
    pub n: u64,
}

/// Sender: a small file, or why there is none; the body is as that of a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmallFile {
    /// The request.
    pub id: u64,
    /// Which entry.
    pub n: u64,
    /// How many bytes of content: all there are.
    #[serde(default)]
    pub length: u32,
    /// How many bytes of digests stand before it.
    #[serde(default)]
    pub head: u32,
    /// The permission bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The modification time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
    /// The digest, in hex, over all of this, the name and the head.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub proof: String,
    /// Why the file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Server: what became of entries; the body holds one [`SettledLine`] in JSON a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The request.
    pub id: u64,
    /// The length of the body.
    pub body: u32,
}

/// A name as it travels: a string when it is UTF-8, else `{"hex": "…"}`. It may be no name at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireName(pub Box<[u8]>);

impl Serialize for WireName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_bytes(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for WireName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(deserialize_bytes(deserializer)?.into()))
    }
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeLine {
    /// How far below the root of the tree it is; only the root itself has depth 0.
    pub depth: u32,
    /// Its name in the directory above, which is the last with that depth less one; the root's is
    /// empty.
    pub name: WireName,
    /// What it is.
    pub kind: Kind,
    /// A file's length in bytes.
    #[serde(default, skip_serializing_if = "super::frame::is_zero")]
    pub size: u64,
    /// The permission bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The modification time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
    /// What a link leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<LinkTarget>,
    /// The digest of a small file, in hex: that of the digests of its blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Why it cannot be read; nothing of it is wanted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Failure>,
    /// It is no entry: the directory last told at this depth could not be listed to its end, for
    /// the reason in `problem`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// An earlier try has settled it: it is left as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// It does not take part: it is there, and only to be left alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
}

impl TreeLine {
    /// An entry of which only the kind is known.
    pub fn new(depth: u32, name: &[u8], kind: Kind) -> Self {
        Self {
            depth,
            name: WireName(name.into()),
            kind,
            size: 0,
            mode: None,
            modified: None,
            target: None,
            digest: None,
            problem: None,
            incomplete: false,
            done: false,
            apart: false,
        }
    }
}

/// What became of one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledLine {
    /// The entry; without it, the one in `path`, which the sender does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Where it is, from the root of the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<RemotePath>,
    /// What `path` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What became of it; without one there is nothing to tell. Of a `path`: it is not in the
    /// source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Bytes of its content that were right already.
    #[serde(default, skip_serializing_if = "super::frame::is_zero")]
    pub reused: u64,
}

/// Why the numbers in a `choose` make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// It goes back, or beyond what was announced.
    #[error("entries are decided on up to {upto}, where {known:?} can be")]
    Upto {
        /// Up to where.
        upto: u64,
        /// What could have been said.
        known: std::ops::RangeInclusive<u64>,
    },
    /// An entry is wanted that is no file, or was decided on before.
    #[error("entry {n} was wanted, which cannot be")]
    Number {
        /// Which.
        n: u64,
    },
}

impl From<ChoiceError> for Failure {
    fn from(error: ChoiceError) -> Self {
        Self::new(Status::BadRequest, error.to_string())
    }
}
