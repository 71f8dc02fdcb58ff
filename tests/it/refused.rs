//! What the real program says when it may not, or cannot.

use it::Place;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_changes_nothing_and_says_so() {
    let place = Place::new().unwrap();
    place.give_here("mine", b"mine").unwrap();
    place.give_there("theirs", b"theirs").unwrap();
    let server = place.serve(false).await.unwrap();
    let attempts: [&[&str]; 4] =
        [&["put", "mine"], &["rm", "theirs"], &["mkdir", "d"], &["mv", "theirs", "other"]];
    for words in attempts {
        let ended = place.client(server.addr, words).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(4), "{words:?}: {ended:?}");
        assert!(ended.complaint().contains("read-only"), "{words:?}: {ended:?}");
    }
    let names: Vec<_> = std::fs::read_dir(place.there()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    let place = Place::new().unwrap();
    let server = place.serve(true).await.unwrap();
    for words in [&["get", "gone"][..], &["put", "gone"], &["stat", "gone"], &["rm", "gone"]] {
        let ended = place.client(server.addr, words).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(3), "{words:?}: {ended:?}");
        assert!(ended.complaint().contains("gone"), "{words:?}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_is_a_conflict_unless_said_otherwise() {
    let place = Place::new().unwrap();
    place.give_here("a", b"mine").unwrap();
    place.give_there("a", b"theirs").unwrap();
    let server = place.serve(true).await.unwrap();
    for (words, code) in [
        (&["get", "a"][..], 5),
        (&["put", "a"], 5),
        (&["put", "a", "--on-conflict", "skip"], 0),
        (&["put", "a", "--on-conflict", "keep-both"], 0),
        (&["get", "a", "--on-conflict", "overwrite"], 0),
    ] {
        let ended = place.client(server.addr, words).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(code), "{words:?}: {ended:?}");
    }
    assert_eq!(std::fs::read(place.here().join("a")).unwrap(), b"theirs");
    assert_eq!(std::fs::read(place.there().join("a(1)")).unwrap(), b"mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_so() {
    let place = Place::new().unwrap();
    let server = place.serve(false).await.unwrap();
    let addr = server.addr;
    drop(server);
    // Only the end of the process frees the port for sure.
    let mut again = place.serve_at(addr, false).await.unwrap();
    again.process.kill().await.unwrap();
    let ended = place.client(addr, &["stat", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(6), "{ended:?}");
    let error = ended.events.iter().find(|event| event["event"] == "error").unwrap();
    assert!(matches!(&error["message"], Value::String(said) if said.contains("cannot connect")));
}

#[cfg(unix)]
mod full_disk {
    use it::{Error, Process, Profile, Program, Served, assert_same, content};
    use tokio::process::Command;

    use super::*;

    /// The program under a limit for the size of files: unlike a full disk, any account can have that
    /// on any system, and what it does to a program is the same. The signal that the limit sends is
    /// ignored, as a full disk sends none.
    fn limited(place: &Place, args: &[&str]) -> Result<Command, Error> {
        let mut command = Command::new("sh");
        place.prepare(&mut command);
        // POSIX counts in blocks of 512 bytes, some shells in KiB: 1 or 2 MiB.
        command.args(["-c", r#"trap "" XFSZ; ulimit -f 2048; exec "$0" "$@""#]);
        command.arg(Program::FtpCli.built(Profile::default())?).args(args);
        Ok(command)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_get_onto_a_full_disk_fails_and_goes_on_when_there_is_room() {
        let place = Place::new().unwrap();
        let theirs = place.give_there("big", &content(4 << 20, 6)).unwrap();
        let server = place.serve(false).await.unwrap();
        let addr = server.addr.to_string();
        let mut command =
            limited(&place, &["-s", &addr, "--plain", "--json", "get", "big"]).unwrap();
        let ended = Process::start(&mut command).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.complaint().contains("big"), "{ended:?}");
        assert!(!place.here().join("big").exists());

        let ended = place.client(server.addr, &["get", "big"]).unwrap().end().await.unwrap();
        assert!(ended.count("reused").unwrap() > 0, "{ended:?}");
        assert_same(&theirs, &place.here().join("big"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_put_onto_a_full_disk_fails_and_the_server_goes_on() {
        let place = Place::new().unwrap();
        let mine = place.give_here("big", &content(4 << 20, 7)).unwrap();
        place.give_here("small", b"small").unwrap();
        let root = place.there();
        let root = root.to_str().unwrap();
        let args = ["serve", root, "--write", "--plain", "--json", "--bind", "127.0.0.1:0"];
        let mut full = Served::start(&mut limited(&place, &args).unwrap()).await.unwrap();
        let ended = place.client(full.addr, &["put", "big"]).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.complaint().contains("big"), "{ended:?}");
        assert!(!place.there().join("big").exists());
        let ended = place.client(full.addr, &["put", "small"]).unwrap().end().await.unwrap();
        assert_eq!(ended.count("moved").unwrap(), 5, "the server goes on");
        full.process.kill().await.unwrap();

        let server = place.serve(true).await.unwrap();
        let ended = place.client(server.addr, &["put", "big"]).unwrap().end().await.unwrap();
        assert!(ended.count("reused").unwrap() > 0, "{ended:?}");
        assert_same(&mine, &place.there().join("big"));
    }
}
