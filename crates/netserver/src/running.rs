use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::shared::Shared;
use crate::{Addr, Counters, Report, StopSignal};

/// A server that is running, for connections unless it says otherwise. To drop it is to ask the
/// server to stop.
///
/// [`shutdown`](Self::shutdown) and [`wait`](Self::wait) are two things, so that whatever
/// decides to stop the server, one of its own handlers included, need not wait for it.
#[derive(Debug)]
#[must_use = "a server whose `Running` is dropped stops at once"]
pub struct Running<H: Handle = ServerHandle> {
    pub(crate) handle: H,
    pub(crate) task: JoinHandle<Result<H::Report, ServeError<H::Report>>>,
}

impl<H: Handle> Running<H> {
    /// Where it listens: the port that the system chose, if it was bound to port 0.
    #[must_use]
    pub fn local_addr(&self) -> &Addr {
        self.handle.local_addr()
    }

    /// A handle to stop it or look at it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> H {
        self.handle.clone()
    }

    /// What it has done until now.
    #[must_use]
    pub fn counters(&self) -> H::Counters {
        self.handle.counters()
    }

    /// Begins to stop the server, as [`ServerHandle::shutdown`] and
    /// [`DatagramHandle::shutdown`](crate::DatagramHandle::shutdown) do.
    pub fn shutdown(&self) {
        self.handle.shutdown();
    }

    /// Waits until the server has stopped, however that came about. It does not ask it to.
    ///
    /// # Errors
    ///
    /// If the listener or socket broke. What was being served was then given the same time to end
    /// as in a shutdown, and the error holds the report.
    pub async fn wait(mut self) -> Result<H::Report, ServeError<H::Report>> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is being shut down, and has cut off everything.
                Err(_) => Ok(self.handle.close_book(Seal)),
            },
        }
    }
}

impl<H: Handle> Drop for Running<H> {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

/// What a server of either kind is stopped and looked at by: [`ServerHandle`] or
/// [`DatagramHandle`](crate::DatagramHandle). Only this crate's servers have handles.
pub trait Handle: Clone + Send + Sync + 'static {
    /// What the server has done in the end.
    type Report: fmt::Display + fmt::Debug + Copy + Send + 'static;
    /// What it has done until now.
    type Counters: fmt::Debug + Copy;

    /// Where the server listens.
    fn local_addr(&self) -> &Addr;

    /// Begins to stop the server, and returns at once.
    fn shutdown(&self);

    /// What the server has done until now.
    fn counters(&self) -> Self::Counters;

    /// The final report, after which nothing is counted any more.
    #[doc(hidden)]
    fn close_book(&self, seal: Seal) -> Self::Report;
}

/// Keeps others from implementing [`Handle`], and from closing a server's book before its time.
#[derive(Debug)]
pub struct Seal;

/// Stops a server and tells how it does; clones speak of the same server.
#[derive(Clone)]
pub struct ServerHandle(Arc<Shared>);

impl ServerHandle {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }

    /// Where the server listens.
    #[must_use]
    pub fn local_addr(&self) -> &Addr {
        &self.0.local
    }

    /// Begins to stop the server, and returns at once; to ask again changes nothing.
    ///
    /// It stops accepting and gives up its address; the handlers are told, and have until the
    /// drain deadline to come to an end; who has not by then is cut off.
    pub fn shutdown(&self) {
        self.0.stop.raise();
    }

    /// Raised by [`shutdown`](Self::shutdown), and when the listener breaks.
    #[must_use]
    pub fn stop_signal(&self) -> &StopSignal {
        &self.0.stop
    }

    /// What the server has done until now.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.counters()
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle")
            .field("local_addr", self.local_addr())
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

impl Handle for ServerHandle {
    type Report = Report;
    type Counters = Counters;

    fn local_addr(&self) -> &Addr {
        self.local_addr()
    }

    fn shutdown(&self) {
        self.shutdown();
    }

    fn counters(&self) -> Counters {
        self.counters()
    }

    fn close_book(&self, _seal: Seal) -> Report {
        self.0.close_book()
    }
}

/// The listener or socket broke.
#[derive(Debug, thiserror::Error)]
#[error("cannot go on serving on {local}: {source}")]
#[non_exhaustive]
pub struct ServeError<R: fmt::Debug = Report> {
    /// Where the server listened.
    pub local: Addr,
    /// What the system said.
    pub source: io::Error,
    /// What the server did before, and with what was being served.
    pub report: R,
}
