//! What an attacker can do who sees every datagram and sends any.

use std::time::Duration;

use netserver::Route;

use super::key::identity;
use super::network::{Dice, Parcel, Weather};
use super::world::{SERVER_KEY, World, name, server_addr};
use crate::event::Event;
use crate::key::PublicKey;
use crate::message::{Delivery, MessageId};
use crate::wire::{
    Ack, Envelope, Hello, Kind, MAX_DATAGRAM_BYTES, OVERHEAD_BYTES, Opened, Request, Side, peek,
    seal,
};

/// liu and xue, who have talked; and everything that was sent.
fn talked() -> (World, Vec<Parcel>) {
    let mut world = World::new(Weather::FINE, 1);
    let (liu, xue) = (world.join("liu"), world.join("xue"));
    world.until_connected(liu);
    world.until_connected(xue);
    for (from, to) in [(liu, "xue"), (xue, "liu")] {
        let id = world.say(from, to, "a word");
        world.until("delivered", |world| world.state(from, id) == Delivery::Delivered);
    }
    world.pass(Duration::from_secs(1));
    let log = world.network.log.clone();
    (world, log)
}

/// What must not change: everything but the counts of what was dropped.
fn picture(world: &mut World) -> (u64, u64, u64, Vec<usize>) {
    let stats = world.server().stats();
    let events = world.clients.iter().map(|node| node.events.len()).collect();
    (stats.sessions, stats.joined, stats.stored, events)
}

fn every_kind(log: &[Parcel]) -> Vec<Parcel> {
    let kinds = [Kind::Knock, Kind::Cookie, Kind::Hello, Kind::Welcome, Kind::Data, Kind::Ack];
    let of = |kind| log.iter().find(move |one| peek(&one.bytes).unwrap().1.kind == kind);
    kinds.into_iter().map(|kind| of(kind).unwrap().clone()).collect()
}

#[test]
fn no_part_of_a_datagram_does_anything() {
    let (mut world, log) = talked();
    let before = picture(&mut world);
    for parcel in every_kind(&log) {
        for length in 0..parcel.bytes.len() {
            world.deliver(parcel.from, parcel.to, &parcel.bytes[..length]);
        }
        let longer = [&parcel.bytes[..], b"x"].concat();
        world.deliver(parcel.from, parcel.to, &longer);
    }
    world.pass(Duration::from_secs(5));
    assert_eq!(picture(&mut world), before);
}

#[test]
fn no_bit_of_a_datagram_can_be_changed() {
    let (mut world, log) = talked();
    let before = picture(&mut world);
    for parcel in every_kind(&log) {
        for bit in 0..parcel.bytes.len() * 8 {
            let mut bytes = parcel.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            world.deliver(parcel.from, parcel.to, &bytes);
        }
    }
    world.pass(Duration::from_secs(5));
    assert_eq!(picture(&mut world), before);
}

#[test]
fn whatever_is_sent_again_in_whatever_order_changes_nothing() {
    let (mut world, log) = talked();
    let before = picture(&mut world);
    let mut dice = Dice(9);
    for _ in 0..3 * log.len() {
        let index = usize::try_from(dice.throw(log.len() as u64)).unwrap();
        world.deliver(log[index].from, log[index].to, &log[index].bytes);
    }
    world.pass(Duration::from_secs(5));
    assert_eq!(picture(&mut world), before);
}

#[test]
fn what_is_sent_back_to_its_sender_changes_nothing() {
    let (mut world, log) = talked();
    let before = picture(&mut world);
    for parcel in &log {
        world.deliver(parcel.to, parcel.from, &parcel.bytes);
    }
    world.pass(Duration::from_secs(5));
    assert_eq!(picture(&mut world), before);
}

#[test]
fn a_client_with_the_servers_own_key_is_not_fooled_by_its_own_words() {
    let mut world = World::new(Weather::FINE, 2);
    let index = world.join_with("owner", SERVER_KEY);
    world.until_connected(index);
    let id = world.say(index, "owner", "a note to myself");
    world.until("stored", |world| world.state(index, id) == Delivery::Stored);
    let before = picture(&mut world);
    for parcel in world.network.log.clone() {
        world.deliver(parcel.to, parcel.from, &parcel.bytes);
    }
    world.pass(Duration::from_secs(5));
    assert_eq!(picture(&mut world), before);
}

