use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::hooks::{DatagramEvent, DatagramHooks};
use super::limits::DatagramLimits;
use super::message::Route;
use super::outbox::{Outbox, SendError};
use super::report::{DatagramCounters, DatagramReport, Tally};
use crate::running::{Handle, Seal};
use crate::{Addr, StopSignal};

/// Stops a datagram server, sends by it and tells how it does; clones speak of the same server.
#[derive(Clone)]
pub struct DatagramHandle(Arc<Shared>);

/// What a datagram server, its handles and its handlers have in common.
struct Shared {
    local: Addr,
    limits: DatagramLimits,
    stop: StopSignal,
    hooks: Box<dyn DatagramHooks>,
    outbox: Outbox,
    tally: Tally,
    /// Set when the server has ended; what ends later does not change it.
    closed: OnceLock<DatagramReport>,
}

impl DatagramHandle {
    pub(crate) fn new(local: Addr, limits: DatagramLimits, hooks: Box<dyn DatagramHooks>) -> Self {
        Self(Arc::new(Shared {
            local,
            stop: StopSignal::new(),
            hooks,
            outbox: Outbox::new(limits.reply_queue_bytes),
            limits,
            tally: Tally::default(),
            closed: OnceLock::new(),
        }))
    }

    /// Where the server listens.
    #[must_use]
    pub fn local_addr(&self) -> &Addr {
        &self.0.local
    }

    /// Sends a datagram, asked for or not. It does not wait: the datagram is queued.
    ///
    /// # Errors
    ///
    /// If it is too long for a datagram, the queue is full, or the server has stopped.
    pub fn send(&self, payload: &[u8], route: &Route) -> Result<(), SendError> {
        self.queue(payload, route, true)
    }

    pub(crate) fn queue(&self, payload: &[u8], route: &Route, wake: bool) -> Result<(), SendError> {
        let queued = self.0.outbox.push(payload, route, wake);
        if queued.is_err() {
            self.count(|tally| &tally.unsent, 1);
        }
        queued
    }

    /// Begins to stop the server, and returns at once; to ask again changes nothing.
    ///
    /// It stops receiving; what waits for a handler is still served, and replies still leave, until
    /// the drain deadline, when the rest is cut off. The address is given up after that.
    pub fn shutdown(&self) {
        self.0.stop.raise();
    }

    /// Raised by [`shutdown`](Self::shutdown), and when the socket breaks.
    #[must_use]
    pub fn stop_signal(&self) -> &StopSignal {
        &self.0.stop
    }

    /// What the server has done until now.
    #[must_use]
    pub fn counters(&self) -> DatagramCounters {
        let so_far = self.0.closed.get().copied().unwrap_or_else(|| self.0.tally.report());
        DatagramCounters { in_progress: so_far.received - so_far.ended(), so_far }
    }

    pub(crate) fn limits(&self) -> &DatagramLimits {
        &self.0.limits
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
    }

    pub(crate) fn count(&self, which: impl FnOnce(&Tally) -> &AtomicU64, count: usize) {
        which(&self.0.tally).fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn event(&self, event: &DatagramEvent<'_>) {
        match event {
            // These may come as fast as datagrams do.
            DatagramEvent::ReceiveFailed { error, failure } => {
                tracing::trace!(%error, ?failure, "receive failed");
            }
            DatagramEvent::SendFailed { peer, error } => {
                tracing::trace!(%peer, %error, "send failed");
            }
            DatagramEvent::Stopping => tracing::debug!(local = %self.0.local, "stopping"),
        }
        self.hook(|hooks| hooks.event(event));
    }

    /// Calls a hook; `None` if it panicked, which is its own affair and not the server's.
    pub(crate) fn hook<R>(&self, call: impl FnOnce(&dyn DatagramHooks) -> R) -> Option<R> {
        catch_unwind(AssertUnwindSafe(|| call(&*self.0.hooks))).ok()
    }
}

impl Handle for DatagramHandle {
    type Report = DatagramReport;
    type Counters = DatagramCounters;

    fn local_addr(&self) -> &Addr {
        self.local_addr()
    }

    fn shutdown(&self) {
        self.shutdown();
    }

    fn counters(&self) -> DatagramCounters {
        self.counters()
    }

    /// A datagram whose handler blocks its thread cannot be ended by anybody; it is counted as
    /// aborted now, and no more when it does end.
    fn close_book(&self, _seal: Seal) -> DatagramReport {
        self.0.outbox.close();
        *self.0.closed.get_or_init(|| {
            let mut report = self.0.tally.report();
            report.aborted += report.received - report.ended();
            report
        })
    }
}

impl fmt::Debug for DatagramHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramHandle")
            .field("local_addr", self.local_addr())
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}
