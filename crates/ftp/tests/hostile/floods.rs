//! Peers that announce much, ask much, and take nothing: they cost little.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use ftp::{Client, LocalStore, Pool};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::time::{Duration, timeout};

use super::memory::held;
use super::support::{Played, Raw, ServedFuture, World, content, entry, fast, frame, path, write};

/// Pipes that are soon full, and a pool with a budget of 1 MiB.
fn world() -> World {
    let same = |store: LocalStore| store;
    World::with(4096, Pool::new(1 << 20, 4), same, same)
}

/// Writes the same bytes again and again without ever reading, until the other side takes no
/// more; returns how much it took.
async fn flood(raw: Raw, bytes: &[u8], most: usize) -> usize {
    let (mut stream, _) = raw.conn.into_parts();
    let mut taken = 0;
    while taken < most {
        let write = stream.write_all(bytes);
        match timeout(Duration::from_secs(1), write).await {
            Ok(Ok(())) => taken += bytes.len(),
            Ok(Err(_)) | Err(_) => break,
        }
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_that_nobody_hears_the_answers_of_is_cheap() {
    let world = world();
    let pings = frame(r#"{"type":"ping"}"#).repeat(1000);
    let raw = world.raw().await;
    let before = held();
    flood(raw, &pings, 4 << 20).await;
    let cost = held() - before;
    assert!(cost < 200_000, "{cost} bytes");

    // The same while a request is at hand.
    let mut raw = world.raw().await;
    raw.put(1, "a", 1000);
    raw.until("want").await;
    let before = held();
    flood(raw, &pings, 4 << 20).await;
    let cost = held() - before;
    assert!(cost < 200_000, "{cost} bytes");
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_requests_that_nobody_hears_the_answers_of_is_cheap() {
    let world = world();
    let long = vec!["x".repeat(250); 100].join("/");
    let requests = frame(&format!(r#"{{"type":"stat","id":1,"path":"{long}"}}"#)).repeat(4);
    let raw = world.raw().await;
    let before = held();
    let taken = flood(raw, &requests, 16 << 20).await;
    assert!(taken < 4 << 20, "{taken} bytes of requests were taken");
    let cost = held() - before;
    assert!(cost < 1 << 20, "{cost} bytes");
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_is_not_flooded_by_its_server_either() {
    let pings = Arc::new(frame(r#"{"type":"ping"}"#).repeat(1000));
    let cost = Arc::new(AtomicIsize::new(-1));
    let told = Arc::clone(&cost);
    let server = Played(move |stream: DuplexStream| {
        let (pings, told) = (Arc::clone(&pings), Arc::clone(&told));
        Box::pin(async move {
            let mut raw = Raw::welcome(stream).await.unwrap();
            raw.hear().await.unwrap();
            raw.flush().await;
            let before = held();
            flood(raw, &pings, 4 << 20).await;
            told.store(held() - before, Ordering::Relaxed);
        }) as ServedFuture
    });
    Client::new(server, fast().attempts(1)).stat(&path("a")).await.unwrap_err();
    let cost = cost.load(Ordering::Relaxed);
    assert!((0..200_000).contains(&cost), "{cost} bytes");
}

#[tokio::test(start_paused = true)]
async fn who_announces_much_and_sends_nothing_costs_little() {
    let world = world();
    write(&world.there, "a", &content(100, 1));
    let announced: [fn(&mut Raw); 5] = [
        // A header as long as allowed.
        |raw| raw.say_bytes(&[0, 0, 1, 0, b'{']),
        // A want of as many ranges as are allowed.
        |raw| {
            raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
            raw.say(r#"{"type":"want","id":1,"content":4096,"last":true}"#);
        },
        // A body of 8 GiB for nobody.
        |raw| {
            raw.say(
                r#"{"type":"segment","id":9,"offset":0,"length":4294967295,"head":4294967295}"#,
            );
        },
        // A stream whose first segment never comes.
        |raw| {
            raw.say(r#"{"type":"put","id":1,"path":"s","publish":"keep_both","session":"s"}"#);
            let entry = entry("s", 0);
            raw.say(&format!(r#"{{"type":"entry","id":1,"entry":{entry},"open_ended":true}}"#));
        },
        // An upload of which one segment is announced.
        |raw| {
            raw.put(1, "b", 2 << 20);
            raw.say(r#"{"type":"segment","id":1,"offset":0,"length":2097152,"head":512}"#);
        },
    ];
    for (number, announce) in announced.into_iter().enumerate() {
        let mut peers = Vec::new();
        let before = held();
        for _ in 0..50 {
            let mut raw = world.raw().await;
            announce(&mut raw);
            raw.flush().await;
            peers.push(raw);
        }
        // Everything that was sent has been read once nothing moves any more.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let cost = (held() - before) / 50;
        assert!(cost < 120_000, "{cost} bytes for each peer of kind {number}");
    }
    world.assert_serves().await;
}
