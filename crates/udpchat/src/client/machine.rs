use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::config::ClientConfig;
use super::session::{Asking, Session, Step};
use super::store::ClientStore;
use crate::disk::StoreError;
use crate::event::Event;
use crate::key::{Identity, PublicKey};
use crate::message::{Entry, JoinRefusal};
use crate::moment::Moment;
use crate::name::Name;
use crate::wire::{
    Cookie, Envelope, Hello, Kind, Opened, Refused, Side, Welcome, WireError, knock_body, peek,
    seal,
};

/// How soon a hello may follow the last one, whatever makes us say it.
const BETWEEN_HELLOS: Duration = Duration::from_millis(100);

/// How long to wait before asking a server again that was full.
const WHEN_FULL: Duration = Duration::from_secs(5);

/// The client as a value: datagrams, calls and the time go in; datagrams and events come out, and
/// the next deadline.
///
/// As with the server, [`transmit`](Self::transmit) makes durable what has come before it says so.
pub(crate) struct Machine {
    pub(super) identity: Identity,
    pub(super) config: ClientConfig,
    pub(super) store: ClientStore,
    pub(super) session: Option<Session>,
    pub(super) events: VecDeque<Event>,
    /// Up to where our mailbox is in the store.
    pub(super) cursor: u64,
    pub(super) people: BTreeMap<Name, bool>,
    pub(super) rooms: BTreeMap<Name, Vec<Name>>,
    /// The rooms that are to be entered (or left), which the server has not confirmed.
    pub(super) entering: BTreeMap<Name, bool>,
    pub(super) queries: HashMap<u64, Query>,
    pub(super) next_query: u64,
    pub(super) leaving: Leaving,
    /// Whose server it is, if that is known.
    server: Option<PublicKey>,
    warned: bool,
    asking: Option<Asking>,
    /// Ours for this session.
    nonce: u64,
    nonces: [u8; 32],
    drawn: u64,
    hellos: u64,
    last_hello: Option<Instant>,
    /// Since when there is no session.
    searching_since: Option<Instant>,
    /// What the owner was told.
    connected: bool,
}

/// A question about the server's history.
pub(crate) struct Query {
    pub(super) found: Vec<Entry>,
    pub(super) tell: oneshot::Sender<Vec<Entry>>,
}

/// Whether the client is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    No,
    /// As soon as the server knows.
    Soon,
    Now,
}

impl Machine {
    /// A client with that secret, which must be drawn anew for each.
    pub(crate) fn new(
        identity: Identity,
        mut store: ClientStore,
        config: ClientConfig,
        secret: [u8; 32],
        now: Moment,
    ) -> Result<Self, StoreError> {
        let server = match config.server_key {
            Some(key) => Some(key),
            None => store.server_key()?,
        };
        let mut machine = Self {
            identity,
            config,
            store,
            session: None,
            events: VecDeque::new(),
            cursor: 0,
            people: BTreeMap::new(),
            rooms: BTreeMap::new(),
            entering: BTreeMap::new(),
            queries: HashMap::new(),
            next_query: 0,
            leaving: Leaving::No,
            server,
            warned: false,
            asking: None,
            nonce: 0,
            nonces: blake3::derive_key("seam chat client nonces", &secret),
            drawn: 0,
            hellos: 0,
            last_hello: None,
            searching_since: None,
            connected: false,
        };
        machine.begin(now.instant);
        Ok(machine)
    }

