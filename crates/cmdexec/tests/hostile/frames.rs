//! Frames that are wrong, and frames in the wrong place.

use super::support::{Raw, World, frame, gone, run};

#[tokio::test]
async fn what_is_no_frame_ends_the_conversation_with_the_reason() {
    let world = World::new();
    for (bytes, reason) in [
        (&b"\xff\xff\xff\xff"[..], "negative"),
        (b"\xff\xff\xff\x7f", "longer than the 65536"),
        (b"\x00\x00\x00\x00", "0"),
        (b"\x02\x00\x00\x00[]", "array"),
        (b"\x04\x00\x00\x00\xff\xff\xff\xff", "UTF-8"),
        (&frame(r#"{"type":"format_disk","id":1}"#), "unknown variant"),
        (&frame(r#"{"type":"run","id":1}"#), "missing field"),
        (&frame(r#"{"type":"run","id":1,"command":{"argv":"ls"}}"#), "sequence"),
        (&frame(r#"{"type":"signal","id":1,"name":"SEGV"}"#), "unknown variant"),
    ] {
        let mut raw = world.raw().await;
        raw.conn.enqueue_encoded(bytes.to_vec().into());
        let message = raw.given_up().await;
        assert!(message.contains(reason), "{message}");
    }
    world.assert_up().await;
}

#[tokio::test]
async fn what_is_no_frame_ends_the_command_at_hand() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.shell(1, "sleep 1000");
    let pid = raw.until("started").await["pid"].clone();
    raw.conn.enqueue_encoded(b"\xff\xff\xff\xff"[..].into());
    raw.given_up().await;
    gone(&pid).await;
}

#[tokio::test]
async fn input_of_an_impossible_size_is_refused_before_it_comes() {
    let world = World::new();
    for size in ["1048577", "9223372036854775808", "18446744073709551615"] {
        let mut raw = world.raw().await;
        raw.say(&run(1, "sleep 1000", r#","stdin":true"#));
        let pid = raw.until("started").await["pid"].clone();
        raw.say(&format!(r#"{{"type":"stdin","id":1,"body":{size}}}"#));
        let message = raw.given_up().await;
        assert_eq!(
            message,
            format!("{size} bytes of input were announced where 1048576 are allowed")
        );
        gone(&pid).await;
    }
    world.assert_up().await;
}

#[tokio::test]
async fn more_input_than_the_window_has_room_for_is_refused() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.say(&run(1, "sleep 1000", r#","stdin":true"#));
    raw.stdin(1, &[0; 1 << 20]);
    raw.stdin(1, &[0; 1 << 20]);
    raw.until("started").await;
    assert!(raw.given_up().await.contains("bytes of input were announced"));
}

#[tokio::test]
async fn input_for_a_request_that_waits_is_refused() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.shell(1, "sleep 1000");
    raw.say(&run(2, "cat", r#","stdin":true"#));
    raw.stdin(2, b"early");
    raw.until("started").await;
    assert_eq!(raw.given_up().await, "input came for the request 2, which has not begun");
}

#[tokio::test]
async fn frames_for_no_request_at_hand_are_passed_over() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.stdin(7, b"for nobody");
    for kind in ["stdin_end", "cancel"] {
        raw.say(&format!(r#"{{"type":"{kind}","id":7}}"#));
    }
    raw.say(r#"{"type":"signal","id":7,"name":"KILL"}"#);
    raw.say(r#"{"type":"resize","id":7,"rows":1,"cols":1}"#);
    raw.say(r#"{"type":"stdout","id":7,"body":0}"#);
    raw.shell(8, "exit 3");
    assert_eq!(raw.end(8).await["proof"]["exit"]["code"], 3);
}

#[tokio::test]
async fn what_only_a_server_says_means_nothing_from_a_client() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.say(&run(1, "cat", r#","stdin":true"#));
    raw.say(r#"{"type":"started","id":1,"pid":1}"#);
    raw.say(r#"{"type":"room","id":1,"bytes":1}"#);
    raw.say(r#"{"type":"stderr","id":1,"body":3}"#);
    raw.conn.enqueue_encoded(b"abc"[..].into());
    raw.say(r#"{"type":"stdin_end","id":1}"#);
    raw.end(1).await;
    world.assert_up().await;
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order_and_can_be_cancelled() {
    let world = World::new();
    let mut raw: Raw = world.raw().await;
    raw.say(&run(1, "cat", r#","stdin":true"#));
    for id in 2..10 {
        raw.shell(id, &format!("exit {id}"));
    }
    raw.say(r#"{"type":"cancel","id":4}"#);
    raw.say(r#"{"type":"cancel","id":9}"#);
    raw.say(r#"{"type":"stdin_end","id":1}"#);
    for id in 1..10 {
        let end = raw.end(id).await;
        match id {
            1 => assert_eq!(end["proof"]["exit"]["code"], 0),
            4 | 9 => assert_eq!(end["status"], "cancelled"),
            _ => assert_eq!(end["proof"]["exit"]["code"], id),
        }
    }
}
