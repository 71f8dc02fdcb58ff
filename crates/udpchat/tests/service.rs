//! The chat over real sockets, with real keys and files.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use netserver::{Datagram, bind_udp};
use tokio::time::timeout;
use udpchat::tutorial::{Contacts, Courier, Desk, DeskStep, Talk, TalkStep};
use udpchat::{
    ChatClient, ChatServer, ClientConfig, ClientStore, Delivery, Entry, Event, Events,
    HistoryQuery, Identity, JoinRefusal, Name, Newcomer, RunningChat, ServerConfig, ServerStore,
    Signer, Target, Verifier,
};

/// Nothing here takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

struct Ed25519(Ed25519KeyPair);

impl Signer for Ed25519 {
    fn public(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().unwrap()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).as_ref().try_into().unwrap()
    }
}

struct AnyEd25519;

impl Verifier for AnyEd25519 {
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
    }
}

fn identity(seed: u8) -> Identity {
    Identity::new(Ed25519(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()), AnyEd25519)
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it happens in time")
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn serve(addr: SocketAddr, place: &Path) -> RunningChat {
    let store = ServerStore::open(place.join("server.redb")).unwrap();
    ChatServer::new(bind_udp(addr).unwrap(), identity(100), store).start().unwrap()
}

fn addr_of(server: &RunningChat) -> SocketAddr {
    server.local_addr().ip().unwrap()
}

fn join(server: SocketAddr, name: &str, seed: u8, place: &Path) -> (ChatClient, Events) {
    let config = ClientConfig::new(server, Name::parse(name).unwrap());
    let store = ClientStore::open(place.join(format!("{name}-{seed}.redb"))).unwrap();
    ChatClient::start(config, identity(seed), store).unwrap()
}

async fn next<T>(events: &mut Events, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    within(async {
        loop {
            let event = events.next().await.expect("the client runs");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    })
    .await
}

async fn connected(events: &mut Events) {
    next(events, |event| matches!(event, Event::Connected { .. }).then_some(())).await;
}

async fn message(events: &mut Events) -> Entry {
    next(events, |event| match event {
        Event::Message(entry) => Some(entry),
        _ => None,
    })
    .await
}

async fn reaches(events: &mut Events, wanted: Delivery) {
    next(events, |event| match event {
        Event::Delivery { state, .. } if state == wanted => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_restarted_server_and_a_client_that_was_dropped_have_lost_nothing() {
    let place = tempfile::tempdir().unwrap();
    let server = serve(any_port(), place.path());
    let addr = addr_of(&server);
    let (xue, mut xue_hears) = join(addr, "雪", 1, place.path());
    let (liu, mut liu_hears) = join(addr, "liu", 2, place.path());
    connected(&mut xue_hears).await;
    connected(&mut liu_hears).await;
    liu.send(Target::parse("雪").unwrap(), "one").await.unwrap();
    assert_eq!(message(&mut xue_hears).await.text, "one");
    reaches(&mut liu_hears, Delivery::Delivered).await;

    drop(xue);
    within(async { while xue_hears.next().await.is_some() {} }).await;
    server.shutdown();
    within(server.wait()).await.unwrap();
    liu.send(Target::parse("雪").unwrap(), "two").await.unwrap();

    let server = serve(addr, place.path());
    reaches(&mut liu_hears, Delivery::Stored).await;
    let (xue, mut xue_hears) = join(addr, "雪", 1, place.path());
    let entry = message(&mut xue_hears).await;
    assert_eq!((entry.from.as_str(), &*entry.text), ("liu", "two"));
    let history = xue.history(HistoryQuery::default()).await.unwrap();
    let texts: Vec<_> = history.iter().map(|entry| &*entry.text).collect();
    assert_eq!(texts, ["two", "one"]);

    assert_eq!(xue.unread(Target::parse("liu").unwrap()).await.unwrap(), 2);
    assert_eq!(xue.mark_read(Target::parse("liu").unwrap()).await.unwrap(), 2);
    reaches(&mut liu_hears, Delivery::Read).await;
    let told = xue.server_history(Target::parse("liu").unwrap(), None, 10).await.unwrap();
    assert_eq!(told.len(), 2);
    within(xue.leave(PATIENCE)).await;
    server.shutdown();
    within(server.wait()).await.unwrap();
}

#[tokio::test]
async fn a_gate_lets_in_whom_it_likes_and_a_taken_name_is_refused() {
    let store = ServerStore::in_memory().unwrap();
    let gate = |newcomer: Newcomer<'_>| newcomer.token == b"ticket";
    let socket = bind_udp(any_port()).unwrap();
    let server = ChatServer::new(socket, identity(100), store)
        .config(ServerConfig::default())
        .gate(gate)
        .start()
        .unwrap();
    let start = |seed, token: &[u8]| {
        let config = ClientConfig::new(addr_of(&server), Name::parse("liu").unwrap()).token(token);
        ChatClient::start(config, identity(seed), ClientStore::in_memory().unwrap()).unwrap()
    };
    let refused = |event| match event {
        Event::Refused(refusal) => Some(refusal),
        _ => None,
    };
    let (_stranger, mut hears) = start(1, b"");
    assert_eq!(next(&mut hears, refused).await, JoinRefusal::NotAdmitted);
    let (_liu, mut hears) = start(2, b"ticket");
    connected(&mut hears).await;
    let (_thief, mut hears) = start(3, b"ticket");
    assert_eq!(next(&mut hears, refused).await, JoinRefusal::NameTaken);
    assert_eq!((server.stats().sessions, server.stats().refused), (1, 2));
}

#[tokio::test]
async fn a_client_of_the_right_server_does_not_speak_to_another() {
    let place = tempfile::tempdir().unwrap();
    let server = serve(any_port(), place.path());
    let config = ClientConfig::new(addr_of(&server), Name::parse("liu").unwrap())
        .server_key(identity(101).public());
    let store = ClientStore::in_memory().unwrap();
    let (_liu, mut hears) = ChatClient::start(config, identity(1), store).unwrap();
    let found = next(&mut hears, |event| match event {
        Event::WrongServer { found } => Some(found),
        _ => None,
    });
    assert_eq!(found.await, identity(100).public());
    assert_eq!(server.stats().joined, 0);
}

#[tokio::test]
async fn nonsense_on_the_port_is_counted_and_nobody_is_hindered() {
    let place = tempfile::tempdir().unwrap();
    let server = serve(any_port(), place.path());
    let addr = addr_of(&server);
    let flood = UdpSocket::bind(any_port()).unwrap();
    for length in [1, 2, 58, 59, 122, 123, 124, 1199, 1200, 1201, 9000, 65_507] {
        flood.send_to(&vec![0; length], addr).unwrap();
    }
    let (liu, mut hears) = join(addr, "liu", 1, place.path());
    connected(&mut hears).await;
    liu.send(Target::parse("liu").unwrap(), "a note to myself").await.unwrap();
    reaches(&mut hears, Delivery::Stored).await;
    // They came before what has been answered.
    assert_eq!(server.stats().malformed, 9);
    server.shutdown();
    let report = within(server.wait()).await.unwrap();
    assert_eq!((report.failed, report.panicked), (3, 0));
}

/// An operator who answers every message with the same in upper case.
async fn operate(mut server: RunningChat, answers: usize) -> RunningChat {
    let mut raw = server.take_raw().unwrap();
    let mut desk = Desk::default();
    for _ in 0..answers {
        let message = within(raw.next()).await.unwrap();
        let arrival = desk.receive(&message.route, &message.bytes);
        let line = arrival.text.to_uppercase();
        let Ok(DeskStep::Send(reply)) = desk.line(&line) else { panic!("it is an answer") };
        server.handle().send(&reply.bytes, &reply.route).unwrap();
    }
    server
}

#[tokio::test]
async fn the_tutorials_desk_and_client_talk_on_the_same_port() {
    let store = ServerStore::in_memory().unwrap();
    let socket = bind_udp(any_port()).unwrap();
    let server = ChatServer::new(socket, identity(100), store).start().unwrap();
    let addr = addr_of(&server);
    let operator = tokio::spawn(operate(server, 2));

    let mut talk = Talk::new(Contacts::tutorial(addr));
    let mut courier = Courier::new();
    assert!(matches!(talk.line("jkey"), TalkStep::Chosen(_)));
    for text in ["hello", "再见"] {
        let TalkStep::Send { to, bytes } = talk.line(text) else { panic!("it is a message") };
        courier.send(to, &bytes).await.unwrap();
        let (from, reply) = within(courier.receive(to)).await.unwrap();
        assert_eq!(talk.datagram(from, reply), Some(text.to_uppercase()));
    }
    assert_eq!(talk.line("quit"), TalkStep::Choosing);
    operator.await.unwrap().shutdown();
}

#[tokio::test]
async fn a_client_of_the_tutorials_may_be_started_before_its_server() {
    // A port that nobody listens on for now.
    let addr = UdpSocket::bind(any_port()).unwrap().local_addr().unwrap();
    let mut courier = Courier::new();
    for _ in 0..3 {
        courier.send(addr, b"anybody?").await.unwrap();
    }
    let upper = |datagram: Datagram<'_>, responder: netserver::Responder<'_>| {
        responder.send(&datagram.payload().to_ascii_uppercase())
    };
    let _server = netserver::DatagramServer::new(bind_udp(addr).unwrap(), upper).start();
    courier.send(addr, b"now").await.unwrap();
    let (_, reply) = within(courier.receive(addr)).await.unwrap();
    assert_eq!(reply, b"NOW");
}
