use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use netserver::{
    Datagram, DatagramHandler, DatagramLimits, DatagramServer, Dispatch, MemorySocket, Responder,
    SendError,
};
use tokio::sync::Semaphore;

use crate::support::{Echo, bounded, stop, until};

#[tokio::test]
async fn every_way_of_handling_answers_everybody() {
    for dispatch in [
        Dispatch::InLine,
        Dispatch::sharded(3),
        Dispatch::spawned(3),
        Dispatch::spawned(0),
        Dispatch::blocking(3),
    ] {
        let (socket, net) = MemorySocket::new();
        let running = DatagramServer::new(socket, Arc::new(Echo)).dispatch(dispatch).start();
        let mut peers: Vec<_> = (0..10).map(|_| net.join()).collect();
        for round in 0..10_u8 {
            for peer in &peers {
                assert!(peer.send(&[round]));
            }
            for peer in &mut peers {
                assert_eq!(bounded(peer.receive()).await, [round], "{dispatch:?}");
            }
        }
        until(&running, |report| report.served == 100 && report.sent == 100).await;
        assert_eq!(stop(running).await.to_string(), "100 received: 100 served; 100 sent");
    }
}

/// Notes who said what, giving others a chance to overtake before it does.
#[derive(Default)]
struct Notes(Mutex<HashMap<String, Vec<u8>>>);

impl DatagramHandler for Notes {
    type Error = Infallible;

    async fn handle(&self, datagram: Datagram<'_>, _: Responder<'_>) -> Result<(), Infallible> {
        for _ in 0..datagram.payload()[0] % 7 {
            tokio::task::yield_now().await;
        }
        let mut notes = self.0.lock().unwrap();
        notes.entry(datagram.peer().to_string()).or_default().push(datagram.payload()[0]);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_keep_each_peers_order() {
    let notes = Arc::new(Notes::default());
    let (socket, net) = MemorySocket::new();
    let server = DatagramServer::new(socket, Arc::clone(&notes));
    let running = server.dispatch(Dispatch::sharded(4)).start();
    let peers: Vec<_> = (0..10).map(|_| net.join()).collect();
    let in_order: Vec<u8> = (0..100).collect();
    for number in &in_order {
        for peer in &peers {
            assert!(peer.send(&[*number]));
        }
    }
    until(&running, |report| report.received == 1000).await;
    let report = stop(running).await;
    assert_eq!(report.served + report.drained, 1000, "{report}");
    let notes = notes.0.lock().unwrap();
    assert_eq!(notes.len(), 10);
    assert!(notes.values().all(|numbers| *numbers == in_order));
}

/// Holds every datagram until the test lets one go.
struct Hold {
    running: AtomicUsize,
    most: AtomicUsize,
    permits: Semaphore,
}

impl Hold {
    fn new() -> Arc<Self> {
        let (running, most) = Default::default();
        Arc::new(Self { running, most, permits: Semaphore::new(0) })
    }
}

impl DatagramHandler for Hold {
    type Error = SendError;

    async fn handle(&self, datagram: Datagram<'_>, to: Responder<'_>) -> Result<(), SendError> {
        let running = 1 + self.running.fetch_add(1, Ordering::SeqCst);
        self.most.fetch_max(running, Ordering::SeqCst);
        self.permits.acquire().await.expect("the test keeps it open").forget();
        self.running.fetch_sub(1, Ordering::SeqCst);
        to.send(datagram.payload())
    }
}

#[tokio::test]
async fn no_more_run_than_are_allowed_and_what_finds_no_room_is_dropped_and_counted() {
    for (dispatch, at_once) in [(Dispatch::sharded(1), 1), (Dispatch::spawned(3), 3)] {
        let hold = Hold::new();
        let (socket, net) = MemorySocket::new();
        let limits = DatagramLimits::default().queue_datagrams(5);
        let server = DatagramServer::new(socket, Arc::clone(&hold)).limits(limits);
        let running = server.dispatch(dispatch).start();
        let mut peer = net.join();
        for number in 0..at_once as u8 {
            assert!(peer.send(&[number]));
        }
        bounded(async {
            while hold.running.load(Ordering::SeqCst) < at_once {
                tokio::task::yield_now().await;
            }
        })
        .await;
        for number in 0..8 {
            assert!(peer.send(&[100 + number]));
        }
        until(&running, |report| report.dropped == 3).await;
        assert_eq!(running.counters().in_progress, at_once as u64 + 5);

        hold.permits.add_permits(100);
        let mut heard = Vec::new();
        for _ in 0..at_once + 5 {
            heard.extend(bounded(peer.receive()).await);
        }
        heard.sort_unstable();
        let expected = (0..at_once as u8).chain(100..105);
        assert!(heard.iter().copied().eq(expected), "{heard:?}");
        assert_eq!(hold.most.load(Ordering::SeqCst), at_once);
        until(&running, |report| report.ended() == report.received).await;
        assert_eq!(stop(running).await.served, at_once as u64 + 5);
    }
}

#[tokio::test]
async fn blocking_handlers_may_block() {
    let barrier = Barrier::new(3);
    let meet = move |_: Datagram<'_>, to: Responder<'_>| {
        barrier.wait();
        to.send(b"met")
    };
    let (socket, net) = MemorySocket::new();
    let server = DatagramServer::new(socket, meet).dispatch(Dispatch::blocking(3));
    let running = server.start();
    let mut peers = [net.join(), net.join(), net.join()];
    for peer in &peers {
        assert!(peer.send(b""));
    }
    for peer in &mut peers {
        assert_eq!(bounded(peer.receive()).await, b"met");
    }
    until(&running, |report| report.served == 3).await;
    assert_eq!(stop(running).await.to_string(), "3 received: 3 served; 3 sent");
}

#[tokio::test]
async fn a_queue_of_replies_that_is_full_is_the_handlers_affair() {
    let gush = |_: Datagram<'_>, to: Responder<'_>| {
        let too_long = to.send(&[0; 65_508]).unwrap_err();
        assert_eq!(
            too_long.to_string(),
            "a datagram of 65508 bytes is longer than the 65507 that are allowed"
        );
        while to.send(&[0; 1000]).is_ok() {}
        to.send(b"")
    };
    let (socket, net) = MemorySocket::new();
    let limits = DatagramLimits::default().reply_queue_bytes(10_000);
    let running = DatagramServer::new(socket, gush).limits(limits).start();
    let mut peer = net.join();
    assert!(peer.send(b"?"));
    for _ in 0..9 {
        assert_eq!(bounded(peer.receive()).await.len(), 1000);
    }
    let report = stop(running).await.to_string();
    assert_eq!(report, "1 received: 1 served; 10 sent, 2 unsent");
}
