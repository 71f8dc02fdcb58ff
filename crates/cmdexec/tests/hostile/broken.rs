//! Connections that end anywhere.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{World, frame, gone, run, within};

/// What a client says in a short conversation.
fn conversation() -> Vec<u8> {
    let hello = proto::Hello::new("exec").encode(&proto::Limits::default()).unwrap();
    [
        hello.to_vec(),
        frame(&run(1, "cat; sleep 1000", r#","stdin":true"#)),
        frame(r#"{"type":"stdin","id":1,"body":5}"#),
        b"hello".to_vec(),
        frame(r#"{"type":"signal","id":1,"name":"CONT"}"#),
        frame(r#"{"type":"stdin_end","id":1}"#),
    ]
    .concat()
}

#[tokio::test]
async fn a_client_may_go_at_any_byte_and_nothing_stays() {
    let world = World::new();
    let whole = conversation();
    let first = whole.len() - 200;
    for cut in (0..first).step_by(37).chain(first..=whole.len()) {
        let mut stream = world.dialer.dial().await.unwrap();
        stream.write_all(&whole[..cut]).await.unwrap();
        // Half-closed: it says no more, but listens until the server closes too, which it does
        // once the command is over.
        stream.shutdown().await.unwrap();
        within(stream.read_to_end(&mut Vec::new())).await.unwrap();
    }
    world.assert_up().await;
}

#[tokio::test]
async fn a_client_that_goes_without_a_word_ends_its_command() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.shell(1, "setsid sleep 1000 & sleep 1000");
    let pid = raw.until("started").await["pid"].clone();
    drop(raw);
    gone(&pid).await;
}

#[tokio::test]
async fn a_half_closed_connection_is_told_why_its_command_was_ended() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.shell(1, "sleep 1000");
    let pid = raw.until("started").await["pid"].clone();
    raw.conn.shutdown().await.unwrap();
    assert_eq!(raw.given_up().await, "the connection was closed before the command had ended");
    gone(&pid).await;
}
