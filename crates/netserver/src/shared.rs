use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::penalties::PenaltyBox;
use crate::pools::Pools;
use crate::{
    Addr, AdmitError, Conn, Counters, Ending, Event, Hooks, Limits, Penalties, Report,
    ServerHandle, StopSignal,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a server, its handles and its connections have in common.
pub(crate) struct Shared {
    pub(crate) local: Addr,
    pub(crate) limits: Limits,
    pub(crate) stop: StopSignal,
    hooks: Box<dyn Hooks>,
    book: Mutex<Book>,
    /// Told when a newcomer is none any more; the acceptor waits for it.
    place_freed: Notify,
}

/// One lock for places and counts, so that they always agree. Nothing is called under it.
struct Book {
    pools: Pools<Conn>,
    penalties: Option<PenaltyBox>,
    report: Report,
    last_id: u64,
    closed: bool,
}

impl Shared {
    pub(crate) fn new(
        local: Addr,
        limits: Limits,
        penalties: Option<Penalties>,
        hooks: Box<dyn Hooks>,
    ) -> Self {
        let pools = Pools::new(limits.max_newcomers.max(1), limits.max_admitted);
        let penalties = penalties.map(PenaltyBox::new);
        let book = Book { pools, penalties, report: Report::default(), last_id: 0, closed: false };
        Self {
            local,
            limits,
            stop: StopSignal::new(),
            hooks,
            book: Mutex::new(book),
            place_freed: Notify::new(),
        }
    }

    /// Enters the peer among the newcomers, unless it has a penalty to sit out or the verify hook
    /// says no.
    pub(crate) fn open(server: &ServerHandle, peer: Addr) -> Option<Conn> {
        let shared = server.shared();
        let barred_for = shared.book().barred_for(&peer);
        if !barred_for.is_zero() {
            shared.event(&Event::Barred { peer: &peer, barred_for });
            return None;
        }
        let verified = shared.hook(|hooks| hooks.verify(&peer)).unwrap_or(false);
        let (conn, evicted) = {
            let mut book = shared.book();
            book.report.accepted += 1;
            if !verified {
                book.report.rejected += 1;
                return None;
            }
            book.last_id += 1;
            let id = book.last_id;
            let conn = Conn::new(id, peer, server.clone());
            let evicted = book.pools.enter(id, conn.clone());
            (conn, evicted)
        };
        if let Some(oldest) = evicted {
            oldest.cut(Ending::Evicted);
        }
        shared.event(&Event::Accepted(&conn));
        Some(conn)
    }

    pub(crate) fn admit(&self, id: u64) -> Result<(), AdmitError> {
        self.book().pools.admit(id)?;
        self.place_freed.notify_one();
        Ok(())
    }

    pub(crate) fn close(&self, conn: &Conn, ending: Ending) {
        {
            let mut book = self.book();
            book.pools.leave(conn.id());
            if let Some(penalties) = &mut book.penalties {
                let now = Instant::now().into_std();
                penalties.ended(conn.peer(), ending, conn.is_admitted(), now);
            }
            if !book.closed {
                book.report.record(ending);
            }
        }
        self.place_freed.notify_one();
        self.event(&Event::Ended { conn, ending, lasted: conn.accepted_at().elapsed() });
    }

    /// Waits until there is room for a newcomer, or one that has had its time to make room for it.
    pub(crate) async fn room(&self) {
        while let Some(opens_at) = self.full_until() {
            tokio::select! {
                () = self.place_freed.notified() => {}
                () = sleep_until(opens_at) => {}
            }
        }
    }

    fn full_until(&self) -> Option<Instant> {
        let accepted_at = self.book().pools.next_to_go()?.accepted_at();
        let now = Instant::now();
        // A grace beyond the clock means that nobody gives way; then only a place that is freed
        // ends the wait, and the timer is but asked to look again.
        let opens_at = accepted_at.checked_add(self.limits.newcomer_grace).unwrap_or(now + DAY);
        (opens_at > now).then_some(opens_at)
    }

    pub(crate) fn cut_all(&self) {
        let all: Vec<Conn> = self.book().pools.iter().cloned().collect();
        for conn in all {
            conn.cut(Ending::Aborted);
        }
    }

    /// The final report. A connection whose handler blocks its thread cannot be ended by anybody;
    /// it is counted as aborted now, and no more when it does end.
    pub(crate) fn close_book(&self) -> Report {
        let mut book = self.book();
        if !book.closed {
            book.closed = true;
            book.report.aborted += book.report.accepted - book.report.ended();
        }
        book.report
    }

    pub(crate) fn counters(&self) -> Counters {
        let book = self.book();
        Counters {
            newcomers: book.pools.newcomers(),
            admitted: book.pools.admitted(),
            so_far: book.report,
        }
    }

    pub(crate) fn event(&self, event: &Event<'_>) {
        match event {
            Event::Accepted(conn) => {
                tracing::debug!(id = conn.id(), peer = %conn.peer(), "accepted");
            }
            Event::Admitted(conn) => tracing::debug!(id = conn.id(), "admitted"),
            Event::Ended { conn, ending, lasted } => {
                tracing::debug!(id = conn.id(), %ending, ?lasted, "ended");
            }
            Event::AcceptFailed { error, failure } => {
                tracing::debug!(%error, ?failure, "accept failed");
            }
            Event::Barred { peer, barred_for } => {
                tracing::debug!(%peer, ?barred_for, "barred");
            }
            Event::Stopping => tracing::debug!(local = %self.local, "stopping"),
        }
        self.hook(|hooks| hooks.event(event));
    }

    /// Calls a hook; `None` if it panicked, which is its own affair and not the server's.
    pub(crate) fn hook<R>(&self, call: impl FnOnce(&dyn Hooks) -> R) -> Option<R> {
        catch_unwind(AssertUnwindSafe(|| call(&*self.hooks))).ok()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing is called under the lock that could panic halfway through a change.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// For how long this peer is not to be served. If it is not, that was its connection.
    fn barred_for(&mut self, peer: &Addr) -> Duration {
        let Some(penalties) = &mut self.penalties else {
            return Duration::ZERO;
        };
        let barred_for = penalties.barred_for(peer, Instant::now().into_std());
        if !barred_for.is_zero() {
            self.report.accepted += 1;
            self.report.barred += 1;
        }
        barred_for
    }
}
