//! A small whole session, cut after every single byte.

use std::sync::Arc;

use ftp::{Client, How, LocalStore, RemotePath};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::support::{
    Played, ServedFuture, World, clear, content, fast, finals, local, path, write,
};

const LEN: usize = 300;

/// Removes what a session made, so that the next one begins like the first.
fn reset(world: &World) {
    clear(&world.there);
    clear(&world.here);
    write(&world.there, "a", &content(LEN, 1));
    write(&world.here, "b", &content(LEN, 2));
}

/// What is published at the server is whole.
fn assert_whole(world: &World, cut: usize) {
    for name in finals(&world.there) {
        let expected = match &*name {
            "a" => content(LEN, 1),
            "b" => content(LEN, 2),
            _ => panic!("{name} appeared after {cut} bytes"),
        };
        let found = std::fs::read(world.there.path().join(&name)).unwrap();
        assert!(found == expected, "{name} after {cut} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_after_any_byte_leaves_nothing_half_done() {
    let mut world = World::new();
    reset(&world);
    world.get("a").await.unwrap();
    world.put("b").await.unwrap();
    world.client.list(&RemotePath::root(), &mut |_| ()).await.unwrap();
    let tape = world.dialer.seen.take_written();
    assert!(tape.len() > 1000 && tape.len() < 4000, "{}", tape.len());

    let mut published = 0;
    for cut in 0..=tape.len() {
        reset(&world);
        let mut stream = world.dialer.plain().await;
        stream.write_all(&tape[..cut]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_whole(&world, cut);
        published += usize::from(world.there.path().join("b").exists());
        if cut % 50 == 0 {
            world.assert_serves().await;
        }
    }
    assert!(published > 0, "the tape was not a session");
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_breaks_off_after_any_byte_leaves_nothing_half_done() {
    let mut world = World::new();
    reset(&world);
    world.put("b").await.unwrap();
    let tape = world.dialer.seen.take_written();
    for cut in 0..tape.len() {
        reset(&world);
        let mut stream = world.dialer.plain().await;
        stream.write_all(&tape[..cut]).await.unwrap();
        drop(stream);
        // Once the next one is served, what the first one sent has been read.
        world.assert_serves().await;
        assert_whole(&world, cut);
    }
}

/// A server that says the beginning of a tape to whoever calls, and closes.
fn player(tape: Vec<u8>) -> impl ftp::Connect {
    let tape = Arc::new(tape);
    Played(move |mut stream: DuplexStream| {
        let tape = Arc::clone(&tape);
        Box::pin(async move {
            stream.write_all(&tape).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }) as ServedFuture
    })
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_get_cut_after_any_byte_publishes_nothing_wrong() {
    let mut world = World::new();
    reset(&world);
    world.get("a").await.unwrap();
    let tape = world.dialer.seen.take_read();
    let mut succeeded = 0;
    for cut in 0..=tape.len() {
        let dir = TempDir::new().unwrap();
        let store = Arc::new(LocalStore::open(dir.path(), true).unwrap());
        let mut client = Client::new(player(tape[..cut].to_vec()), fast().attempts(1));
        let name = path("a");
        let got = client.get(&name, local(&store, &name), &How::default(), &()).await;
        match got {
            Err(_) => assert_eq!(finals(&dir), [""; 0], "after {cut} bytes"),
            Ok(_) => {
                let found = std::fs::read(dir.path().join("a")).unwrap();
                assert!(found == content(LEN, 1), "after {cut} bytes");
                succeeded += 1;
            }
        }
    }
    // Without the last answer alone it has succeeded all the same.
    let last = tape.len() - tape.windows(5).rposition(|bytes| bytes == b"\"end\"").unwrap();
    assert!((1..last + 20).contains(&succeeded), "{succeeded}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_put_cut_after_any_byte_is_an_error() {
    let mut world = World::new();
    reset(&world);
    world.put("b").await.unwrap();
    let tape = world.dialer.seen.take_read();
    for cut in 0..=tape.len() {
        let mut client = Client::new(player(tape[..cut].to_vec()), fast().attempts(1));
        let name = path("b");
        let put = client.put(local(&world.local, &name), &name, &How::default(), &()).await;
        assert_eq!(put.is_ok(), cut == tape.len(), "after {cut} bytes: {put:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_cut_after_any_byte_is_an_error() {
    let mut world = World::new();
    reset(&world);
    world.client.list(&RemotePath::root(), &mut |_| ()).await.unwrap();
    let tape = world.dialer.seen.take_read();
    for cut in 0..=tape.len() {
        let mut client = Client::new(player(tape[..cut].to_vec()), fast().attempts(1));
        let mut count = 0;
        let listed = client.list(&RemotePath::root(), &mut |_| count += 1).await;
        assert_eq!(listed.is_ok(), cut == tape.len(), "after {cut} bytes: {listed:?}");
        assert!(count <= 1, "after {cut} bytes");
    }
}
