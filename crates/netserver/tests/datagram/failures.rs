use std::convert::Infallible;
use std::fmt::Display;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use netserver::{
    Addr, Datagram, DatagramCounters, DatagramEvent, DatagramHooks, DatagramServer, DatagramSocket,
    MemorySocket, Responder, Route, bind_udp,
};

use crate::support::{Client, Echo, Recorder, bounded, stop, until};

#[tokio::test(start_paused = true)]
async fn errors_of_the_network_end_nothing() {
    let recorder = Recorder::default();
    let (socket, net) = MemorySocket::new();
    let running = DatagramServer::new(socket, Echo).hooks(recorder.clone()).start();
    let mut peer = net.join();
    for kind in [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::Interrupted,
        io::ErrorKind::OutOfMemory,
    ] {
        assert!(net.fail(kind.into()));
    }
    // More in a row than are believed to be news: it slows down, and goes on.
    for _ in 0..100 {
        assert!(net.fail(io::ErrorKind::ConnectionReset.into()));
    }
    assert!(peer.send(b"still there?"));
    assert_eq!(bounded(peer.receive()).await, b"still there?");
    let report = stop(running).await.to_string();
    assert_eq!(report, "1 received: 1 served; 1 sent, 106 errors of the socket");
    assert_eq!(recorder.lines()[0], "receive: Transient");
    assert_eq!(recorder.lines()[5], "receive: Exhausted");
}

