//! Why a conversation with one of the tutorial's programs failed.

use std::io;
use std::time::Duration;

use proto::DecodeError;

use crate::path::{PathError, safe};
use crate::store::StoreError;

/// Why a conversation with one of the tutorial's programs failed. It is over then: neither side
/// could tell where the next message begins.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClassicError {
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The peer closed the connection in the middle of a file.
    #[error("the connection was closed in the middle of a file")]
    Closed,
    /// The server closed the connection instead of answering, which is its way to say so.
    #[error("`{}` does not exist there: the server closed the connection", safe(name.as_bytes()))]
    NotFound {
        /// The name that was asked for.
        name: String,
    },
    /// The command does not fit into the one read that the originals make.
    #[error("a command of {found} bytes is too long: {allowed} are allowed")]
    CommandTooLong {
        /// The bytes of the command; of one that was received, as many as were looked at.
        found: usize,
        /// The most allowed.
        allowed: usize,
    },
    /// What follows a `put` is no size and header.
    #[error("no size and chunk header follow the name of a put")]
    NoSize,
    /// The name breaks the rules of the store.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The file is too large for the 32-bit size of this protocol.
    #[error("{size} bytes are too many: this protocol can announce {allowed}")]
    TooLarge {
        /// The file's size in bytes.
        size: u64,
        /// The largest size that can be announced.
        allowed: u64,
    },
    /// The size that was announced is below zero.
    #[error("the announced size {found} is negative")]
    NegativeSize {
        /// The size as announced.
        found: i32,
    },
    /// The header of a chunk cannot be read.
    #[error("chunk {0}")]
    Header(#[from] DecodeError),
    /// A chunk is longer than what is left of the file.
    #[error("a chunk of {found} bytes is longer than the {left} that are left of the file")]
    ChunkTooLong {
        /// The length of the chunk as announced.
        found: u64,
        /// What was left of the file.
        left: u64,
    },
    /// What arrived is not what was sent.
    #[error("the chunk at byte {offset} is not what its MD5 says")]
    Corrupt {
        /// Where in the file the chunk begins.
        offset: u64,
    },
    /// The file changed while it was read.
    #[error("the file changed while it was read")]
    Changed,
    /// Nothing came or went for too long.
    #[error("nothing came or went for {} s", after.as_secs())]
    Stalled {
        /// For how long.
        after: Duration,
    },
    /// The server did not say that it stored the file: a chunk arrived damaged there, or the file
    /// could not be written.
    #[error("the server did not confirm the upload{}", Said(said))]
    Unconfirmed {
        /// What it said instead.
        said: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The end of a sentence about what a peer said.
struct Said<'a>(&'a str);

impl std::fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            "" => Ok(()),
            said => write!(f, ", but said `{}`", safe(said.as_bytes())),
        }
    }
}
