use std::time::{Duration, Instant};

use crate::delivery::{Link, LinkError};
use crate::message::MessageId;
use crate::name::Name;
use crate::wire::{Cookie, Kind, Opened, Reply, Request};

/// With so much queued for the server no more messages are put into the session: they stay in the
/// outbox until there is room.
const MAX_QUEUED_BYTES: usize = 64 * 1024;

/// A session that the server has opened.
pub(super) struct Session {
    /// The server's nonce for it.
    pub(super) nonce: u64,
    /// The messages of the outbox up to this number are sent.
    pub(super) posted: u64,
    /// The server has been told that the mailbox up to here is on our disk.
    pub(super) told: u64,
    /// What the server is being told to have been read.
    pub(super) reads: Vec<(Name, MessageId)>,
    /// Whether there may be more of that.
    pub(super) may_have_reads: bool,
    link: Link<Reply>,
}

impl Session {
    pub(super) fn new(nonce: u64, told: u64, now: Instant) -> Self {
        let link = Link::new(now);
        Self { nonce, posted: 0, told, reads: Vec::new(), may_have_reads: true, link }
    }

    pub(super) fn receive(&mut self, opened: &Opened<'_>, now: Instant) -> Result<(), LinkError> {
        self.link.receive(opened, now)
    }

    pub(super) fn next_reply(&mut self) -> Result<Option<(Reply, Vec<u8>)>, LinkError> {
        self.link.next_frame()
    }

    pub(super) fn push(&mut self, request: &Request, body: &[u8]) {
        self.link.push(request, body).expect("every request fits the limits of a frame");
    }

    pub(super) fn is_full(&self) -> bool {
        self.link.queued() > MAX_QUEUED_BYTES
    }

    /// Whether the server has got everything.
    pub(super) fn is_idle(&self) -> bool {
        self.link.queued() == 0
    }

    pub(super) fn heard_at(&self) -> Instant {
        self.link.heard_at()
    }

    pub(super) fn unanswered_since(&self) -> Option<Instant> {
        self.link.unanswered_since()
    }

    pub(super) fn found_again(&mut self, now: Instant) {
        self.link.new_path(now);
    }

    pub(super) fn transmit(&mut self, now: Instant) -> Option<(Kind, u64, Vec<u8>)> {
        self.link.transmit(now)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.link.deadline()
    }
}

/// What the server is asked before there is a session, or to find it again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) step: Step,
    /// When to ask, the first time or again.
    pub(super) at: Instant,
    wait: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// For a cookie.
    Knock,
    /// To be let in with it.
    Hello(Cookie),
}

impl Asking {
    const FIRST_WAIT: Duration = Duration::from_millis(250);
    /// As often a server is looked for that is not there, or was started after its clients.
    const LONGEST_WAIT: Duration = Duration::from_secs(4);

    pub(super) fn new(step: Step, at: Instant) -> Self {
        Self { step, at, wait: Self::FIRST_WAIT }
    }

    /// It was asked, and is asked again after a while.
    pub(super) fn asked(&mut self, now: Instant) {
        self.at = now + self.wait;
        self.wait = (self.wait * 2).min(Self::LONGEST_WAIT);
    }
}
