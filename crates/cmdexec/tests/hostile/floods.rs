//! Peers that say too much, or too little.

use super::support::{World, gone, run};
use bytes::Bytes;

#[tokio::test]
async fn a_flood_of_signals_and_sizes_changes_nothing() {
    let world = World::new();
    let mut raw = world.raw().await;
    let pty = r#","stdin":true,"pty":{"term":"dumb","rows":1,"cols":1}"#;
    raw.say(&run(1, "trap : USR1 WINCH; echo up; while :; do read x; done", pty));
    raw.until("stdout").await;
    for _ in 0..10_000 {
        raw.say(r#"{"type":"signal","id":1,"name":"USR1"}"#);
        raw.say(r#"{"type":"resize","id":1,"rows":65535,"cols":0}"#);
    }
    raw.say(r#"{"type":"cancel","id":1}"#);
    let end = raw.end(1).await;
    assert_eq!(end["proof"]["ended_by"], "cancel");
    world.assert_up().await;
}

#[tokio::test]
async fn a_flood_of_pings_does_not_keep_a_time_limit_from_being_kept() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.say(&run(1, "sleep 1000", r#","timeout_ms":100"#));
    let pings = super::support::frame(r#"{"type":"ping"}"#).repeat(1000);
    let pings = Bytes::from(pings);
    let end = loop {
        if raw.conn.queued_bytes() < pings.len() {
            raw.conn.enqueue_encoded(pings.clone());
        }
        let heard = raw.hear().await.unwrap();
        if heard["type"] == "end" {
            break heard;
        }
    };
    assert_eq!(end["proof"]["ended_by"], "time");
}

#[tokio::test]
async fn more_requests_than_may_wait_end_the_conversation_and_the_command() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.shell(1, "sleep 1000");
    let pid = raw.until("started").await["pid"].clone();
    for id in 2..40 {
        raw.shell(id, "true");
    }
    assert_eq!(raw.given_up().await, "more than 16 requests are unanswered");
    gone(&pid).await;
}

#[tokio::test]
async fn input_in_single_bytes_comes_whole() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.say(&run(1, "sleep 0.2; wc -c", r#","stdin":true"#));
    for _ in 0..20_000 {
        raw.stdin(1, b"x");
    }
    raw.say(r#"{"type":"stdin_end","id":1}"#);
    let end = raw.end(1).await;
    assert_eq!(end["proof"]["stdin_bytes"], 20_000);
    assert_eq!(end["proof"]["stdout"]["bytes"], 6);
}

#[tokio::test]
async fn input_after_its_end_is_thrown_away() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.say(&run(1, "cat", r#","stdin":true"#));
    raw.stdin(1, b"before");
    raw.say(r#"{"type":"stdin_end","id":1}"#);
    raw.stdin(1, b"after");
    let end = raw.end(1).await;
    assert_eq!(end["proof"]["stdout"]["bytes"], 6);
}
