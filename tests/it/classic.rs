//! The tutorial's file transfer, its originals against ours and ours against its originals.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use ftp::{
    Access, ClassicClient, ClassicError, Client, FileService, How, Local, LocalStore, Options,
    RemotePath, TcpConnector,
};
use it::tutorial::ftp::{Got, OriginalClient, OriginalServer};
use netserver::{Running, StreamServer, bind_tcp};
use tempfile::{TempDir, tempdir};

/// Our server on a free port, for as long as it is held.
fn serve(root: &Path, writable: bool) -> (SocketAddr, Running) {
    let store = LocalStore::open(root, writable).unwrap();
    let access = Access::default().write(writable);
    let service = FileService::new(Arc::new(store)).access(access).classic(true);
    let listener = bind_tcp((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let addr = listener.local_addr().unwrap();
    (addr, StreamServer::new(listener, service).start())
}

/// Runs what an original does, which blocks.
async fn original<T, F>(server: SocketAddr, play: F) -> T
where
    T: Send + 'static,
    F: FnOnce(&mut OriginalClient) -> T + Send + 'static,
{
    let play = move || play(&mut OriginalClient::connect(server).unwrap());
    tokio::task::spawn_blocking(play).await.unwrap()
}

fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let directory = tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    directory
}

fn file(directory: &TempDir, name: &str) -> Vec<u8> {
    std::fs::read(directory.path().join(name)).unwrap()
}

/// Bytes without a pattern that a mistake could fit in.
fn bytes(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_client_gets_files_in_turn() {
    let big = bytes(300_000);
    let root =
        directory(&[("a.txt", b"one\ntwo\n"), ("报告 🦀.txt", b"x"), ("0", b""), ("big", &big)]);
    let (server, _running) = serve(root.path(), false);
    original(server, move |client| {
        assert_eq!(client.get("a.txt").unwrap(), Got::File(b"one\ntwo\n".to_vec()));
        assert_eq!(client.get("报告 🦀.txt").unwrap(), Got::File(b"x".to_vec()));
        assert_eq!(client.get("0").unwrap(), Got::File(Vec::new()));
        assert_eq!(client.get("big").unwrap(), Got::File(big));
        assert_eq!(client.get("missing").unwrap(), Got::Closed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_client_cannot_leave_the_root() {
    let outside = directory(&[("secret", b"secret")]);
    std::fs::create_dir(outside.path().join("root")).unwrap();
    let (server, _running) = serve(&outside.path().join("root"), true);
    let absolute = outside.path().join("secret").to_str().unwrap().to_owned();
    for name in ["../secret".to_owned(), absolute] {
        let got = original(server, move |client| client.get(&name)).await;
        assert_eq!(got.unwrap(), Got::Closed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_client_puts_files() {
    let root = directory(&[]);
    let (server, _running) = serve(root.path(), true);
    original(server, |client| {
        client.put("报告 1.txt", b"one\ntwo\nthree").unwrap();
        assert_eq!(client.hear().unwrap(), "报告 1.txt 上传成功");
        client.put("报告 1.txt", b"again\n").unwrap();
        assert_eq!(client.hear().unwrap(), "报告 1.txt(1) 上传成功");
        client.put_merged("merged", b"one\ntwo\n").unwrap();
        assert_eq!(client.hear().unwrap(), "merged 上传成功");
        client.put("empty", b"").unwrap();
        assert_eq!(client.hear().unwrap(), "empty 上传成功");
        client.put_merged("empty", b"").unwrap();
        assert_eq!(client.hear().unwrap(), "empty(1) 上传成功");
    })
    .await;
    assert_eq!(file(&root, "报告 1.txt"), b"one\ntwo\nthree");
    assert_eq!(file(&root, "报告 1.txt(1)"), b"again\n");
    assert_eq!(file(&root, "merged"), b"one\ntwo\n");
    assert_eq!(file(&root, "empty"), b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_the_original_client_never_reads_sticks_to_the_next() {
    let root = directory(&[]);
    let (server, _running) = serve(root.path(), true);
    let size = original(server, |client| {
        client.put("abcd", b"one\n").unwrap();
        client.hear().unwrap();
        client.put("abcd", b"one\n").unwrap();
        client.get("abcd")
    })
    .await;
    // The first four letters of the reply are a size of over a gigabyte, what follows is no header.
    assert!(size.is_err(), "{size:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_not_write_closes_the_connection() {
    let root = directory(&[]);
    let (server, _running) = serve(root.path(), false);
    let heard = original(server, |client| {
        client.put_missing("a").unwrap();
        client.hear()
    })
    .await;
    assert_eq!(heard.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_told_what_lives_here() {
    let root = directory(&[]);
    let (server, _running) = serve(root.path(), false);
    let answer = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(server).unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("file server"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn original_and_framed_clients_share_a_port() {
    let root = directory(&[("a", b"here\n")]);
    let (server, _running) = serve(root.path(), false);
    let mut client = Client::new(TcpConnector::new(server.to_string()), Options::default());
    let entry = client.stat(&RemotePath::parse("a").unwrap()).await.unwrap();
    let got = original(server, |client| client.get("a")).await.unwrap();
    assert_eq!((entry.size, got), (5, Got::File(b"here\n".to_vec())));
}

/// Our client, connected to the original server.
async fn ours(server: &OriginalServer) -> ClassicClient<tokio::net::TcpStream> {
    let stream = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    ClassicClient::new(stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_gets_from_the_original_server() {
    let there = directory(&[("报告 1.txt", b"one\ntwo\nthree"), ("0", b"")]);
    let here = directory(&[]);
    let server = OriginalServer::start(there.path()).unwrap();
    let store = Arc::new(LocalStore::open(here.path(), true).unwrap());
    let mut client = ours(&server).await;
    for name in ["报告 1.txt", "0"] {
        let path = RemotePath::parse(name).unwrap();
        let local = Local { store: &store, path: &path };
        client.get(name, local, &How::default(), &()).await.unwrap();
        assert_eq!(file(&here, name), file(&there, name));
    }
    let path = RemotePath::parse("gone").unwrap();
    let local = Local { store: &store, path: &path };
    let error = client.get("gone", local, &How::default(), &()).await.unwrap_err();
    assert!(matches!(error, ClassicError::NotFound { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_puts_to_the_original_server() {
    let big = bytes(300_000);
    let here = directory(&[("报告 1.txt", b"one\ntwo\nthree"), ("0", b""), ("big", &big)]);
    let there = directory(&[]);
    let server = OriginalServer::start(there.path()).unwrap();
    let store = Arc::new(LocalStore::open(here.path(), false).unwrap());
    let mut client = ours(&server).await;
    for name in ["报告 1.txt", "0", "big"] {
        let path = RemotePath::parse(name).unwrap();
        let local = Local { store: &store, path: &path };
        let said = client.put(local, name, &()).await.unwrap();
        assert_eq!(said, format!("{name} 上传成功"));
        assert_eq!(file(&there, name), file(&here, name));
    }
}
