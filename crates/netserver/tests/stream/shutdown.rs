use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use netserver::{Addr, Conn, Guarded, Limits, MemoryListener, StreamServer, Upgrade, bind_tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::support::{Echo, Recorder, bounded, read_all, stop};

#[tokio::test(start_paused = true)]
async fn an_idle_server_stops_at_once_and_only_once() {
    let start = Instant::now();
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let running = StreamServer::new(listener, Echo).hooks(recorder.clone()).start();
    running.shutdown();
    running.handle().shutdown();
    assert_eq!(stop(running).await.to_string(), "0 accepted");
    assert_eq!(recorder.lines(), ["stopping"]);
    assert_eq!(start.elapsed(), Duration::ZERO);
    let refused = dialer.dial().await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_finish_what_it_is_doing() {
    let (listener, dialer) = MemoryListener::new();
    let finish = |mut stream: Guarded<DuplexStream>, conn: Conn| async move {
        conn.admit()?;
        stream.write_all(b"one, ").await?;
        conn.stop().stopped().await;
        tokio::time::sleep(Duration::from_secs(9)).await;
        stream.write_all(b"two").await
    };
    let running = StreamServer::new(listener, finish).start();
    let mut client = dialer.dial().await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'o');
    let (rest, report) = tokio::join!(read_all(client), stop(running));
    assert_eq!(rest, "ne, two");
    assert_eq!(report.to_string(), "1 accepted: 1 drained");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_end_is_cut_off_at_the_drain_deadline() {
    let (listener, dialer) = MemoryListener::new();
    let hold = |mut stream: Guarded<DuplexStream>, conn: Conn| async move {
        conn.admit()?;
        stream.write_u8(b'!').await?;
        pending::<io::Result<()>>().await
    };
    let running = StreamServer::new(listener, hold).start();
    let mut admitted = dialer.dial().await.unwrap();
    assert_eq!(admitted.read_u8().await.unwrap(), b'!');
    let start = Instant::now();
    let (rest, report) = tokio::join!(read_all(admitted), stop(running));
    assert_eq!(rest, "");
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(report.to_string(), "1 accepted: 1 aborted");
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_stop_its_own_server() {
    let (listener, dialer) = MemoryListener::new();
    let quit = |mut stream: Guarded<DuplexStream>, conn: Conn| async move {
        conn.server().shutdown();
        stream.write_all(b"bye").await
    };
    let running = StreamServer::new(listener, quit).start();
    let (heard, report) =
        tokio::join!(async { read_all(dialer.dial().await.unwrap()).await }, running.wait());
    assert_eq!(heard, "bye");
    assert_eq!(report.unwrap().to_string(), "1 accepted: 1 drained");
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_does_not_hold_up_the_end() {
    struct Endless;
    impl Upgrade<DuplexStream> for Endless {
        type Stream = DuplexStream;
        type Error = Infallible;
        async fn upgrade(&self, _: DuplexStream, _: &Addr) -> Result<DuplexStream, Infallible> {
            pending().await
        }
    }
    let start = Instant::now();
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let server = StreamServer::new(listener, Echo).upgrade(Endless).hooks(recorder.clone());
    let running = server.start();
    let _client = dialer.dial().await.unwrap();
    recorder.heard("accepted 1").await;
    assert_eq!(stop(running).await.to_string(), "1 accepted: 1 drained");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn the_port_is_free_while_handlers_still_finish() {
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let released = Mutex::new(Some(released));
    let finish = move |mut stream: Guarded<TcpStream>, conn: Conn| {
        let released = released.lock().unwrap().take().unwrap();
        async move {
            conn.admit()?;
            stream.write_u8(b'!').await?;
            released.await.unwrap();
            stream.write_u8(b'.').await
        }
    };
    let recorder = Recorder::default();
    let listener = bind_tcp((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let running = StreamServer::new(listener, finish).hooks(recorder.clone()).start();
    let addr = running.local_addr().ip().unwrap();
    let mut client = TcpStream::connect(addr).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'!');
    running.shutdown();
    bounded(recorder.heard("stopping")).await;
    let _successor = bind_tcp(addr).unwrap();
    release.send(()).unwrap();
    assert_eq!(bounded(read_all(client)).await, ".");
    assert_eq!(stop(running).await.drained, 1);
}

#[tokio::test]
async fn dropping_the_running_server_stops_it() {
    let (listener, dialer) = MemoryListener::new();
    let running = StreamServer::new(listener, Echo).start();
    let signal = running.handle().stop_signal().clone();
    let mut client = dialer.dial().await.unwrap();
    client.write_u8(b'!').await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'!');
    assert!(!signal.is_stopped());
    drop(running);
    assert!(signal.is_stopped());
    assert_eq!(bounded(read_all(client)).await, "");
}

/// Nobody can end a handler that blocks its thread. The server ends without it, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_does_not_hold_up_the_end() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
    let block = move |_stream: Guarded<DuplexStream>, conn: Conn| {
        started.send(conn).unwrap();
        let _ = released.lock().unwrap().recv();
        std::future::ready(Result::<(), Infallible>::Ok(()))
    };
    let (listener, dialer) = MemoryListener::new();
    let limits = Limits::default().drain_deadline(Duration::ZERO);
    let running = StreamServer::new(listener, block).limits(limits).start();
    let client = dialer.dial().await.unwrap();
    let conn = bounded(has_started.recv()).await.unwrap();
    let handle = running.handle();
    assert_eq!(stop(running).await.to_string(), "1 accepted: 1 aborted");

    drop(release);
    bounded(read_all(client)).await;
    drop(conn);
    assert_eq!(handle.counters().so_far.to_string(), "1 accepted: 1 aborted");
}

#[test]
fn the_end_of_the_runtime_ends_the_connections() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let running = {
        let _guard = runtime.enter();
        StreamServer::new(listener, Echo).hooks(recorder.clone()).start()
    };
    runtime.block_on(async {
        let mut client = dialer.dial().await.unwrap();
        client.write_u8(b'!').await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'!');
    });
    drop(runtime);
    assert_eq!(running.counters().admitted, 0);
    assert_eq!(recorder.lines().last().unwrap(), "ended 1: aborted");
}
