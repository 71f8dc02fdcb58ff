//! Senders and receivers of trees that do not keep to the rules.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ftp::{Client, ClientError, HowTree, LocalStore, TreeSummary};
use tempfile::TempDir;

use super::super::support::{Raw, World, deed, fast, is_protocol, local, path};
use super::support::{Log, grow};

const ROOT: &str = r#"{"depth":0,"name":"","kind":"directory"}"#;

/// Entries that are refused one by one: the rest arrives.
const REFUSED: [&str; 9] = [
    r#"{"depth":1,"name":"..","kind":"directory"}"#,
    r#"{"depth":2,"name":"escaped","kind":"directory"}"#,
    r#"{"depth":1,"name":"../escaped","kind":"link","target":"x"}"#,
    r#"{"depth":1,"name":"/escaped","kind":"link","target":"x"}"#,
    r#"{"depth":1,"name":"","kind":"link","target":"x"}"#,
    r#"{"depth":1,"name":"a\u0000b","kind":"link","target":"x"}"#,
    r#"{"depth":1,"name":"m","kind":"link","target":"/tmp"}"#,
    r#"{"depth":1,"name":"m","kind":"directory"}"#,
    r#"{"depth":2,"name":"escaped","kind":"directory"}"#,
];

/// Ways to break the conversation.
const BROKEN: [&[&str]; 5] = [
    &[r#"{"depth":1,"name":"a","kind":"directory"}"#],
    &[ROOT, r#"{"depth":2,"name":"a","kind":"directory"}"#],
    &[ROOT, ROOT],
    &[
        ROOT,
        r#"{"depth":1,"name":"l","kind":"link","target":"/"}"#,
        r#"{"depth":2,"name":"a","kind":"link","target":"x"}"#,
    ],
    &[ROOT, "no entry"],
];

async fn get_from(
    play: impl Fn(&mut Raw) + Send + Sync + 'static,
) -> (Result<TreeSummary, ClientError>, Log, TempDir) {
    let here = TempDir::new().unwrap();
    fs::create_dir(here.path().join("in")).unwrap();
    let store = Arc::new(LocalStore::open(here.path(), true).unwrap());
    let mut client = Client::new(deed(play), fast());
    let (log, target) = (Log::default(), path("in/t"));
    let how = HowTree::default();
    let got = client.get_tree(&path("t"), local(&store, &target), &how, &log).await;
    (got, log, here)
}

fn assert_contained(root: &Path) {
    let names = |path: &Path| {
        let entries = fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    assert_eq!(names(root), ["in"]);
    assert!(names(&root.join("in")).iter().all(|name| name == "t"));
    assert!(!Path::new("/tmp/escaped").exists());
}

#[tokio::test(start_paused = true)]
async fn entries_that_lead_out_are_refused_at_that_entry_and_the_rest_arrives() {
    let (got, log, here) = get_from(|raw| {
        let mut lines = vec![ROOT];
        lines.extend(REFUSED);
        lines.push(r#"{"depth":1,"name":"n","kind":"link","target":"x"}"#);
        raw.tree(1, 0, &lines);
        raw.walked(1, lines.len() as u64);
        raw.say(r#"{"type":"end","id":1,"status":"ok"}"#);
    })
    .await;
    // The end comes before the client could say that it has all: it may take it for a break.
    assert!(got.as_ref().is_ok_and(|summary| summary.failed > 5) || got.is_err(), "{log:?}");
    assert_contained(here.path());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_breaks_the_order_of_the_walk_is_given_up() {
    for lines in BROKEN {
        let (got, _, here) = get_from(move |raw| raw.tree(1, 0, lines)).await;
        assert!(is_protocol(&got.unwrap_err()), "{lines:?}");
        assert_contained(here.path());
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_was_never_wanted_and_numbers_that_jump_are_no_answer() {
    let deeds: [fn(&mut Raw); 6] = [
        |raw| raw.say(r#"{"type":"file","id":1,"n":0,"proof":"x"}"#),
        |raw| raw.say(r#"{"type":"file","id":1,"n":99,"proof":"x"}"#),
        |raw| raw.say(r#"{"type":"file","id":1,"n":0,"length":4000000000,"head":16}"#),
        |raw| raw.tree(1, 7, &[ROOT]),
        |raw| raw.walked(1, 5),
        |raw| {
            let count = "\"count\":4000000,\"body\":5";
            raw.say(&format!(r#"{{"type":"tree_entries","id":1,"n":0,{count},"digest":"x"}}"#));
        },
    ];
    for deed in deeds {
        let (got, _, here) = get_from(deed).await;
        assert!(is_protocol(&got.unwrap_err()));
        assert_contained(here.path());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_puts_such_entries_is_told_and_others_are_served() {
    let world = World::new();
    let put = r#"{"type":"put_tree","id":1,"path":"t","session":"s","publish":"if_absent"}"#;
    for lines in BROKEN {
        let mut raw = world.raw().await;
        raw.say(put);
        raw.tree(1, 0, lines);
        assert_eq!(raw.end(1).await.status(), "bad_request", "{lines:?}");
    }
    let mut raw = world.raw().await;
    raw.say(put);
    let mut lines = vec![ROOT];
    lines.extend(REFUSED);
    raw.tree(1, 0, &lines);
    raw.walked(1, lines.len() as u64);
    assert_eq!(raw.end(1).await.status(), "ok");
    assert!(!world.there.path().join("escaped").exists());
    assert!(!Path::new("/tmp/escaped").exists());
    let t = world.there.path().join("t");
    let mut made: Vec<_> =
        fs::read_dir(t).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    made.sort();
    // The first stems from a walk that was broken off after it.
    assert_eq!(made, ["l", "m"]);
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn choices_that_make_no_sense_end_the_request() {
    let world = World::new();
    grow(world.there.path());
    let choices: [(&str, &[u64]); 5] = [
        (r#""upto":1,"whole":1"#, &[0]),
        (r#""upto":1,"whole":1"#, &[1]),
        (r#""upto":2,"whole":2"#, &[1, 1]),
        (r#""upto":9999"#, &[]),
        (r#""upto":2,"compare":1"#, &[1 << 60]),
    ];
    for (fields, numbers) in choices {
        let mut raw = world.raw().await;
        raw.say(r#"{"type":"get_tree","id":1,"path":"t"}"#);
        raw.until("tree_entries").await;
        let body: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        raw.say_with(&format!(r#"{{"type":"choose","id":1,{fields}}}"#), &body);
        assert_eq!(raw.end(1).await.status(), "bad_request", "{fields}");
    }
    world.assert_serves().await;
}

#[tokio::test(start_paused = true)]
async fn the_root_of_a_store_is_never_removed() {
    let world = World::new();
    let mut raw = world.raw().await;
    raw.say(r#"{"type":"remove_tree","id":1,"path":""}"#);
    assert_eq!(raw.end(1).await.status(), "denied");
}
