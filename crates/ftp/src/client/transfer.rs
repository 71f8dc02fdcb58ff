//! What a transfer is given, what it tells while it runs, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use super::ClientError;
use crate::content::Progress;
use crate::path::RemotePath;
use crate::store::Publish;

/// The local side of a transfer: a store as well, so that nothing half-written has the final name
/// here either.
#[derive(Debug)]
pub struct Local<'a, S> {
    /// The store.
    pub store: &'a Arc<S>,
    /// The file in it.
    pub path: &'a RemotePath,
}

/// How a transfer ends.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// What happens when the target exists. Default: the transfer fails.
    pub publish: Publish,
    /// Whether the content is to be on the disk, not only in the system's memory, before the
    /// transfer is done. Default: no.
    pub durable: bool,
}

/// What came of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfer {
    /// The name it has now at its target; not always the one that was asked for.
    pub path: RemotePath,
    /// The size of the whole content in bytes.
    pub size: u64,
    /// Bytes of content that came or went.
    pub moved: u64,
    /// Bytes that were right at the target already.
    pub reused: u64,
    /// Blocks that arrived damaged and were asked for again.
    pub mended: u64,
    /// How often it was tried anew.
    pub retries: u32,
    /// The target had the same size and modification time: nothing was done.
    pub unchanged: bool,
}

impl Transfer {
    pub(super) fn new(path: &RemotePath) -> Self {
        Self {
            path: path.clone(),
            size: 0,
            moved: 0,
            reused: 0,
            mended: 0,
            retries: 0,
            unchanged: false,
        }
    }
}

/// What happens during a transfer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// It begins, or begins anew after a [`Retrying`](Self::Retrying): counts start at nothing.
    Begun {
        /// The remote file.
        path: &'a RemotePath,
        /// Its size in bytes; not known of a stream.
        size: Option<u64>,
    },
    /// So many bytes were right at the target already.
    Reused {
        /// How many.
        bytes: u64,
    },
    /// So many bytes came or went.
    Moved {
        /// How many.
        bytes: u64,
    },
    /// A block arrived damaged and is asked for again.
    Mended {
        /// Where it is in the content.
        offset: u64,
    },
    /// It failed, and is tried again after a while.
    Retrying {
        /// Why it failed.
        error: &'a ClientError,
        /// The how-manieth try follows.
        attempt: u32,
        /// How long the while is.
        delay: Duration,
    },
}

/// Who wants to know what happens during a transfer.
pub trait Observer: Send + Sync {
    /// Something happened. Called from within the transfer: be quick.
    fn event(&self, event: Event<'_>);
}

/// Nobody wants to know.
impl Observer for () {
    fn event(&self, _: Event<'_>) {}
}

/// Hands the progress of one try on to an observer, and keeps count of how far it reached and of
/// what moved.
pub(super) fn report<'a>(
    observer: &'a dyn Observer,
    reached: &'a mut u64,
    moved: &'a mut u64,
) -> impl FnMut(Progress) + Send + 'a {
    move |progress| {
        observer.event(match progress {
            Progress::Reused(bytes) => {
                *reached += bytes;
                Event::Reused { bytes }
            }
            Progress::Moved(bytes) => {
                *reached += bytes;
                *moved += bytes;
                Event::Moved { bytes }
            }
            Progress::Mended(offset) => Event::Mended { offset },
        });
    }
}

/// A new name for an upload session: random enough that two clients never share one.
pub(super) fn session_name() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}