#[test]
fn what_was_for_one_server_means_nothing_to_another() {
    let (_, log) = talked();
    let mut world = World::new(Weather::FINE, 3);
    // The same key would be the same server; this one has another.
    let other = identity(SERVER_KEY + 1);
    for parcel in log.iter().filter(|parcel| parcel.to == server_addr()) {
        let opened = Opened::open(&parcel.bytes, Side::Client, other.public(), &other);
        let is_knock = peek(&parcel.bytes).unwrap().1.kind == Kind::Knock;
        assert_eq!(opened.is_ok(), is_knock);
    }
    world.pass(Duration::from_secs(1));
}

#[test]
fn a_session_cannot_be_played_again_to_a_server_that_was_restarted() {
    let (mut world, log) = talked();
    world.crash_server(super::disk::Crash::Kill);
    world.clients.iter_mut().for_each(|node| node.machine = None);
    world.start_server();
    for _ in 0..2 {
        for parcel in log.iter().filter(|parcel| parcel.to == server_addr()) {
            world.deliver(parcel.from, parcel.to, &parcel.bytes);
        }
    }
    let stats = world.server().stats();
    assert_eq!((stats.sessions, stats.joined, stats.stored), (0, 0, 0));
}

#[test]
fn a_session_that_was_left_and_is_played_again_is_nobodys_presence() {
    let (mut world, _) = talked();
    world.client(1).leave();
    world.let_client_transmit(1);
    world.until("has left", |world| world.clients[1].machine.is_none());
    let log = world.network.log.clone();
    world.clients[0].events.clear();
    let xue = world.clients[1].addr;
    for parcel in log.iter().filter(|parcel| parcel.from == xue) {
        world.deliver(xue, parcel.to, &parcel.bytes);
    }
    world.pass(Duration::from_secs(60));
    let seen = |event: &Event| matches!(event, Event::Presence(one) if one.online);
    assert!(!world.clients[0].events.iter().any(seen));
    let stats = world.server().stats();
    assert_eq!((stats.sessions, stats.stored), (1, 2));
}

#[test]
fn an_address_that_was_made_up_is_told_no_more_than_it_said() {
    let (mut world, log) = talked();
    let victim = "203.0.113.9:53".parse().unwrap();
    for parcel in log.iter().filter(|parcel| parcel.to == server_addr()) {
        let sent = world.network.log.len();
        world.deliver(victim, server_addr(), &parcel.bytes);
        let to_victim = world.network.log[sent..].iter().filter(|one| one.to == victim);
        let told: usize = to_victim.map(|one| one.bytes.len()).sum();
        assert!(told <= parcel.bytes.len(), "{told} for {}", parcel.bytes.len());
    }
    // A copy that comes first from elsewhere does not move the session either.
    let id = world.say(0, "xue", "still here");
    world.until("delivered", |world| world.state(0, id) == Delivery::Delivered);
}

#[test]
fn addresses_without_end_take_no_memory() {
    let mut world = World::new(Weather::FINE, 4);
    let attacker = identity(66);
    let envelope = Envelope { kind: Kind::Knock, from_nonce: 1, to_nonce: 0, number: 1 };
    let knock = seal(envelope, &[0; 128], Side::Client, PublicKey([0; 32]), &attacker);
    let hello = Hello { cookie: [7; 16], receives: true, name: name("x"), token: Vec::new() };
    let envelope = Envelope { kind: Kind::Hello, ..envelope };
    let hello =
        seal(envelope, &hello.encode(), Side::Client, identity(SERVER_KEY).public(), &attacker);
    let now = world.now;
    for number in 0..20_000_u32 {
        let addr = std::net::SocketAddr::from((number.to_be_bytes(), 9));
        let route = Route::to(addr);
        let datagram = if number % 2 == 0 { &knock } else { &hello };
        world.server().receive(datagram, &route, now).unwrap();
        // What is answered leaves at once; nothing stays.
        world.server().settle(now).unwrap();
        world.server().transmit(now, |_, _| {});
    }
    let stats = world.server().stats();
    assert_eq!((stats.sessions, stats.joined, stats.challenged), (0, 0, 20_000));
}

/// A client whose words are our own.
struct Liar {
    nonce: u64,
    server_nonce: u64,
}

impl Liar {
    const KEY: u8 = 66;

    fn say(&self, kind: Kind, number: u64, body: &[u8]) -> Vec<u8> {
        let envelope =
            Envelope { kind, from_nonce: self.nonce, to_nonce: self.server_nonce, number };
        seal(envelope, body, Side::Client, identity(SERVER_KEY).public(), &identity(Self::KEY))
    }

