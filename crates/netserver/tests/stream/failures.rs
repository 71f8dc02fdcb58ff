use std::convert::Infallible;
use std::fmt::Display;
use std::io;
use std::time::Duration;

use netserver::{
    Addr, Conn, Counters, Event, Guarded, Hooks, MemoryListener, StreamServer, Upgrade,
};
use tokio::io::DuplexStream;

use crate::support::{Echo, Recorder, bounded, hear_echo, read_all, stop};

struct Nobody;

impl Hooks for Nobody {
    fn verify(&self, _peer: &Addr) -> bool {
        false
    }
}

#[tokio::test]
async fn a_peer_that_is_not_verified_is_closed() {
    let (listener, dialer) = MemoryListener::new();
    let running = StreamServer::new(listener, Echo).hooks(Nobody).start();
    assert_eq!(bounded(read_all(dialer.dial().await.unwrap())).await, "");
    assert_eq!(stop(running).await.to_string(), "1 accepted: 1 rejected");
}

#[tokio::test]
async fn a_panic_ends_only_its_own_connection() {
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let panic_first = |stream: Guarded<DuplexStream>, conn: Conn| async move {
        assert_ne!(conn.id(), 1, "not the first");
        netserver::StreamHandler::handle(&Echo, stream, conn).await
    };
    let running = StreamServer::new(listener, panic_first).hooks(recorder.clone()).start();
    assert_eq!(bounded(read_all(dialer.dial().await.unwrap())).await, "");
    bounded(recorder.heard("ended 1: panicked")).await;
    bounded(hear_echo(dialer.dial().await.unwrap(), b"hello")).await;

    assert_eq!(stop(running).await.to_string(), "2 accepted: 1 served, 1 panicked");
    let panics = recorder.lines().iter().filter(|line| line.starts_with("panic 1: ")).count();
    assert_eq!(panics, 1);
}

#[tokio::test]
async fn a_panic_while_a_handler_is_dropped_gives_its_place_back() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let hold = |_stream: Guarded<DuplexStream>, conn: Conn| async move {
        let _grenade = Grenade;
        conn.server().shutdown();
        std::future::pending::<Result<(), Infallible>>().await
    };
    let limits = netserver::Limits::default().drain_deadline(Duration::ZERO);
    let server = StreamServer::new(listener, hold).limits(limits).hooks(recorder.clone());
    let running = server.start();
    let _client = dialer.dial().await.unwrap();
    let report = bounded(running.wait()).await.unwrap();
    assert_eq!(report.to_string(), "1 accepted: 1 panicked");
    assert!(recorder.lines().contains(&"ended 1: panicked".to_owned()));
}

#[tokio::test]
async fn a_handlers_error_is_reported_and_the_server_goes_on() {
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let fail_first = |_stream: Guarded<DuplexStream>, conn: Conn| async move {
        if conn.id() == 1 { Err(io::Error::other("out of tea")) } else { Ok(()) }
    };
    let running = StreamServer::new(listener, fail_first).hooks(recorder.clone()).start();
    for _ in 0..2 {
        bounded(read_all(dialer.dial().await.unwrap())).await;
    }
    bounded(recorder.heard("ended 2: served")).await;
    assert_eq!(stop(running).await.to_string(), "2 accepted: 1 served, 1 failed");
    let lines = recorder.lines();
    assert_eq!(lines[..3], ["accepted 1", "failure 1: out of tea", "ended 1: failed"]);
}

/// Refuses, panics over or never ends an upgrade, by the number of the peer.
struct Moody;

impl Upgrade<DuplexStream> for Moody {
    type Stream = DuplexStream;
    type Error = &'static str;

    async fn upgrade(
        &self,
        transport: DuplexStream,
        peer: &Addr,
    ) -> Result<DuplexStream, Self::Error> {
        match peer.to_string().as_str() {
            "memory:0" => Err("bad handshake"),
            "memory:1" => panic!("worse handshake"),
            "memory:2" => std::future::pending().await,
            _ => Ok(transport),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_fails_panics_or_hangs_costs_only_its_connection() {
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let server = StreamServer::new(listener, Echo).upgrade(Moody).hooks(recorder.clone());
    let running = server.start();
    let start = tokio::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(read_all(dialer.dial().await.unwrap()).await, "");
    }
    assert_eq!(start.elapsed().as_secs(), 10);
    hear_echo(dialer.dial().await.unwrap(), b"hello").await;
    let report = stop(running).await.to_string();
    assert_eq!(report, "4 accepted: 1 served, 1 panicked, 1 upgrade failed, 1 timed out");
    let lines = recorder.lines();
    for line in [
        "failure 1: bad handshake",
        "ended 1: upgrade failed",
        "panic 2: worse handshake",
        "ended 2: panicked",
        "ended 3: not admitted in time",
        "ended 4: served",
    ] {
        assert!(lines.iter().any(|noted| noted == line), "{line:?} is missing in {lines:?}");
    }
}

/// Hooks that panic whenever they are called.
struct Hysteric;

impl Hooks for Hysteric {
    fn event(&self, _event: &Event<'_>) {
        panic!("an event");
    }

    fn failure(&self, _conn: &Conn, _error: &dyn Display) {
        panic!("a failure");
    }

    fn panic(&self, _conn: &Conn, _message: &str) {
        panic!("a panic");
    }

    fn tick(&self, _counters: &Counters) {
        panic!("a tick");
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_that_panic_do_not_harm_the_server() {
    let (listener, dialer) = MemoryListener::new();
    let handle = |_stream: Guarded<DuplexStream>, conn: Conn| async move {
        conn.admit().unwrap();
        assert_ne!(conn.id(), 1);
        if conn.id() == 2 { Err("no") } else { Ok(()) }
    };
    let server = StreamServer::new(listener, handle).hooks(Hysteric);
    let running = server.tick_every(Duration::from_millis(1)).start();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_millis(2)).await;
        assert_eq!(read_all(dialer.dial().await.unwrap()).await, "");
    }
    let report = stop(running).await.to_string();
    assert_eq!(report, "3 accepted: 1 served, 1 failed, 1 panicked");
}

#[tokio::test]
async fn a_verify_hook_that_panics_says_no() {
    struct Dithering;
    impl Hooks for Dithering {
        fn verify(&self, peer: &Addr) -> bool {
            assert_ne!(peer.to_string(), "memory:0");
            true
        }
    }
    let (listener, dialer) = MemoryListener::new();
    let running = StreamServer::new(listener, Echo).hooks(Dithering).start();
    assert_eq!(bounded(read_all(dialer.dial().await.unwrap())).await, "");
    bounded(hear_echo(dialer.dial().await.unwrap(), b"hello")).await;
    assert_eq!(stop(running).await.to_string(), "2 accepted: 1 served, 1 rejected");
}

#[tokio::test(start_paused = true)]
async fn ticks_come_as_often_as_asked() {
    let recorder = Recorder::default();
    let (listener, _dialer) = MemoryListener::new();
    let server = StreamServer::new(listener, Echo).hooks(recorder.clone());
    let running = server.tick_every(Duration::from_secs(5)).start();
    tokio::time::sleep(Duration::from_secs(16)).await;
    stop(running).await;
    assert_eq!(
        recorder.lines(),
        ["tick: 0 accepted", "tick: 0 accepted", "tick: 0 accepted", "stopping"]
    );
}
