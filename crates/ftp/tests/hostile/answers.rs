//! Servers that answer the smaller calls of our client with something else.

use ftp::{Client, ClientError, Range, RemotePath, Status};

use super::support::{Raw, World, deed, entry, fast, is_protocol, offer, path};

const BLOCK: usize = 65_536;

#[tokio::test(start_paused = true)]
async fn listings_of_something_else_are_refused() {
    let lines = [
        entry("d/b", 1),
        entry("", 1),
        r#"{"path":"../x","kind":"file","size":1,"revision":"r"}"#.into(),
        "[]".into(),
        "\n".into(),
        String::from_utf8_lossy(&[b'{'; 1000]).into_owned(),
    ];
    for line in lines {
        let told = line.clone();
        let server = deed(move |raw| {
            let len = told.len();
            raw.say_with(&format!(r#"{{"type":"entries","id":1,"body":{len}}}"#), told.as_bytes());
        });
        let mut client = Client::new(server, fast());
        let mut count = 0;
        let error = client.list(&RemotePath::root(), &mut |_| count += 1).await.unwrap_err();
        assert!(matches!(error, ClientError::BrokenOff { .. }), "{line}: {error}");
        assert_eq!(count, 0, "{line}");
    }
    let long = |raw: &mut Raw| raw.say(r#"{"type":"entries","id":1,"body":4294967295}"#);
    let mut client = Client::new(deed(long), fast());
    client.list(&RemotePath::root(), &mut |_| ()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn answers_without_what_was_asked_for_are_refused() {
    let end = |raw: &mut Raw| raw.say(r#"{"type":"end","id":1,"status":"ok"}"#);
    let (a, b) = (path("a"), path("b"));
    let refused = [
        Client::new(deed(end), fast()).stat(&a).await.err(),
        Client::new(deed(end), fast()).stat_digest(&a, proto::Algorithm::Md5).await.err(),
        Client::new(deed(end), fast()).rename(&a, &b, ftp::Publish::IfAbsent).await.err(),
        Client::new(deed(end), fast()).digests(&a, Range::new(0, 5)).await.err(),
        Client::new(deed(end), fast()).read(&a, None, &mut Vec::new(), &()).await.err(),
    ];
    for error in refused {
        assert!(is_protocol(&error.unwrap()));
    }
    // A word for a failure that this version does not know is a failure.
    let word = |raw: &mut Raw| raw.say(r#"{"type":"end","id":1,"status":"eaten"}"#);
    let error = Client::new(deed(word), fast()).stat(&a).await.unwrap_err();
    assert_eq!(error.status(), Some(Status::Failed));
}

#[tokio::test(start_paused = true)]
async fn digests_that_nobody_asked_for_are_refused() {
    let size = 1000 * BLOCK as u64;
    for (offset, length, body) in [
        (BLOCK as u64, BLOCK as u64, 16),
        (0, BLOCK as u64, 17),
        (0, size, 16),
        (0, size + BLOCK as u64, 16_016),
        (0, u64::MAX, u32::MAX),
        // All that was asked for, but more than one frame is to hold.
        (0, size, 16_000),
    ] {
        let server = deed(move |raw| {
            offer(raw, &entry("a", size));
            raw.say(&format!(
                r#"{{"type":"digests","id":1,"offset":{offset},"length":{length},"body":{body}}}"#
            ));
        });
        let error = Client::new(server, fast()).digests(&path("a"), Range::new(0, size)).await;
        let error = error.unwrap_err();
        assert!(is_protocol(&error), "{offset} {length} {body}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_too_long_for_a_header_is_an_error_of_that_call_alone() {
    // Half of what a path may have, but JSON writes each of these characters as six.
    let long = path(&vec!["\u{1}".repeat(250); 65].join("/"));
    let mut world = World::new();
    let refused = [
        world.client.stat(&long).await.err(),
        world.client.remove(&long).await.err(),
        world.client.read(&long, None, &mut Vec::new(), &()).await.err(),
        world.client.list(&long, &mut |_| ()).await.err(),
    ];
    for error in refused {
        let error = error.unwrap();
        assert!(error.to_string().contains("cannot be sent"), "{error}");
    }
    world.client.stat(&RemotePath::root()).await.unwrap();
}
