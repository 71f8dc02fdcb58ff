//! Content on its way: one sender, one receiver, and the same code for both directions.
//!
//! ```text
//!              Outbox ── what is wanted ──▶ Pool ── read, digest ──▶ segment ─┐
//!  sender   ◀── want ───────────────────────────────────────────────────────  │  Line
//!  receiver    Plan ◀── what is missing ── Pool ◀── verify, write ◀── segment ◀┘
//! ```
//!
//! [`send()`] and [`receive()`] drive the two over a [`Line`](crate::line::Line); [`blocks`] holds
//! the work that blocks, done by the threads of a [`Pool`] a segment at a time.

mod arriving;
mod blocks;
mod chain;
mod outbox;
mod pool;
mod receive;
mod send;

use crate::path::RemotePath;
use crate::store::{Entry, Kind, NewUpload, Store, StoreError, Upload};
use crate::wire::Offer;

pub(crate) use arriving::{Arriving, Piece};
pub(crate) use blocks::{check_blocks, head_len, read_full};
pub(crate) use chain::Chain;
pub(crate) use outbox::Outbox;
pub use pool::Pool;
pub(crate) use receive::{Receipt, ReceiveError, Receiver, Receiving, receive};
pub(crate) use send::{
    Ready, SendEnd, Sending, Teller, ask_whether_unchanged, next_job, send, send_stream,
};

/// What a transfer reports while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// So many bytes were right already.
    Reused(u64),
    /// So many bytes came or went.
    Moved(u64),
    /// The block at this offset arrived damaged and is wanted again.
    Mended(u64),
}

/// Begins an upload; `None` if what is offered is there by now. An earlier try, which this one
/// took over, may have published it at the last moment: a commit goes on when its connection is
/// lost, and to begin waits for its end.
pub(crate) fn begin_unless_there<S: Store>(
    store: &S,
    path: &RemotePath,
    upload: &NewUpload<'_>,
    offer: &Offer,
) -> Result<Option<S::Upload>, StoreError> {
    let begun = store.begin(path, upload);
    let there = store.stat(path).is_ok_and(|there| same_content(&there, &offer.entry));
    if !there || offer.open_ended {
        return begun.map(Some);
    }
    if let Ok(upload) = begun {
        upload.discard()?;
    }
    Ok(None)
}

/// Whether two files are taken for the same without a look at their content: by size and
/// modification time.
pub(crate) fn same_content(one: &Entry, other: &Entry) -> bool {
    one.kind == Kind::File
        && other.kind == Kind::File
        && one.size == other.size
        && one.modified.is_some()
        && one.modified == other.modified
}
