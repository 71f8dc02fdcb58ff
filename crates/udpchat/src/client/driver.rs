use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::calls::{CallError, SendError};
use super::config::ClientConfig;
use super::history::HistoryQuery;
use super::machine::Machine;
use super::store::ClientStore;
use crate::disk::StoreError;
use crate::event::Event;
use crate::key::Identity;
use crate::message::{Contact, Entry, MessageId, RoomInfo};
use crate::moment::Moment;
use crate::name::{Name, Target};
use crate::wire::MAX_DATAGRAM_BYTES;
use crate::worker;

/// How many calls wait at most; one more waits where it is made.
const CALLS: usize = 64;

/// How many events wait to be taken.
const EVENTS: usize = 8192;

/// With less room than this, nothing is taken from the network. One datagram may complete a window
/// of them, with as many names in it as fit, and each is an event.
const EVENTS_MARGIN: usize = 4096;

/// How many datagrams are made durable together at most.
const BATCH: usize = 64;

/// A client of a [`ChatServer`](crate::ChatServer).
///
/// It runs on a thread of its own, which looks for the server until it is there, finds it again
/// when it was away, and keeps everything in its store. Clones speak of the same client, and when
/// the last is dropped it ends.
#[derive(Clone, Debug)]
pub struct ChatClient {
    calls: mpsc::Sender<Call>,
}

/// Done by the client's thread; what it returns is done when the store is durable.
type Call = Box<dyn FnOnce(&mut Machine, Moment) -> Answer + Send>;
type Answer = Box<dyn FnOnce() + Send>;

/// What happens to a client, in order.
///
/// Take them: while more than some thousand wait, the client does not listen to its server.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Event>);

/// Why a client cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no socket, no thread or no randomness.
    #[error("the system refuses the chat: {0}")]
    System(#[from] io::Error),
}

impl ChatClient {
    /// Starts a client.
    ///
    /// # Errors
    ///
    /// If the store cannot be read, or the system has no socket or thread. That the server is not
    /// there is no error.
    pub fn start(
        config: ClientConfig,
        identity: Identity,
        store: ClientStore,
    ) -> Result<(Self, Events), StartError> {
        let server = config.server;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::from)?;
        let machine = Machine::new(identity, store, config, secret, Moment::now())?;
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = std::net::UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        let (calls, asked) = mpsc::channel(CALLS);
        let (events, told) = mpsc::channel(EVENTS);
        worker::spawn("udpchat client", async move {
            let ended = match UdpSocket::from_std(socket) {
                Ok(socket) => Worker { machine, socket, server, events: &events }.run(asked).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = ended {
                // Nobody listens if the owner has gone.
                let _ = events.send(Event::Failed(error.to_string())).await;
            }
        })?;
        Ok((Self { calls }, Events(told)))
    }

    /// Sends a message, now or when the server is there. When this returns it is on this client's
    /// disk, and [`Event::Delivery`] tells how it fares.
    ///
    /// # Errors
    ///
    /// If it is empty or too long, too many wait already, or the store fails.
    pub async fn send(&self, to: Target, text: impl Into<String>) -> Result<MessageId, SendError> {
        let text = text.into();
        let sent = self.call(move |machine, now| machine.send(&to, &text, now)).await;
        sent.ok_or(SendError::Ended)?
    }

    /// Enters a room, which is made if there is none, now or when the server is there;
    /// [`Event::Room`] tells who is in it. Members stay members while they are away.
    ///
    /// # Errors
    ///
    /// If the client has ended.
    pub async fn enter(&self, room: Name) -> Result<(), CallError> {
        self.call(|machine, _| machine.enter(room, true)).await.ok_or(CallError::Ended)
    }

    /// Leaves a room for good, now or when the server is there.
    ///
    /// # Errors
    ///
    /// If the client has ended.
    pub async fn exit(&self, room: Name) -> Result<(), CallError> {
        self.call(|machine, _| machine.enter(room, false)).await.ok_or(CallError::Ended)
    }

    /// The people that the server knows, by name.
    ///
    /// # Errors
    ///
    /// If the client has ended.
    pub async fn contacts(&self) -> Result<Vec<Contact>, CallError> {
        self.call(|machine, _| machine.contacts()).await.ok_or(CallError::Ended)
    }

    /// The rooms that the server knows, by name.
    ///
    /// # Errors
    ///
    /// If the client has ended.
    pub async fn rooms(&self) -> Result<Vec<RoomInfo>, CallError> {
        self.call(|machine, _| machine.rooms()).await.ok_or(CallError::Ended)
    }

