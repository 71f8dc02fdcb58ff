use std::future::{self, Future};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use netserver::{
    Addr, Datagram, DatagramHandle, DatagramHandler, DatagramLimits, DatagramReport,
    DatagramServer, DatagramSocket, Responder, Route, Running, SendError,
};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::config::{Gate, ServerConfig};
use super::machine::Machine;
use super::stats::ChatStats;
use super::store::ServerStore;
use crate::disk::StoreError;
use crate::key::Identity;
use crate::moment::Moment;
use crate::wire::{MAX_DATAGRAM_BYTES, is_native};
use crate::worker::{self, Turn};

/// How many native datagrams wait while the disk is written to; one more is lost, and sent again.
const QUEUE: usize = 4096;

/// How many datagrams are made durable together at most.
const BATCH: usize = 256;

/// How many raw messages wait to be taken; one more is lost.
const RAW_QUEUE: usize = 256;

/// A server for chats, ready to [`start`](Self::start): directory, relay, and store for those who
/// are away.
///
/// Datagrams are received where the runtime runs, and handled on a thread of the server's own,
/// which may wait for the disk.
#[must_use = "a server does nothing until it is started"]
pub struct ChatServer<S> {
    socket: S,
    identity: Identity,
    store: ServerStore,
    config: ServerConfig,
    gate: Box<dyn Gate>,
}

impl<S: DatagramSocket> ChatServer<S> {
    /// A server with that key and that store, which lets everybody in.
    pub fn new(socket: S, identity: Identity, store: ServerStore) -> Self {
        let (config, gate) = (ServerConfig::default(), Box::new(()));
        Self { socket, identity, store, config, gate }
    }

    /// Replaces the configuration.
    pub fn config(mut self, config: ServerConfig) -> Self {
        self.config = config;
        self
    }

    /// Asks this gate who may join; default everybody.
    pub fn gate(mut self, gate: impl Gate) -> Self {
        self.gate = Box::new(gate);
        self
    }

    /// Starts serving, in tasks of the current runtime and a thread.
    ///
    /// # Errors
    ///
    /// If there is no randomness or no thread, or the store cannot be read.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled.
    pub fn start(self) -> Result<RunningChat, ServeError> {
        let Self { socket, identity, store, config, gate } = self;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::from)?;
        let limits = DatagramLimits::default();
        let rate_limit = config.rate_limit.clone();
        let machine = Machine::new(identity, store, config, gate, secret, Moment::now())?;

        let (native, arrivals) = mpsc::channel(QUEUE);
        let (raw, raw_messages) = mpsc::channel(RAW_QUEUE);
        let stats = Arc::default();
        let running = DatagramServer::new(socket, Sorter { native, raw })
            .limits(limits)
            .rate_limit(rate_limit)
            .start();
        let desk = Desk { machine, server: running.handle(), stats: Arc::clone(&stats) };
        let (tell, ended) = oneshot::channel();
        worker::spawn("udpchat server", async move {
            // Nobody listens if the server was dropped.
            let _ = tell.send(desk.run(arrivals).await);
        })?;
        Ok(RunningChat { running, ended, stats, raw: Some(RawMessages(raw_messages)) })
    }
}

impl<S> std::fmt::Debug for ChatServer<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatServer")
            .field("identity", &self.identity)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Why a chat server cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The store failed. What was not on the disk was not acknowledged, and will be sent again to
    /// the next server.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system has no randomness or no thread, or the thread has panicked.
    #[error("the system refuses the chat: {0}")]
    System(#[from] io::Error),
    /// The socket broke.
    #[error(transparent)]
    Socket(Box<netserver::ServeError<DatagramReport>>),
}

impl From<netserver::ServeError<DatagramReport>> for ServeError {
    fn from(error: netserver::ServeError<DatagramReport>) -> Self {
        Self::Socket(Box::new(error))
    }
}

/// A chat server that is running. To drop it is to ask it to stop.
#[derive(Debug)]
#[must_use = "a server whose `RunningChat` is dropped stops at once"]
pub struct RunningChat {
    running: Running<DatagramHandle>,
    ended: oneshot::Receiver<Result<(), StoreError>>,
    stats: Arc<Mutex<ChatStats>>,
    raw: Option<RawMessages>,
}

impl RunningChat {
    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> &Addr {
        self.running.local_addr()
    }

