use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::accept::Backoff;
use crate::connection::{Seat, Service};
use crate::shared::Shared;
use crate::ticker::Ticker;
use crate::{
    AcceptFailure, Addr, Event, Guarded, Hooks, Limits, Listener, NoUpgrade, Penalties, Report,
    Running, ServeError, ServerHandle, StreamHandler, Upgrade,
};

/// How long a task may take to notice that it was cut off. Only one that blocks its thread takes
/// any time at all, and the server does not wait for such a one for ever.
pub(crate) const CUT_GRACE: Duration = Duration::from_secs(1);

/// A server for connections, ready to [`start`](Self::start).
#[must_use = "a server does nothing until it is started"]
pub struct StreamServer<L, H, U = NoUpgrade> {
    listener: L,
    service: Service<H, U>,
    limits: Limits,
    penalties: Option<Penalties>,
    hooks: Box<dyn Hooks>,
    tick_every: Option<Duration>,
}

impl<L: Listener, H> StreamServer<L, H> {
    /// A server with default limits, and no upgrade, penalties or hooks.
    pub fn new(listener: L, handler: H) -> Self {
        Self {
            listener,
            service: Service { handler, upgrade: NoUpgrade, admit_at_once: false },
            limits: Limits::default(),
            penalties: None,
            hooks: Box::new(()),
            tick_every: None,
        }
    }
}

impl<L: Listener, H, U> StreamServer<L, H, U> {
    /// Replaces the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Makes sources pay for connections that come to nothing; default not.
    ///
    /// It is for services that admit not everyone. One that does has nobody to penalise.
    pub fn penalties(mut self, penalties: impl Into<Option<Penalties>>) -> Self {
        self.penalties = penalties.into();
        self
    }

    /// Does this to each connection before the handler gets it; default nothing.
    pub fn upgrade<V: Upgrade<L::Stream>>(self, upgrade: V) -> StreamServer<L, H, V> {
        let Self { listener, service, limits, penalties, hooks, tick_every } = self;
        let Service { handler, admit_at_once, .. } = service;
        let service = Service { handler, upgrade, admit_at_once };
        StreamServer { listener, service, limits, penalties, hooks, tick_every }
    }

    /// Asks and tells these hooks; default nobody.
    pub fn hooks(mut self, hooks: impl Hooks) -> Self {
        self.hooks = Box::new(hooks);
        self
    }

    /// Admits each peer as soon as it is upgraded, so that the handler need not; default off.
    ///
    /// It is for services that have no greeting to wait for. A peer for whom there is no room is
    /// then closed without a word.
    pub fn admit_at_once(mut self) -> Self {
        self.service.admit_at_once = true;
        self
    }

    /// Calls [`Hooks::tick`] this often; default never.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    pub fn tick_every(mut self, period: Duration) -> Self {
        assert!(!period.is_zero(), "the period between ticks must not be zero");
        self.tick_every = Some(period);
        self
    }

    /// Starts serving, in tasks of the current runtime.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled.
    pub fn start(self) -> Running
    where
        U: Upgrade<L::Stream>,
        H: StreamHandler<Guarded<U::Stream>>,
    {
        let Self { listener, service, limits, penalties, hooks, tick_every } = self;
        // A listener that cannot say where it is can still be served.
        let local =
            listener.local_addr().map_or_else(|_| Addr::named("an unnamed address"), Into::into);
        let handle = ServerHandle::new(Shared::new(local, limits, penalties, hooks));
        let acceptor = Acceptor {
            listener,
            service: Arc::new(service),
            server: handle.clone(),
            tasks: TaskTracker::new(),
        };
        let task = tokio::spawn(acceptor.run(tick_every));
        Running { handle, task }
    }
}

impl<L, H, U> fmt::Debug for StreamServer<L, H, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamServer")
            .field("limits", &self.limits)
            .field("penalties", &self.penalties)
            .field("admit_at_once", &self.service.admit_at_once)
            .field("tick_every", &self.tick_every)
            .finish_non_exhaustive()
    }
}

/// The task of a running server.
struct Acceptor<L, H, U> {
    listener: L,
    service: Arc<Service<H, U>>,
    server: ServerHandle,
    /// Forgets each task as it ends, so that there is nothing to reap.
    tasks: TaskTracker,
}

impl<L, H, U> Acceptor<L, H, U>
where
    L: Listener,
    U: Upgrade<L::Stream>,
    H: StreamHandler<Guarded<U::Stream>>,
{
    async fn run(mut self, tick_every: Option<Duration>) -> Result<Report, ServeError> {
        let broken = self.accept_until_stopped(Ticker::new(tick_every)).await.err();
        let Self { listener, server, tasks, .. } = self;
        drop(listener);

        let shared = server.shared();
        // This is news if the listener broke, and then the handlers are to hear it too.
        shared.stop.raise();
        shared.event(&Event::Stopping);
        tasks.close();
        if timeout(shared.limits.drain_deadline, tasks.wait()).await.is_err() {
            shared.cut_all();
            // A failure means that some handler blocks; the report counts it as aborted.
            let _ = timeout(CUT_GRACE, tasks.wait()).await;
        }
        let report = shared.close_book();
        match broken {
            None => Ok(report),
            Some(source) => Err(ServeError { local: shared.local.clone(), source, report }),
        }
    }

    /// Accepts until asked to stop, or until the listener breaks.
    async fn accept_until_stopped(&mut self, mut ticker: Ticker) -> io::Result<()> {
        let server = self.server.clone();
        let shared = server.shared();
        let mut stopped = pin!(shared.stop.stopped());
        let mut backoff = Backoff::default();
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                () = ticker.tick() => {
                    shared.hook(|hooks| hooks.tick(&shared.counters()));
                    continue;
                }
                accepted = accept_into_room(&mut self.listener, shared) => accepted,
            };
            let error = match accepted {
                Ok((transport, peer)) => {
                    backoff.succeeded();
                    self.attend(transport, peer.into());
                    continue;
                }
                Err(error) => error,
            };
            let failure = AcceptFailure::classify(&error);
            shared.event(&Event::AcceptFailed { error: &error, failure });
            let Some(wait) = backoff.failed(failure) else {
                return Err(error);
            };
            tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                () = sleep(wait) => {}
            }
        }
    }

    fn attend(&self, transport: L::Stream, peer: Addr) {
        let Some(conn) = Shared::open(&self.server, peer) else {
            return;
        };
        let seat = Seat::new(conn);
        let service = Arc::clone(&self.service);
        self.tasks.spawn(async move { service.attend(seat, transport).await });
    }
}

/// Who finds no room stays in the listener's queue.
async fn accept_into_room<L: Listener>(
    listener: &mut L,
    shared: &Shared,
) -> io::Result<(L::Stream, L::Peer)> {
    shared.room().await;
    listener.accept().await
}
