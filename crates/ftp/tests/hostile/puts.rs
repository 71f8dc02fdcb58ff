//! Senders that lie.

use super::support::{Heard, Proof, Raw, World, content, digests_of, finals, partials};

const BLOCK: usize = 65_536;
const SIZE: usize = 3 * BLOCK + 7;

/// Announces an upload of [`SIZE`] bytes, does something else, and returns how it ended.
async fn lie(raw: &mut Raw, id: u64, tell: impl FnOnce(&mut Raw, u64, &[u8])) -> Heard {
    let whole = content(SIZE, 1);
    raw.put(id, "a", SIZE);
    raw.until("want").await;
    tell(raw, id, &whole);
    raw.end(id).await
}

/// After each lie the connection goes on, nothing is published, and the truth still is.
async fn lies_to(status: &str, lies: Vec<fn(&mut Raw, u64, &[u8])>) {
    let world = World::new();
    let mut raw = world.raw().await;
    for (number, tell) in lies.into_iter().enumerate() {
        let end = lie(&mut raw, 2 * number as u64 + 1, tell).await;
        assert_eq!(end.status(), status, "lie {number}: {end:?}");
        assert_eq!(finals(&world.there), [""; 0], "lie {number}");
        super::support::clear(&world.there);
        let end = raw.put_well(2 * number as u64 + 2, "b", &content(SIZE, 2)).await;
        assert_eq!(end.status(), "ok", "after lie {number}: {end:?}");
        assert_eq!(std::fs::read(world.there.path().join("b")).unwrap(), content(SIZE, 2));
        super::support::clear(&world.there);
    }
    world.assert_calm();
}

