use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use netserver::Route;

use super::config::{Gate, Newcomer, ServerConfig};
use super::cookie::Cookies;
use super::session::{Newborn, Session, SessionId};
use super::stats::ChatStats;
use super::store::{Binding, ServerStore};
use crate::disk::StoreError;
use crate::key::{Identity, PublicKey};
use crate::message::JoinRefusal;
use crate::moment::Moment;
use crate::name::Name;
use crate::wire::{
    Envelope, Hello, Kind, OVERHEAD_BYTES, Opened, Refused, Side, Welcome, WireError, peek, seal,
};

/// The server as a value: datagrams, where they came from and the time go in; datagrams and where
/// they go come out, and the next deadline.
///
/// What came in is done and made durable by [`settle`](Self::settle), all that came at one time by
/// one write to the disk; only then does [`transmit`](Self::transmit) tell anybody.
pub(crate) struct Machine {
    pub(super) identity: Identity,
    pub(super) config: ServerConfig,
    pub(super) store: ServerStore,
    /// In order, so that the same datagrams always have the same consequences.
    pub(super) sessions: BTreeMap<SessionId, Session>,
    /// Who gets the messages for a name.
    pub(super) receivers: HashMap<Name, SessionId>,
    pub(super) stats: ChatStats,
    gate: Box<dyn Gate>,
    cookies: Cookies,
    nonces: Nonces,
    store_id: u64,
    /// The rooms that somebody has entered or left.
    pub(super) changed_rooms: BTreeSet<Name>,
    /// The sessions that something has come for.
    touched: BTreeSet<SessionId>,
    /// What is to be sent outside of any session.
    outbox: Vec<(Route, Vec<u8>)>,
}

impl Machine {
    /// A server with that secret, which must be drawn anew for each.
    pub(crate) fn new(
        identity: Identity,
        mut store: ServerStore,
        config: ServerConfig,
        gate: Box<dyn Gate>,
        secret: [u8; 32],
        now: Moment,
    ) -> Result<Self, StoreError> {
        let store_id = store.id()?;
        Ok(Self {
            cookies: Cookies::new(blake3::derive_key("seam chat cookies", &secret), now.instant),
            nonces: Nonces { secret: blake3::derive_key("seam chat nonces", &secret), drawn: 0 },
            identity,
            config,
            store,
            sessions: BTreeMap::new(),
            receivers: HashMap::new(),
            stats: ChatStats::default(),
            gate,
            store_id,
            changed_rooms: BTreeSet::new(),
            touched: BTreeSet::new(),
            outbox: Vec::new(),
        })
    }

    pub(crate) fn stats(&self) -> ChatStats {
        let sessions = self.sessions.len() as u64;
        ChatStats { sessions, ..self.stats }
    }

    /// What is queued for whoever listens least.
    #[cfg(test)]
    pub(crate) fn most_queued(&self) -> usize {
        self.sessions.values().map(Session::queued).max().unwrap_or(0)
    }

    /// Takes a native datagram.
    pub(crate) fn receive(
        &mut self,
        datagram: &[u8],
        route: &Route,
        now: Moment,
    ) -> Result<(), StoreError> {
        match self.open(datagram) {
            Ok(opened) => self.dispatch(&opened, datagram.len(), route, now),
            Err(WireError::Forged) => {
                self.stats.forged += 1;
                Ok(())
            }
            Err(error) => {
                tracing::trace!(peer = %route.peer(), %error, "dropped");
                self.stats.malformed += 1;
                Ok(())
            }
        }
    }