    /// Looks into the history on this client's disk, the latest messages first.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn history(&self, query: HistoryQuery) -> Result<Vec<Entry>, CallError> {
        let found = self.call(move |machine, _| machine.search(&query)).await;
        Ok(found.ok_or(CallError::Ended)??)
    }

    /// Asks the server for messages of a conversation, the latest first: of a room from before one
    /// was there, or of one's own on a new machine. They are not put into the local history, and
    /// their [places](Entry#structfield.place) are the server's; `before` is one of those.
    ///
    /// The server gives up to a hundred, and fewer if they are long.
    ///
    /// # Errors
    ///
    /// If the server is not there, or goes away before it has answered.
    pub async fn server_history(
        &self,
        of: Target,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, CallError> {
        let before = before.unwrap_or(u64::MAX);
        let asked = self.call(move |machine, _| machine.server_history(of, before, limit)).await;
        let told = asked.ok_or(CallError::Ended)??;
        told.await.map_err(|_| CallError::NotConnected)
    }

    /// Marks the messages of a conversation as read, and tells their senders; how many there were.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn mark_read(&self, with: Target) -> Result<u64, CallError> {
        let marked = self.call(move |machine, _| machine.mark_read(&with)).await;
        Ok(marked.ok_or(CallError::Ended)??)
    }

    /// How many messages of a conversation have not been read.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn unread(&self, with: Target) -> Result<usize, CallError> {
        let unread = self.call(move |machine, _| machine.unread(&with)).await;
        Ok(unread.ok_or(CallError::Ended)??)
    }

    /// Says goodbye and ends the client. What the server has not stored yet stays in the client's
    /// store for the next time.
    ///
    /// It waits until the server knows, but not longer than `patience`; the client ends all the
    /// same when it is dropped.
    pub async fn leave(self, patience: Duration) {
        self.call(|machine, _| machine.leave()).await;
        // The end is waited for, and nothing else is told.
        let _ = timeout(patience, self.calls.closed()).await;
    }

    /// Has something done by the client's thread; `None` if the client has ended.
    async fn call<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Machine, Moment) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let call: Call = Box::new(move |machine, now| {
            let result = what(machine, now);
            Box::new(move || {
                // Whoever asked may have stopped waiting.
                let _ = answer.send(result);
            })
        });
        self.calls.send(call).await.ok()?;
        answered.await.ok()
    }
}

impl Events {
    /// Waits for the next event; `None` when the client has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.try_recv().ok()
    }
}

/// Runs the machine: takes calls and datagrams, makes durable what follows, sends and tells it.
struct Worker<'a> {
    machine: Machine,
    socket: UdpSocket,
    server: SocketAddr,
    events: &'a mpsc::Sender<Event>,
}

impl Worker<'_> {
    async fn run(mut self, mut calls: mpsc::Receiver<Call>) -> Result<(), StartError> {
        // One byte more than any, to tell what is too long.
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES + 1];
        let mut answers = Vec::new();
        while !self.machine.has_left() {
            tokio::select! {
                call = calls.recv() => match call {
                    Some(call) => answers.push(call(&mut self.machine, Moment::now())),
                    None => return Ok(()),
                },
                readable = self.socket.readable() => {
                    readable?;
                    self.take_datagrams(&mut buffer)?;
                }
                () = worker::until(self.machine.deadline()) => {}
            }
            while answers.len() < CALLS
                && let Ok(call) = calls.try_recv()
            {
                answers.push(call(&mut self.machine, Moment::now()));
            }
            let Self { machine, socket, server, .. } = &mut self;
            machine.transmit(Moment::now(), |datagram| {
                // What is not sent is lost, as on the way, and sent again.
                let _ = socket.try_send_to(datagram, *server);
            })?;
            answers.drain(..).for_each(|answer| answer());
            while let Some(event) = self.machine.next_event() {
                // There is room, or nobody listens.
                let _ = self.events.try_send(event);
            }
        }
        Ok(())
    }

    /// How many events more can be told.
    fn room(&self) -> usize {
        self.events.capacity().saturating_sub(self.machine.events.len())
    }

    fn take_datagrams(&mut self, buffer: &mut [u8]) -> Result<(), StoreError> {
        for _ in 0..BATCH {
            match self.socket.try_recv_from(buffer) {
                // What the owner has no room to hear of is left to be sent again.
                Ok(_) if self.room() < EVENTS_MARGIN => {}
                Ok((length, from)) if from == self.server => {
                    self.machine.receive(&buffer[..length], Moment::now())?;
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Somebody's answer to what was sent before, such as that nobody listens.
                Err(error) => tracing::trace!(%error, "receive failed"),
            }
        }
        Ok(())
    }
}
