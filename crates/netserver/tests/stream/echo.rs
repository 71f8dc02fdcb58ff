use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use netserver::{Conn, Guarded, Limits, MemoryListener, StreamServer, bind_tcp};
use tokio::io::{AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::support::{Echo, Recorder, bounded, hear_echo, read_all, stop};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

#[tokio::test]
async fn echoes_over_tcp() {
    let running = StreamServer::new(bind_tcp(LOOPBACK).unwrap(), Echo).start();
    let addr = running.local_addr().ip().unwrap();
    for said in [&b""[..], b"x", &[7; 100_000]] {
        // Both sides move at once, because what is in flight is bounded.
        let (reader, mut writer) = bounded(TcpStream::connect(addr)).await.unwrap().into_split();
        let write = async {
            writer.write_all(said).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let mut reader = reader;
        let mut heard = Vec::new();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut heard);
        bounded(async { tokio::join!(write, read) }).await.1.unwrap();
        assert!(heard == said);
    }
    assert_eq!(stop(running).await.served, 3);
}

#[cfg(unix)]
#[tokio::test]
async fn echoes_over_a_unix_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("echo.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let running = StreamServer::new(listener, Echo).start();
    assert_eq!(running.local_addr().path(), Some(&*path));
    let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    bounded(hear_echo(stream, b"hello")).await;
    assert_eq!(stop(running).await.served, 1);
}

#[tokio::test]
async fn echoes_in_memory_one_byte_at_a_time() {
    let (listener, dialer) = MemoryListener::with_buffer(1);
    let running = StreamServer::new(listener, Arc::new(Echo)).start();
    let (mut reader, mut writer) = tokio::io::split(dialer.dial().await.unwrap());
    let write = async {
        writer.write_all(b"hello").await.unwrap();
        writer.shutdown().await.unwrap();
    };
    assert_eq!(bounded(async { tokio::join!(write, read_all(&mut reader)) }).await.1, "hello");
    assert_eq!(stop(running).await.served, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn echoes_to_five_hundred_at_once() {
    // A busy machine may keep a newcomer waiting for its first turn.
    let limits = Limits::default().newcomer_grace(Duration::MAX);
    let running = StreamServer::new(bind_tcp(LOOPBACK).unwrap(), Echo).limits(limits).start();
    let addr = running.local_addr().ip().unwrap();
    let mut clients = JoinSet::new();
    for number in 0..500_u32 {
        clients.spawn(async move {
            let stream = TcpStream::connect(addr).await.unwrap();
            hear_echo(stream, &number.to_le_bytes()).await;
        });
    }
    bounded(clients.join_all()).await;
    // The last handler may return just as the server is asked to stop.
    let report = stop(running).await;
    assert_eq!(report.served + report.drained, 500, "{report}");
}

#[tokio::test]
async fn a_client_that_closes_at_once_is_served() {
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let running = StreamServer::new(listener, Echo).hooks(recorder.clone()).start();
    drop(dialer.dial().await.unwrap());
    bounded(recorder.heard("ended 1: served")).await;
    bounded(hear_echo(dialer.dial().await.unwrap(), b"still here")).await;
    assert_eq!(stop(running).await.served, 2);
}

#[tokio::test]
async fn the_connection_knows_its_number_and_its_peer() {
    let describe = |mut stream: Guarded<TcpStream>, conn: Conn| async move {
        assert_eq!(stream.get_ref().peer_addr()?, conn.peer().ip().unwrap());
        assert!(stream.is_write_vectored());
        let line = format!("{} {}", conn.id(), conn.peer());
        let (head, tail) = line.as_bytes().split_at(1);
        let written = stream.write_vectored(&[IoSlice::new(head), IoSlice::new(tail)]).await?;
        assert_eq!(written, line.len());
        std::io::Result::Ok(())
    };
    let running = StreamServer::new(bind_tcp(LOOPBACK).unwrap(), describe).start();
    let addr = running.local_addr().ip().unwrap();
    for number in 1..=3 {
        let stream = TcpStream::connect(addr).await.unwrap();
        let local = stream.local_addr().unwrap();
        assert_eq!(bounded(read_all(stream)).await, format!("{number} {local}"));
    }
    assert_eq!(stop(running).await.served, 3);
}

#[tokio::test]
async fn ten_thousand_connections_in_sequence_leave_nothing_behind() {
    let (listener, dialer) = MemoryListener::new();
    let greet = |mut stream: Guarded<DuplexStream>, conn: Conn| async move {
        conn.admit()?;
        stream.write_all(b"hello").await
    };
    let running = StreamServer::new(listener, greet).start();
    for _ in 0..10_000 {
        assert_eq!(bounded(read_all(dialer.dial().await.unwrap())).await, "hello");
    }
    // The acceptor is left, and the last connection's task, if it has only just closed its stream.
    let alive = Handle::current().metrics().num_alive_tasks();
    assert!(alive <= 2, "{alive} tasks are left");
    let counters = running.counters();
    assert!(counters.newcomers + counters.admitted <= 1, "{counters:?}");
    assert_eq!(stop(running).await.served, 10_000);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}
