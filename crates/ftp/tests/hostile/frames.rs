//! Bytes that are no frames, and frames that stand where they should not.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{World, content, finals, frame, write};

const BAD_LENGTHS: [i32; 6] = [-1, 0, 64 * 1024 + 1, i32::MAX, i32::MIN, 0x0100_0000];

/// Headers that are none, with what is wrong with them.
fn bad_headers() -> Vec<(&'static str, String)> {
    let deep = |open: &str, close: &str| {
        format!(
            r#"{{"type":"stat","id":1,"path":{}{}}}"#,
            open.repeat(10_000),
            close.repeat(10_000)
        )
    };
    let stat = |path: &str| format!(r#"{{"type":"stat","id":1,"path":{path}}}"#);
    vec![
        ("an array", "[]".into()),
        ("a text", r#""get""#.into()),
        ("a number", "1".into()),
        ("nothing", "null".into()),
        ("no JSON", "{".into()),
        ("two objects", "{}{}".into()),
        ("no type", "{}".into()),
        ("nested arrays", deep("[", "]")),
        ("nested objects", deep(r#"{"a":"#, "}").replacen(r#""a":}"#, r#""a":1}"#, 1)),
        ("an unknown type", r#"{"type":"format","id":1}"#.into()),
        ("two types", r#"{"type":"stat","type":"remove","id":1,"path":"a"}"#.into()),
        ("two ids", r#"{"type":"stat","id":1,"id":2,"path":"a"}"#.into()),
        ("two paths", r#"{"type":"remove","id":1,"path":"x","path":"a"}"#.into()),
        ("no id", r#"{"type":"stat","path":"a"}"#.into()),
        ("no path", r#"{"type":"stat","id":1}"#.into()),
        ("an id below 0", r#"{"type":"stat","id":-1,"path":"a"}"#.into()),
        ("a broken id", r#"{"type":"stat","id":1.5,"path":"a"}"#.into()),
        ("an id beyond 64 bits", r#"{"type":"stat","id":18446744073709551616,"path":"a"}"#.into()),
        ("a way up", stat(r#""../a""#)),
        ("a way up inside", stat(r#""d/../../a""#)),
        ("a way up in hex", stat(r#"{"hex":"2e2e2f61"}"#)),
        ("an absolute path", stat(r#""/etc/passwd""#)),
        ("an empty component", stat(r#""a//b""#)),
        ("a dot", stat(r#""./a""#)),
        ("a NUL", stat(r#""a\u0000b""#)),
        ("half a hex digit", stat(r#"{"hex":"616"}"#)),
        ("a long component", stat(&format!(r#""{}""#, "a".repeat(256)))),
        ("a path of a number", stat("7")),
        (
            "an unknown way to publish",
            r#"{"type":"put","id":1,"path":"a","publish":"by_force","session":"s"}"#.into(),
        ),
        (
            "a time that is none",
            r#"{"type":"entry","id":1,"entry":{"path":"a","kind":"file","size":1,"revision":"r","modified":{"seconds":0,"nanoseconds":1000000000}}}"#.into(),
        ),
        (
            "a body below 0",
            r#"{"type":"segment","id":1,"offset":0,"length":-1,"head":0}"#.into(),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_bad_length_ends_its_connection_and_no_other() {
    let world = World::new();
    let mut other = world.raw().await;
    for length in BAD_LENGTHS {
        let mut first = world.dialer.plain().await;
        first.write_all(&length.to_le_bytes()).await.unwrap();
        first.write_all(&[b'{'; 300]).await.unwrap();
        let mut heard = Vec::new();
        // A hello of that length would be legal: only its end can show that none follows.
        first.shutdown().await.unwrap();
        first.read_to_end(&mut heard).await.unwrap();

        let mut later = world.raw().await;
        later.say_bytes(&length.to_le_bytes());
        later.given_up().await;
    }
    other.say(r#"{"type":"stat","id":1,"path":""}"#);
    assert_eq!(other.end(1).await.status(), "ok");
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn a_header_that_is_none_is_told_so_and_ends_its_connection() {
    let world = World::new();
    write(&world.there, "a", b"stays");
    for (what, header) in bad_headers() {
        let mut first = world.dialer.plain().await;
        first.write_all(&frame(&format!("{header:<256}"))).await.unwrap();
        let mut heard = Vec::new();
        first.read_to_end(&mut heard).await.unwrap();

        let mut raw = world.raw().await;
        raw.say(&header);
        let heard = raw.given_up().await;
        let [end] = &heard[..] else { panic!("{what}: {heard:?}") };
        assert_eq!((end.kind(), end.number("id")), ("end", 0), "{what}");
        assert_eq!(end.status(), "bad_request", "{what}");
    }
    let mut raw = world.raw().await;
    raw.say_bytes(&[&[4, 0, 0, 0][..], b"{\"\xff\""].concat());
    raw.given_up().await;
    assert_eq!(finals(&world.there), ["a"]);
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_before_a_bad_frame_still_arrives() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"stat","id":1,"path":""}"#);
    raw.say(r#"{"type":"stat","id":2,"path":"x"}"#);
    raw.say("[]");
    assert_eq!(raw.end(1).await.status(), "ok");
    assert_eq!(raw.end(2).await.status(), "not_found");
    assert_eq!(raw.end(0).await.status(), "bad_request");
    assert!(raw.hear().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn names_that_are_the_stores_own_are_refused_one_by_one() {
    let world = World::new();
    let mut raw = world.raw().await;
    let names = ["x.seam-part", "X.SEAM-PART", ".a.0123456789abcdef.seam-part", "x.seam-part/b"];
    for (name, id) in names.into_iter().zip((10..).step_by(10)) {
        raw.put(id, name, 3);
        let requests = [
            format!(r#"{{"type":"stat","id":{},"path":"{name}"}}"#, id + 1),
            format!(r#"{{"type":"get","id":{},"path":"{name}"}}"#, id + 2),
            format!(r#"{{"type":"mkdir","id":{},"path":"{name}","parents":true}}"#, id + 3),
            format!(r#"{{"type":"remove","id":{},"path":"{name}"}}"#, id + 4),
        ];
        requests.iter().for_each(|request| raw.say(request));
        for id in id..id + 5 {
            assert_eq!(raw.end(id).await.status(), "bad_path", "{name}");
        }
    }
    assert_eq!(finals(&world.there), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn control_characters_in_a_name_come_back_escaped_in_messages() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"stat","id":1,"path":"\u001b[2J\u0007\u202e"}"#);
    let end = raw.end(1).await;
    let message = end.field("message").as_str().unwrap();
    assert!(!message.contains(|c: char| c.is_control() || c == '\u{202e}'), "{message:?}");
}

#[tokio::test(start_paused = true)]
async fn frames_of_the_wrong_side_and_of_no_request_are_passed_over() {
    let world = World::new();
    write(&world.there, "a", &content(100, 1));
    let mut raw = world.raw().await;
    for id in [7, u64::MAX] {
        raw.say(&format!(r#"{{"type":"end","id":{id},"status":"ok"}}"#));
        raw.say(&format!(r#"{{"type":"got","id":{id}}}"#));
        raw.say(&format!(r#"{{"type":"cancel","id":{id}}}"#));
        raw.say_with(&format!(r#"{{"type":"entries","id":{id},"body":5}}"#), b"12345");
        raw.segment(id, 0, &content(70_000, 2));
        raw.say_with(
            &format!(r#"{{"type":"digests","id":{id},"offset":0,"length":1,"body":3}}"#),
            b"abc",
        );
        raw.want(id, &[], &[(0, 100)]);
        raw.sent(id, 5, 1, "00");
        raw.say(r#"{"type":"pong"}"#);
    }
    assert_eq!(raw.get_well(1, "a").await, content(100, 1));
}

#[tokio::test(start_paused = true)]
async fn frames_of_the_wrong_side_do_not_disturb_a_running_get() {
    let world = World::new();
    write(&world.there, "a", &content(200_000, 1));
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"get","id":1,"path":"a"}"#);
    raw.until("entry").await;
    raw.segment(1, 0, &content(70_000, 2));
    raw.sent(1, 5, 1, "00");
    raw.want(1, &[], &[(0, 200_000)]);
    raw.until("sent").await;
    raw.say(r#"{"type":"got","id":1}"#);
    assert_eq!(raw.end(1).await.status(), "ok");
    // A client that ends its own request gets its end all the same.
    raw.say(r#"{"type":"get","id":2,"path":"a"}"#);
    raw.say(r#"{"type":"end","id":2,"status":"ok"}"#);
    assert_eq!(raw.end(2).await.status(), "bad_request");
}

#[tokio::test(start_paused = true)]
async fn requests_that_come_during_a_put_are_answered_after_it() {
    let world = World::new();
    let whole = content(100_000, 1);
    let mut raw = world.raw().await;
    raw.put(1, "a", whole.len());
    raw.say(r#"{"type":"stat","id":2,"path":"a"}"#);
    raw.say(r#"{"type":"list","id":3,"path":""}"#);
    raw.until("want").await;
    raw.segment(1, 0, &whole);
    let mut proof = super::support::Proof::new("a", 100_000);
    proof.segment(0, &whole);
    raw.sent(1, 100_000, 1, &proof.hex(100_000));
    assert_eq!(raw.end(1).await.status(), "ok");
    let end = raw.end(2).await;
    assert_eq!(end.field("entry")["size"], 100_000);
    assert_eq!(raw.until("entries").await.number("id"), 3);
    assert_eq!(raw.end(3).await.status(), "ok");
}

#[tokio::test(start_paused = true)]
async fn a_put_without_its_entry_is_refused_and_the_next_request_is_answered() {
    let world = World::new();
    let mut raw = world.raw().await;
    let put = r#"{"type":"put","id":1,"path":"a","publish":"if_absent","session":"s"}"#;
    for wrong in [r#"{"type":"got","id":1}"#, r#"{"type":"sent","id":1,"size":0,"chain":""}"#] {
        raw.say(put);
        raw.say(r#"{"type":"stat","id":2,"path":""}"#);
        raw.say(wrong);
        assert_eq!(raw.end(1).await.status(), "bad_request");
        assert_eq!(raw.end(2).await.status(), "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_used_twice_is_answered_twice() {
    let world = World::new();
    write(&world.there, "a", &content(100, 1));
    let mut raw = world.raw().await;
    let get = r#"{"type":"get","id":1,"path":"a","eager":1000}"#;
    raw.say(get);
    raw.say(get);
    for _ in 0..2 {
        raw.until("sent").await;
        raw.say(r#"{"type":"got","id":1}"#);
        assert_eq!(raw.end(1).await.status(), "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_requests_as_are_allowed_wait_and_one_more_ends_the_connection() {
    let world = World::new();
    for more in [0, 1] {
        let mut raw = world.raw().await;
        raw.put(1, "a", 10);
        for id in 2..2 + 64 + more {
            raw.say(&format!(r#"{{"type":"stat","id":{id},"path":""}}"#));
        }
        raw.say(r#"{"type":"cancel","id":1}"#);
        match more {
            0 => {
                assert_eq!(raw.end(1).await.status(), "cancelled");
                for id in 2..66 {
                    assert_eq!(raw.end(id).await.status(), "ok");
                }
            }
            _ => {
                let heard = raw.given_up().await;
                let message = heard.last().unwrap().field("message").as_str().unwrap().to_owned();
                assert!(message.contains("64 requests"), "{message}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_too_long_to_be_told_again_is_refused_and_the_connection_goes_on() {
    let world = World::new();
    let mut raw = world.raw().await;
    // Each byte is shown as four characters, whose backslash JSON writes twice.
    let hex = vec!["ff".repeat(255); 120].join("2f");
    // A character of one byte that JSON writes as six.
    let controls = vec!["\\u0001".repeat(250); 43].join("/");
    let paths = [format!(r#"{{"hex":"{hex}"}}"#), format!("\"{controls}\"")];
    for path in paths {
        for request in ["stat", "get", "list", "mkdir", "remove"] {
            raw.say(&format!(r#"{{"type":"{request}","id":1,"path":{path}}}"#));
            let status = raw.end(1).await.status().to_owned();
            assert!(["not_found", "bad_path"].contains(&&*status), "{request}: {status}");
        }
    }
    raw.say(r#"{"type":"stat","id":2,"path":""}"#);
    assert_eq!(raw.end(2).await.status(), "ok");
}