#[tokio::test(start_paused = true)]
async fn segments_that_were_not_wanted_or_not_so_are_refused() {
    lies_to(
        "bad_request",
        vec![
            // Not from the start.
            |raw, id, whole| raw.segment(id, BLOCK as u64, &whole[BLOCK..2 * BLOCK]),
            // The same twice.
            |raw, id, whole| {
                raw.segment(id, 0, &whole[..BLOCK]);
                raw.segment(id, 0, &whole[..BLOCK]);
            },
            // Overlapping.
            |raw, id, whole| {
                raw.segment(id, 0, &whole[..2 * BLOCK]);
                raw.segment(id, BLOCK as u64, &whole[BLOCK..3 * BLOCK]);
            },
            // Beyond the size.
            |raw, id, whole| raw.segment(id, 0, &[whole, &[0; BLOCK]].concat()),
            |raw, id, whole| raw.segment(id, 4 * BLOCK as u64, &whole[..BLOCK]),
            |raw, id, whole| raw.segment(id, u64::MAX, &whole[..BLOCK]),
            |raw, id, whole| raw.segment(id, u64::MAX - BLOCK as u64 + 1, &whole[..BLOCK]),
            // Not on blocks.
            |raw, id, whole| raw.segment(id, 0, &whole[..BLOCK + 1]),
            |raw, id, whole| raw.segment(id, 1, &whole[..BLOCK]),
            // Without content, or too much of it.
            |raw, id, _| raw.segment(id, 0, &[]),
            |raw, id, _| raw.segment(id, 0, &vec![0; 33 * BLOCK]),
            // With too many digests, too few, none.
            |raw, id, whole| raw.segment_with(id, 0, &[0; 65], whole),
            |raw, id, whole| raw.segment_with(id, 0, &[0; 48], whole),
            |raw, id, whole| raw.segment_with(id, 0, &[], whole),
            |raw, id, whole| raw.segment_with(id, 0, &vec![0; 100_000], whole),
            // Digests that nobody asked for.
            |raw, id, whole| {
                let digests = format!(
                    r#"{{"type":"digests","id":{id},"offset":0,"length":{SIZE},"body":64}}"#
                );
                raw.say_with(&digests, &digests_of(whole));
            },
            // The end before everything.
            |raw, id, _| {
                raw.sent(id, SIZE as u64, 1, &Proof::new("a", SIZE as u64).hex(SIZE as u64));
            },
            |raw, id, whole| {
                raw.segment(id, 0, &whole[..BLOCK]);
                let mut proof = Proof::new("a", SIZE as u64);
                proof.segment(0, &whole[..BLOCK]);
                raw.sent(id, SIZE as u64, u64::from(u32::MAX), &proof.hex(SIZE as u64));
            },
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn proofs_that_do_not_match_are_refused() {
    lies_to(
        "corrupt",
        vec![
            |raw, id, whole| {
                raw.segment(id, 0, whole);
                raw.sent(id, SIZE as u64, 1, "");
            },
            |raw, id, whole| {
                raw.segment(id, 0, whole);
                raw.sent(id, SIZE as u64, 1, &"0".repeat(32));
            },
            // Right but for the size.
            |raw, id, whole| {
                raw.segment(id, 0, whole);
                let mut proof = Proof::new("a", SIZE as u64);
                proof.segment(0, whole);
                raw.sent(id, SIZE as u64 + 1, 1, &proof.hex(SIZE as u64 + 1));
            },
            // The proof of another name.
            |raw, id, whole| {
                raw.segment(id, 0, whole);
                let mut proof = Proof::new("b", SIZE as u64);
                proof.segment(0, whole);
                raw.sent(id, SIZE as u64, 1, &proof.hex(SIZE as u64));
            },
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_damaged_block_is_asked_for_again_and_then_no_more() {
    let world = World::new();
    let whole = content(SIZE, 1);
    let mut damaged = whole.clone();
    damaged[BLOCK + 5] ^= 1;
    let mut raw = world.raw().await;
    raw.put(1, "a", SIZE);
    raw.until("want").await;
    raw.segment_with(1, 0, &digests_of(&whole), &damaged);
    let block = BLOCK..2 * BLOCK;
    for _ in 0..2 {
        let again = raw.until("want").await;
        assert_eq!(again.number("content"), 1);
        let range = raw.body().await;
        assert_eq!(range[..8], (BLOCK as u64).to_le_bytes());
        assert_eq!(range[8..], (2 * BLOCK as u64).to_le_bytes());
        let head = digests_of(&whole[block.clone()]);
        raw.segment_with(1, BLOCK as u64, &head, &damaged[block.clone()]);
    }
    assert_eq!(raw.end(1).await.status(), "corrupt");
    assert_eq!(finals(&world.there), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_goes_away_leaves_a_partial_that_is_gone_on_with() {
    let world = World::new();
    let whole = content(SIZE, 1);
    let mut raw = world.raw().await;
    raw.put(1, "a", SIZE);
    raw.until("want").await;
    raw.segment(1, 0, &whole[..2 * BLOCK]);
    raw.flush().await;
    raw.conn.shutdown().await.unwrap();
    raw.given_up().await;
    assert_eq!((finals(&world.there).len(), partials(&world.there).len()), (0, 1));

    let mut raw = world.raw().await;
    raw.put(1, "a", SIZE);
    let want = raw.until("want").await;
    assert_eq!((want.number("digests"), want.number("content")), (1, 1));
    let ranges = raw.body().await;
    assert_eq!(ranges[8..16], (2 * BLOCK as u64).to_le_bytes());
    // Digests of something else: what was kept is of no use, and is wanted again.
    let other = content(2 * BLOCK, 9);
    let digests =
        format!(r#"{{"type":"digests","id":1,"offset":0,"length":{},"body":32}}"#, 2 * BLOCK);
    raw.say_with(&digests, &digests_of(&other));
    let want = raw.until("want").await;
    assert_eq!(want.number("content"), 1);
    raw.segment(1, 2 * BLOCK as u64, &whole[2 * BLOCK..]);
    raw.segment(1, 0, &other);
    let mut proof = Proof::new("a", SIZE as u64);
    proof.head(b'd', 0, 2 * BLOCK as u64, &digests_of(&other));
    proof.segment(2 * BLOCK as u64, &whole[2 * BLOCK..]);
    proof.segment(0, &other);
    raw.sent(1, SIZE as u64, 2, &proof.hex(SIZE as u64));
    assert_eq!(raw.end(1).await.status(), "ok");
    let published = std::fs::read(world.there.path().join("a")).unwrap();
    assert_eq!(published, [&other[..], &whole[2 * BLOCK..]].concat());
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_no_file_or_another_one_is_refused() {
    let world = World::new();
    let mut raw = world.raw().await;
    let put = r#"{"type":"put","id":1,"path":"a","publish":"if_absent","session":"s"}"#;
    let entries = [
        r#"{"path":"a","kind":"directory","size":0,"revision":"r"}"#,
        r#"{"path":"a","kind":"link","size":0,"revision":"r","target":"/etc/passwd"}"#,
        r#"{"path":"a","kind":"other","size":0,"revision":"r"}"#,
        r#"{"path":"b","kind":"file","size":0,"revision":"r"}"#,
    ];
    for entry in entries {
        raw.say(put);
        raw.say(&format!(r#"{{"type":"entry","id":1,"entry":{entry}}}"#));
        raw.sent(1, 0, 1, &Proof::new("b", 0).hex(0));
        assert_eq!(raw.end(1).await.status(), "bad_request", "{entry}");
    }
    assert_eq!(finals(&world.there), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_size_that_no_disk_holds_is_refused_before_anything_comes() {
    let world = World::new();
    let mut raw = world.raw().await;
    for size in [1 << 62, u64::MAX - 1, u64::MAX] {
        raw.put(1, "a", size as usize);
        assert_eq!(raw.end(1).await.status(), "no_space");
    }
    assert_eq!((finals(&world.there).len(), partials(&world.there).len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_digest_frame_of_the_wrong_length_is_refused() {
    let world = World::new();
    let whole = content(SIZE, 1);
    for (length, body) in [(SIZE, 63), (SIZE, 0), (2 * BLOCK, 16), (1, 16), (0, 0), (SIZE + 1, 64)]
    {
        std::fs::write(world.there.path().join("a"), &whole).unwrap();
        let mut raw = world.raw().await;
        raw.say(r#"{"type":"put","id":1,"path":"a","publish":{"replace":{}},"session":"s"}"#);
        raw.say(&format!(
            r#"{{"type":"entry","id":1,"entry":{{"path":"a","kind":"file","size":{SIZE},"revision":"r"}}}}"#
        ));
        assert_eq!(raw.until("want").await.number("digests"), 1);
        let digests =
            format!(r#"{{"type":"digests","id":1,"offset":0,"length":{length},"body":{body}}}"#);
        raw.say_with(&digests, &vec![0; body]);
        assert_eq!(raw.end(1).await.status(), "bad_request");
    }
    assert_eq!(std::fs::read(world.there.path().join("a")).unwrap(), whole);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_was_taken_over_writes_no_more_and_is_told_to_try_again() {
    let world = World::new();
    let (one, other) = (content(SIZE, 1), content(SIZE, 2));
    let mut first = world.raw().await;
    first.put(1, "a", SIZE);
    first.until("want").await;
    let mut second = world.raw().await;
    second.put(1, "a", SIZE);
    second.until("want").await;
    first.segment(1, 0, &one);
    assert_eq!(first.end(1).await.status(), "busy");
    second.segment(1, 0, &other);
    let mut proof = Proof::new("a", SIZE as u64);
    proof.segment(0, &other);
    second.sent(1, SIZE as u64, 1, &proof.hex(SIZE as u64));
    assert_eq!(second.end(1).await.status(), "ok");
    assert_eq!(std::fs::read(world.there.path().join("a")).unwrap(), other);
}
