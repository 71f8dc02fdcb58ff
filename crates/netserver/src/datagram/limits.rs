use std::num::NonZeroUsize;
use std::time::Duration;

/// How much a datagram server holds at once.
///
/// ```
/// use netserver::DatagramLimits;
///
/// let limits = DatagramLimits::default().max_payload_bytes(1200).queue_datagrams(10_000);
/// assert_eq!(limits.batch_datagrams, 32);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatagramLimits {
    /// The longest datagram that handlers get to see, in bytes; default 65,535, the most there is.
    ///
    /// A longer one is dropped and counted as oversized, because a message that was cut is not the
    /// message that was sent. Lower it to what the protocol allows, and the buffers are smaller:
    /// a batch's worth of it.
    pub max_payload_bytes: usize,
    /// How many datagrams are received by one call; default 32, which is the most, at least 1.
    ///
    /// It is where further gains become too small to measure. Handlers in line answer a whole
    /// batch before its replies leave together.
    pub batch_datagrams: usize,
    /// How many datagrams wait for a handler, for each shard or for the whole server as
    /// [`Dispatch`] says; default 1,024.
    ///
    /// One more is dropped and counted. A queue evens out bursts; a long one would but answer
    /// those who have stopped waiting. In line there is none but the kernel's.
    pub queue_datagrams: usize,
    /// How many bytes those may take, the bookkeeping included; default 4 MiB.
    pub queue_bytes: usize,
    /// How many bytes wait to be sent, the bookkeeping included; default 4 MiB.
    ///
    /// Beyond it a handler's [`send`](crate::Responder::send) fails, and the reply is counted as
    /// unsent. One datagram always has room.
    pub reply_queue_bytes: usize,
    /// From asking the handlers to stop to cutting them off; default 10 s, as for connections.
    ///
    /// What waits in a queue by then is still served.
    pub drain_deadline: Duration,
}

impl Default for DatagramLimits {
    fn default() -> Self {
        Self {
            max_payload_bytes: 65_535,
            batch_datagrams: Self::MAX_BATCH,
            queue_datagrams: 1024,
            queue_bytes: 4 * 1024 * 1024,
            reply_queue_bytes: 4 * 1024 * 1024,
            drain_deadline: Duration::from_secs(10),
        }
    }
}

impl DatagramLimits {
    /// The largest batch.
    pub(crate) const MAX_BATCH: usize = 32;

    /// Sets [`max_payload_bytes`](Self#structfield.max_payload_bytes); at most 65,535.
    #[must_use]
    pub fn max_payload_bytes(mut self, bytes: usize) -> Self {
        self.max_payload_bytes = bytes.min(65_535);
        self
    }

    /// Sets [`batch_datagrams`](Self#structfield.batch_datagrams), between 1 and 32.
    #[must_use]
    pub fn batch_datagrams(mut self, count: usize) -> Self {
        self.batch_datagrams = count.clamp(1, Self::MAX_BATCH);
        self
    }

    /// Sets [`queue_datagrams`](Self#structfield.queue_datagrams); 0 counts as 1.
    #[must_use]
    pub fn queue_datagrams(mut self, count: usize) -> Self {
        self.queue_datagrams = count.max(1);
        self
    }

    /// Sets [`queue_bytes`](Self#structfield.queue_bytes); one datagram always has room.
    #[must_use]
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Sets [`reply_queue_bytes`](Self#structfield.reply_queue_bytes).
    #[must_use]
    pub fn reply_queue_bytes(mut self, bytes: usize) -> Self {
        self.reply_queue_bytes = bytes;
        self
    }

    /// Sets [`drain_deadline`](Self#structfield.drain_deadline).
    #[must_use]
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.drain_deadline = deadline;
        self
    }
}

/// Where handlers run, and which of them at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dispatch {
    /// One after the other, where the datagrams are received; the default.
    ///
    /// Nothing is faster for handlers that compute an answer and return. One that waits keeps
    /// everybody waiting.
    #[default]
    InLine,
    /// In this many tasks, each serving some of the peers: a peer's datagrams are handled one
    /// after the other, in the order in which they came.
    Sharded(NonZeroUsize),
    /// Each in a task of its own, at most this many at a time, in no order. For handlers that wait
    /// for something else than the processor.
    Spawned(NonZeroUsize),
    /// The same on threads that may block; it is what Python's `ThreadingUDPServer` does, with a
    /// limit. The threads are those of [`tokio::task::spawn_blocking`].
    Blocking(NonZeroUsize),
}

impl Dispatch {
    /// [`Sharded`](Self::Sharded) into `shards`; 0 counts as 1.
    #[must_use]
    pub fn sharded(shards: usize) -> Self {
        Self::Sharded(at_least_one(shards))
    }

    /// [`Spawned`](Self::Spawned), at most `tasks` at a time; 0 counts as 1.
    #[must_use]
    pub fn spawned(tasks: usize) -> Self {
        Self::Spawned(at_least_one(tasks))
    }

    /// [`Blocking`](Self::Blocking), at most `threads` at a time; 0 counts as 1.
    #[must_use]
    pub fn blocking(threads: usize) -> Self {
        Self::Blocking(at_least_one(threads))
    }
}

fn at_least_one(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}
