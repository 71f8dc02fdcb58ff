use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::{chunks, size};
use crate::classic::{ClassicClient, ClassicError};
use crate::client::{How, Local};
use crate::path::RemotePath;
use crate::store::{LocalStore, Publish, Published, StoreError};

/// A client on a connection whose other end hears one command, says `answer` and closes.
fn client(answer: Vec<u8>) -> ClassicClient<DuplexStream> {
    let (ours, mut theirs) = duplex(64 * 1024);
    tokio::spawn(async move {
        let _ = theirs.read(&mut [0; 1024]).await;
        theirs.write_all(&answer).await.unwrap();
        theirs.shutdown().await.unwrap();
        while theirs.read(&mut [0; 1024]).await.is_ok_and(|len| len > 0) {}
    });
    ClassicClient::new(ours)
}

fn path(path: &str) -> RemotePath {
    RemotePath::parse(path).unwrap()
}

fn store() -> (TempDir, Arc<LocalStore>) {
    let root = tempfile::tempdir().unwrap();
    let store = Arc::new(LocalStore::open(root.path(), true).unwrap());
    (root, store)
}

/// Gets `a` from a server that says `answer`.
async fn get(
    answer: Vec<u8>,
    store: &Arc<LocalStore>,
    how: &How,
) -> Result<Published, ClassicError> {
    let local = Local { store, path: &path("a") };
    client(answer).get("a", local, how, &()).await
}

fn is_empty(root: &TempDir) -> bool {
    std::fs::read_dir(root).unwrap().next().is_none()
}

#[tokio::test(start_paused = true)]
async fn a_close_without_a_byte_is_a_missing_file() {
    let (root, store) = store();
    let error = get(Vec::new(), &store, &How::default()).await.unwrap_err();
    assert!(matches!(&error, ClassicError::NotFound { name } if name == "a"), "{error}");
    assert!(is_empty(&root));
}

#[tokio::test(start_paused = true)]
async fn lines_as_chunks_become_the_file() {
    let (root, store) = store();
    let answer = [&size(12)[..], &chunks("a", b"one\ntwo\nsix\n", &[4, 4, 4])].concat();
    let published = get(answer, &store, &How::default()).await.unwrap();
    assert_eq!(published.path, path("a"));
    assert_eq!(std::fs::read(root.path().join("a")).unwrap(), b"one\ntwo\nsix\n");
}

#[tokio::test(start_paused = true)]
async fn an_answer_cut_anywhere_leaves_nothing() {
    let (root, store) = store();
    let answer = [&size(8)[..], &chunks("a", b"one\ntwo\n", &[4, 4])].concat();
    for cut in 1..answer.len() {
        let error = get(answer[..cut].to_vec(), &store, &How::default()).await.unwrap_err();
        assert!(matches!(error, ClassicError::Closed), "cut at {cut}: {error}");
        assert!(is_empty(&root), "cut at {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_chunk_leaves_nothing_and_is_named() {
    let (root, store) = store();
    let mut answer = [&size(8)[..], &chunks("a", b"one\ntwo\n", &[4, 4])].concat();
    *answer.last_mut().unwrap() ^= 1;
    let error = get(answer, &store, &How::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the chunk at byte 4 is not what its MD5 says");
    assert!(is_empty(&root));
}

#[tokio::test(start_paused = true)]
async fn rejects_a_negative_size() {
    let (_root, store) = store();
    let error = get(size(-1).to_vec(), &store, &How::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the announced size -1 is negative");
}

#[tokio::test(start_paused = true)]
async fn an_existing_file_is_replaced_only_when_asked() {
    let (root, store) = store();
    let here = root.path().join("a");
    std::fs::write(&here, b"old").unwrap();
    let answer = [&size(3)[..], &chunks("a", b"new", &[3])].concat();

    let error = get(answer.clone(), &store, &How::default()).await.unwrap_err();
    assert!(matches!(error, ClassicError::Store(StoreError::Exists { .. })), "{error}");
    assert_eq!(std::fs::read(&here).unwrap(), b"old");

    let how = How { publish: Publish::KeepBoth, durable: false };
    assert_eq!(get(answer.clone(), &store, &how).await.unwrap().path, path("a(1)"));
    assert_eq!(std::fs::read(&here).unwrap(), b"old");

    let how = How { publish: Publish::Replace { revision: None }, durable: true };
    assert_eq!(get(answer, &store, &how).await.unwrap().path, path("a"));
    assert_eq!(std::fs::read(&here).unwrap(), b"new");
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_not_confirmed_has_failed() {
    let (root, store) = store();
    std::fs::write(root.path().join("a"), b"hello").unwrap();
    for said in ["", "no"] {
        let local = Local { store: &store, path: &path("a") };
        let error = client(said.into()).put(local, "a", &()).await.unwrap_err();
        assert!(matches!(&error, ClassicError::Unconfirmed { said: s } if s == said), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_follows_the_command_of_a_put_before_a_pause() {
    let (root, store) = store();
    std::fs::write(root.path().join("a"), b"hello").unwrap();
    let (ours, mut theirs) = duplex(64 * 1024);
    let putting = tokio::spawn(async move {
        let local = Local { store: &store, path: &path("a") };
        ClassicClient::new(ours).put(local, "a b", &()).await
    });
    let mut read = vec![0; 1024];
    let len = theirs.read(&mut read).await.unwrap();
    assert_eq!(&read[..len], b"put a b");
    let early = tokio::time::timeout(Duration::from_millis(199), theirs.read(&mut read)).await;
    assert!(early.is_err(), "something came at once");

    let expected = [&size(5)[..], &chunks("a b", b"hello", &[5])].concat();
    read.resize(expected.len(), 0);
    theirs.read_exact(&mut read).await.unwrap();
    assert_eq!(read, expected);
    theirs.write_all("a b 上传成功".as_bytes()).await.unwrap();
    assert_eq!(putting.await.unwrap().unwrap(), "a b 上传成功");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_announced_is_refused_before_a_word_is_said() {
    let (root, store) = store();
    std::fs::File::create(root.path().join("huge")).unwrap().set_len(1 << 31).unwrap();
    let (ours, mut theirs) = duplex(1024);
    let mut client = ClassicClient::new(ours);
    let local = Local { store: &store, path: &path("huge") };
    let error = client.put(local, "huge", &()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "2147483648 bytes are too many: this protocol can announce 2147483647"
    );
    let local = Local { store: &store, path: &path("missing") };
    let error = client.put(local, "missing", &()).await.unwrap_err();
    assert!(matches!(error, ClassicError::Store(StoreError::NotFound { .. })), "{error}");
    let local = Local { store: &store, path: &path("b") };
    let error = client.get(&"x".repeat(1021), local, &How::default(), &()).await.unwrap_err();
    assert!(matches!(error, ClassicError::CommandTooLong { found: 1025, allowed: 1024 }));

    drop(client);
    assert_eq!(theirs.read(&mut [0; 1]).await.unwrap(), 0);
}
