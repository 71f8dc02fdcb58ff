use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::message::Route;
use super::socket::{Departure, Outgoing};

/// A datagram could not be queued for sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No datagram can be as long.
    #[error("a datagram of {found} bytes is longer than the {allowed} that are allowed")]
    TooLong {
        /// The length of the payload.
        found: usize,
        /// 65,507: what UDP over IPv4 has room for.
        allowed: usize,
    },
    /// Datagrams are queued faster than they can be sent.
    #[error("{bytes} bytes wait to be sent already, of {allowed} that are allowed")]
    QueueFull {
        /// How much is in the queue.
        bytes: usize,
        /// [`DatagramLimits::reply_queue_bytes`](crate::DatagramLimits#structfield.reply_queue_bytes).
        allowed: usize,
    },
    /// The server has stopped.
    #[error("the server has stopped")]
    Stopped,
}

/// The longest payload of a datagram: what UDP over IPv4 has room for.
const MAX_PAYLOAD_BYTES: usize = 65_507;

/// What each datagram counts for beyond its payload, so that empty ones are bounded too.
const OVERHEAD_BYTES: usize = size_of::<Departure>();

/// Datagrams that wait to be sent. All of a server's handlers fill it, and its driver empties it.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    allowed: usize,
}

#[derive(Debug, Default)]
struct Queue {
    mail: Mail,
    closed: bool,
}

/// Payloads in one buffer, and where they go: nothing is allocated for each of them.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    bytes: Vec<u8>,
    departures: Vec<Departure>,
}

impl Outbox {
    pub(crate) fn new(allowed: usize) -> Self {
        Self { queue: Mutex::default(), filled: Notify::new(), allowed }
    }

    pub(crate) fn push(&self, payload: &[u8], route: &Route, wake: bool) -> Result<(), SendError> {
        if payload.len() > MAX_PAYLOAD_BYTES {
            let found = payload.len();
            return Err(SendError::TooLong { found, allowed: MAX_PAYLOAD_BYTES });
        }
        let was_empty = {
            let mut queue = self.queue();
            if queue.closed {
                return Err(SendError::Stopped);
            }
            let bytes = queue.mail.weight();
            if bytes > 0 && bytes + payload.len() + OVERHEAD_BYTES > self.allowed {
                return Err(SendError::QueueFull { bytes, allowed: self.allowed });
            }
            queue.mail.push(payload, route);
            bytes == 0
        };
        if wake && was_empty {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits until something was queued with `wake`; at once if it was since the last time.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Exchanges what is queued for `empty`, whose memory is used again.
    pub(crate) fn take(&self, empty: &mut Mail) {
        std::mem::swap(&mut self.queue().mail, empty);
    }

    /// Takes nothing any more.
    pub(crate) fn close(&self) {
        self.queue().closed = true;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing is called under the lock that could panic halfway through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mail {
    /// What a buffer may keep after a burst.
    const KEPT_BYTES: usize = 256 * 1024;

    fn push(&mut self, payload: &[u8], route: &Route) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        let payload = start..self.bytes.len();
        self.departures.push(Departure { payload, route: route.clone() });
    }

    fn weight(&self) -> usize {
        self.bytes.len() + self.departures.len() * OVERHEAD_BYTES
    }

    pub(crate) fn len(&self) -> usize {
        self.departures.len()
    }

    /// All but the first `sent` datagrams.
    pub(crate) fn after(&self, sent: usize) -> Outgoing<'_> {
        Outgoing::new(&self.bytes, &self.departures[sent..])
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(Self::KEPT_BYTES);
        self.departures.clear();
        self.departures.shrink_to(Self::KEPT_BYTES / OVERHEAD_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Addr;

    #[test]
    fn the_queue_is_bounded_in_bytes_even_for_empty_datagrams() {
        let outbox = Outbox::new(10 * OVERHEAD_BYTES);
        let route = Route::to(Addr::named("peer"));
        for _ in 0..10 {
            outbox.push(b"", &route, false).unwrap();
        }
        let full = SendError::QueueFull { bytes: 10 * OVERHEAD_BYTES, allowed: outbox.allowed };
        assert_eq!(outbox.push(b"", &route, false), Err(full));
        let mut mail = Mail::default();
        outbox.take(&mut mail);
        assert_eq!(mail.len(), 10);
        outbox.push(b"", &route, false).unwrap();
    }

    #[test]
    fn one_datagram_always_has_room_but_not_one_that_is_too_long() {
        let outbox = Outbox::new(0);
        let route = Route::to(Addr::named("peer"));
        let too_long = SendError::TooLong { found: 65_508, allowed: 65_507 };
        assert_eq!(outbox.push(&[0; 65_508], &route, false), Err(too_long));
        outbox.push(&[0; 65_507], &route, false).unwrap();
        assert!(matches!(outbox.push(b"", &route, false), Err(SendError::QueueFull { .. })));
        outbox.close();
        assert_eq!(outbox.push(b"", &route, false), Err(SendError::Stopped));
    }

    #[test]
    fn memory_is_used_again_but_not_kept_after_a_burst() {
        let mut mail = Mail::default();
        let route = Route::to(Addr::named("peer"));
        for _ in 0..100 {
            mail.push(&[0; 65_507], &route);
        }
        let (payload, _) = mail.after(99).first();
        assert_eq!(payload.len(), 65_507);
        mail.clear();
        assert!(mail.bytes.capacity() <= Mail::KEPT_BYTES);
        assert_eq!(mail.len(), 0);
    }
}
