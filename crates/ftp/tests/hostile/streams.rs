//! Uploads of unknown size, from senders that lie.

use ftp::{LocalStore, StoreError};

use super::support::{Proof, Raw, Rig, Rigged, World, content, finals, partials, quick_pool};

const BLOCK: usize = 65_536;

/// Announces a stream.
fn stream(raw: &mut Raw, id: u64) {
    raw.say(&format!(
        r#"{{"type":"put","id":{id},"path":"a","publish":"if_absent","session":"s"}}"#
    ));
    let entry = r#"{"path":"a","kind":"file","size":0,"revision":"r"}"#;
    raw.say(&format!(r#"{{"type":"entry","id":{id},"entry":{entry},"open_ended":true}}"#));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_ends_is_bounded_by_the_disk_and_leaves_nothing() {
    let full = Rig::writes(|number, path| match number < 20 {
        true => Ok(()),
        false => Err(StoreError::NoSpace { path: path.clone(), needed: 1, available: Some(0) }),
    });
    let rigged = |inner| Rigged { inner, rig: full };
    let world = World::with(1 << 18, quick_pool(), rigged, |store: LocalStore| store);
    let mut raw = world.raw().await;
    stream(&mut raw, 1);
    for number in 0..40 {
        raw.segment(1, (number * BLOCK) as u64, &content(BLOCK, number as u64));
    }
    assert_eq!(raw.end(1).await.status(), "no_space");
    assert_eq!((finals(&world.there).len(), partials(&world.there).len()), (0, 0));
    raw.say(r#"{"type":"stat","id":2,"path":""}"#);
    assert_eq!(raw.end(2).await.status(), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_proven_like_any_file() {
    let world = World::new();
    let mut raw = world.raw().await;
    let whole = content(BLOCK + 9, 1);
    let proof = || {
        let mut proof = Proof::of_stream("a");
        proof.segment(0, &whole);
        proof.hex(whole.len() as u64)
    };
    // A hole, a wrong proof, a damaged block: nothing of it stays.
    type Lie<'a> = (&'a str, &'a dyn Fn(&mut Raw));
    let lies: [Lie<'_>; 4] = [
        ("bad_request", &|raw| raw.segment(1, BLOCK as u64, &whole)),
        ("bad_request", &|raw| {
            raw.segment(1, 0, &whole);
            raw.segment(1, whole.len() as u64, &whole);
        }),
        ("corrupt", &|raw| {
            raw.segment(1, 0, &whole);
            raw.sent(1, 1, 0, &proof());
        }),
        ("corrupt", &|raw| raw.segment_with(1, 0, &[0; 32], &whole)),
    ];
    for (status, tell) in lies {
        stream(&mut raw, 1);
        tell(&mut raw);
        assert_eq!(raw.end(1).await.status(), status);
        assert_eq!((finals(&world.there).len(), partials(&world.there).len()), (0, 0));
    }
    stream(&mut raw, 2);
    raw.segment(2, 0, &whole);
    raw.sent(2, whole.len() as u64, 0, &proof());
    assert_eq!(raw.end(2).await.status(), "ok");
    assert_eq!(std::fs::read(world.there.path().join("a")).unwrap(), whole);
}
