use std::convert::Infallible;
use std::future::pending;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use netserver::{
    Datagram, DatagramHandler, DatagramLimits, DatagramServer, Dispatch, MemorySocket, Responder,
    SendError,
};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::support::{Echo, Recorder, bounded, stop, until};

const EVERYWHERE: [Dispatch; 4] = [Dispatch::InLine, SHARDED, SPAWNED, Dispatch::Blocking(THREE)];
const SHARDED: Dispatch = Dispatch::Sharded(THREE);
const SPAWNED: Dispatch = Dispatch::Spawned(THREE);
const THREE: std::num::NonZeroUsize = std::num::NonZeroUsize::new(3).unwrap();

#[tokio::test(start_paused = true)]
async fn an_idle_server_stops_at_once_and_only_once() {
    for dispatch in EVERYWHERE {
        let start = Instant::now();
        let recorder = Recorder::default();
        let (socket, net) = MemorySocket::new();
        let server = DatagramServer::new(socket, Echo).dispatch(dispatch);
        let running = server.hooks(recorder.clone()).start();
        running.shutdown();
        running.handle().shutdown();
        assert_eq!(stop(running).await.to_string(), "0 received");
        assert_eq!(recorder.lines(), ["stopping"]);
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(!net.join().send(b"anybody?"), "the socket is given up");
    }
}

/// Answers when the server stops, and some time later again.
struct Farewell;

impl DatagramHandler for Farewell {
    type Error = SendError;

    async fn handle(&self, _: Datagram<'_>, to: Responder<'_>) -> Result<(), SendError> {
        to.stop().stopped().await;
        sleep(Duration::from_secs(9)).await;
        to.send(b"bye")
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_may_finish_and_their_replies_still_leave() {
    for (dispatch, served_in_time) in
        [(Dispatch::InLine, 1), (SHARDED, 1), (Dispatch::spawned(2), 2)]
    {
        let (socket, net) = MemorySocket::new();
        let running = DatagramServer::new(socket, Farewell).dispatch(dispatch).start();
        let mut peer = net.join();
        // The second waits behind the first, unless they run side by side.
        assert!(peer.send(b"1"));
        assert!(peer.send(b"2"));
        let received = if dispatch == Dispatch::InLine { 1 } else { 2 };
        until(&running, |report| report.received == received).await;
        let report = stop(running).await;
        assert_eq!(report.drained, served_in_time, "{dispatch:?}");
        assert_eq!(report.drained + report.aborted, report.received);
        let heard = std::iter::from_fn(|| peer.try_receive()).count();
        assert_eq!(heard as u64, served_in_time);
    }
}

struct Endless;

impl DatagramHandler for Endless {
    type Error = Infallible;

    async fn handle(&self, _: Datagram<'_>, _: Responder<'_>) -> Result<(), Infallible> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_end_is_cut_off_at_the_drain_deadline() {
    for dispatch in [Dispatch::InLine, SHARDED, SPAWNED] {
        let (socket, net) = MemorySocket::new();
        let running = DatagramServer::new(socket, Endless).dispatch(dispatch).start();
        let peer = net.join();
        assert!(peer.send(b"hello"));
        until(&running, |report| report.received == 1).await;
        let start = Instant::now();
        let report = stop(running).await;
        assert_eq!(start.elapsed().as_secs(), 10);
        assert_eq!(report.to_string(), "1 received: 1 aborted");
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    }
}

#[tokio::test]
async fn a_handler_may_stop_its_own_server() {
    for dispatch in EVERYWHERE {
        let quit = |_: Datagram<'_>, to: Responder<'_>| {
            to.server().shutdown();
            to.send(b"bye")
        };
        let (socket, net) = MemorySocket::new();
        let running = DatagramServer::new(socket, quit).dispatch(dispatch).start();
        let mut peer = net.join();
        assert!(peer.send(b"quit"));
        assert_eq!(bounded(peer.receive()).await, b"bye");
        let report = bounded(running.wait()).await.unwrap().to_string();
        assert_eq!(report, "1 received: 1 drained; 1 sent", "{dispatch:?}");
    }
}

#[tokio::test]
async fn dropping_the_running_server_stops_it() {
    let (socket, net) = MemorySocket::new();
    let running = DatagramServer::new(socket, Echo).start();
    let signal = running.handle().stop_signal().clone();
    let mut peer = net.join();
    assert!(peer.send(b"hello"));
    assert_eq!(bounded(peer.receive()).await, b"hello");
    assert!(!signal.is_stopped());
    drop(running);
    assert!(signal.is_stopped());
}

/// Nobody can end a handler that blocks its thread. The server ends without it, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_does_not_hold_up_the_end() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let block = move |_: Datagram<'_>, to: Responder<'_>| {
        let _ = released.lock().unwrap().recv();
        to.send(b"too late")
    };
    let (socket, net) = MemorySocket::new();
    let limits = DatagramLimits::default().drain_deadline(Duration::ZERO);
    let server = DatagramServer::new(socket, block).limits(limits);
    let running = server.dispatch(Dispatch::blocking(1)).start();
    assert!(net.join().send(b"hello"));
    until(&running, |report| report.received == 1).await;
    let handle = running.handle();
    assert_eq!(stop(running).await.to_string(), "1 received: 1 aborted");
    drop(release);
    assert_eq!(handle.counters().so_far.to_string(), "1 received: 1 aborted");
}

#[test]
fn the_end_of_the_runtime_ends_the_server() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (socket, net) = MemorySocket::new();
    let running = {
        let _guard = runtime.enter();
        DatagramServer::new(socket, Endless).dispatch(SPAWNED).start()
    };
    assert!(net.join().send(b"hello"));
    runtime.block_on(until(&running, |report| report.received == 1));
    drop(runtime);
    let waiting = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = waiting.block_on(running.wait()).unwrap();
    assert_eq!(report.to_string(), "1 received: 1 aborted");
}
