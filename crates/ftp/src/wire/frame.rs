//! The headers, one type a frame.

use proto::{Algorithm, Header};
use serde::{Deserialize, Serialize};

use super::{
    Choose, Failure, GetTree, Prune, PutTree, RangeList, RemoveTree, Settled, SmallFile, Status,
    TreeEntries, Walked,
};
use crate::path::RemotePath;
use crate::store::{Entry, Publish, Published, Revision};

/// Every header of the file service, told apart by `"type"`.
///
/// `id` is the request's: the client counts up, and all frames of one request carry its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame {
    /// Asks for a file's content.
    Get(Get),
    /// Announces a file's content.
    Put(Put),
    /// Asks what a directory holds.
    List(List),
    /// Asks what is known of one name.
    Stat(Stat),
    /// Makes a directory.
    Mkdir(MakeDirectory),
    /// Removes a file, a link or an empty directory.
    Remove(Remove),
    /// Renames within the root.
    Rename(Rename),
    /// Asks for a whole tree.
    GetTree(GetTree),
    /// Announces a whole tree.
    PutTree(PutTree),
    /// Removes a whole tree.
    RemoveTree(RemoveTree),
    /// Ends one request early.
    Cancel(Cancel),

    /// Sender: what there is.
    Entry(Offer),
    /// Sender: block digests that were wanted.
    Digests(Digests),
    /// Sender: content that was wanted.
    Segment(Segment),
    /// Sender: all that was wanted is sent.
    Sent(Sent),
    /// Receiver: what is to be sent.
    Want(Want),
    /// Receiver: published, nothing more is wanted.
    Got(Got),

    /// Sender of a tree: a piece of the walk.
    TreeEntries(TreeEntries),
    /// Sender of a tree: that was all.
    Walked(Walked),
    /// Sender of a tree: a small file.
    File(SmallFile),
    /// Receiver of a tree: what is wanted of it.
    Choose(Choose),
    /// Receiver of a tree: what is not to be walked.
    Prune(Prune),
    /// Server: what became of entries.
    Settled(Settled),

    /// Server: a piece of a listing.
    Entries(Entries),
    /// Server: the request is over.
    End(End),
    /// Either side: are you there?
    Ping(Ping),
    /// Either side: yes.
    Pong(Ping),
}

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The `type` of its frame.
    pub(crate) verb: &'static str,
    pub(crate) path: &'a RemotePath,
    /// The other path of a `rename`.
    pub(crate) to: Option<&'a RemotePath>,
    /// Whether it asks for a change; else it only reads.
    pub(crate) changes: bool,
}

/// Asks for a file's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Get {
    /// The request.
    pub id: u64,
    /// The file.
    pub path: RemotePath,
    /// Content of at most this many bytes may follow its entry unasked: small files cost no
    /// second round trip.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub eager: u64,
    /// Only while it still is this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

/// Announces a file's content; its [`Offer`] follows at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Put {
    /// The request.
    pub id: u64,
    /// The name under which it is to be published.
    pub path: RemotePath,
    /// What happens when something is there already.
    pub publish: Publish,
    /// A random word of the client's for this upload: a reconnecting client takes its own upload
    /// over with it, another client is told that the name is busy.
    pub session: String,
    /// Whether the content is to be on the disk, not only in the system's memory, before the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub durable: bool,
}

/// Asks what a directory holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List {
    /// The request.
    pub id: u64,
    /// The directory; empty is the root.
    pub path: RemotePath,
}

/// Asks what is known of one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stat {
    /// The request.
    pub id: u64,
    /// The name.
    pub path: RemotePath,
    /// Also the digest of the whole content as one stream, as `md5sum` prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Algorithm>,
}

/// Makes a directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MakeDirectory {
    /// The request.
    pub id: u64,
    /// Its name.
    pub path: RemotePath,
    /// Also make what is missing on the way, and do not mind when it is there already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parents: bool,
}

/// Removes a file, a link or an empty directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remove {
    /// The request.
    pub id: u64,
    /// Its name.
    pub path: RemotePath,
}

/// Renames within the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rename {
    /// The request.
    pub id: u64,
    /// The name it has.
    pub path: RemotePath,
    /// The name it gets.
    pub to: RemotePath,
    /// What happens when something has that name already.
    pub publish: Publish,
}

/// Ends one request early; it is still answered by its `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// The request.
    pub id: u64,
}

/// What a sender has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// The request.
    pub id: u64,
    /// Which entry of the request, counted from 0.
    #[serde(default)]
    pub n: u64,
    /// The entry. Its size is not known yet where `open_ended` says so.
    pub entry: Entry,
    /// The content comes from a stream: its size is told by `sent`, and nothing can be asked for
    /// twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open_ended: bool,
}

/// Block digests of a part of the content; the body holds them one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// The request.
    pub id: u64,
    /// Which entry.
    #[serde(default)]
    pub n: u64,
    /// Where the part begins: a multiple of the block length.
    pub offset: u64,
    /// How long the part is.
    pub length: u64,
    /// How many bytes of digests the body has.
    pub body: u32,
}

/// A part of the content; the body holds the digests of its blocks, then the content.
///
/// ```text
/// +------------------------+---------------------------------------------+
/// | head: block digests    | content: `length` bytes                     |
/// +------------------------+---------------------------------------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The request.
    pub id: u64,
    /// Which entry.
    #[serde(default)]
    pub n: u64,
    /// Where the content belongs: a multiple of the block length.
    pub offset: u64,
    /// How many bytes of content.
    pub length: u32,
    /// How many bytes of digests stand before it.
    pub head: u32,
}

