use std::hash::{BuildHasher, RandomState};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep, timeout};

use super::handle::DatagramHandle;
use super::handler::DatagramHandler;
use super::hooks::DatagramEvent;
use super::limits::Dispatch;
use super::outbox::Mail;
use super::rate::{RateLimit, RateLimiter, RateVerdict};
use super::report::{DatagramReport, Fate};
use super::service::{Service, Workshop};
use super::socket::{DatagramSocket, Incoming};
use crate::accept::Backoff;
use crate::running::{Handle, Seal};
use crate::stream_server::CUT_GRACE;
use crate::ticker::Ticker;
use crate::{AcceptFailure, Addr, ServeError};

/// The task of a running datagram server.
pub(crate) struct Driver<S, H> {
    socket: S,
    service: Arc<Service<H>>,
    /// Where datagrams are handled; `None` is here.
    workshop: Option<Workshop<H>>,
    doorkeeper: Doorkeeper,
    incoming: Incoming,
    mail: Mail,
}

impl<S: DatagramSocket, H: DatagramHandler> Driver<S, H> {
    pub(crate) fn new(
        socket: S,
        service: Arc<Service<H>>,
        dispatch: Dispatch,
        rate_limit: Option<RateLimit>,
    ) -> Self {
        let limits = service.server.limits();
        let incoming = Incoming::new(limits.batch_datagrams, limits.max_payload_bytes);
        let workshop = Workshop::open(&service, dispatch);
        let doorkeeper = Doorkeeper::new(service.server.clone(), rate_limit);
        Self { socket, service, workshop, doorkeeper, incoming, mail: Mail::default() }
    }

    pub(crate) async fn run(
        mut self,
        tick_every: Option<Duration>,
    ) -> Result<DatagramReport, ServeError<DatagramReport>> {
        let server = self.service.server.clone();
        let broken = tokio::select! {
            result = self.serve_and_drain(tick_every) => result.err(),
            () = drain_deadline(&server) => None,
        };
        if let Some(workshop) = &self.workshop {
            workshop.cut();
            // A failure means that some handler blocks; the report counts it as aborted.
            let _ = timeout(CUT_GRACE, workshop.finished()).await;
        }
        let report = server.close_book(Seal);
        match broken {
            None => Ok(report),
            Some(source) => Err(ServeError { local: server.local_addr().clone(), source, report }),
        }
    }

    /// Everything up to the report, if nothing has to be cut off.
    async fn serve_and_drain(&mut self, tick_every: Option<Duration>) -> io::Result<()> {
        let server = self.service.server.clone();
        let received = self.receive_until_stopped(Ticker::new(tick_every)).await;
        // This is news if the socket broke, and then the handlers are to hear it too.
        server.shutdown();
        server.event(&DatagramEvent::Stopping);
        self.finish().await;
        received
    }