    /// Joins as an honest client would.
    fn join(world: &mut World) -> Self {
        let mut liar = Self { nonce: 5, server_nonce: 0 };
        let cookie = liar.exchange(world, &liar.say(Kind::Knock, 1, &[0; 128]));
        let cookie = opened(&cookie).body.try_into().unwrap();
        let hello = Hello { cookie, receives: true, name: name("liar"), token: Vec::new() };
        let welcome = liar.exchange(world, &liar.say(Kind::Hello, 2, &hello.encode()));
        assert_eq!(opened(&welcome).envelope.kind, Kind::Welcome);
        liar.server_nonce = opened(&welcome).envelope.from_nonce;
        liar
    }

    fn exchange(&self, world: &mut World, datagram: &[u8]) -> Vec<u8> {
        let answer = self.tell(world, datagram).pop();
        answer.expect("the server answers")
    }

    fn tell(&self, world: &mut World, datagram: &[u8]) -> Vec<Vec<u8>> {
        let (now, route) = (world.now, Route::to(Self::addr()));
        world.server().receive(datagram, &route, now).unwrap();
        let mut answers = Vec::new();
        let mut keep = |_: &Route, bytes: &[u8]| answers.push(bytes.to_vec());
        world.server().settle(now).unwrap();
        world.server().transmit(now, &mut keep);
        answers
    }

    fn addr() -> std::net::SocketAddr {
        "198.51.100.66:666".parse().unwrap()
    }
}

fn opened(bytes: &[u8]) -> Opened<'_> {
    let liar = identity(Liar::KEY);
    Opened::open(bytes, Side::Server, liar.public(), &liar).unwrap()
}

#[test]
fn a_member_that_breaks_the_protocol_loses_its_session_and_nothing_else() {
    let nonsense: [(Kind, u64, Vec<u8>); 9] = [
        (Kind::Ack, 0, Ack { next: 1000, beyond: 0 }.encode().to_vec()),
        (Kind::Ack, 0, Ack { next: u64::MAX, beyond: u64::MAX }.encode().to_vec()),
        (Kind::Ack, 0, vec![1, 2, 3]),
        (Kind::Data, 0, (-1_i32).to_le_bytes().to_vec()),
        (Kind::Data, 0, i32::MAX.to_le_bytes().to_vec()),
        (Kind::Data, 0, b"\x02\0\0\0[]".to_vec()),
        (Kind::Data, 0, b"\x10\0\0\0{\"type\":\"hello\"}".to_vec()),
        (Kind::Data, 0, frame(&Request::Enter { room: name("x") }, "\"x\"", "\"\x1b\"")),
        (Kind::Data, 0, frame(&post(u64::MAX), "", "")),
    ];
    for (kind, number, body) in nonsense {
        let mut world = World::new(Weather::FINE, 5);
        let honest = world.join("liu");
        world.until_connected(honest);
        let liar = Liar::join(&mut world);
        liar.tell(&mut world, &liar.say(kind, number, &body));
        let stats = world.server().stats();
        assert_eq!((stats.broken, stats.sessions), (1, 1), "{kind:?} {body:?}");
        let gone = liar.exchange(&mut world, &liar.say(Kind::Data, 1, b"x"));
        assert_eq!(opened(&gone).envelope.kind, Kind::Gone);
        world.pass(Duration::from_secs(60));
        assert_eq!(world.server().stats().sessions, 1);
    }
}

fn post(size: u64) -> Request {
    let to = crate::name::Target::parse("liar").unwrap();
    Request::Post { id: MessageId { nonce: 1, number: 1 }, to, size }
}

/// A frame in which one thing was replaced by another.
fn frame(request: &Request, from: &str, to: &str) -> Vec<u8> {
    let json = serde_json::to_string(request).unwrap();
    let json = if from.is_empty() { json } else { json.replace(from, to) };
    [&u32::try_from(json.len()).unwrap().to_le_bytes(), json.as_bytes()].concat()
}

#[test]
fn nobody_says_that_they_have_read_what_was_not_for_them() {
    let (mut world, _) = talked();
    let liar = Liar::join(&mut world);
    let read = |number| {
        let nonce = world_nonce(&world);
        Request::Read { from: name("liu"), id: MessageId { nonce, number } }
    };
    let bytes = frame(&read(1), "", "");
    liar.tell(&mut world, &liar.say(Kind::Data, 0, &bytes));
    world.pass(Duration::from_secs(5));
    let told = |event: &Event| matches!(event, Event::Delivery { state: Delivery::Read, .. });
    assert!(!world.clients[0].events.iter().any(told));
    assert_eq!(world.server().stats().broken, 0);
}

