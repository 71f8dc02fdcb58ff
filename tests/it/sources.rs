//! Sources and targets that are not plain, quiet files.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use it::{Flow, Place, Proxy, Way, assert_same, content};

/// More than the kernel holds between two processes, so that the sender is still reading while the
/// line is held.
const SIZE: usize = 24 << 20;

/// Where the line is held.
const HELD: u64 = 200_000;

/// Moves `a` by `command`; in the middle of it the source is changed. Both sides are the same
/// afterwards.
async fn changed_meanwhile(command: &str, change: impl FnOnce(&Path)) {
    let place = Place::new().unwrap();
    let (source, target) = match command {
        "get" => (place.there().join("a"), place.here().join("a")),
        _ => (place.here().join("a"), place.there().join("a")),
    };
    fs::write(&source, content(SIZE, 8)).unwrap();
    let server = place.serve(true).await.unwrap();
    let way = match command {
        "get" => Way { down: Flow::Hold(HELD), ..Way::OPEN },
        _ => Way { up: Flow::Hold(HELD), ..Way::OPEN },
    };
    let proxy = Proxy::start(server.addr, move |_| way).await.unwrap();
    let client = place.client(proxy.addr(), &[command, "a"]).unwrap();
    proxy.reached().await.unwrap();
    change(&source);
    proxy.go_on();
    let ended = client.end().await.unwrap();
    assert!(ended.count("retries").unwrap() > 0, "{ended:?}");
    assert_same(&source, &target);
}

fn grow(path: &Path) {
    File::options().append(true).open(path).unwrap().write_all(&content(99_999, 9)).unwrap();
}

fn truncate(path: &Path) {
    File::options().write(true).open(path).unwrap().set_len(5_000_000).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_while_it_is_fetched_is_fetched_whole() {
    changed_meanwhile("get", grow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_while_it_is_sent_is_sent_whole() {
    changed_meanwhile("put", grow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_truncated_while_it_is_fetched_is_fetched_as_it_is_then() {
    changed_meanwhile("get", truncate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_truncated_while_it_is_sent_is_sent_as_it_is_then() {
    changed_meanwhile("put", truncate).await;
}

#[cfg(unix)]
mod special {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use it::within;

    use super::*;

    fn make_fifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_pipe_on_the_server_is_refused_and_not_waited_for() {
        let place = Place::new().unwrap();
        make_fifo(&place.there().join("pipe"));
        let server = place.serve(true).await.unwrap();
        let ended = place.client(server.addr, &["get", "pipe"]).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.complaint().contains("not a file"), "{ended:?}");
        let ended = place.client(server.addr, &["stat", "pipe"]).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(0), "it can be described: {ended:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_pipe_here_is_sent_as_a_stream() {
        let place = Place::new().unwrap();
        let pipe = place.here().join("pipe");
        make_fifo(&pipe);
        let server = place.serve(true).await.unwrap();
        let client = place.client(server.addr, &["put", "pipe"]).unwrap();
        let writing = tokio::task::spawn_blocking(move || fs::write(pipe, content(300_000, 1)));
        within("the pipe", async { writing.await? }).await.unwrap();
        assert_eq!(client.end().await.unwrap().count("moved").unwrap(), 300_000);
        assert!(fs::read(place.there().join("pipe")).unwrap() == content(300_000, 1));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_device_is_reached_by_name_here_and_never_there() {
        let place = Place::new().unwrap();
        place.give_there("a", b"content").unwrap();
        symlink("/dev/null", place.there().join("null")).unwrap();
        let server = place.serve(true).await.unwrap();
        let ended = place.client(server.addr, &["get", "null"]).unwrap().end().await.unwrap();
        assert_ne!(ended.code, Some(0), "{ended:?}");
        assert!(ended.complaint().contains("out of the store's root"), "{ended:?}");
        let words = ["get", "a", "-o", "/dev/null"];
        let ended = place.client(server.addr, &words).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let words = ["put", "/dev/null", "--name", "empty"];
        let ended = place.client(server.addr, &words).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(fs::read(place.there().join("empty")).unwrap(), b"");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn links_out_of_the_root_lead_nowhere() {
        let place = Place::new().unwrap();
        let (there, home) = (place.there(), place.home());
        fs::write(home.join("secret"), "secret").unwrap();
        place.give_here("a", b"a").unwrap();
        symlink(&home, there.join("absolute")).unwrap();
        symlink("../home", there.join("relative")).unwrap();
        symlink("/", there.join("everything")).unwrap();
        symlink("round", there.join("round")).unwrap();
        let server = place.serve(true).await.unwrap();
        let attempts: [&[&str]; 8] = [
            &["get", "absolute/secret"],
            &["get", "relative/secret"],
            &["ls", "absolute"],
            &["ls", "everything/etc"],
            &["get", "round"],
            &["put", "a", "-t", "absolute"],
            &["put", "a", "-t", "relative/sub"],
            &["rm", "relative/secret"],
        ];
        for words in attempts {
            let ended = place.client(server.addr, words).unwrap().end().await.unwrap();
            assert_ne!(ended.code, Some(0), "{words:?}: {ended:?}");
            assert!(!ended.complaint().is_empty(), "{words:?}: {ended:?}");
        }
        assert_eq!(fs::read(home.join("secret")).unwrap(), b"secret");
        assert!(!home.join("a").exists());
        let found = place.client(server.addr, &["ls", "relative"]).unwrap().end().await.unwrap();
        assert!(!format!("{found:?}").contains("secret"), "{found:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_directory_that_is_swapped_for_a_link_while_it_is_used_gives_nothing_away() {
        let place = Place::new().unwrap();
        let there = place.there();
        fs::write(place.home().join("f"), "outside").unwrap();
        fs::create_dir(there.join("real")).unwrap();
        fs::write(there.join("real/f"), "inside").unwrap();
        symlink(place.home(), there.join("link")).unwrap();
        let server = it::FileServer::start(&there, false).unwrap();
        let swapping = tokio::task::spawn_blocking({
            let there = there.clone();
            move || {
                for _ in 0..400 {
                    fs::rename(there.join("real"), there.join("dir")).unwrap();
                    fs::rename(there.join("dir"), there.join("real")).unwrap();
                    fs::rename(there.join("link"), there.join("dir")).unwrap();
                    fs::rename(there.join("dir"), there.join("link")).unwrap();
                }
            }
        });
        let mut client = server.client();
        let path = ftp::RemotePath::parse("dir/f").unwrap();
        let mut read = 0;
        while !swapping.is_finished() {
            let mut heard = Vec::new();
            match client.read(&path, None, &mut heard, &()).await {
                Ok(_) => assert_eq!(heard, b"inside"),
                Err(error) => assert!(error.status().is_some(), "{error}"),
            }
            read += 1;
        }
        swapping.await.unwrap();
        assert!(read > 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn names_that_would_steer_a_terminal_are_shown_safely() {
        let place = Place::new().unwrap();
        place.give_there("\x1b[2Jgone\x07\n\u{202e}txt", b"x").unwrap();
        let server = place.serve(false).await.unwrap();
        let addr = server.addr.to_string();
        let commands: [&[&str]; 4] =
            [&["ls"], &["ls", "-l"], &["get", "*"], &["get", "\x1b]0;title\x07"]];
        for words in commands {
            let mut command = place.ftp_cli(&["-s", &addr, "--plain"]).unwrap();
            let output = within("the command", command.args(words).output()).await.unwrap();
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8(said).unwrap();
            let odd = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!said.contains(odd), "{words:?}: {said:?}");
            assert!(said.contains("\\x1b"), "{words:?}: {said:?}");
        }
    }
}
