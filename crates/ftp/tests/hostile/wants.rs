//! Receivers that want what they should not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use ftp::LocalStore;

use super::support::{Raw, Rig, Rigged, World, content, quick_pool, write};

const BLOCK: u64 = 65_536;
const SIZE: u64 = 3 * BLOCK + 7;

async fn world_with_file() -> (World, Raw) {
    let world = World::new();
    write(&world.there, "a", &content(SIZE as usize, 1));
    let raw = world.raw().await;
    (world, raw)
}

#[tokio::test(start_paused = true)]
async fn ranges_that_are_not_there_end_the_request_and_not_the_connection() {
    let (_world, mut raw) = world_with_file().await;
    let bad = [
        (0, 0),
        (1, BLOCK),
        (0, BLOCK + 1),
        (0, 4 * BLOCK),
        (SIZE, SIZE),
        (4 * BLOCK, 5 * BLOCK),
        (0, u64::MAX),
        (u64::MAX, u64::MAX),
        (u64::MAX - BLOCK + 1, u64::MAX),
    ];
    for (range, id) in bad.into_iter().zip(1..) {
        for digests in [false, true] {
            let id = 2 * id + u64::from(digests);
            raw.say(&format!(r#"{{"type":"get","id":{id},"path":"a"}}"#));
            raw.until("entry").await;
            match digests {
                true => raw.want(id, &[range], &[]),
                false => raw.want(id, &[], &[(0, BLOCK), range]),
            }
            // What is still on its way when the end comes belongs to no request any more.
            raw.want(id, &[], &[(0, BLOCK)]);
            assert_eq!(raw.end(id).await.status(), "bad_request", "{range:?}");
        }
    }
    assert_eq!(raw.get_well(1000, "a").await, content(SIZE as usize, 1));
}

#[tokio::test(start_paused = true)]
async fn a_range_that_runs_backwards_ends_the_connection() {
    let (world, mut raw) = world_with_file().await;
    raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
    raw.until("entry").await;
    raw.want(1, &[], &[(2 * BLOCK, BLOCK)]);
    assert_eq!(raw.given_up().await.last().unwrap().status(), "bad_request");
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn a_want_of_another_entry_is_not_served() {
    let (_world, mut raw) = world_with_file().await;
    raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
    raw.until("entry").await;
    let other = [0_u64.to_le_bytes(), SIZE.to_le_bytes()].concat();
    raw.say_with(r#"{"type":"want","id":1,"n":1,"content":1,"last":true}"#, &other);
    raw.want(1, &[(0, SIZE)], &[]);
    assert_eq!(raw.hear().await.unwrap().kind(), "digests");
    let sent = raw.hear().await.unwrap();
    assert_eq!((sent.kind(), sent.number("wants")), ("sent", 1));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_wants_ends_the_request() {
    // The pipe is full at once, so that what is wanted piles up.
    let world = World::with(1024, quick_pool(), |store| store, |store: LocalStore| store);
    write(&world.there, "a", &content(SIZE as usize, 1));
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
    let entry = raw.until("entry").await;
    assert_eq!(entry.field("entry")["size"], SIZE);
    for _ in 0..6 {
        raw.want(1, &[], &vec![(0, SIZE); 4096]);
    }
    let (mut sent, mut status) = (0, String::new());
    while let Some(heard) = raw.hear().await {
        sent += heard.number("length");
        if heard.kind() == "end" {
            status = heard.status().to_owned();
            break;
        }
    }
    assert_eq!(status, "bad_request");
    assert!(sent <= 2 * 4096 * SIZE, "{sent} bytes were sent for it");
    raw.say(r#"{"type":"stat","id":2,"path":"a"}"#);
    assert_eq!(raw.end(2).await.status(), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_want_that_names_too_many_ranges_is_never_gathered() {
    let (world, _) = world_with_file().await;
    for (digests, ranges) in [(0, 4097), (2049, 2048), (u32::MAX, u32::MAX)] {
        let mut raw = world.raw().await;
        raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
        raw.until("entry").await;
        raw.say(&format!(
            r#"{{"type":"want","id":1,"digests":{digests},"content":{ranges},"last":true}}"#
        ));
        assert_eq!(raw.given_up().await.last().unwrap().status(), "bad_request");
    }
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn half_a_want_of_a_request_that_failed_is_not_taken_for_the_next_one() {
    let changed = Arc::new(AtomicBool::new(false));
    let file = Arc::new(Mutex::new(std::path::PathBuf::new()));
    let rig = {
        let (changed, file) = (Arc::clone(&changed), Arc::clone(&file));
        Rig::reads(move |_| {
            if changed.load(Ordering::Relaxed) {
                std::fs::write(&*file.lock().unwrap(), b"short").unwrap();
            }
        })
    };
    let rigged = |inner| Rigged { inner, rig };
    let world = World::with(1 << 18, quick_pool(), rigged, |store: LocalStore| store);
    write(&world.there, "a", &content(SIZE as usize, 1));
    write(&world.there, "b", &content(SIZE as usize, 2));
    *file.lock().unwrap() = world.there.path().join("a");
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
    raw.until("entry").await;
    changed.store(true, Ordering::Relaxed);
    raw.want(1, &[], &[(0, SIZE)]);
    // The first range of the two comes whole, the other one only after the request has failed.
    let (start, end) = (0_u64.to_le_bytes(), BLOCK.to_le_bytes());
    raw.say_with(r#"{"type":"want","id":1,"content":2,"last":true}"#, &[start, end].concat());
    assert_eq!(raw.end(1).await.status(), "changed");
    changed.store(false, Ordering::Relaxed);
    raw.say_bytes(&[start, end].concat());
    assert_eq!(raw.get_well(2, "b").await, content(SIZE as usize, 2));
}