    /// Receives until asked to stop, or until the socket breaks.
    async fn receive_until_stopped(&mut self, mut ticker: Ticker) -> io::Result<()> {
        let server = self.service.server.clone();
        let mut stopped = pin!(server.stop_signal().stopped());
        let mut backoff = Backoff::default();
        loop {
            // Whoever floods the server must not keep its thread from everybody else.
            consume_budget().await;
            self.flush().await;
            self.incoming.clear();
            let received = tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                () = ticker.tick() => {
                    server.hook(|hooks| hooks.tick(&server.counters()));
                    continue;
                }
                received = self.socket.receive(&mut self.incoming) => received,
                () = server.outbox().filled() => continue,
            };
            let Err(error) = received else {
                backoff.succeeded();
                self.deal_out().await;
                continue;
            };
            let failure = classify(&error);
            server.event(&DatagramEvent::ReceiveFailed { error: &error, failure });
            let Some(wait) = backoff.failed(failure) else {
                return Err(error);
            };
            server.count(|tally| &tally.receive_errors, 1);
            tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                () = sleep(wait) => {}
            }
        }
    }

    /// Has the datagrams of a batch served, or puts them where that will be done.
    async fn deal_out(&mut self) {
        self.service.server.count(|tally| &tally.received, self.incoming.len());
        self.doorkeeper.look_at_the_clock();
        for index in 0..self.incoming.len() {
            let (datagram, route) = self.incoming.get(index);
            if let Some(fate) = self.doorkeeper.turned_away(route.peer(), datagram.is_none()) {
                self.service.server.tally().record(fate);
                continue;
            }
            let Some(datagram) = datagram else { continue };
            match &self.workshop {
                Some(workshop) => workshop.take(datagram),
                None => self.service.attend(datagram, false).await,
            }
        }
    }

    /// Sends what handlers have left to be sent.
    async fn flush(&mut self) {
        let server = &self.service.server;
        server.outbox().take(&mut self.mail);
        let mut done = 0;
        while done < self.mail.len() {
            let outgoing = self.mail.after(done);
            match self.socket.send(outgoing).await {
                Ok(sent) => {
                    // A socket that says it sent nothing would be asked for ever.
                    let sent = sent.clamp(1, outgoing.len());
                    server.count(|tally| &tally.sent, sent);
                    done += sent;
                }
                Err(error) => {
                    let (_, route) = outgoing.first();
                    server.event(&DatagramEvent::SendFailed { peer: route.peer(), error: &error });
                    server.count(|tally| &tally.unsent, 1);
                    done += 1;
                }
            }
        }
        self.mail.clear();
    }

    /// Lets the handlers finish, and sends what they still say.
    async fn finish(&mut self) {
        let server = self.service.server.clone();
        if let Some(workshop) = &self.workshop {
            workshop.close();
            let mut finished = pin!(workshop.finished());
            loop {
                tokio::select! {
                    () = &mut finished => break,
                    () = server.outbox().filled() => self.flush().await,
                }
            }
        }
        self.flush().await;
    }
}

/// Waits until the server is to be cut off.
async fn drain_deadline(server: &DatagramHandle) {
    server.stop_signal().stopped().await;
    sleep(server.limits().drain_deadline).await;
}

/// What an error of `recv` means: the same as for `accept`, but for a datagram that was longer
/// than its buffer, which Windows reports as an error.
fn classify(error: &io::Error) -> AcceptFailure {
    const WSAEMSGSIZE: i32 = 10040;
    if cfg!(windows) && error.raw_os_error() == Some(WSAEMSGSIZE) {
        return AcceptFailure::Transient;
    }
    AcceptFailure::classify(error)
}

/// Who says which datagrams get to a handler.
struct Doorkeeper {
    server: DatagramHandle,
    limiter: Option<RateLimiter>,
    now: std::time::Instant,
    /// Random numbers that nobody outside can guess: the hashes, under a secret key, of a count.
    dice: RandomState,
    thrown: u64,
}

impl Doorkeeper {
    fn new(server: DatagramHandle, rate_limit: Option<RateLimit>) -> Self {
        Self {
            server,
            limiter: rate_limit.map(RateLimiter::new),
            now: Instant::now().into_std(),
            dice: RandomState::new(),
            thrown: 0,
        }
    }

    /// Once for each batch, which came at one time.
    fn look_at_the_clock(&mut self) {
        if self.limiter.is_some() {
            self.now = Instant::now().into_std();
        }
    }

    /// Why this datagram is not to be served, if it is not.
    fn turned_away(&mut self, peer: &Addr, oversized: bool) -> Option<Fate> {
        if let Some(limiter) = &mut self.limiter {
            self.thrown += 1;
            let random = self.dice.hash_one(self.thrown);
            if limiter.check(peer, self.now, random) == RateVerdict::Over {
                return Some(Fate::Limited);
            }
        }
        if oversized {
            return Some(Fate::Oversized);
        }
        let verified = self.server.hook(|hooks| hooks.verify(peer)).unwrap_or(false);
        (!verified).then_some(Fate::Rejected)
    }
}
