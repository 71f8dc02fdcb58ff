use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use netserver::{Conn, Guarded, Limits, MemoryListener, StreamServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep};

use crate::support::{Echo, Recorder, read_all, stop};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn who_is_not_admitted_in_time_is_cut_off() {
    let (listener, dialer) = MemoryListener::new();
    let never_admit = |mut stream: Guarded<DuplexStream>, _conn: Conn| async move {
        loop {
            stream.write_all(b".").await?;
            sleep(3 * SECOND).await;
        }
        #[expect(unreachable_code, reason = "it says what the error type is")]
        std::io::Result::Ok(())
    };
    let running = StreamServer::new(listener, never_admit).start();
    let start = Instant::now();
    assert_eq!(read_all(dialer.dial().await.unwrap()).await, "....");
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(stop(running).await.to_string(), "1 accepted: 1 timed out");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_cut_off_at_the_idle_deadline() {
    let recorder = Recorder::default();
    let (listener, dialer) = MemoryListener::new();
    let running = StreamServer::new(listener, Echo).hooks(recorder.clone()).start();
    let start = Instant::now();
    assert_eq!(read_all(dialer.dial().await.unwrap()).await, "");
    let silent = start.elapsed().as_secs();
    assert!((120..=150).contains(&silent), "{silent} s");
    stop(running).await;
    assert!(recorder.lines().contains(&"ended 1: idle for too long".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn bytes_in_either_direction_hold_off_the_idle_deadline() {
    let (listener, dialer) = MemoryListener::new();
    let one_way = |mut stream: Guarded<DuplexStream>, conn: Conn| async move {
        conn.admit()?;
        if conn.id() == 1 {
            while stream.read_u8().await.is_ok() {}
        } else {
            for _ in 0..100 {
                stream.write_u8(b'.').await?;
                sleep(10 * SECOND).await;
            }
        }
        std::io::Result::Ok(())
    };
    let limits = Limits::default().idle_deadline(11 * SECOND);
    let running = StreamServer::new(listener, one_way).limits(limits).start();
    let mut upload = dialer.dial().await.unwrap();
    for _ in 0..100 {
        upload.write_u8(b'.').await.unwrap();
        sleep(10 * SECOND).await;
    }
    drop(upload);
    assert_eq!(read_all(dialer.dial().await.unwrap()).await.len(), 100);
    assert_eq!(stop(running).await.to_string(), "2 accepted: 2 served");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_says_it_works_is_not_idle() {
    let (listener, dialer) = MemoryListener::new();
    let work = |mut stream: Guarded<DuplexStream>, conn: Conn| async move {
        conn.admit()?;
        for _ in 0..100 {
            sleep(10 * SECOND).await;
            conn.progress();
        }
        stream.write_all(b"done").await
    };
    let limits = Limits::default().idle_deadline(11 * SECOND);
    let running = StreamServer::new(listener, work).limits(limits).start();
    assert_eq!(read_all(dialer.dial().await.unwrap()).await, "done");
    assert_eq!(stop(running).await.served, 1);
}

#[tokio::test(start_paused = true)]
async fn the_total_deadline_ends_even_a_busy_connection() {
    let (listener, dialer) = MemoryListener::new();
    let limits = Limits::default().total_deadline(60 * SECOND);
    let running = StreamServer::new(listener, Echo).limits(limits).start();
    let mut client = dialer.dial().await.unwrap();
    let start = Instant::now();
    while client.write_u8(b'.').await.is_ok() && client.read_u8().await.is_ok() {
        sleep(7 * SECOND).await;
    }
    // The client finds out when it next says something.
    assert_eq!(start.elapsed().as_secs(), 63);
    assert_eq!(stop(running).await.timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn without_deadlines_a_silent_peer_may_stay() {
    let (listener, dialer) = MemoryListener::new();
    let hold = |_stream: Guarded<DuplexStream>, conn: Conn| async move {
        conn.admit().unwrap();
        tokio::select! {
            () = pending() => {}
            () = conn.stop().stopped() => {}
        }
        Result::<(), Infallible>::Ok(())
    };
    let limits = Limits::default().idle_deadline(None);
    let running = StreamServer::new(listener, hold).limits(limits).start();
    let _client = dialer.dial().await.unwrap();
    sleep(1_000_000 * SECOND).await;
    assert_eq!(running.counters().admitted, 1);
    assert_eq!(stop(running).await.drained, 1);
}
