use std::time::{Duration, Instant};

use netserver::Route;

use crate::delivery::{Link, LinkError};
use crate::key::{Identity, PublicKey};
use crate::name::Name;
use crate::wire::{Envelope, Kind, Opened, Reply, Request, Side, seal};

/// With so much queued for a client nothing more is read from it, and nothing is fetched from its
/// mailbox: it has to listen first.
const MAX_QUEUED_BYTES: usize = 128 * 1024;

/// How long a session may stay without its first sign after the welcome.
const CONFIRM_WITHIN: Duration = Duration::from_secs(10);

/// A session's key: whose it is, and the nonce they drew for it.
pub(crate) type SessionId = (PublicKey, u64);

/// A client that has joined.
pub(crate) struct Session {
    pub(crate) name: Name,
    pub(crate) receives: bool,
    pub(crate) route: Route,
    /// Ours for this session. The client says it in everything it sends, so that nothing of an
    /// earlier session can be sent again in this one.
    pub(crate) nonce: u64,
    /// The number of the last hello, which only grows: an old one does not move the session back.
    pub(crate) hello: u64,
    /// Something was heard in this session. Until then it may be an old hello that somebody has
    /// sent again, and it does not count as presence.
    pub(crate) confirmed: bool,
    /// The mailbox up to here is sent. `None` until the client says what it has.
    pub(crate) mailed: Option<u64>,
    pub(crate) may_have_mail: bool,
    /// What of the directory is still to be told.
    pub(crate) listing: Option<Listing>,
    link: Link<Request>,
}

/// Where the directory goes on.
#[derive(Clone, Debug)]
pub(crate) enum Listing {
    People { after: Option<Name> },
    Rooms { after: Option<Name> },
}

/// Who asks for a session, and from where.
pub(crate) struct Newborn {
    pub(crate) name: Name,
    pub(crate) receives: bool,
    pub(crate) route: Route,
    pub(crate) nonce: u64,
    pub(crate) hello: u64,
}

impl Session {
    pub(crate) fn new(newborn: Newborn, now: Instant) -> Self {
        let Newborn { name, receives, route, nonce, hello } = newborn;
        Self {
            name,
            receives,
            route,
            nonce,
            hello,
            confirmed: false,
            mailed: None,
            may_have_mail: false,
            listing: None,
            link: Link::new(now),
        }
    }

    pub(crate) fn receive(&mut self, opened: &Opened<'_>, now: Instant) -> Result<(), LinkError> {
        self.link.receive(opened, now)
    }

    /// What the client asks next, unless it does not listen.
    pub(crate) fn next_request(&mut self) -> Result<Option<(Request, Vec<u8>)>, LinkError> {
        if self.is_full() { Ok(None) } else { self.link.next_frame() }
    }

    /// Queues a reply.
    pub(crate) fn push(&mut self, reply: &Reply, body: &[u8]) {
        self.link.push(reply, body).expect("every reply fits the limits of a frame");
    }

    pub(crate) fn is_full(&self) -> bool {
        self.queued() > MAX_QUEUED_BYTES
    }

    pub(crate) fn queued(&self) -> usize {
        self.link.queued()
    }

    /// The client has shown that it is there.
    pub(crate) fn moved(&mut self, route: Route, now: Instant) {
        self.route = route;
        self.link.new_path(now);
    }

    /// When the client counts as gone if nothing is heard of it.
    pub(crate) fn expires_at(&self, timeout: Duration) -> Instant {
        self.link.heard_at() + if self.confirmed { timeout } else { CONFIRM_WITHIN }
    }

    /// When there is something to send again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.link.deadline()
    }

    /// The next datagram for the client.
    pub(crate) fn transmit(
        &mut self,
        (key, client_nonce): SessionId,
        identity: &Identity,
        now: Instant,
    ) -> Option<Vec<u8>> {
        let (kind, number, body) = self.link.transmit(now)?;
        let envelope = Envelope { kind, from_nonce: self.nonce, to_nonce: client_nonce, number };
        debug_assert!(matches!(kind, Kind::Data | Kind::Ack));
        Some(seal(envelope, &body, Side::Server, key, identity))
    }
}
