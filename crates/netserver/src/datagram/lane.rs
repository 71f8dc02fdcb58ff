use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::Notify;

use super::limits::DatagramLimits;
use super::message::{Datagram, Route};

/// A datagram that waits for a handler, with a buffer of its own.
#[derive(Debug)]
pub(crate) struct Parcel {
    payload: Vec<u8>,
    route: Route,
    received_at: Option<SystemTime>,
}

impl Parcel {
    pub(crate) fn datagram(&self) -> Datagram<'_> {
        let Self { payload, route, received_at } = self;
        Datagram { payload, route, received_at: *received_at }
    }

    fn weight(&self) -> usize {
        size_of::<Self>() + self.payload.len()
    }
}

/// What the lane did with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It waits, and a worker will come to it.
    Queued,
    /// It waits, and another worker is to be started for it.
    WorkerWanted,
    /// There was no room.
    Dropped,
}

/// A bounded queue of datagrams between the driver and its workers.
///
/// Workers come in two kinds: those that stay, one for each lane, and wait for
/// [`next`](Self::next); and those that are started when they are wanted, and end when
/// [`next_or_leave`](Self::next_or_leave) finds nothing.
#[derive(Debug)]
pub(crate) struct Lane {
    queue: Mutex<Queue>,
    more: Notify,
    max_workers: usize,
    max_parcels: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Queue {
    parcels: VecDeque<Parcel>,
    bytes: usize,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    workers: usize,
    closed: bool,
}

impl Lane {
    /// A buffer that has grown larger is not kept.
    const SPARE_BYTES: usize = 4096;
    const MAX_SPARE: usize = 64;

    /// A lane with one worker, which stays.
    pub(crate) fn staffed(limits: &DatagramLimits) -> Self {
        Self::new(limits, 1, 1)
    }

    /// A lane for at most `max_workers`, of which there are none yet.
    pub(crate) fn unstaffed(limits: &DatagramLimits, max_workers: usize) -> Self {
        Self::new(limits, max_workers, 0)
    }

    fn new(limits: &DatagramLimits, max_workers: usize, workers: usize) -> Self {
        let queue = Queue {
            parcels: VecDeque::new(),
            bytes: 0,
            spare: Vec::with_capacity(Self::MAX_SPARE),
            workers,
            closed: false,
        };
        Self {
            queue: Mutex::new(queue),
            more: Notify::new(),
            max_workers,
            max_parcels: limits.queue_datagrams,
            max_bytes: limits.queue_bytes,
        }
    }

    /// Copies a datagram into the queue, if there is room.
    pub(crate) fn offer(&self, datagram: Datagram<'_>) -> Offer {
        let mut queue = self.queue();
        let Datagram { payload, route, received_at } = datagram;
        let weight = size_of::<Parcel>() + payload.len();
        let has_bytes = queue.bytes == 0 || queue.bytes + weight <= self.max_bytes;
        if queue.parcels.len() >= self.max_parcels || !has_bytes {
            return Offer::Dropped;
        }
        let mut buffer = queue.spare.pop().unwrap_or_default();
        buffer.extend_from_slice(payload);
        queue.bytes += weight;
        queue.parcels.push_back(Parcel { payload: buffer, route: route.clone(), received_at });
        if queue.workers < self.max_workers {
            queue.workers += 1;
            return Offer::WorkerWanted;
        }
        drop(queue);
        self.more.notify_one();
        Offer::Queued
    }

    /// The next datagram for the worker that stays; `None` when the lane is closed and empty.
    pub(crate) async fn next(&self) -> Option<Parcel> {
        loop {
            {
                let mut queue = self.queue();
                if let Some(parcel) = queue.pop() {
                    return Some(parcel);
                }
                if queue.closed {
                    return None;
                }
            }
            self.more.notified().await;
        }
    }

    /// The next datagram; if there is none, the worker is not counted any more and must end.
    pub(crate) fn next_or_leave(&self) -> Option<Parcel> {
        let mut queue = self.queue();
        let parcel = queue.pop();
        if parcel.is_none() {
            queue.workers -= 1;
        }
        parcel
    }

    /// Takes back a datagram's buffer.
    pub(crate) fn done(&self, parcel: Parcel) {
        let mut buffer = parcel.payload;
        buffer.clear();
        let mut queue = self.queue();
        if queue.spare.len() < Self::MAX_SPARE && buffer.capacity() <= Self::SPARE_BYTES {
            queue.spare.push(buffer);
        }
    }

    /// Lets the worker that stays end when it has done what is left.
    pub(crate) fn close(&self) {
        self.queue().closed = true;
        self.more.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing is called under the lock that could panic halfway through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn pop(&mut self) -> Option<Parcel> {
        let parcel = self.parcels.pop_front()?;
        self.bytes -= parcel.weight();
        Some(parcel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Addr;

    fn offer(lane: &Lane, payload: &[u8]) -> Offer {
        let route = Route::to(Addr::named("peer"));
        lane.offer(Datagram { payload, route: &route, received_at: None })
    }

    #[test]
    fn workers_are_wanted_up_to_the_limit_and_leave_when_there_is_nothing_to_do() {
        let lane = Lane::unstaffed(&DatagramLimits::default(), 2);
        let offers: Vec<Offer> = (0..3).map(|_| offer(&lane, b"")).collect();
        assert_eq!(offers, [Offer::WorkerWanted, Offer::WorkerWanted, Offer::Queued]);
        for _ in 0..3 {
            lane.done(lane.next_or_leave().unwrap());
        }
        assert!(lane.next_or_leave().is_none());
        assert_eq!(offer(&lane, b""), Offer::WorkerWanted);
    }

    #[test]
    fn there_is_room_for_so_many_datagrams_and_bytes() {
        let limits = DatagramLimits::default().queue_datagrams(3);
        let lane = Lane::staffed(&limits);
        assert_eq!(std::array::from_fn(|_| offer(&lane, b"x")), [Offer::Queued; 3]);
        assert_eq!(offer(&lane, b""), Offer::Dropped);

        let lane = Lane::staffed(&limits.queue_bytes(1000));
        assert_eq!(offer(&lane, &[0; 5000]), Offer::Queued, "one always has room");
        assert_eq!(offer(&lane, b""), Offer::Dropped);
        let parcel = lane.queue().pop().unwrap();
        lane.done(parcel);
        assert_eq!(lane.queue().bytes, 0);
        assert!(lane.queue().spare.is_empty(), "large buffers are not kept");
    }

    #[tokio::test]
    async fn a_closed_lane_is_emptied_first() {
        let lane = Lane::staffed(&DatagramLimits::default());
        offer(&lane, b"last");
        lane.close();
        assert_eq!(lane.next().await.unwrap().datagram().payload(), b"last");
        assert!(lane.next().await.is_none());
    }
}
