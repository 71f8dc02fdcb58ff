use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::handle::DatagramHandle;
use super::handler::{DatagramHandler, Responder};
use super::lane::{Lane, Offer};
use super::limits::Dispatch;
use super::message::Datagram;
use super::report::Fate;
use crate::contained::{contained, panic_message};

/// What a server does with a datagram that is to be served.
pub(crate) struct Service<H> {
    pub(crate) handler: H,
    pub(crate) server: DatagramHandle,
}

impl<H: DatagramHandler> Service<H> {
    /// Has it handled, and counts what came of it.
    pub(crate) async fn attend(&self, datagram: Datagram<'_>, wake: bool) {
        let Self { handler, server } = self;
        let responder = Responder::new(server, datagram.route(), wake);
        // A closure does its work, and panics, when it is called: that must be inside too.
        let handled = contained(async { handler.handle(datagram, responder).await });
        let fate = match handled.await {
            Ok(Ok(())) if server.stop_signal().is_stopped() => Fate::Drained,
            Ok(Ok(())) => Fate::Served,
            Ok(Err(error)) => {
                server.hook(|hooks| hooks.failure(datagram.peer(), &error));
                Fate::Failed
            }
            Err(panic) => {
                server.hook(|hooks| hooks.panic(datagram.peer(), panic_message(&*panic)));
                Fate::Panicked
            }
        };
        server.tally().record(fate);
    }
}

/// Where datagrams are handled, if not in line: lanes, and the workers that empty them.
pub(crate) struct Workshop<H> {
    service: Arc<Service<H>>,
    lanes: Vec<Arc<Lane>>,
    /// Whether workers may block, and so get threads.
    blocking: bool,
    hasher: RandomState,
    /// Forgets each worker as it ends.
    workers: TaskTracker,
    cut: CancellationToken,
}

impl<H: DatagramHandler> Workshop<H> {
    /// The workshop for this way of handling; `None` in line.
    pub(crate) fn open(service: &Arc<Service<H>>, dispatch: Dispatch) -> Option<Self> {
        let limits = service.server.limits();
        let unstaffed = |max: NonZeroUsize| vec![Arc::new(Lane::unstaffed(limits, max.get()))];
        let (lanes, blocking) = match dispatch {
            Dispatch::InLine => return None,
            Dispatch::Sharded(shards) => {
                let lanes = (0..shards.get()).map(|_| Arc::new(Lane::staffed(limits)));
                (lanes.collect(), false)
            }
            Dispatch::Spawned(max) => (unstaffed(max), false),
            Dispatch::Blocking(max) => (unstaffed(max), true),
        };
        let workshop = Self {
            service: Arc::clone(service),
            lanes,
            blocking,
            hasher: RandomState::new(),
            workers: TaskTracker::new(),
            cut: CancellationToken::new(),
        };
        if matches!(dispatch, Dispatch::Sharded(_)) {
            for lane in &workshop.lanes {
                workshop.staff(lane);
            }
        }
        Some(workshop)
    }

    /// Puts a datagram into its lane, and sees to it that somebody works there.
    pub(crate) fn take(&self, datagram: Datagram<'_>) {
        let lane = self.lane_of(datagram);
        match lane.offer(datagram) {
            Offer::Queued => {}
            Offer::WorkerWanted => self.call_worker(lane),
            Offer::Dropped => self.service.server.tally().record(Fate::Dropped),
        }
    }

    /// A peer always gets the same lane, and which is nobody's choice.
    fn lane_of(&self, datagram: Datagram<'_>) -> &Arc<Lane> {
        match &*self.lanes {
            [only] => only,
            lanes => {
                let hash = self.hasher.hash_one(datagram.peer());
                let index = hash % lanes.len() as u64;
                &lanes[usize::try_from(index).expect("it is less than a length")]
            }
        }
    }

    /// Starts the worker that stays.
    fn staff(&self, lane: &Arc<Lane>) {
        let (service, lane) = (Arc::clone(&self.service), Arc::clone(lane));
        self.spawn(async move {
            while let Some(parcel) = lane.next().await {
                service.attend(parcel.datagram(), true).await;
                lane.done(parcel);
            }
        });
    }

    /// Starts a worker that ends when there is nothing left.
    fn call_worker(&self, lane: &Arc<Lane>) {
        let (service, lane) = (Arc::clone(&self.service), Arc::clone(lane));
        let work = async move {
            while let Some(parcel) = lane.next_or_leave() {
                service.attend(parcel.datagram(), true).await;
                lane.done(parcel);
            }
        };
        if self.blocking {
            let (runtime, cut) = (Handle::current(), self.cut.clone());
            self.workers.spawn_blocking(move || runtime.block_on(cut.run_until_cancelled(work)));
        } else {
            self.spawn(work);
        }
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.workers.spawn(async move { cut.run_until_cancelled(work).await });
    }

    /// Lets workers end when they have done what is left.
    pub(crate) fn close(&self) {
        for lane in &self.lanes {
            lane.close();
        }
        self.workers.close();
    }

    /// Waits until all workers have ended, after [`close`](Self::close).
    pub(crate) fn finished(&self) -> impl Future<Output = ()> + Send + use<H> {
        let workers = self.workers.clone();
        async move { workers.wait().await }
    }

    /// Makes workers end at their next `await`.
    pub(crate) fn cut(&self) {
        self.cut.cancel();
    }
}
