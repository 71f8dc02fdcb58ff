//! The threads and buffers that all transfers of a process share.

use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use proto::BLOCK_LEN;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::blocks::MAX_HEAD;
use crate::wire::MAX_SEGMENT_BLOCKS;

/// How many buffers of full size are kept for the next transfer: their pages are warm.
const MAX_SPARE: usize = 8;

/// A bounded number of blocking threads and a bounded amount of memory for content.
///
/// Memory is never waited for. A transfer that finds the budget used up goes on with a single
/// block at a time, so that ten thousand connections neither take ten thousand large buffers nor
/// wait for each other.
#[derive(Debug)]
pub struct Pool {
    jobs: Arc<Semaphore>,
    budget: Arc<Semaphore>,
    spare: Mutex<Vec<Vec<u8>>>,
}

impl Pool {
    /// The memory for content that a process has unless told otherwise: 32 MiB.
    pub const DEFAULT_BUDGET: usize = 32 * 1024 * 1024;

    /// A pool with `budget` bytes for buffers and `threads` jobs at a time.
    pub fn new(budget: usize, threads: usize) -> Arc<Self> {
        Arc::new(Self {
            jobs: Arc::new(Semaphore::new(threads.max(1))),
            budget: Arc::new(Semaphore::new(budget / BLOCK_LEN)),
            spare: Mutex::default(),
        })
    }

    /// The pool of this process: [`DEFAULT_BUDGET`](Self::DEFAULT_BUDGET), and four threads for
    /// each processor, since a thread may wait for a disk.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Pool>> = OnceLock::new();
        let threads = || std::thread::available_parallelism().map_or(4, |n| 4 * n.get());
        Arc::clone(SHARED.get_or_init(|| Self::new(Self::DEFAULT_BUDGET, threads())))
    }

    /// Runs a job that blocks.
    ///
    /// The job runs to its end even when the future is dropped.
    pub(crate) async fn run<T, F>(self: &Arc<Self>, job: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = Arc::clone(&self.jobs).acquire_owned().await;
        let permit = permit.expect("the semaphore of a pool is never closed");
        let job = tokio::task::spawn_blocking(move || {
            let result = job();
            drop(permit);
            result
        });
        match job.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is going down, and this future with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// A buffer for `len` bytes of content or less: at least one block, a multiple of blocks if
    /// it is less than `len`.
    pub(crate) fn buffer(self: &Arc<Self>, len: u64) -> Buffer {
        let wanted = crate::wire::blocks(len).clamp(1, MAX_SEGMENT_BLOCKS as u64) as u32;
        let permit = Arc::clone(&self.budget).try_acquire_many_owned(wanted).ok();
        let blocks = if permit.is_some() { wanted as usize } else { 1 };
        let room = MAX_HEAD + blocks * BLOCK_LEN;
        let spare = match blocks == MAX_SEGMENT_BLOCKS {
            true => self.spare.lock().expect("no holder panics").pop(),
            false => None,
        };
        let bytes = spare.unwrap_or_else(|| {
            // A small file needs a small buffer, not a whole block.
            let room = if wanted == 1 { MAX_HEAD + (len as usize).min(BLOCK_LEN) } else { room };
            vec![0; room]
        });
        Buffer { bytes, pool: Arc::clone(self), _permit: permit }
    }
}

/// Memory for one segment: room for its head, then for its content.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    pool: Arc<Pool>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Buffer {
    /// How much content it has room for.
    pub(crate) fn room(&self) -> usize {
        self.bytes.len() - MAX_HEAD
    }

    /// The room for content.
    pub(crate) fn content(&mut self) -> &mut [u8] {
        &mut self.bytes[MAX_HEAD..]
    }

    /// Head and content in one piece, as a segment's body: `head` is put before the content.
    pub(crate) fn into_body(mut self, head: &[u8], len: usize) -> Bytes {
        let start = MAX_HEAD - head.len();
        self.bytes[start..MAX_HEAD].copy_from_slice(head);
        Bytes::from_owner(self).slice(start..MAX_HEAD + len)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.room() == MAX_SEGMENT_BLOCKS * BLOCK_LEN {
            let mut spare = self.pool.spare.lock().expect("no holder panics");
            if spare.len() < MAX_SPARE {
                spare.push(std::mem::take(&mut self.bytes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: u64 = (MAX_SEGMENT_BLOCKS * BLOCK_LEN) as u64;

    #[test]
    fn a_used_up_budget_narrows_buffers_and_never_blocks() {
        let pool = Pool::new(2 * FULL as usize, 1);
        let full: Vec<_> = (0..2).map(|_| pool.buffer(FULL)).collect();
        assert!(full.iter().all(|buffer| buffer.room() as u64 == FULL));
        assert_eq!(pool.buffer(FULL).room(), BLOCK_LEN);
        drop(full);
        assert_eq!(pool.buffer(FULL).room() as u64, FULL);
    }

    #[test]
    fn a_small_file_takes_a_small_buffer() {
        assert_eq!(Pool::new(1 << 20, 1).buffer(10).room(), 10);
    }

    #[test]
    fn a_body_is_the_head_and_the_content_without_a_copy_of_either() {
        let pool = Pool::new(1 << 20, 1);
        let mut buffer = pool.buffer(5);
        buffer.content().copy_from_slice(b"hello");
        assert_eq!(buffer.into_body(b"head", 5), &b"headhello"[..]);
    }
}
