use std::net::SocketAddr;
use std::time::{Duration, Instant};

use netserver::{Addr, Route};

use super::disk::{Crash, TestDisk};
use super::key::identity;
use super::network::{Network, Weather};
use crate::client::{ClientConfig, ClientStore, Machine as Client};
use crate::event::Event;
use crate::message::{Delivery, Entry, MessageId};
use crate::moment::Moment;
use crate::name::{Name, Target};
use crate::server::{Machine as Server, ServerConfig, ServerStore};

/// The number of the server's key.
pub(super) const SERVER_KEY: u8 = 100;

/// No scenario takes longer, by the clock of the world.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A server, its clients, and the network between them, under a clock that moves when nothing else
/// can.
pub(super) struct World {
    pub(super) now: Moment,
    start: Instant,
    pub(super) network: Network,
    pub(super) server: Option<Server>,
    pub(super) server_disk: TestDisk,
    pub(super) server_config: ServerConfig,
    pub(super) clients: Vec<Node>,
    /// Machines are to draw other numbers each time they are started.
    started: u8,
}

/// A client and what it has told.
pub(super) struct Node {
    pub(super) machine: Option<Client>,
    pub(super) addr: SocketAddr,
    pub(super) events: Vec<Event>,
    pub(super) disk: TestDisk,
    key: u8,
    config: ClientConfig,
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(super) fn target(text: &str) -> Target {
    Target::parse(text).unwrap()
}

pub(super) fn server_addr() -> SocketAddr {
    "192.0.2.1:8081".parse().unwrap()
}

impl World {
    pub(super) fn new(weather: Weather, seed: u64) -> Self {
        let start = Instant::now();
        let mut world = Self {
            now: Moment { instant: start, unix_millis: 1_700_000_000_000 },
            start,
            network: Network::new(weather, seed),
            server: None,
            server_disk: TestDisk::default(),
            server_config: ServerConfig::default().rate_limit(None),
            clients: Vec::new(),
            started: 0,
        };
        world.start_server();
        world
    }

    pub(super) fn start_server(&mut self) {
        let store = ServerStore::on(self.server_disk.clone()).unwrap();
        let (secret, config) = (self.secret(), self.server_config.clone());
        let gate = Box::new(());
        let server = Server::new(identity(SERVER_KEY), store, config, gate, secret, self.now);
        self.server = Some(server.unwrap());
    }

    /// A new client with a key of its own and a name.
    pub(super) fn join(&mut self, text: &str) -> usize {
        let key = u8::try_from(self.clients.len()).unwrap() + 1;
        self.join_with(text, key)
    }

    pub(super) fn join_with(&mut self, text: &str, key: u8) -> usize {
        self.join_as(ClientConfig::new(server_addr(), name(text)), key)
    }

    pub(super) fn join_as(&mut self, config: ClientConfig, key: u8) -> usize {
        let port = 5000 + u16::try_from(self.clients.len()).unwrap();
        self.clients.push(Node {
            machine: None,
            addr: ([192, 0, 2, 2], port).into(),
            events: Vec::new(),
            disk: TestDisk::default(),
            key,
            config,
        });
        self.start_client(self.clients.len() - 1);
        self.clients.len() - 1
    }

    pub(super) fn start_client(&mut self, index: usize) {
        let (secret, now) = (self.secret(), self.now);
        let node = &mut self.clients[index];
        let store = ClientStore::on(node.disk.clone()).unwrap();
        let config = node.config.clone();
        let client = Client::new(identity(node.key), store, config, secret, now).unwrap();
        node.machine = Some(client);
    }

    /// Ends the client at this moment, and leaves what is on its disk.
    pub(super) fn crash_client(&mut self, index: usize, crash: Crash) {
        let node = &mut self.clients[index];
        node.disk = node.disk.after(crash);
        node.machine = None;
    }

    pub(super) fn crash_server(&mut self, crash: Crash) {
        self.server_disk = self.server_disk.after(crash);
        self.server = None;
    }

    fn secret(&mut self) -> [u8; 32] {
        self.started += 1;
        [self.started; 32]
    }

    pub(super) fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("it runs")
    }

    pub(super) fn client(&mut self, index: usize) -> &mut Client {
        self.clients[index].machine.as_mut().expect("it runs")
    }

    /// Sends, as a caller would: durable when this returns.
    pub(super) fn say(&mut self, index: usize, to: &str, text: &str) -> MessageId {
        let now = self.now;
        let id = self.client(index).send(&target(to), text, now).unwrap();
        self.let_client_transmit(index);
        id
    }

