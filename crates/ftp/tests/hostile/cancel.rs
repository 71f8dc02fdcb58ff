//! Requests that are cancelled, at hand or still waiting.

use ftp::LocalStore;

use super::support::{World, clear, content, finals, partials, quick_pool, write};

#[tokio::test(start_paused = true)]
async fn every_waiting_request_can_be_cancelled_and_is_answered_in_order() {
    let world = World::new();
    write(&world.there, "a", &content(100, 1));
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
    raw.until("entry").await;
    let requests = [
        r#"{"type":"get","id":2,"path":"a"}"#,
        r#"{"type":"list","id":3,"path":""}"#,
        r#"{"type":"stat","id":4,"path":"a","digest":"md5"}"#,
        r#"{"type":"remove","id":5,"path":"a"}"#,
        r#"{"type":"mkdir","id":6,"path":"d"}"#,
        r#"{"type":"rename","id":7,"path":"a","to":"b","publish":"if_absent"}"#,
        r#"{"type":"put","id":8,"path":"p","publish":"if_absent","session":"s"}"#,
        r#"{"type":"stat","id":9,"path":"a"}"#,
    ];
    requests.iter().for_each(|request| raw.say(request));
    for id in [8, 2, 3, 4, 5, 6, 7, 1, 1000] {
        raw.say(&format!(r#"{{"type":"cancel","id":{id}}}"#));
    }
    for id in 1..9 {
        assert_eq!(raw.end(id).await.status(), "cancelled");
    }
    assert_eq!(raw.end(9).await.status(), "ok");
    assert_eq!(finals(&world.there), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_get_is_cancelled_in_the_middle_of_its_content() {
    let same = |store: LocalStore| store;
    let world = World::with(4096, quick_pool(), same, same);
    write(&world.there, "a", &content(20 << 20, 1));
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
    raw.until("entry").await;
    raw.want(1, &[], &[(0, 20 << 20)]);
    raw.until("segment").await;
    raw.say(r#"{"type":"cancel","id":1}"#);
    let mut segments = 1;
    loop {
        let heard = raw.hear().await.unwrap();
        match heard.kind() {
            "segment" => segments += 1,
            _ => {
                assert_eq!((heard.kind(), heard.status()), ("end", "cancelled"));
                break;
            }
        }
    }
    assert!(segments < 5, "{segments}");
    // What still comes for it is passed over.
    raw.want(1, &[], &[(0, 65_536)]);
    raw.say(r#"{"type":"got","id":1}"#);
    raw.say(r#"{"type":"cancel","id":1}"#);
    raw.say(r#"{"type":"stat","id":2,"path":"a"}"#);
    assert_eq!(raw.end(2).await.status(), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_digest_of_a_long_file_is_cancelled_between_two_steps() {
    let world = World::new();
    let file = std::fs::File::create(world.there.path().join("a")).unwrap();
    file.set_len(1 << 40).unwrap();
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"stat","id":1,"path":"a","digest":"md5"}"#);
    raw.say(r#"{"type":"stat","id":2,"path":"a"}"#);
    raw.say(r#"{"type":"cancel","id":1}"#);
    assert_eq!(raw.end(1).await.status(), "cancelled");
    assert_eq!(raw.end(2).await.status(), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_cancelled_while_it_is_sent() {
    let same = |store: LocalStore| store;
    let world = World::with(1024, quick_pool(), same, same);
    for number in 0..1500 {
        write(&world.there, &number.to_string(), b"");
    }
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"list","id":1,"path":""}"#);
    raw.say(r#"{"type":"stat","id":2,"path":""}"#);
    let first = raw.until("entries").await;
    raw.say(r#"{"type":"cancel","id":1}"#);
    let end = raw.end(1).await;
    assert_eq!(end.status(), "cancelled");
    assert!(first.number("body") > 0);
    assert_eq!(raw.end(2).await.status(), "ok");
    clear(&world.there);
}

#[tokio::test(start_paused = true)]
async fn a_put_is_cancelled_at_any_stage_and_keeps_what_came() {
    let world = World::new();
    let whole = content(200_000, 1);
    for stage in 0..4 {
        let mut raw = world.raw().await;
        let put = r#"{"type":"put","id":1,"path":"a","publish":"if_absent","session":"s"}"#;
        match stage {
            0 => raw.say(put),
            _ => raw.put(1, "a", whole.len()),
        }
        if stage > 1 {
            raw.until("want").await;
            raw.segment(1, 0, &whole[..2 * 65_536]);
        }
        raw.say(r#"{"type":"cancel","id":1}"#);
        if stage > 2 {
            raw.segment(1, 2 * 65_536, &whole[2 * 65_536..]);
        }
        raw.say(r#"{"type":"stat","id":2,"path":"a"}"#);
        assert_eq!(raw.end(1).await.status(), "cancelled");
        assert_eq!(raw.end(2).await.status(), "not_found");
        assert_eq!(partials(&world.there).len(), usize::from(stage > 0));
        clear(&world.there);
    }
}