/// The nonce of liu's messages.
fn world_nonce(world: &World) -> u64 {
    let id = world.clients[0].events.iter().find_map(|event| match event {
        Event::Delivery { id, .. } => Some(id.nonce),
        _ => None,
    });
    id.expect("liu has sent a message")
}

#[test]
fn a_text_that_is_none_is_refused_and_one_that_steers_terminals_is_kept_as_it_is() {
    let mut world = World::new(Weather::FINE, 6);
    let liar = Liar::join(&mut world);
    let bytes = [frame(&post(2), "", ""), b"\xff\xfe".to_vec()].concat();
    liar.tell(&mut world, &liar.say(Kind::Data, 0, &bytes));
    let bytes = [frame(&post(4), "", ""), b"\x1b[2J".to_vec()].concat();
    liar.tell(&mut world, &liar.say(Kind::Data, 1, &bytes));
    let stats = world.server().stats();
    assert_eq!((stats.unwanted, stats.stored, stats.broken), (1, 1, 0));
}

#[test]
fn a_client_that_never_listens_fills_no_memory() {
    let mut world = World::new(Weather::FINE, 7);
    let liar = Liar::join(&mut world);
    let mut sent = 0;
    // It asks and asks, and acknowledges nothing.
    let asking = frame(&Request::Directory, "", "").repeat(20);
    for number in 0..2000 {
        sent += liar.tell(&mut world, &liar.say(Kind::Data, number, &asking)).len();
    }
    // A window's worth of answers, and an acknowledgement for each question.
    assert!(sent < 2100, "{sent} datagrams");
    world.pass(Duration::from_secs(60));
    assert_eq!(world.server().stats().sessions, 0);
}

#[test]
fn who_does_not_listen_is_told_of_rooms_later_and_not_of_every_change() {
    let mut world = World::new(Weather::FINE, 7);
    // Long names, so that few changes would be many bytes.
    let honest = world.join(&"l".repeat(64));
    world.until_connected(honest);
    let (liar, room) = (Liar::join(&mut world), name(&"r".repeat(64)));
    let enter = frame(&Request::Enter { room: room.clone() }, "", "");
    liar.tell(&mut world, &liar.say(Kind::Data, 0, &enter));
    for round in 0..1200 {
        world.client(honest).enter(room.clone(), round % 2 == 0);
        world.let_client_transmit(honest);
        world.pass(Duration::from_millis(15));
    }
    let queued = world.server().most_queued();
    assert!((100_000..150_000).contains(&queued), "{queued} bytes");
}

#[test]
fn a_pinned_server_is_the_only_one_that_is_heard() {
    let mut world = World::new(Weather::FINE, 8);
    let liu = world.join("liu");
    world.until_connected(liu);
    world.client(liu).leave();
    world.let_client_transmit(liu);
    world.until("has left", |world| world.clients[liu].machine.is_none());
    world.clients[liu].events.clear();
    world.start_client(liu);
    world.let_client_transmit(liu);
    // Somebody else answers at the server's address.
    let knock = world.network.log.last().unwrap().clone();
    let (_, envelope) = peek(&knock.bytes).unwrap();
    assert_eq!(envelope.kind, Kind::Knock);
    let (impostor, to_nonce) = (identity(67), envelope.from_nonce);
    let envelope = Envelope { kind: Kind::Cookie, from_nonce: 0, to_nonce, number: 0 };
    let liu_key = identity(1).public();
    let cookie = seal(envelope, &[1; 16], Side::Server, liu_key, &impostor);
    world.deliver(server_addr(), knock.from, &cookie);
    world.deliver(server_addr(), knock.from, &cookie);
    let warned = world.clients[liu].events.clone();
    assert_eq!(warned, [Event::WrongServer { found: impostor.public() }]);
    world.until_connected(liu);
}

#[test]
fn a_datagram_has_at_most_1200_bytes_and_the_smallest_123() {
    assert_eq!((MAX_DATAGRAM_BYTES, OVERHEAD_BYTES), (1200, 123));
    let (_, log) = talked();
    assert!(log.iter().all(|one| (123..=1200).contains(&one.bytes.len())));
    assert!(log.iter().all(|one| one.bytes[0] == 0));
}
