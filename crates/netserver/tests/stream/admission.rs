use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use netserver::{
    AdmitError, Conn, Guarded, Limits, MemoryListener, Penalties, StreamServer, bind_tcp,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::{Recorder, bounded, read_all, stop};

/// Waits for a byte before it admits, so that the test says who stays a newcomer.
async fn admit_when_greeted(mut stream: Guarded<DuplexStream>, conn: Conn) -> io::Result<()> {
    stream.read_u8().await?;
    if let Err(error) = conn.admit() {
        stream.write_all(error.to_string().as_bytes()).await?;
        return Err(error.into());
    }
    stream.write_u8(b'!').await?;
    tokio::select! {
        end = stream.read_u8() => { let _ = end; }
        () = conn.stop().stopped() => {}
    }
    Ok(())
}

async fn greet(stream: &mut DuplexStream) {
    stream.write_u8(b'?').await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'!');
}

#[tokio::test(start_paused = true)]
async fn the_oldest_newcomer_is_dropped_and_the_admitted_are_not() {
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let limits = Limits::default().max_newcomers(2).drain_deadline(Duration::from_secs(1));
    let server = StreamServer::new(listener, admit_when_greeted).limits(limits);
    let running = server.hooks(recorder.clone()).start();

    let mut admitted = dialer.dial().await.unwrap();
    greet(&mut admitted).await;
    let oldest = dialer.dial().await.unwrap();
    let mut second = dialer.dial().await.unwrap();
    recorder.heard("accepted 3").await;
    let _third = dialer.dial().await.unwrap();
    assert_eq!(read_all(oldest).await, "");
    recorder.heard("ended 2: evicted").await;
    greet(&mut second).await;

    let counters = running.counters();
    assert_eq!((counters.newcomers, counters.admitted), (1, 2));
    let report = stop(running).await.to_string();
    assert_eq!(report, "4 accepted: 2 drained, 1 evicted, 1 aborted");
}

#[tokio::test]
async fn one_more_than_the_limit_is_told_so_and_the_next_may_come_when_one_leaves() {
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let limits = Limits::default().max_admitted(1);
    let server = StreamServer::new(listener, admit_when_greeted).limits(limits);
    let running = server.hooks(recorder.clone()).start();

    let mut first = dialer.dial().await.unwrap();
    greet(&mut first).await;
    let mut second = dialer.dial().await.unwrap();
    second.write_u8(b'?').await.unwrap();
    let told = bounded(read_all(second)).await;
    assert_eq!(told, "the server already serves 1 peers, which is its limit");
    drop(first);
    bounded(recorder.heard("ended 1: served")).await;
    let mut third = dialer.dial().await.unwrap();
    greet(&mut third).await;

    let report = stop(running).await.to_string();
    assert_eq!(report, "3 accepted: 1 served, 1 drained, 1 refused");
    // A refusal is not a failure of the handler.
    assert!(!recorder.lines().iter().any(|line| line.starts_with("failure")));
}

#[tokio::test(start_paused = true)]
async fn an_honest_burst_does_not_push_itself_out() {
    let (listener, dialer) = MemoryListener::new();
    let limits = Limits::default().max_newcomers(1);
    let server = StreamServer::new(listener, admit_when_greeted).limits(limits);
    let mut clients = Vec::new();
    for _ in 0..1000 {
        let mut client = dialer.dial().await.unwrap();
        client.write_u8(b'?').await.unwrap();
        clients.push(client);
    }
    let start = Instant::now();
    let running = server.start();
    for client in &mut clients {
        assert_eq!(client.read_u8().await.unwrap(), b'!');
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(stop(running).await.drained, 1000);
}

#[tokio::test(start_paused = true)]
async fn strangers_push_each_other_out_no_faster_than_the_grace_allows() {
    let (listener, dialer) = MemoryListener::new();
    let limits = Limits::default().max_newcomers(10).newcomer_grace(Duration::from_millis(100));
    let server = StreamServer::new(listener, admit_when_greeted).limits(limits);
    let mut strangers = Vec::new();
    for _ in 0..100 {
        strangers.push(dialer.dial().await.unwrap());
    }
    let start = Instant::now();
    let running = server.start();
    let mut honest = dialer.dial().await.unwrap();
    greet(&mut honest).await;
    let waited = start.elapsed();
    assert!((1000..1100).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(stop(running).await.evicted, 91);
}

#[tokio::test]
async fn admitting_at_once_spares_the_handler_the_call() {
    let (listener, dialer) = MemoryListener::new();
    let hold = |mut stream: Guarded<DuplexStream>, conn: Conn| async move {
        assert!(conn.is_admitted());
        conn.admit().expect("to admit again changes nothing");
        stream.write_u8(b'!').await?;
        conn.stop().stopped().await;
        io::Result::Ok(())
    };
    let limits = Limits::default().max_admitted(1);
    let running = StreamServer::new(listener, hold).limits(limits).admit_at_once().start();
    let mut first = dialer.dial().await.unwrap();
    assert_eq!(first.read_u8().await.unwrap(), b'!');
    assert_eq!(bounded(read_all(dialer.dial().await.unwrap())).await, "");
    assert_eq!(stop(running).await.to_string(), "2 accepted: 1 drained, 1 refused");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_ended_cannot_be_admitted() {
    let (listener, dialer) = MemoryListener::new();
    let (send, receive) = tokio::sync::oneshot::channel();
    let send = std::sync::Mutex::new(Some(send));
    let leak = move |_stream: Guarded<DuplexStream>, conn: Conn| {
        let send = send.lock().unwrap().take().unwrap();
        send.send(conn).unwrap();
        pending::<Result<(), Infallible>>()
    };
    let running = StreamServer::new(listener, leak).start();
    assert_eq!(read_all(dialer.dial().await.unwrap()).await, "");
    let conn = receive.await.unwrap();
    let report = stop(running).await;
    assert_eq!(conn.admit(), Err(AdmitError::Ended));
    assert_eq!(report.to_string(), "1 accepted: 1 timed out");
}

#[tokio::test]
async fn a_source_that_keeps_being_refused_is_barred_and_its_admitted_connections_stay() {
    let refuse_nought = |mut stream: Guarded<TcpStream>, conn: Conn| async move {
        if stream.read_u8().await? == 0 {
            return Err(io::Error::other("refused"));
        }
        conn.admit()?;
        stream.write_u8(b'!').await?;
        conn.stop().stopped().await;
        Ok(())
    };
    let recorder = Recorder::default();
    let listener = bind_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = listener.local_addr().unwrap();
    let penalties = Penalties::default().loopback(true).tolerance(Duration::from_secs(5));
    let server = StreamServer::new(listener, refuse_nought).hooks(recorder.clone());
    let running = server.penalties(penalties).start();

    let mut admitted = TcpStream::connect(addr).await.unwrap();
    admitted.write_u8(1).await.unwrap();
    assert_eq!(admitted.read_u8().await.unwrap(), b'!');
    for id in 2..=3 {
        TcpStream::connect(addr).await.unwrap().write_u8(0).await.unwrap();
        bounded(recorder.heard(&format!("ended {id}: failed"))).await;
    }
    assert_eq!(bounded(read_all(TcpStream::connect(addr).await.unwrap())).await, "");
    bounded(recorder.heard("barred for 10 s")).await;
    assert_eq!(stop(running).await.to_string(), "4 accepted: 1 drained, 2 failed, 1 barred");
}