#[tokio::test(start_paused = true)]
async fn a_broken_socket_ends_the_server_which_reports_and_says_why() {
    let (socket, net) = MemorySocket::new();
    let running = DatagramServer::new(socket, Echo).start();
    let mut peer = net.join();
    assert!(peer.send(b"hello"));
    assert!(net.fail(io::Error::other("the cable is gone")));
    assert_eq!(bounded(peer.receive()).await, b"hello");
    let signal = running.handle().stop_signal().clone();
    let error = bounded(running.wait()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot go on serving on memory: the cable is gone");
    assert_eq!(error.report.to_string(), "1 received: 1 served; 1 sent");
    assert!(signal.is_stopped());
}

#[tokio::test]
async fn a_peer_that_has_gone_costs_one_reply() {
    let recorder = Recorder::default();
    let (socket, net) = MemorySocket::new();
    let running = DatagramServer::new(socket, Echo).hooks(recorder.clone()).start();
    let leaver = net.join();
    assert!(leaver.send(b"bye"));
    drop(leaver);
    let mut peer = net.join();
    assert!(peer.send(b"hello"));
    assert_eq!(bounded(peer.receive()).await, b"hello");
    assert_eq!(stop(running).await.to_string(), "2 received: 2 served; 1 sent, 1 unsent");
    assert_eq!(recorder.lines(), ["send to memory:0: ConnectionRefused", "stopping"]);
}

/// The kernel answers a reply to a closed port with an ICMP message, and refuses what it cannot
/// send; neither must harm anybody else.
#[tokio::test]
async fn closed_ports_and_unreachable_peers_do_not_harm_others() {
    for batched in [true, false] {
        let socket = bind_udp((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let socket = if batched { socket } else { socket.one_at_a_time() };
        let addr = socket.local_addr().unwrap().ip().unwrap();
        let running = DatagramServer::new(socket, Echo).start();
        let handle = running.handle();
        for _ in 0..10 {
            let leaver = Client::udp(addr).await;
            leaver.send(b"bye").await;
            drop(leaver);
        }
        let nowhere = [
            Route::to(Addr::named("not an IP address")),
            Route::to(Addr::Unix(None)),
            Route::from("[2001:db8::1]:9".parse::<std::net::SocketAddr>().unwrap()),
            // To leave loopback from its own address is not possible.
            Route::from("203.0.113.1:9".parse::<std::net::SocketAddr>().unwrap()),
        ];
        let mut client = Client::udp(addr).await;
        for route in &nowhere {
            handle.send(b"anybody?", route).unwrap();
            client.hear_echo(b"still there?").await;
        }
        until(&running, |report| report.unsent == 4).await;
        let report = stop(running).await;
        assert_eq!((report.received, report.served), (14, 14), "{report}");
    }
}

#[tokio::test]
async fn handlers_that_fail_and_panic_are_reported_and_counted() {
    let moody = |datagram: Datagram<'_>, to: Responder<'_>| match datagram.payload() {
        b"fail" => Err("no".to_owned()),
        b"panic" => panic!("a bad day"),
        other => to.send(other).map_err(|error| error.to_string()),
    };
    let recorder = Recorder::default();
    let (socket, net) = MemorySocket::new();
    let running = DatagramServer::new(socket, moody).hooks(recorder.clone()).start();
    let mut peer = net.join();
    for said in ["fail", "panic", "hello"] {
        assert!(peer.send(said.as_bytes()));
    }
    assert_eq!(bounded(peer.receive()).await, b"hello");
    let report = stop(running).await.to_string();
    assert_eq!(report, "3 received: 1 served, 1 failed, 1 panicked; 1 sent");
    let lines = ["failure for memory:0: no", "panic over memory:0: a bad day", "stopping"];
    assert_eq!(recorder.lines(), lines);
}

#[tokio::test]
async fn whom_the_hook_refuses_is_not_served() {
    let (socket, net) = MemorySocket::new();
    let running = DatagramServer::new(socket, Echo).hooks(Recorder::default()).start();
    let mut peers: Vec<_> = (0..14).map(|_| net.join()).collect();
    let unlucky = peers.pop().unwrap();
    assert!(unlucky.send(b"hello"));
    assert!(peers[0].send(b"hello"));
    assert_eq!(bounded(peers[0].receive()).await, b"hello");
    assert_eq!(stop(running).await.to_string(), "2 received: 1 served, 1 rejected; 1 sent");
}

/// Hooks that panic whenever they are called.
struct Hysteric;

impl DatagramHooks for Hysteric {
    fn verify(&self, peer: &Addr) -> bool {
        assert_ne!(peer.to_string(), "memory:0");
        true
    }

    fn event(&self, _event: &DatagramEvent<'_>) {
        panic!("an event");
    }

    fn failure(&self, _peer: &Addr, _error: &dyn Display) {
        panic!("a failure");
    }

    fn panic(&self, _peer: &Addr, _message: &str) {
        panic!("a panic");
    }

    fn tick(&self, _counters: &DatagramCounters) {
        panic!("a tick");
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_that_panic_do_not_harm_the_server() {
    let moody = |datagram: Datagram<'_>, _: Responder<'_>| match datagram.payload() {
        b"fail" => Err("no"),
        b"panic" => panic!("a bad day"),
        _ => Ok(()),
    };
    let (socket, net) = MemorySocket::new();
    let server = DatagramServer::new(socket, moody).hooks(Hysteric);
    let running = server.tick_every(Duration::from_millis(1)).start();
    let peers = [net.join(), net.join()];
    for peer in &peers {
        tokio::time::advance(Duration::from_millis(2)).await;
        assert!(net.fail(io::ErrorKind::ConnectionReset.into()));
        for said in ["fail", "panic", ""] {
            assert!(peer.send(said.as_bytes()));
        }
    }
    until(&running, |report| report.ended() == 6).await;
    let report = stop(running).await.to_string();
    assert_eq!(
        report,
        "6 received: 1 served, 1 failed, 1 panicked, 3 rejected; 2 errors of the socket"
    );
}

#[tokio::test(start_paused = true)]
async fn ticks_come_as_often_as_asked() {
    let recorder = Recorder::default();
    let (socket, net) = MemorySocket::new();
    let silent = |_: Datagram<'_>, _: Responder<'_>| Result::<(), Infallible>::Ok(());
    let server = DatagramServer::new(socket, silent).hooks(recorder.clone());
    let running = server.tick_every(Duration::from_secs(5)).start();
    assert!(net.join().send(b"hello"));
    tokio::time::sleep(Duration::from_secs(11)).await;
    stop(running).await;
    let tick = "tick: 1 received: 1 served";
    assert_eq!(recorder.lines(), [tick, tick, "stopping"]);
}
