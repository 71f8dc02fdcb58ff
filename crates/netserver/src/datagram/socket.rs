use std::future::Future;
use std::io;
use std::ops::Range;
use std::time::SystemTime;

use super::message::{Datagram, Route};
use crate::Addr;

/// Where datagrams come from and go to: a UDP port, a Unix socket, memory, a simulated network.
///
/// ```
/// use std::io;
///
/// use netserver::{Addr, DatagramSocket, Incoming, Outgoing, Route};
///
/// /// Says hello to its server for ever, and hears nothing.
/// struct Chatterbox;
///
/// impl DatagramSocket for Chatterbox {
///     async fn receive(&self, incoming: &mut Incoming) -> io::Result<()> {
///         tokio::task::yield_now().await;
///         incoming.push(b"hello", Route::to(Addr::named("chatterbox")));
///         Ok(())
///     }
///
///     async fn send(&self, outgoing: Outgoing<'_>) -> io::Result<usize> {
///         Ok(outgoing.len())
///     }
///
///     fn local_addr(&self) -> io::Result<Addr> {
///         Ok(Addr::named("here"))
///     }
/// }
/// ```
pub trait DatagramSocket: Send + Sync + 'static {
    /// Waits for at least one datagram, and puts what has come into `incoming`, which is empty.
    ///
    /// This must be cancel-safe: the server drops the future when something else is to be done,
    /// and no datagram may be lost by that.
    ///
    /// # Errors
    ///
    /// What becomes of an error is decided as for connections, by
    /// [`AcceptFailure::classify`](crate::AcceptFailure); errors of the network, such as an ICMP
    /// message about an earlier reply, end nothing.
    fn receive(&self, incoming: &mut Incoming) -> impl Future<Output = io::Result<()>> + Send;

    /// Sends the first of these datagrams and as many more as it can, and says how many.
    ///
    /// It may wait while the system has no room, but not for one peer that does not read: others
    /// are in the queue behind it.
    ///
    /// # Errors
    ///
    /// If the first of them could not be sent. It is then given up, and the rest is sent.
    fn send(&self, outgoing: Outgoing<'_>) -> impl Future<Output = io::Result<usize>> + Send;

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// If the transport cannot say.
    fn local_addr(&self) -> io::Result<Addr>;
}

/// Room for the datagrams that are received at once, taken once and used again and again.
#[derive(Debug)]
pub struct Incoming {
    /// As many slots as a batch has, each one byte longer than the longest datagram that is let
    /// in: what fills it was longer.
    slots: Box<[u8]>,
    slot_bytes: usize,
    arrivals: Vec<Arrival>,
    capacity: usize,
}

/// What is known of a datagram beside its payload.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) length: usize,
    pub(crate) route: Route,
    pub(crate) received_at: Option<SystemTime>,
}

impl Incoming {
    pub(crate) fn new(capacity: usize, max_payload_bytes: usize) -> Self {
        let slot_bytes = max_payload_bytes + 1;
        Self {
            slots: vec![0; capacity * slot_bytes].into_boxed_slice(),
            slot_bytes,
            arrivals: Vec::with_capacity(capacity),
            capacity,
        }
    }

    /// How many datagrams there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arrivals.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Whether there is no room for another one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity
    }

    /// Adds a datagram.
    ///
    /// # Panics
    ///
    /// If there is no room.
    pub fn push(&mut self, payload: &[u8], route: Route) {
        let slot = self.next_slot();
        // One that is cut here fills its slot, and is told by that.
        let length = payload.len().min(slot.len());
        slot[..length].copy_from_slice(&payload[..length]);
        self.arrived(Arrival { length, route, received_at: None });
    }

    /// Adds the datagram that `receive` writes into the buffer it is given, returning the length
    /// and the way back.
    ///
    /// The buffer is one byte longer than what the server takes, so that a datagram which fills it
    /// is known to be too long.
    ///
    /// # Errors
    ///
    /// That of `receive`; nothing is added then.
    ///
    /// # Panics
    ///
    /// If there is no room, or the length is more than the buffer's.
    pub fn push_with(
        &mut self,
        receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, Route)>,
    ) -> io::Result<()> {
        let slot = self.next_slot();
        let (length, route) = receive(slot)?;
        assert!(length <= slot.len(), "{length} bytes in a buffer of {}", slot.len());
        self.arrived(Arrival { length, route, received_at: None });
        Ok(())
    }

    fn next_slot(&mut self) -> &mut [u8] {
        assert!(!self.is_full(), "there is room for {} datagrams", self.capacity);
        let start = self.arrivals.len() * self.slot_bytes;
        &mut self.slots[start..start + self.slot_bytes]
    }

    /// The slots that are free, in order; the first is the next arrival's.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn free_slots(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let start = self.arrivals.len() * self.slot_bytes;
        self.slots[start..].chunks_exact_mut(self.slot_bytes)
    }

    /// The next slot has been filled.
    pub(crate) fn arrived(&mut self, arrival: Arrival) {
        self.arrivals.push(arrival);
    }

    pub(crate) fn clear(&mut self) {
        self.arrivals.clear();
    }

    /// The datagram with this index; `None` if it was longer than is let in.
    pub(crate) fn get(&self, index: usize) -> (Option<Datagram<'_>>, &Route) {
        let Arrival { length, ref route, received_at } = self.arrivals[index];
        let payload = &self.slots[index * self.slot_bytes..][..length];
        let whole = length < self.slot_bytes;
        (whole.then_some(Datagram { payload, route, received_at }), route)
    }
}

/// Datagrams that are to be sent, in this order.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    bytes: &'a [u8],
    departures: &'a [Departure],
}

/// Where a datagram goes, and where in the common buffer its payload is.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) payload: Range<usize>,
    pub(crate) route: Route,
}

impl<'a> Outgoing<'a> {
    pub(crate) fn new(bytes: &'a [u8], departures: &'a [Departure]) -> Self {
        Self { bytes, departures }
    }

    /// How many there are; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a socket is never asked to send nothing")]
    pub fn len(&self) -> usize {
        self.departures.len()
    }

    /// The datagrams: what to send, and where to.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a [u8], &'a Route)> + use<'a> {
        let bytes = self.bytes;
        self.departures.iter().map(move |one| (&bytes[one.payload.clone()], &one.route))
    }

    /// The first of them.
    #[must_use]
    pub fn first(&self) -> (&'a [u8], &'a Route) {
        let first = &self.departures[0];
        (&self.bytes[first.payload.clone()], &first.route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route() -> Route {
        Route::to(Addr::named("peer"))
    }

    #[test]
    fn what_was_cut_is_told_from_what_just_fits() {
        let mut incoming = Incoming::new(4, 3);
        for payload in ["", "abc", "abcd", "abcde"] {
            incoming.push(payload.as_bytes(), route());
        }
        assert!(incoming.is_full());
        let whole = |index| incoming.get(index).0.map(|datagram| datagram.payload().to_vec());
        assert_eq!(whole(0), Some(b"".to_vec()));
        assert_eq!(whole(1), Some(b"abc".to_vec()));
        assert_eq!((whole(2), whole(3)), (None, None));
    }

    #[test]
    fn a_failure_to_receive_adds_nothing() {
        let mut incoming = Incoming::new(1, 3);
        let failed = incoming.push_with(|_| Err(io::ErrorKind::WouldBlock.into()));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(incoming.is_empty());
        incoming.push_with(|slot| Ok((slot.len(), route()))).unwrap();
        assert!(incoming.get(0).0.is_none());
        incoming.clear();
        assert_eq!(incoming.len(), 0);
    }
}