    /// Looks for the server, and has a session that nothing was ever said in.
    fn begin(&mut self, now: Instant) {
        self.drawn += 1;
        let hash = blake3::keyed_hash(&self.nonces, &self.drawn.to_le_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        self.nonce = u64::from_le_bytes(*first).max(1);
        self.session = None;
        self.searching_since.get_or_insert(now);
        // Whoever waits for an answer of the last session is told that there is none.
        self.queries.clear();
        self.asking = Some(Asking::new(Step::Knock, now));
    }

    /// Takes a datagram from the server's address.
    pub(crate) fn receive(&mut self, datagram: &[u8], now: Moment) -> Result<(), StoreError> {
        match self.open(datagram) {
            Ok(opened) => self.dispatch(&opened, now),
            Err(error) => {
                tracing::trace!(%error, "dropped");
                Ok(())
            }
        }
    }

    /// Only what is meant for us, now, is worth a verification.
    fn open<'a>(&self, datagram: &'a [u8]) -> Result<Opened<'a>, WireError> {
        let (_, envelope) = peek(datagram)?;
        if envelope.to_nonce != self.nonce {
            return Err(WireError::Forged);
        }
        Opened::open(datagram, Side::Server, self.identity.public(), &self.identity)
    }

    fn dispatch(&mut self, opened: &Opened<'_>, now: Moment) -> Result<(), StoreError> {
        if self.server.is_some_and(|server| server != opened.sender) {
            if !std::mem::replace(&mut self.warned, true) {
                self.events.push_back(Event::WrongServer { found: opened.sender });
            }
            return Ok(());
        }
        let Envelope { kind, from_nonce, .. } = opened.envelope;
        let in_session = self.session.as_ref().is_some_and(|session| session.nonce == from_nonce);
        match kind {
            Kind::Cookie => {
                if let Ok(cookie) = opened.body.try_into() {
                    self.cookie(opened.sender, cookie, now.instant);
                }
                Ok(())
            }
            Kind::Welcome => match Welcome::decode(opened.body) {
                Ok(welcome) => self.welcome(from_nonce, welcome, now),
                Err(_) => Ok(()),
            },
            Kind::Refused => {
                if let Ok(Refused(refusal)) = Refused::decode(opened.body) {
                    self.refused(refusal, now.instant);
                }
                Ok(())
            }
            Kind::Gone if in_session => {
                self.gone(now.instant);
                Ok(())
            }
            Kind::Data | Kind::Ack if in_session => self.in_session(opened, now),
            _ => Ok(()),
        }
    }

    /// The server asks us to show that this is our address.
    fn cookie(&mut self, server: PublicKey, cookie: Cookie, now: Instant) {
        if self.asking.is_none() && self.session.is_none() {
            return;
        }
        // From now on it is this server and no other, until the process ends; only a welcome is
        // remembered for longer.
        self.server = Some(server);
        let soonest = self.last_hello.map_or(now, |last| last + BETWEEN_HELLOS);
        self.asking = Some(Asking::new(Step::Hello(cookie), now.max(soonest)));
    }

    fn welcome(&mut self, nonce: u64, welcome: Welcome, now: Moment) -> Result<(), StoreError> {
        if !matches!(self.asking, Some(Asking { step: Step::Hello(_), .. })) {
            return Ok(());
        }
        match &mut self.session {
            Some(session) if session.nonce != nonce => return Ok(()),
            Some(session) => session.found_again(now.instant),
            None => {
                self.cursor = self.store.cursor(welcome.store)?;
                if let Some(server) = self.server {
                    self.store.set_server_key(server)?;
                }
                self.session = Some(Session::new(nonce, self.cursor, now.instant));
                self.greet();
            }
        }
        (self.asking, self.searching_since) = (None, None);
        if !std::mem::replace(&mut self.connected, true)
            && let Some(server) = self.server
        {
            self.events.push_back(Event::Connected { server });
        }
        Ok(())
    }

    fn refused(&mut self, refusal: JoinRefusal, now: Instant) {
        if !matches!(self.asking, Some(Asking { step: Step::Hello(_), .. })) {
            return;
        }
        self.events.push_back(Event::Refused(refusal));
        // Only a server that was full may have changed its mind.
        self.asking =
            (refusal == JoinRefusal::Full).then(|| Asking::new(Step::Knock, now + WHEN_FULL));
        if self.leaving == Leaving::Soon {
            self.leaving = Leaving::Now;
        }
    }

    fn gone(&mut self, now: Instant) {
        if self.leaving == Leaving::Soon {
            self.leaving = Leaving::Now;
        }
        self.begin(now);
    }

    fn in_session(&mut self, opened: &Opened<'_>, now: Moment) -> Result<(), StoreError> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let mut heard = session.receive(opened, now.instant);
        while heard.is_ok()
            && let Some(session) = &mut self.session
        {
            match session.next_reply() {
                Ok(Some((reply, body))) => self.reply(reply, body)?,
                Ok(None) => break,
                Err(error) => heard = Err(error),
            }
        }
        if let Err(error) = heard {
            tracing::debug!(%error, "the server does not keep to the protocol");
            self.begin(now.instant);
        }
        Ok(())
    }

    /// Makes durable what has come, and gives everything that is to be sent now.
    pub(crate) fn transmit(
        &mut self,
        now: Moment,
        mut send: impl FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        self.store.commit()?;
        self.fill_session(now.instant)?;
        self.store.commit()?;
        self.look_after_server(now.instant);
        if let Some(datagram) = self.ask(now.instant) {
            send(&datagram);
        }
        let Some(server) = self.server else { return Ok(()) };
        while let Some(session) = &mut self.session
            && let Some((kind, number, body)) = session.transmit(now.instant)
        {
            let (from_nonce, to_nonce) = (self.nonce, session.nonce);
            let envelope = Envelope { kind, from_nonce, to_nonce, number };
            send(&seal(envelope, &body, Side::Client, server, &self.identity));
        }
        Ok(())
    }

    /// If the server leaves us without an answer, it is asked where it is.
    fn look_after_server(&mut self, now: Instant) {
        if self.trouble_at().is_some_and(|at| at <= now) {
            self.asking = Some(Asking::new(Step::Knock, now));
            if std::mem::take(&mut self.connected) {
                self.events.push_back(Event::Disconnected);
            }
        }
        if self.lost_at().is_some_and(|at| at <= now) && std::mem::take(&mut self.connected) {
            self.events.push_back(Event::Disconnected);
        }
    }

    /// When a session that is gone, and has no successor, counts as trouble.
    fn lost_at(&self) -> Option<Instant> {
        let since = self.searching_since.filter(|_| self.connected)?;
        Some(since + self.config.patience)
    }

    /// When the server counts as silent.
    fn trouble_at(&self) -> Option<Instant> {
        let session = self.session.as_ref().filter(|_| self.asking.is_none())?;
        Some(session.unanswered_since()? + self.config.patience)
    }

    /// What the server is asked outside of the session, if it is time for it.
    fn ask(&mut self, now: Instant) -> Option<Vec<u8>> {
        let asking = self.asking.as_mut().filter(|asking| asking.at <= now)?;
        asking.asked(now);
        self.hellos += 1;
        let (step, from_nonce, number) = (asking.step, self.nonce, self.hellos);
        let to_nonce = self.session.as_ref().map_or(0, |session| session.nonce);
        let (kind, body) = match step {
            Step::Knock => (Kind::Knock, knock_body().to_vec()),
            Step::Hello(cookie) => {
                self.last_hello = Some(now);
                let ClientConfig { receives, ref name, ref token, .. } = self.config;
                let (name, token) = (name.clone(), token.clone());
                (Kind::Hello, Hello { cookie, receives, name, token }.encode())
            }
        };
        // A knock is for nobody in particular.
        let server = self.server.unwrap_or(PublicKey([0; 32]));
        let envelope = Envelope { kind, from_nonce, to_nonce, number };
        Some(seal(envelope, &body, Side::Client, server, &self.identity))
    }

    /// What has happened; to be asked after [`transmit`](Self::transmit), when it is durable.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to transmit again if nothing comes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let ask = self.asking.map(|asking| asking.at);
        let ping = self.ping_at().filter(|_| self.asking.is_none());
        let resend = self.session.as_ref().and_then(Session::deadline);
        [ask, ping, resend, self.trouble_at(), self.lost_at()].into_iter().flatten().min()
    }

    /// When the server is to be asked for a sign.
    pub(super) fn ping_at(&self) -> Option<Instant> {
        let session = self.session.as_ref().filter(|session| session.is_idle())?;
        Some(session.heard_at() + self.config.ping_after)
    }

    /// Whether the client is at its end.
    pub(crate) fn has_left(&self) -> bool {
        match self.leaving {
            Leaving::No => false,
            Leaving::Soon => self.session.is_none(),
            Leaving::Now => true,
        }
    }
}
