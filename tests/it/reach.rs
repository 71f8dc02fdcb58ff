//! Who can reach a server, and what becomes of files that cannot be trusted.

use std::fs;
use std::net::{IpAddr, SocketAddr};

use identity::Ticket;
use it::{Ended, Place};

#[track_caller]
fn assert_refused(ended: &Ended, code: i32, why: &str) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert!(ended.complaint().contains(why), "{why}: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_all_addresses_gives_a_ticket_with_one_that_others_can_use() {
    let (office, laptop) = (Place::new().unwrap().encrypted(), Place::new().unwrap().encrypted());
    office.give_there("a", b"content").unwrap();
    let args = ["--bind", "0.0.0.0:0", "--ticket", "read", "--uses", "2", "--host", "127.0.0.1"];
    let mut server = office.serve_with(&office.there(), &args).await.unwrap();
    let given = server.process.ticket().await.unwrap();
    let ended = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    drop(server);

    // Without --host the machine finds its own address, if it has a network.
    let there = office.there();
    let words = ["serve", there.to_str().unwrap(), "--bind", "0.0.0.0:0", "--ticket", "read"];
    let mut command = office.ftp_cli(&["--json"]).unwrap();
    let mut server = it::Process::start(command.args(words)).unwrap();
    let told =
        |event: &serde_json::Value| matches!(event["event"].as_str(), Some("ticket" | "error"));
    let event = server.event("a ticket, or why there is none", told).await.unwrap();
    match event["ticket"].as_str() {
        Some(ticket) => {
            let ticket: Ticket = ticket.parse().unwrap();
            let ip: IpAddr = ticket.place.host().parse().unwrap();
            assert!(!ip.is_unspecified() && !ip.is_loopback(), "{ip}");
        }
        None => assert!(event["message"].as_str().unwrap().contains("--host"), "{event}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_server_for_other_machines_must_be_asked_for_twice() {
    let place = Place::new().unwrap();
    let there = place.there();
    let there = there.to_str().unwrap();
    for bind in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let ended = place.run(&["serve", there, "--bind", bind]).await.unwrap();
        assert_refused(&ended, 2, "--let-everyone-in");
    }
    let args = ["--bind", "0.0.0.0:0", "--let-everyone-in"];
    let server = place.serve_with(&place.there(), &args).await.unwrap();
    assert_eq!(server.ready["plain"], true);
    let local = SocketAddr::from(([127, 0, 0, 1], server.addr.port()));
    let ended = place.client(local, &["ls"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // It means nothing where nobody could come in anyway.
    let place = place.encrypted();
    let ended = place.run(&["serve", there, "--let-everyone-in"]).await.unwrap();
    assert_refused(&ended, 2, "is for --plain");
}

/// Damages the key file: clients, servers and whoever makes tickets say why they do not start.
async fn with_bad_key(damage: impl FnOnce(&std::path::Path), why: &str) {
    let place = Place::new().unwrap().encrypted();
    place.give_there("a", b"content").unwrap();
    let server = place.serve(false).await.unwrap();
    damage(&place.home());
    let there = place.there();
    let addr = server.addr.to_string();
    for words in [
        &["-s", &addr, "get", "a"][..],
        &["serve", there.to_str().unwrap(), "--bind", "127.0.0.1:0"],
        &["ticket", "new", there.to_str().unwrap()],
    ] {
        let ended = place.run(words).await.unwrap();
        assert_refused(&ended, 1, why);
    }
    assert_eq!(fs::read_dir(place.here()).unwrap().count(), 0);
}

/// The file that holds the secret key.
fn key_file(home: &std::path::Path) -> std::path::PathBuf {
    let holds_key = |path: &std::path::PathBuf| {
        fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"-----BEGIN"))
    };
    let mut files = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    files.find(holds_key).expect("there is a key")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_cut_short_is_named_and_never_replaced() {
    let cut = |home: &std::path::Path| {
        let path = key_file(home);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    };
    with_bad_key(cut, "the key file is cut short").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_with_something_else_in_it_is_named() {
    let empty = |home: &std::path::Path| fs::write(key_file(home), "").unwrap();
    with_bad_key(empty, "the key file is empty").await;
    let other = |home: &std::path::Path| {
        let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        fs::write(key_file(home), text).unwrap();
    };
    with_bad_key(other, "not an Ed25519 key").await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_could_have_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let open = |home: &std::path::Path| {
        fs::set_permissions(key_file(home), fs::Permissions::from_mode(0o644)).unwrap();
    };
    with_bad_key(open, "is open to others (mode 0644)").await;
    let open = |home: &std::path::Path| {
        fs::set_permissions(home, fs::Permissions::from_mode(0o777)).unwrap();
    };
    with_bad_key(open, "is open to others (mode 0777)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_in_authorized_clients_are_named_and_the_good_ones_count() {
    let (office, laptop) = (Place::new().unwrap().encrypted(), Place::new().unwrap().encrypted());
    office.give_there("a", b"content").unwrap();
    let server = office.serve(false).await.unwrap();
    let given = office.ticket(server.addr, &[]).await.unwrap();
    let ended = laptop.client(&given.ticket, &["ls"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let file = office.home().join("authorized_clients");
    let good = fs::read_to_string(&file).unwrap();
    let good = good.lines().find(|line| line.starts_with("ed25519:")).unwrap();
    let lines = ["# mine", "nonsense", good, "ed25519:short share=ftp:/x rights=read", "\u{1b}[2J"];
    fs::write(&file, lines.join("\n")).unwrap();

    let ended = laptop.client(server.addr, &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let log = server.stop().await.unwrap().stderr;
    let listed = office.run(&["ticket", "list"]).await.unwrap();
    for number in [2, 4, 5] {
        assert!(log.contains(&format!("authorized_clients:{number}: ")), "{number}: {log}");
    }
    assert!(!log.contains("authorized_clients:3") && !log.contains('\u{1b}'), "{log}");
    let clients = listed.events.iter().filter(|event| event["event"] == "client").count();
    assert_eq!((listed.code, clients), (Some(0), 1), "{listed:?}");
}