/// All that was wanted of an entry is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// The request.
    pub id: u64,
    /// Which entry.
    #[serde(default)]
    pub n: u64,
    /// The size of the whole content.
    pub size: u64,
    /// How many wants the sender has seen: tells a `sent` that crossed a want on its way from one
    /// that answers it.
    #[serde(default)]
    pub wants: u32,
    /// The digest, in hex, over the entry and the heads of all frames sent for it.
    pub chain: String,
    /// Why the entry is void: the source changed or could not be read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What is to be sent; the body is a [`RangeList`]: first the ranges whose digests are wanted,
/// then those whose content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// The request.
    pub id: u64,
    /// Which entry.
    #[serde(default)]
    pub n: u64,
    /// How many ranges of digests.
    #[serde(default)]
    pub digests: u32,
    /// How many ranges of content.
    #[serde(default)]
    pub content: u32,
    /// Nothing more will be wanted, unless something arrives damaged: `sent` may follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
}

/// The receiver is done with the entry: it has published it, or in a tree given it up. The number
/// after the last entry of a tree means the whole tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Got {
    /// The request.
    pub id: u64,
    /// Which entry.
    #[serde(default)]
    pub n: u64,
}

/// A piece of a listing; the body is one JSON [`Entry`] a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// The request.
    pub id: u64,
    /// The length of the body.
    pub body: u32,
}

/// The request is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The request.
    pub id: u64,
    /// How.
    pub status: Status,
    /// Why, when not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `stat`: what there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// `stat`: the digest of the whole content, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// `put`, `rename`: the name and revision it now has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// `put`: the same content was there already, by size and modification time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
}

/// A sign of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {}

impl Frame {
    /// The request the frame belongs to; a sign of life belongs to none.
    pub fn id(&self) -> Option<u64> {
        Some(match self {
            Self::Get(frame) => frame.id,
            Self::Put(frame) => frame.id,
            Self::List(frame) => frame.id,
            Self::Stat(frame) => frame.id,
            Self::Mkdir(frame) => frame.id,
            Self::Remove(frame) => frame.id,
            Self::Rename(frame) => frame.id,
            Self::GetTree(frame) => frame.id,
            Self::PutTree(frame) => frame.id,
            Self::RemoveTree(frame) => frame.id,
            Self::Cancel(frame) => frame.id,
            Self::Entry(frame) => frame.id,
            Self::Digests(frame) => frame.id,
            Self::Segment(frame) => frame.id,
            Self::Sent(frame) => frame.id,
            Self::Want(frame) => frame.id,
            Self::Got(frame) => frame.id,
            Self::TreeEntries(frame) => frame.id,
            Self::Walked(frame) => frame.id,
            Self::File(frame) => frame.id,
            Self::Choose(frame) => frame.id,
            Self::Prune(frame) => frame.id,
            Self::Settled(frame) => frame.id,
            Self::Entries(frame) => frame.id,
            Self::End(frame) => frame.id,
            Self::Ping(_) | Self::Pong(_) => return None,
        })
    }

    /// What the frame asks for, if it begins a request.
    pub(crate) fn subject(&self) -> Option<Subject<'_>> {
        let (verb, path, to, changes) = match self {
            Self::Get(frame) => ("get", &frame.path, None, false),
            Self::List(frame) => ("list", &frame.path, None, false),
            Self::Stat(frame) => ("stat", &frame.path, None, false),
            Self::GetTree(frame) => ("get_tree", &frame.path, None, false),
            Self::Put(frame) => ("put", &frame.path, None, true),
            Self::PutTree(frame) => ("put_tree", &frame.path, None, true),
            Self::RemoveTree(frame) => ("remove_tree", &frame.path, None, true),
            Self::Mkdir(frame) => ("mkdir", &frame.path, None, true),
            Self::Remove(frame) => ("remove", &frame.path, None, true),
            Self::Rename(frame) => ("rename", &frame.path, Some(&frame.to), true),
            _ => return None,
        };
        Some(Subject { verb, path, to, changes })
    }

    /// Whether the frame begins a request.
    pub fn is_request(&self) -> bool {
        self.subject().is_some()
    }
}

impl Header for Frame {
    fn body_len(&self) -> u64 {
        match self {
            Self::Digests(frame) => u64::from(frame.body),
            Self::Segment(frame) => u64::from(frame.head) + u64::from(frame.length),
            Self::Want(frame) => {
                let count = u64::from(frame.digests) + u64::from(frame.content);
                count * RangeList::body_len(1) as u64
            }
            Self::Entries(frame) => u64::from(frame.body),
            Self::TreeEntries(frame) => u64::from(frame.body),
            Self::File(frame) => u64::from(frame.head) + u64::from(frame.length),
            Self::Choose(frame) => 8 * (u64::from(frame.whole) + u64::from(frame.compare)),
            Self::Settled(frame) => u64::from(frame.body),
            _ => 0,
        }
    }
}

impl End {
    /// The end of a request that went well.
    pub fn ok(id: u64) -> Self {
        Self {
            id,
            status: Status::Ok,
            message: None,
            entry: None,
            digest: None,
            published: None,
            unchanged: false,
        }
    }

    /// The end of a request that failed.
    pub fn failed(id: u64, failure: Failure) -> Self {
        Self { status: failure.status, message: Some(failure.message), ..Self::ok(id) }
    }

    /// The failure it tells of, if it does.
    pub fn failure(&self) -> Option<Failure> {
        let message = || self.message.clone().unwrap_or_else(|| format!("{:?}", self.status));
        (self.status != Status::Ok).then(|| Failure::new(self.status, message()))
    }
}

pub(super) fn is_zero(value: &u64) -> bool {
    *value == 0
}
