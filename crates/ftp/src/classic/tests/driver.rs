use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::{chunks, size};
use crate::classic::server::ClassicService;
use crate::classic::{ClassicClient, ClassicError};
use crate::client::{How, Local};
use crate::content::Pool;
use crate::path::RemotePath;
use crate::server::Access;
use crate::store::LocalStore;

type Served = JoinHandle<Result<(), ClassicError>>;

/// Serves a directory to one connection, as a service does: with the first read as its opening.
fn serve(root: &Path, writable: bool) -> (DuplexStream, Served) {
    let store = Arc::new(LocalStore::open(root, writable).unwrap());
    let (client, mut server) = duplex(256 * 1024);
    let served = tokio::spawn(async move {
        let (access, pool) = (Access::default().write(writable), Pool::shared());
        let service = ClassicService { store: &store, access: &access, pool: &pool };
        let mut opening = vec![0; 1024];
        let len = server.read(&mut opening).await?;
        opening.truncate(len);
        service.serve(&mut server, Bytes::from(opening), std::future::pending()).await
    });
    (client, served)
}

/// All that the server says until it closes the connection.
async fn rest(client: &mut DuplexStream) -> Vec<u8> {
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    rest
}

/// What the root of a store holds, also what a listing would hide.
fn names(root: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(root).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Sends a command and waits until the server has nothing more to do: under a paused clock, time
/// passes only then.
async fn send_alone(client: &mut DuplexStream, command: &[u8]) {
    client.write_all(command).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
}

/// A directory with one file.
fn directory(name: &str, content: &[u8]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join(name), content).unwrap();
    root
}