    /// Lets one thing happen: everything that is due now, or else the clock moves on to what is
    /// next. `false` if nothing ever will.
    pub(super) fn step(&mut self) -> bool {
        if let Some(parcel) = self.network.arrive(self.now.instant) {
            self.deliver(parcel.from, parcel.to, &parcel.bytes);
            return true;
        }
        for index in 0..self.clients.len() {
            let due = self.clients[index].machine.as_ref().and_then(Client::deadline);
            if due.is_some_and(|due| due <= self.now.instant) {
                self.let_client_transmit(index);
            }
        }
        let due = self.server.as_ref().and_then(Server::deadline);
        if due.is_some_and(|due| due <= self.now.instant) {
            self.let_server_transmit();
        }
        self.move_on()
    }

    fn move_on(&mut self) -> bool {
        let Some(next) = self.next_at() else { return false };
        // A deadline that stays in the past would stop the clock.
        self.set_clock(next.max(self.now.instant + Duration::from_micros(10)));
        true
    }

    /// When something is to happen.
    fn next_at(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter_map(|node| node.machine.as_ref()?.deadline());
        let server = self.server.as_ref().and_then(Server::deadline);
        clients.chain(server).chain(self.network.next_at()).min()
    }

    fn set_clock(&mut self, instant: Instant) {
        let passed = instant - self.now.instant;
        self.now.instant = instant;
        self.now.unix_millis += u64::try_from(passed.as_millis()).unwrap();
    }

    /// Brings a datagram to whoever has that address.
    pub(super) fn deliver(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let now = self.now;
        if to == server_addr() {
            if let Some(server) = &mut self.server {
                server.receive(bytes, &Route::to(Addr::Ip(from)), now).unwrap();
                self.let_server_transmit();
            }
            return;
        }
        let Some(index) = self.clients.iter().position(|node| node.addr == to) else { return };
        if let Some(machine) = &mut self.clients[index].machine {
            machine.receive(bytes, now).unwrap();
            self.let_client_transmit(index);
        }
    }

    pub(super) fn let_server_transmit(&mut self) {
        let Some(server) = &mut self.server else { return };
        let mut sent = Vec::new();
        let send = |route: &Route, bytes: &[u8]| {
            sent.push((route.peer().ip().unwrap(), bytes.to_vec()));
        };
        server.settle(self.now).unwrap();
        server.transmit(self.now, send);
        if let Some(left) = self.server_disk.crashed() {
            (self.server_disk, self.server) = (left, None);
            return;
        }
        for (to, bytes) in sent {
            self.network.send(server_addr(), to, &bytes, self.now.instant);
        }
    }

    pub(super) fn let_client_transmit(&mut self, index: usize) {
        let node = &mut self.clients[index];
        let Some(machine) = &mut node.machine else { return };
        let mut sent = Vec::new();
        machine.transmit(self.now, |bytes| sent.push(bytes.to_vec())).unwrap();
        if let Some(left) = node.disk.crashed() {
            (node.disk, node.machine) = (left, None);
            return;
        }
        for bytes in sent {
            self.network.send(node.addr, server_addr(), &bytes, self.now.instant);
        }
        while let Some(event) = machine.next_event() {
            node.events.push(event);
        }
        if machine.has_left() {
            node.machine = None;
        }
    }

    /// Lets the world go on until something is so.
    ///
    /// # Panics
    ///
    /// If it never is.
    pub(super) fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        while !is_so(self) {
            let waited = self.now.instant - self.start;
            assert!(self.step() && waited < PATIENCE, "not {what} after {waited:?}");
        }
    }

    /// Lets so much time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now.instant + time;
        while self.next_at().is_some_and(|next| next < end) && self.now.instant < end {
            self.step();
        }
        self.set_clock(end.max(self.now.instant));
    }

    pub(super) fn until_connected(&mut self, index: usize) {
        let is_it = |event: &Event| matches!(event, Event::Connected { .. });
        self.until("connected", |world| world.clients[index].events.iter().any(is_it));
    }

    /// The texts that a client was told of, in order.
    pub(super) fn heard(&self, index: usize) -> Vec<&str> {
        let events = self.clients[index].events.iter();
        let text = |event| match event {
            &Event::Message(Entry { ref text, .. }) => Some(&**text),
            _ => None,
        };
        events.filter_map(text).collect()
    }

    /// How far a message has come, as its sender was told.
    pub(super) fn state(&self, index: usize, message: MessageId) -> Delivery {
        let events = self.clients[index].events.iter();
        let state = |event: &Event| match event {
            Event::Delivery { id, state, .. } if *id == message => Some(*state),
            _ => None,
        };
        events.filter_map(state).max().unwrap_or(Delivery::Queued)
    }
}
