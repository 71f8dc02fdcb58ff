use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use netserver::{Addr, Listener, MemoryDialer, MemoryListener, StreamServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

use crate::support::{Echo, Recorder, hear_echo, stop};

/// Accepts what is dialled, until failures are sent; those come first.
struct Flawed {
    failures: tokio::sync::mpsc::UnboundedReceiver<io::Error>,
    listener: MemoryListener,
}

type Failures = tokio::sync::mpsc::UnboundedSender<io::Error>;

fn flawed() -> (Flawed, MemoryDialer, Failures) {
    let (listener, dialer) = MemoryListener::new();
    let (send, failures) = tokio::sync::mpsc::unbounded_channel();
    (Flawed { failures, listener }, dialer, send)
}

impl Listener for Flawed {
    type Stream = DuplexStream;
    type Peer = Addr;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Addr)> {
        tokio::select! {
            biased;
            Some(failure) = self.failures.recv() => Err(failure),
            dialled = self.listener.accept() => dialled,
        }
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.listener.local_addr()
    }
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn running_out_of_descriptors_backs_off_and_recovers() {
    let recorder = Recorder::default();
    let (listener, dialer, failures) = flawed();
    for _ in 0..10 {
        failures.send(rustix::io::Errno::MFILE.into()).unwrap();
    }
    let start = Instant::now();
    let running = StreamServer::new(listener, Echo).hooks(recorder.clone()).start();
    hear_echo(dialer.dial().await.unwrap(), b"hello").await;
    // 5, 10, ... 640 ms make 1,275; then twice the full second.
    let waited = start.elapsed();
    assert!(waited >= Duration::from_millis(3275), "{waited:?}");
    assert!(waited < Duration::from_millis(3300), "{waited:?}");
    assert_eq!(stop(running).await.served, 1);
    assert_eq!(recorder.lines()[..10], ["accept: Exhausted"; 10]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_backs_off_can_be_stopped() {
    let recorder = Recorder::default();
    let (listener, _dialer, failures) = flawed();
    for _ in 0..100 {
        failures.send(io::ErrorKind::OutOfMemory.into()).unwrap();
    }
    let running = StreamServer::new(listener, Echo).hooks(recorder.clone()).start();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let start = Instant::now();
    assert_eq!(stop(running).await.to_string(), "0 accepted");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn connections_that_come_to_nothing_do_not_delay_others() {
    let (listener, dialer, failures) = flawed();
    for _ in 0..50 {
        failures.send(io::ErrorKind::ConnectionAborted.into()).unwrap();
    }
    let start = Instant::now();
    let running = StreamServer::new(listener, Echo).start();
    hear_echo(dialer.dial().await.unwrap(), b"hello").await;
    let waited = start.elapsed();
    assert!(waited < Duration::from_millis(100), "{waited:?}");
    assert_eq!(stop(running).await.served, 1);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_breaks_ends_the_server_with_a_report() {
    let recorder = Recorder::default();
    let (listener, dialer, failures) = flawed();
    let running = StreamServer::new(listener, Echo).hooks(recorder.clone()).start();
    let mut client = dialer.dial().await.unwrap();
    client.write_u8(b'!').await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'!');
    failures.send(io::Error::other("the cable is gone")).unwrap();
    // What is dialled wakes the listener, which then finds the failure first.
    let _next = dialer.dial().await.unwrap();

    let error = running.wait().await.unwrap_err();
    assert_eq!(error.to_string(), "cannot go on serving on memory: the cable is gone");
    assert_eq!(error.report.to_string(), "1 accepted: 1 drained");
    let lines: VecDeque<String> = recorder.lines().into();
    assert!(lines.contains(&"accept: Fatal".to_owned()), "{lines:?}");
    assert_eq!(lines.back().unwrap(), "ended 1: drained");
}
