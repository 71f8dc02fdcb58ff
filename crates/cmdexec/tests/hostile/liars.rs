//! Servers that do not tell the truth, or break off.

use std::io;

use cmdexec::{Client, ClientError, Command, Connect, Options};
use tokio::io::DuplexStream;

use super::support::{Raw, World, within};

/// Says these frames to whoever asks for something.
struct Liar(Vec<(String, Vec<u8>)>);

impl Connect for Liar {
    type Stream = DuplexStream;

    async fn connect(&self) -> io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let says = self.0.clone();
        tokio::spawn(async move {
            let Some(mut raw) = Raw::welcome(theirs).await else { return };
            if raw.hear().await.is_none() {
                return;
            }
            for (header, body) in says {
                raw.say(&header);
                raw.conn.enqueue_encoded(body.into());
            }
            let _ = raw.conn.shutdown().await;
            while raw.hear().await.is_some() {}
        });
        Ok(ours)
    }

    fn peer(&self) -> &str {
        "liar"
    }
}

/// What a client makes of it.
async fn told(says: &[(&str, &[u8])]) -> ClientError {
    let says = says.iter().map(|(header, body)| ((*header).to_owned(), body.to_vec())).collect();
    let mut client = Client::new(Liar(says), Options::default());
    within(client.output(&Command::shell("x"), 1000)).await.unwrap_err()
}

const NOTHING: &str = r#"{"bytes":0,"digest":"d41d8cd98f00b204e9800998ecf8427e"}"#;

fn end(stdout: &str, stderr: &str) -> String {
    format!(
        r#"{{"type":"end","id":1,"status":"ok","proof":{{"exit":{{"code":0}},"complete":true,"stdout":{stdout},"stderr":{stderr},"stdin_bytes":0,"run_micros":1}}}}"#
    )
}

#[tokio::test]
async fn output_that_is_missing_or_changed_is_found_out() {
    let one = r#"{"type":"stdout","id":1,"body":1}"#;
    let missing = end(r#"{"bytes":2,"digest":"00"}"#, NOTHING);
    for error in [
        told(&[(one, b"a"), (&missing, b"")]).await,
        told(&[(one, b"a"), (&end(r#"{"bytes":1,"digest":"00"}"#, NOTHING), b"")]).await,
        told(&[(one, b"a"), (&end(NOTHING, NOTHING), b"")]).await,
        told(&[(&end(NOTHING, r#"{"bytes":1,"digest":"00"}"#), b"")]).await,
        // The right bytes in the wrong stream.
        told(&[(r#"{"type":"stderr","id":1,"body":1}"#, b"a"), (&missing, b"")]).await,
    ] {
        assert!(matches!(error, ClientError::Damaged { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_end_that_never_comes_is_a_lost_connection() {
    let one = r#"{"type":"stdout","id":1,"body":10}"#;
    for says in [&[][..], &[(one, &b"only four"[..4])], &[(one, b"0123456789")]] {
        let error = told(says).await;
        assert!(matches!(error, ClientError::Lost { .. }), "{error}");
    }
}

#[tokio::test]
async fn frames_that_only_a_client_sends_are_a_breach() {
    for header in [
        r#"{"type":"stdin_end","id":1}"#,
        r#"{"type":"cancel","id":1}"#,
        r#"{"type":"signal","id":1,"name":"KILL"}"#,
        r#"{"type":"room","id":1,"bytes":1}"#,
        r#"{"type":"room","id":1,"bytes":18446744073709551615}"#,
    ] {
        let error = told(&[(header, b"")]).await;
        assert!(matches!(error, ClientError::Protocol { .. }), "{header}: {error}");
    }
}

#[tokio::test]
async fn an_end_without_a_proof_is_no_success() {
    let error = told(&[(r#"{"type":"end","id":1,"status":"ok"}"#, b"")]).await;
    assert!(matches!(error, ClientError::Remote(_)), "{error}");
    let error = told(&[(r#"{"type":"end","id":1,"status":"new_word"}"#, b"")]).await;
    assert_eq!(error.to_string(), "failed");
}

#[tokio::test]
async fn a_message_of_a_server_cannot_steer_a_terminal() {
    let says = r#"{"type":"end","id":1,"status":"failed","message":"\u001b[2Jgone"}"#;
    assert_eq!(told(&[(says, b"")]).await.to_string(), r"\x1b[2Jgone");
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_never_taken_for_whole() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.shell(1, "echo out; echo err >&2");
    let mut frames = Vec::new();
    loop {
        let heard = raw.hear().await.unwrap();
        let mut body = vec![0; raw.conn.body_remaining() as usize];
        raw.conn.read_body_exact(&mut body).await.unwrap();
        frames.extend(super::support::frame(&heard.to_string()));
        frames.extend(body);
        if heard["type"] == "end" {
            break;
        }
    }
    for cut in 0..=frames.len() {
        let client = Cut(frames[..cut].to_vec());
        let mut client = Client::new(client, Options::default());
        let output = within(client.output(&Command::shell("x"), 1000)).await;
        match output {
            Ok(output) if cut == frames.len() => assert_eq!(output.stdout, b"out\n"),
            Err(ClientError::Lost { .. }) if cut < frames.len() => {}
            other => panic!("{other:?} after a cut at {cut}"),
        }
    }
}

/// Says these bytes, and is gone.
struct Cut(Vec<u8>);

impl Connect for Cut {
    type Stream = DuplexStream;

    async fn connect(&self) -> io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let says = self.0.clone();
        tokio::spawn(async move {
            let Some(mut raw) = Raw::welcome(theirs).await else { return };
            if raw.hear().await.is_some() {
                raw.conn.enqueue_encoded(says.into());
                let _ = raw.conn.shutdown().await;
            }
        });
        Ok(ours)
    }

    fn peer(&self) -> &str {
        "cut"
    }
}
