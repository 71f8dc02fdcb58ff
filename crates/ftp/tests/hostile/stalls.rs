//! Servers that fall silent.

use std::sync::Arc;
use std::time::Duration;

use ftp::{Client, ClientError, How, LocalStore};
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio::time::Instant;

use super::support::{
    Played, Raw, ServedFuture, content, digests_of, entry, fast, finals, frame, local, path, write,
};

/// A server that does one thing and then neither speaks nor listens, but stays.
fn silent_after<F>(deed: F) -> Played<impl Fn(DuplexStream) -> ServedFuture + Send + Sync + 'static>
where
    F: Fn(&mut Raw) + Send + Sync + 'static,
{
    let deed = Arc::new(deed);
    Played(move |stream| {
        let deed = Arc::clone(&deed);
        let served: ServedFuture = Box::pin(async move {
            let Some(mut raw) = Raw::welcome(stream).await else { return };
            deed(&mut raw);
            raw.flush().await;
            std::future::pending::<()>().await;
        });
        served
    })
}

/// The last reason for which a call was given up.
fn reason(error: &ClientError) -> String {
    match error {
        ClientError::GaveUp { last, .. } => last.to_string(),
        error => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_the_hello_is_a_stranger() {
    let silent = Played(|stream: DuplexStream| {
        Box::pin(async move {
            let _held = stream;
            std::future::pending::<()>().await;
        }) as ServedFuture
    });
    let begun = Instant::now();
    let error = Client::new(silent, fast()).stat(&path("a")).await.unwrap_err();
    assert!(matches!(error, ClientError::Stranger { .. }), "{error}");
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_anywhere_is_left_after_a_while() {
    let whole = content(300_000, 1);
    let segment = {
        let header = r#"{"type":"segment","id":1,"offset":0,"length":300000,"head":80}"#;
        [&frame(header)[..], &digests_of(&whole), &whole].concat()
    };
    let offer = frame(&format!(r#"{{"type":"entry","id":1,"entry":{}}}"#, entry("a", 300_000)));
    let said = [&offer[..], &segment].concat();
    // Before the offer, in it, before the content, in its header, digests, content, before the end.
    let cuts =
        [0, 9, offer.len(), offer.len() + 30, offer.len() + 100, offer.len() + 200_000, said.len()];
    for cut in cuts {
        let said = said[..cut].to_vec();
        let server = silent_after(move |raw| raw.say_bytes(&said));
        let dir = TempDir::new().unwrap();
        let store = Arc::new(LocalStore::open(dir.path(), true).unwrap());
        let options = fast().attempts(2).stall_after(Duration::from_secs(7));
        let mut client = Client::new(server, options);
        let name = path("a");
        let begun = Instant::now();
        let got = client.get(&name, local(&store, &name), &How::default(), &()).await;
        assert!(reason(&got.unwrap_err()).contains("for 7 s"), "after {cut} bytes");
        let waited = begun.elapsed();
        assert!(
            waited >= Duration::from_secs(21) && waited < Duration::from_secs(45),
            "{waited:?}"
        );
        assert_eq!(finals(&dir), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_nothing_more_is_left_after_a_while() {
    let size = 3_000_000;
    let server = silent_after(move |raw| raw.want(1, &[], &[(0, size)]));
    let dir = TempDir::new().unwrap();
    write(&dir, "a", &content(size as usize, 1));
    let store = Arc::new(LocalStore::open(dir.path(), true).unwrap());
    let mut client = Client::new(server, fast().attempts(2));
    let name = path("a");
    let put = client.put(local(&store, &name), &name, &How::default(), &()).await;
    assert!(reason(&put.unwrap_err()).contains("for 30 s"));

    let mut client = Client::new(silent_after(|_| ()), fast().attempts(2));
    let endless = &mut tokio::io::repeat(7);
    let put = client.put_stream(endless, &name, &How::default(), &()).await;
    assert!(matches!(put.unwrap_err(), ClientError::Lost { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_gives_signs_of_life_is_waited_for() {
    let server = Played(|stream: DuplexStream| {
        Box::pin(async move {
            let mut raw = Raw::welcome(stream).await.unwrap();
            raw.hear().await.unwrap();
            raw.flush().await;
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_secs(10)).await;
                raw.say(r#"{"type":"ping"}"#);
                raw.flush().await;
                assert_eq!(raw.hear().await.unwrap().kind(), "pong");
            }
            raw.say(&format!(r#"{{"type":"end","id":1,"status":"ok","entry":{}}}"#, entry("a", 5)));
            raw.given_up().await;
        }) as ServedFuture
    });
    let begun = Instant::now();
    assert_eq!(Client::new(server, fast()).stat(&path("a")).await.unwrap().size, 5);
    assert_eq!(begun.elapsed().as_secs(), 200);
}