    /// The raw text that comes to the same port, for a [`Desk`](crate::tutorial::Desk); it can be
    /// taken once. If nobody takes it, it is counted as failed, and nobody is answered.
    pub fn take_raw(&mut self) -> Option<RawMessages> {
        self.raw.take()
    }

    /// What the chat has seen until now.
    #[must_use]
    pub fn stats(&self) -> ChatStats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends raw text, stops the server, and tells what became of datagrams.
    #[must_use]
    pub fn handle(&self) -> DatagramHandle {
        self.running.handle()
    }

    /// Begins to stop the server, and returns at once.
    pub fn shutdown(&self) {
        self.running.shutdown();
    }

    /// Waits until the server has stopped, and its store is closed. It does not ask it to.
    ///
    /// # Errors
    ///
    /// If the store or the socket failed.
    pub async fn wait(self) -> Result<DatagramReport, ServeError> {
        let report = self.running.wait().await;
        let panicked = |_| io::Error::other("its thread has panicked");
        self.ended.await.map_err(panicked)??;
        Ok(report?)
    }
}

/// A datagram of raw text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawMessage {
    /// The way back to the client.
    pub route: Route,
    /// What it sent; it may be empty, and need not be text.
    pub bytes: Vec<u8>,
}

/// The raw text that comes to a chat server.
#[derive(Debug)]
pub struct RawMessages(mpsc::Receiver<RawMessage>);

impl RawMessages {
    /// Waits for the next one; `None` when the server has stopped. Cancel-safe.
    pub async fn next(&mut self) -> Option<RawMessage> {
        self.0.recv().await
    }
}

/// Sorts datagrams into native and raw ones.
struct Sorter {
    native: mpsc::Sender<Arrival>,
    raw: mpsc::Sender<RawMessage>,
}

struct Arrival {
    bytes: Vec<u8>,
    route: Route,
}

/// Why a datagram is lost.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("too many datagrams wait")]
    Full,
    #[error("nobody takes it")]
    Closed,
    #[error("a native datagram of {found} bytes, where {MAX_DATAGRAM_BYTES} are allowed")]
    TooLong { found: usize },
}

impl<T> From<TrySendError<T>> for Lost {
    fn from(error: TrySendError<T>) -> Self {
        match error {
            TrySendError::Full(_) => Self::Full,
            TrySendError::Closed(_) => Self::Closed,
        }
    }
}

impl DatagramHandler for Sorter {
    type Error = Lost;

    fn handle(
        &self,
        datagram: Datagram<'_>,
        _: Responder<'_>,
    ) -> impl Future<Output = Result<(), Lost>> + Send {
        future::ready(self.sort(datagram.payload(), datagram.route().clone()))
    }
}

impl Sorter {
    fn sort(&self, payload: &[u8], route: Route) -> Result<(), Lost> {
        if !is_native(payload) {
            return Ok(self.raw.try_send(RawMessage { route, bytes: payload.to_vec() })?);
        }
        // What cannot be one is not kept either: the queue is bounded in datagrams.
        if payload.len() > MAX_DATAGRAM_BYTES {
            return Err(Lost::TooLong { found: payload.len() });
        }
        Ok(self.native.try_send(Arrival { bytes: payload.to_vec(), route })?)
    }
}

/// Runs the machine: takes what has come, makes it durable, sends what follows, and waits.
struct Desk {
    machine: Machine,
    server: DatagramHandle,
    stats: Arc<Mutex<ChatStats>>,
}

impl Desk {
    async fn run(mut self, mut arrivals: mpsc::Receiver<Arrival>) -> Result<(), StoreError> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            match worker::next(&mut arrivals, &mut batch, BATCH, self.machine.deadline()).await {
                Turn::Closed => return Ok(()),
                Turn::Deadline | Turn::Batch => {}
            }
            let now = Moment::now();
            for Arrival { bytes, route } in batch.drain(..) {
                self.machine.receive(&bytes, &route, now)?;
            }
            self.machine.settle(now)?;
            // Who is told of something finds it counted.
            *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = self.machine.stats();
            self.machine.transmit(now, |route, datagram| {
                // What is not sent is lost, as on the way, and sent again.
                if let Err(error @ SendError::TooLong { .. }) = self.server.send(datagram, route) {
                    tracing::debug!(%error, "not sent");
                }
            });
        }
    }
}

impl Drop for Desk {
    /// Without its store, or after a panic, the server is none.
    fn drop(&mut self) {
        self.server.shutdown();
    }
}