#[tokio::test(start_paused = true)]
async fn a_small_file_goes_as_one_chunk() {
    let root = directory("报告.txt", b"hello\nworld\n");
    let (mut client, served) = serve(root.path(), false);
    client.write_all("get 报告.txt".as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let expected = [&size(12)[..], &chunks("报告.txt", b"hello\nworld\n", &[12])].concat();
    assert_eq!(rest(&mut client).await, expected);
    served.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_large_file_goes_in_chunks_of_whole_kib() {
    let content: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    let root = directory("big", &content);
    let (mut client, _served) = serve(root.path(), false);
    client.write_all(b"get big").await.unwrap();
    client.shutdown().await.unwrap();
    let lengths = [64_512, 64_512, 64_512, 6_464];
    let expected = [&size(200_000)[..], &chunks("big", &content, &lengths)].concat();
    assert_eq!(rest(&mut client).await, expected);
}

#[tokio::test(start_paused = true)]
async fn an_empty_file_is_only_its_size() {
    let root = directory("empty", b"");
    let (mut client, _served) = serve(root.path(), false);
    client.write_all(b"get empty").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, size(0));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_had_closes_the_connection_without_a_byte() {
    let root = directory("a", b"a");
    std::fs::create_dir(root.path().join("dir")).unwrap();
    for name in ["missing", "../a", "/etc/passwd", "dir", "a//b", ".", "x\0y", ""] {
        let (mut client, served) = serve(root.path(), false);
        client.write_all(format!("get {name}\n").as_bytes()).await.unwrap();
        assert_eq!(rest(&mut client).await, b"", "{name:?}");
        served.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_announced_is_refused() {
    let root = directory("huge", b"");
    let file = std::fs::OpenOptions::new().write(true).open(root.path().join("huge")).unwrap();
    file.set_len(1 << 31).unwrap();
    let (mut client, served) = serve(root.path(), false);
    client.write_all(b"get huge").await.unwrap();
    assert_eq!(rest(&mut client).await, b"");
    served.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn unknown_verbs_get_no_answer_and_commands_go_on() {
    let root = directory("a", b"");
    let (mut client, _served) = serve(root.path(), false);
    let mut answer = [0; 4];
    for command in ["list", "rm a", "get a"] {
        send_alone(&mut client, command.as_bytes()).await;
    }
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, size(0));
    client.write_all(b"get a").await.unwrap();
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, size(0));
}

#[tokio::test(start_paused = true)]
async fn a_put_is_stored_and_confirmed() {
    let root = tempfile::tempdir().unwrap();
    let (mut client, served) = serve(root.path(), true);
    let wire = [b"put a b.txt", &size(10)[..], &chunks("a b.txt", b"helloworld", &[4, 6])].concat();
    client.write_all(&wire).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "a b.txt 上传成功".as_bytes());
    served.await.unwrap().unwrap();
    assert_eq!(names(&root), ["a b.txt"]);
    assert_eq!(std::fs::read(root.path().join("a b.txt")).unwrap(), b"helloworld");
}

#[tokio::test(start_paused = true)]
async fn a_put_onto_an_existing_name_keeps_both_and_names_the_new_one() {
    let root = directory("a.txt", b"old");
    let (mut client, _served) = serve(root.path(), true);
    let wire = [b"put a.txt", &size(3)[..], &chunks("a.txt", b"new", &[3])].concat();
    client.write_all(&wire).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "a.txt(1) 上传成功".as_bytes());
    assert_eq!(std::fs::read(root.path().join("a.txt")).unwrap(), b"old");
    assert_eq!(std::fs::read(root.path().join("a.txt(1)")).unwrap(), b"new");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_chunk_is_not_stored_nor_answered_and_the_next_command_is() {
    let root = tempfile::tempdir().unwrap();
    let (mut client, served) = serve(root.path(), true);
    let mut wire = [b"put bad", &size(5)[..], &chunks("bad", b"hello", &[5])].concat();
    *wire.last_mut().unwrap() ^= 1;
    wire.extend(b"put good\0\0\0\0");
    client.write_all(&wire).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "good 上传成功".as_bytes());
    served.await.unwrap().unwrap();
    assert_eq!(names(&root), ["good"]);
}

#[tokio::test(start_paused = true)]
async fn a_put_that_is_cut_off_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let (mut client, served) = serve(root.path(), true);
    let wire = [b"put a", &size(5)[..], &chunks("a", b"hello", &[5])].concat();
    client.write_all(&wire[..wire.len() - 1]).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, b"");
    assert!(matches!(served.await.unwrap(), Err(ClassicError::Closed)));
    assert_eq!(names(&root), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_put_of_a_missing_file_is_given_up_for_the_next_command() {
    let root = directory("here", b"");
    let (mut client, _served) = serve(root.path(), true);
    send_alone(&mut client, b"put gone").await;
    client.write_all(b"get here").await.unwrap();
    let mut answer = [1; 4];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, size(0));
    assert_eq!(names(&root), ["here"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_may_not_write_closes_without_a_byte() {
    let root = tempfile::tempdir().unwrap();
    let (mut client, served) = serve(root.path(), false);
    client.write_all(b"put a").await.unwrap();
    assert_eq!(rest(&mut client).await, b"");
    served.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_put_out_of_the_root_is_refused() {
    let root = tempfile::tempdir().unwrap();
    for name in ["../a", "/tmp/a", "no/such/dir/a"] {
        let (mut client, served) = serve(root.path(), true);
        let wire = [b"put ", name.as_bytes(), &size(5), &chunks(name, b"hello", &[5])].concat();
        client.write_all(&wire).await.unwrap();
        assert_eq!(rest(&mut client).await, b"", "{name}");
        served.await.unwrap().unwrap();
    }
    assert_eq!(names(&root), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_waits_for_no_further_command() {
    let root = tempfile::tempdir().unwrap();
    let store = Arc::new(LocalStore::open(root.path(), false).unwrap());
    let (_client, mut server) = duplex(1024);
    let (access, pool) = (Access::default(), Pool::shared());
    let service = ClassicService { store: &store, access: &access, pool: &pool };
    service.serve(&mut server, Bytes::from_static(b"ls"), std::future::ready(())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_web_client_is_told_what_lives_here() {
    let root = tempfile::tempdir().unwrap();
    let (mut client, served) = serve(root.path(), true);
    client.write_all(b"GET / HT").await.unwrap();
    tokio::task::yield_now().await;
    client.write_all(b"TP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    let answer = String::from_utf8(rest(&mut client).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("file server"), "{answer}");
    served.await.unwrap().unwrap();
}

/// Our client against our server, which speaks as the original does.
async fn exchange(content: &[u8]) {
    let (here, there) = (directory("mine", content), tempfile::tempdir().unwrap());
    let store = Arc::new(LocalStore::open(here.path(), true).unwrap());
    let (stream, served) = serve(there.path(), true);
    let mut client = ClassicClient::new(stream);
    let (mine, back) = (RemotePath::parse("mine").unwrap(), RemotePath::parse("back").unwrap());

    let local = Local { store: &store, path: &mine };
    assert_eq!(client.put(local, "报告 1", &()).await.unwrap(), "报告 1 上传成功");
    let local = Local { store: &store, path: &back };
    let published = client.get("报告 1", local, &How::default(), &()).await.unwrap();
    assert_eq!(published.path, back);
    assert_eq!(std::fs::read(here.path().join("back")).unwrap(), content);

    drop(client);
    served.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn our_client_puts_and_gets() {
    for len in [0, 1, 64_512, 64_513, 200_000] {
        exchange(&vec![7; len]).await;
    }
}
