//! What strangers try, and the answers they get.

use std::fs;

use ftp::RemotePath;
use proto::{Hello, Limits};

use crate::{Error, FileServer, Place, RawPeer, Story, content};

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let place = Place::new()?;
    place.give_there("a", &content(100_000, 5))?;
    fs::write(place.home().join("secret"), "not beneath the root")?;
    let server = FileServer::start(&place.there(), true)?;

    broken_frames(story, &server).await?;
    bad_paths(story, &place, &server).await?;
    cut_short(story, &place, &server).await?;

    story.tell("after all that:");
    let entry = server.client().stat(&RemotePath::parse("a")?).await?;
    story.check("the server serves the next client", entry.size == 100_000)?;
    let names = fs::read_dir(place.there())?.count();
    story.check_eq("nothing is there that was not there before", names, 1)?;
    let report = server.stop().await?;
    story.check(format_args!("its report: {report}"), report.panicked == 0)
}

/// Bytes that are no frame end their connection, which is told why, and nothing else.
async fn broken_frames(story: &mut Story, server: &FileServer) -> Result<(), Error> {
    story.tell("frames that are none, after a proper hello; each is told why, and hung up on:");
    let lengths = [
        ("a header of -1 bytes", -1),
        ("a header of 0 bytes", 0),
        ("a header of 64 KiB + 1", 64 * 1024 + 1),
        ("a header of 2,147,483,647 bytes", i32::MAX),
    ];
    for (what, length) in lengths {
        let mut peer = RawPeer::welcome(server.addr()).await?;
        peer.send(&length.to_le_bytes()).await?;
        told_why(story, what, peer).await?;
    }
    let deep = format!(r#"{{"type":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let headers = [
        ("JSON that is no object", "[1, 2]".to_owned()),
        ("JSON nested 10,000 deep", deep),
        ("a field twice", r#"{"type":"stat","id":1,"id":2,"path":"a"}"#.to_owned()),
        ("a field missing", r#"{"type":"stat","id":1}"#.to_owned()),
        ("a type of frame that nobody knows", r#"{"type":"boom","id":1}"#.to_owned()),
    ];
    for (what, json) in headers {
        let mut peer = RawPeer::welcome(server.addr()).await?;
        peer.send_json(&json).await?;
        told_why(story, what, peer).await?;
    }
    Ok(())
}

/// Checks that the server says what is wrong, and closes.
async fn told_why(story: &mut Story, what: &str, mut peer: RawPeer) -> Result<(), Error> {
    let end = peer.hear().await?.unwrap_or_default();
    let why = end["message"].as_str().unwrap_or_default();
    let closed = peer.hear_out().await?.is_empty();
    let told = end["status"] == "bad_request" && !why.is_empty();
    story.check(format_args!("{what}: {why}"), told && closed)
}

/// Nothing outside the root is reached, and who asks for it is told so.
async fn bad_paths(story: &mut Story, place: &Place, server: &FileServer) -> Result<(), Error> {
    story.tell("paths that lead out:");
    let secret = place.home().join("secret");
    let absolute = secret.to_string_lossy();
    for path in ["../home/secret", &*absolute, "a/../../home/secret", "a//b", "./a"] {
        let mut peer = RawPeer::welcome(server.addr()).await?;
        let path_json = serde_json::to_string(path)?;
        peer.send_json(&format!(r#"{{"type":"get","id":1,"path":{path_json}}}"#)).await?;
        let heard = peer.hear_the_end().await?;
        let told = heard != "ok" && heard != RawPeer::CLOSED;
        story.check(format_args!("get {path}: {heard}"), told)?;
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&secret, place.there().join("link"))?;
        let mut peer = RawPeer::welcome(server.addr()).await?;
        peer.send_json(r#"{"type":"get","id":1,"path":"link"}"#).await?;
        let end = peer.hear().await?.unwrap_or_default();
        let message = end["message"].as_str().unwrap_or_default();
        story.check(format_args!("get link: {message}"), end["status"] == "bad_path")?;
        peer.send_json(r#"{"type":"stat","id":2,"path":"a"}"#).await?;
        let end = peer.hear().await?.unwrap_or_default();
        story
            .check("and the next request on that connection is answered", end["status"] == "ok")?;
        fs::remove_file(place.there().join("link"))?;
    }
    Ok(())
}

/// A client that goes away in the middle leaves nothing.
async fn cut_short(story: &mut Story, place: &Place, server: &FileServer) -> Result<(), Error> {
    story.tell("clients that go away in the middle:");
    let mut hello = RawPeer::connect(server.addr()).await?;
    let bytes = Hello::new("ftp").encode(&Limits::default())?;
    hello.send(&bytes[..bytes.len() / 2]).await?;
    hello.finish().await?;
    story.check("half a hello is answered by a close", hello.hear_out().await?.is_empty())?;

    let mut wrong = RawPeer::connect(server.addr()).await?;
    wrong.send(&Hello::new("chat").encode(&Limits::default())?).await?;
    let heard = String::from_utf8_lossy(&wrong.hear_out().await?).into_owned();
    let said = heard.find("the client asks").map_or("", |at| &heard[at..]);
    story.check(
        format_args!("who wants another service is told: {}", said.trim_end_matches("\"}")),
        heard.contains("refused"),
    )?;

    let mut put = RawPeer::welcome(server.addr()).await?;
    put.send_json(r#"{"type":"put","id":1,"path":"half","publish":"if_absent","session":"s"}"#)
        .await?;
    put.send_json(
        r#"{"type":"entry","id":1,"entry":{"path":"half","kind":"file","size":9000000000000000000,"revision":"r"}}"#,
    )
    .await?;
    put.finish().await?;
    let heard = put.hear_the_end().await?;
    story.check(
        format_args!("a put of 9 EB that ends before it begins leaves no `half`: {heard}"),
        !place.there().join("half").exists(),
    )
}
