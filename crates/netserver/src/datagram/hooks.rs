use std::fmt::Display;
use std::io;

use super::report::DatagramCounters;
use crate::{AcceptFailure, Addr};

/// What a datagram server asks and tells its owner; each method does nothing unless overridden.
///
/// Hooks are called where things happen, so they must not block, and some of them once for each
/// datagram. One that panics does not harm the server: a `verify` that does so counts as no.
pub trait DatagramHooks: Send + Sync + 'static {
    /// Whether to serve this peer; it is asked before the handler sees the datagram.
    fn verify(&self, peer: &Addr) -> bool {
        let _ = peer;
        true
    }

    /// Something happened.
    fn event(&self, event: &DatagramEvent<'_>) {
        let _ = event;
    }

    /// A handler returned an error for this peer's datagram.
    fn failure(&self, peer: &Addr, error: &dyn Display) {
        let _ = (peer, error);
    }

    /// A handler panicked over this peer's datagram, with this message.
    fn panic(&self, peer: &Addr, message: &str) {
        let _ = (peer, message);
    }

    /// The time set by [`tick_every`](crate::DatagramServer::tick_every) has passed; called
    /// between two batches, while the server receives them.
    fn tick(&self, counters: &DatagramCounters) {
        let _ = counters;
    }
}

/// The hooks that do nothing.
impl DatagramHooks for () {}

/// What happens in a datagram server. What happens for each datagram is only counted.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum DatagramEvent<'a> {
    /// The socket reported an error instead of a datagram.
    ReceiveFailed {
        /// What the system said.
        error: &'a io::Error,
        /// What that means for the server.
        failure: AcceptFailure,
    },
    /// A datagram could not be sent, and is lost.
    SendFailed {
        /// For whom it was.
        peer: &'a Addr,
        /// What the system said.
        error: &'a io::Error,
    },
    /// No more datagrams are received, and the handlers have been told to stop.
    Stopping,
}
