//! What client and server say to each other once the hellos are exchanged.
//!
//! ```text
//! client                                     server
//!   hello ───────────────────────────────────▶
//!   get{id} ─────────────────────────────────▶          the first request does not wait
//!   ◀─────────────────────────────────── welcome
//!   ◀──────────────────────────────── entry{id}          what there is
//!   want{id} ────────────────────────────────▶          what of it is missing here
//!   ◀────────────── digests{id} · segment{id}…
//!   ◀───────────────────────────────── sent{id}          proof over all that was sent
//!   got{id} ─────────────────────────────────▶          published
//!   ◀────────────────────────────── end{id, ok}
//! ```
//!
//! `put` is the same with the roles of sender and receiver exchanged; its answer is the `end`.
//!
//! A conversation that cannot go on, after a frame that is none for example, is ended by an `end`
//! of request 0, which no client makes: it says why, and a close follows.

mod frame;
mod ranges;
mod status;
mod tree;

pub(crate) use frame::Subject;
pub use frame::{
    Cancel, Digests, End, Entries, Frame, Get, Got, List, MakeDirectory, Offer, Ping, Put, Remove,
    Rename, Segment, Sent, Stat, Want,
};
pub use ranges::{Range, RangeList, RangesError};
pub use status::{Failure, Status};
pub use tree::{
    ChoiceError, Choose, Extras, GetTree, MAX_OPEN, MAX_SMALL_LEN, MAX_UNSETTLED, Prune, PutTree,
    RemoveTree, Settled, SettledLine, SmallFile, TreeEntries, TreeLine, TreeRules, Walked,
    WireName,
};

/// The name of this service in the hello.
pub const SERVICE: &str = "ftp";

/// How many requests a client may have unanswered at a time.
pub const MAX_IN_FLIGHT: usize = 64;

/// How many blocks one segment carries at the most: as many as the digests' lanes take at once.
pub const MAX_SEGMENT_BLOCKS: usize = 32;

/// The most content one segment carries, in bytes: 2 MiB.
pub const MAX_SEGMENT_LEN: usize = MAX_SEGMENT_BLOCKS * proto::BLOCK_LEN;

/// How many blocks one frame of digests speaks of at the most: 32 MiB of content.
pub const MAX_DIGEST_BLOCKS: usize = 512;

/// How many ranges one want may name.
pub const MAX_WANT_RANGES: usize = 4096;

/// The longest body of a piece of a listing, in bytes.
pub const MAX_LISTING_LEN: usize = 256 * 1024;

/// How many blocks of 64 KiB hold `len` bytes.
pub fn blocks(len: u64) -> u64 {
    len.div_ceil(proto::BLOCK_LEN as u64)
}
