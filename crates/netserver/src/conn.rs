use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::{Addr, Ending, Event, ServerHandle, StopSignal};

/// One connection, as its handler sees it. Clones are the same connection.
#[derive(Clone)]
pub struct Conn(Arc<State>);

struct State {
    id: u64,
    peer: Addr,
    server: ServerHandle,
    accepted_at: Instant,
    /// Grows with everything that counts as a sign of life.
    progress: AtomicU64,
    admitted: AtomicBool,
    refused: AtomicBool,
    /// Why it is to be cut off; the first reason stays.
    cut: OnceLock<Ending>,
    cut_off: Notify,
}

/// A newcomer was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmitError {
    /// There are as many peers as the server takes.
    #[error("the server already serves {limit} peers, which is its limit")]
    Full {
        /// [`Limits::max_admitted`](crate::Limits#structfield.max_admitted).
        limit: usize,
    },
    /// The connection has been given up in the meantime.
    #[error("the connection has ended")]
    Ended,
}

impl From<AdmitError> for io::Error {
    fn from(error: AdmitError) -> Self {
        let kind = match error {
            AdmitError::Full { .. } => io::ErrorKind::QuotaExceeded,
            AdmitError::Ended => io::ErrorKind::NotConnected,
        };
        Self::new(kind, error)
    }
}

impl Conn {
    pub(crate) fn new(id: u64, peer: Addr, server: ServerHandle) -> Self {
        Self(Arc::new(State {
            id,
            peer,
            server,
            accepted_at: Instant::now(),
            progress: AtomicU64::new(0),
            admitted: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            cut: OnceLock::new(),
            cut_off: Notify::new(),
        }))
    }

    /// A number that no other connection of this server has; they count up from 1.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Where the peer calls from.
    #[must_use]
    pub fn peer(&self) -> &Addr {
        &self.0.peer
    }

    /// Raised when the server is asked to stop. Await it beside every wait for the peer's next
    /// request, and the server stops without cutting anybody off.
    #[must_use]
    pub fn stop(&self) -> &StopSignal {
        self.0.server.stop_signal()
    }

    /// The server that accepted it, to look at or to stop; neither waits, so that a handler may.
    #[must_use]
    pub fn server(&self) -> &ServerHandle {
        &self.0.server
    }

    /// Moves the peer from the newcomers to the admitted, which ends the admission deadline.
    ///
    /// Call it when you know enough of the peer to want it: after its greeting, or at once. To
    /// call it again changes nothing.
    ///
    /// # Errors
    ///
    /// If there are as many peers as the server takes; there is still time to say so to this one.
    pub fn admit(&self) -> Result<(), AdmitError> {
        if self.is_admitted() {
            return Ok(());
        }
        if let Err(error) = self.0.server.shared().admit(self.0.id) {
            let refused = matches!(error, AdmitError::Full { .. });
            self.0.refused.fetch_or(refused, Ordering::Relaxed);
            return Err(error);
        }
        if !self.0.admitted.swap(true, Ordering::Relaxed) {
            self.0.server.shared().event(&Event::Admitted(self));
        }
        Ok(())
    }

    /// Whether [`admit`](Self::admit) has succeeded.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.0.admitted.load(Ordering::Relaxed)
    }

    /// A sign of life without traffic, which holds off the idle deadline: call it now and then
    /// while working for the peer, say for each block that is read or hashed.
    pub fn progress(&self) {
        self.count(1);
    }

    pub(crate) fn count(&self, bytes: usize) {
        self.0.progress.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn progress_so_far(&self) -> u64 {
        self.0.progress.load(Ordering::Relaxed)
    }

    pub(crate) fn was_refused(&self) -> bool {
        !self.is_admitted() && self.0.refused.load(Ordering::Relaxed)
    }

    pub(crate) fn accepted_at(&self) -> Instant {
        self.0.accepted_at
    }

    /// Makes the connection's task end at its next `await`.
    pub(crate) fn cut(&self, ending: Ending) {
        let _ = self.0.cut.set(ending);
        self.0.cut_off.notify_one();
    }

    /// Waits until the connection is cut off. Only its own task does, for one is woken.
    pub(crate) async fn cut_off(&self) -> Ending {
        loop {
            if let Some(ending) = self.0.cut.get() {
                return *ending;
            }
            self.0.cut_off.notified().await;
        }
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn")
            .field("id", &self.0.id)
            .field("peer", &self.0.peer)
            .field("admitted", &self.is_admitted())
            .finish_non_exhaustive()
    }
}