    /// Only what can be meant for a server is worth a verification.
    fn open<'a>(&self, datagram: &'a [u8]) -> Result<Opened<'a>, WireError> {
        let (_, envelope) = peek(datagram)?;
        match envelope.kind {
            Kind::Knock | Kind::Hello | Kind::Data | Kind::Ack => {
                Opened::open(datagram, Side::Client, self.identity.public(), &self.identity)
            }
            kind @ (Kind::Cookie | Kind::Welcome | Kind::Refused | Kind::Gone) => {
                Err(WireError::Kind { found: kind as u8 })
            }
        }
    }

    fn dispatch(
        &mut self,
        opened: &Opened<'_>,
        length: usize,
        route: &Route,
        now: Moment,
    ) -> Result<(), StoreError> {
        match opened.envelope.kind {
            Kind::Hello => match Hello::decode(opened.body) {
                Ok(hello) => self.hello(opened, hello, route, now),
                Err(_) => {
                    self.stats.malformed += 1;
                    Ok(())
                }
            },
            Kind::Data | Kind::Ack => {
                self.in_session(opened, length, route, now);
                Ok(())
            }
            _ => {
                self.challenge(opened, length, route, now.instant);
                Ok(())
            }
        }
    }

    /// Asks an address to show that it is real. An answer is never longer than what it answers, so
    /// that a forged address is no way to flood somebody.
    fn challenge(&mut self, opened: &Opened<'_>, length: usize, route: &Route, now: Instant) {
        let nonce = opened.envelope.from_nonce;
        let cookie = self.cookies.bake(route.peer(), opened.sender, nonce, now);
        if length >= OVERHEAD_BYTES + cookie.len() {
            self.stats.challenged += 1;
            self.answer(opened, Kind::Cookie, &cookie, route);
        }
    }

    fn hello(
        &mut self,
        opened: &Opened<'_>,
        hello: Hello,
        route: &Route,
        now: Moment,
    ) -> Result<(), StoreError> {
        let (key, envelope) = (opened.sender, opened.envelope);
        let id = (key, envelope.from_nonce);
        if !self.cookies.is_good(hello.cookie, route.peer(), key, id.1, now.instant) {
            self.challenge(opened, usize::MAX, route, now.instant);
            return Ok(());
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            if session.hello < envelope.number {
                session.hello = envelope.number;
                session.moved(route.clone(), now.instant);
            }
            self.welcome(opened, id, route);
            return Ok(());
        }
        if envelope.to_nonce != 0 {
            self.answer(opened, Kind::Gone, &[], route);
            return Ok(());
        }
        match self.admit(key, &hello, route)? {
            Some(refusal) => {
                self.stats.refused += 1;
                self.answer(opened, Kind::Refused, &Refused(refusal).encode(), route);
            }
            None => {
                let nonce = self.nonces.draw();
                let (name, receives) = (hello.name, hello.receives);
                let (route_to, hello) = (route.clone(), envelope.number);
                let newborn = Newborn { name, receives, route: route_to, nonce, hello };
                self.sessions.insert(id, Session::new(newborn, now.instant));
                self.stats.joined += 1;
                self.welcome(opened, id, route);
            }
        }
        Ok(())
    }

    /// Why somebody may not join, if they may not.
    fn admit(
        &mut self,
        key: PublicKey,
        hello: &Hello,
        route: &Route,
    ) -> Result<Option<JoinRefusal>, StoreError> {
        let newcomer = Newcomer { key, name: &hello.name, token: &hello.token, peer: route.peer() };
        if !self.gate.admits(newcomer) {
            return Ok(Some(JoinRefusal::NotAdmitted));
        }
        let of_key = self.sessions.keys().filter(|(owner, _)| *owner == key).count();
        if self.sessions.len() >= self.config.max_sessions
            || of_key >= self.config.max_sessions_per_key
        {
            return Ok(Some(JoinRefusal::Full));
        }
        Ok(match self.store.bind(&hello.name, key, &self.config)? {
            Binding::New | Binding::Known => None,
            Binding::Taken => Some(JoinRefusal::NameTaken),
            Binding::Full => Some(JoinRefusal::Full),
        })
    }

    fn welcome(&mut self, opened: &Opened<'_>, id: SessionId, route: &Route) {
        let Some(session) = self.sessions.get(&id) else { return };
        let body = Welcome { store: self.store_id }.encode();
        let envelope =
            Envelope { kind: Kind::Welcome, from_nonce: session.nonce, to_nonce: id.1, number: 0 };
        let datagram = seal(envelope, &body, Side::Server, opened.sender, &self.identity);
        self.outbox.push((route.clone(), datagram));
    }

    /// Tells a client that left that it is gone: nothing else will answer it any more.
    pub(super) fn farewell(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else { return };
        let (from_nonce, to_nonce) = (session.nonce, id.1);
        let envelope = Envelope { kind: Kind::Gone, from_nonce, to_nonce, number: 0 };
        let datagram = seal(envelope, &[], Side::Server, id.0, &self.identity);
        self.outbox.push((session.route.clone(), datagram));
    }

    fn in_session(&mut self, opened: &Opened<'_>, length: usize, route: &Route, now: Moment) {
        let id = (opened.sender, opened.envelope.from_nonce);
        let Some(session) = self.sessions.get_mut(&id) else {
            self.answer(opened, Kind::Gone, &[], route);
            return;
        };
        if session.nonce != opened.envelope.to_nonce {
            // Of an earlier session with the same nonce, and so sent again by somebody else.
            self.stats.replayed += 1;
            return;
        }
        if let Err(error) = session.receive(opened, now.instant) {
            tracing::debug!(name = %session.name, %error, "a client that does not keep to the protocol");
            self.stats.broken += 1;
            self.end(id);
            return;
        }
        session.confirmed = true;
        self.touched.insert(id);
        if session.route.peer() != route.peer() {
            self.challenge(opened, length, route, now.instant);
        }
    }

    /// Answers a datagram outside of any session: the nonces are turned around.
    fn answer(&mut self, opened: &Opened<'_>, kind: Kind, body: &[u8], route: &Route) {
        let Envelope { from_nonce: to_nonce, to_nonce: from_nonce, .. } = opened.envelope;
        let envelope = Envelope { kind, from_nonce, to_nonce, number: 0 };
        let datagram = seal(envelope, body, Side::Server, opened.sender, &self.identity);
        self.outbox.push((route.clone(), datagram));
    }

    /// Does what was asked, and makes it durable.
    pub(crate) fn settle(&mut self, now: Moment) -> Result<(), StoreError> {
        self.expire(now.instant);
        for id in std::mem::take(&mut self.touched) {
            self.serve(id, now)?;
        }
        self.deliver()?;
        self.store.commit()
    }

    /// Gives everything that is to be sent now, of what is settled.
    pub(crate) fn transmit(&mut self, now: Moment, mut send: impl FnMut(&Route, &[u8])) {
        for (route, datagram) in self.outbox.drain(..) {
            send(&route, &datagram);
        }
        for (id, session) in &mut self.sessions {
            while let Some(datagram) = session.transmit(*id, &self.identity, now.instant) {
                send(&session.route, &datagram);
            }
        }
    }

    /// When to settle and transmit again if nothing comes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let timeout = self.config.session_timeout;
        let of = |session: &Session| {
            let expires = session.expires_at(timeout);
            session.deadline().map_or(expires, |deadline| deadline.min(expires))
        };
        self.sessions.values().map(of).min()
    }

    fn expire(&mut self, now: Instant) {
        let timeout = self.config.session_timeout;
        let gone = self.sessions.iter().filter(|(_, one)| one.expires_at(timeout) <= now);
        let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
        gone.into_iter().for_each(|id| self.end(id));
    }
}

/// Random numbers that nobody else can guess: hashes, under a secret key, of a count.
struct Nonces {
    secret: [u8; 32],
    drawn: u64,
}

impl Nonces {
    /// Never 0, which stands for none.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let hash = blake3::keyed_hash(&self.secret, &self.drawn.to_le_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        u64::from_le_bytes(*first).max(1)
    }
}
