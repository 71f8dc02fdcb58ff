//! Transfers between a client and a server over memory, with nothing else in between.

use std::io;
use std::path::Path;
use std::sync::Arc;

use ftp::{
    Access, Client, Connect, FileService, How, Kind, Local, LocalStore, Options, Pool, Publish,
    RemotePath, Status, Store, Transfer,
};
use netserver::{MemoryDialer, MemoryListener, Running, StreamServer};
use tempfile::TempDir;
use tokio::io::DuplexStream;

struct Dialer(MemoryDialer);

impl Connect for Dialer {
    type Stream = DuplexStream;

    async fn connect(&self) -> io::Result<DuplexStream> {
        self.0.dial().await
    }

    fn peer(&self) -> &str {
        "memory"
    }
}

/// A server over a directory of its own, a client of it, and a directory for the client.
struct Pair {
    there: TempDir,
    here: TempDir,
    client: Client<Dialer>,
    local: Arc<LocalStore>,
    _server: Running,
}

impl Pair {
    fn new(write: bool) -> Self {
        let there = TempDir::new().unwrap();
        let here = TempDir::new().unwrap();
        let store = Arc::new(LocalStore::open(there.path(), write).unwrap());
        let service = FileService::new(store).access(Access::default().write(write));
        let (listener, dialer) = MemoryListener::with_buffer(1 << 18);
        let server = StreamServer::new(listener, service).start();
        let client = Client::new(Dialer(dialer), Options::default().pool(Pool::new(1 << 23, 4)));
        let local = Arc::new(LocalStore::open(here.path(), true).unwrap());
        Self { there, here, client, local, _server: server }
    }

    async fn get(&mut self, name: &str, publish: Publish) -> Result<Transfer, ftp::ClientError> {
        let name = path(name);
        let local = Local { store: &self.local, path: &name };
        self.client.get(&name, local, &How { publish, durable: false }, &()).await
    }

    async fn put(&mut self, name: &str, publish: Publish) -> Result<Transfer, ftp::ClientError> {
        let name = path(name);
        let local = Local { store: &self.local, path: &name };
        self.client.put(local, &name, &How { publish, durable: false }, &()).await
    }

    fn assert_same(&self, name: &str) {
        let (one, other) = (self.there.path().join(name), self.here.path().join(name));
        assert!(std::fs::read(&one).unwrap() == std::fs::read(&other).unwrap(), "{name} differs");
        let times = [&one, &other].map(|path| path.metadata().unwrap().modified().unwrap());
        assert_eq!(times[0], times[1], "the modification time of {name}");
    }
}

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

/// Bytes that no two blocks share.
fn content(len: usize) -> Vec<u8> {
    let mut state = len as u64 | 1;
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn write(dir: &TempDir, name: &str, content: &[u8]) {
    std::fs::write(dir.path().join(name), content).unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

const SIZES: [usize; 8] = [0, 1, 65_535, 65_536, 65_537, 1 << 20, (1 << 21) + 1, 5_000_000];

#[tokio::test]
async fn gets_files_of_every_size() {
    let mut pair = Pair::new(false);
    for size in SIZES {
        let name = format!("{size} 字节 🎈");
        write(&pair.there, &name, &content(size));
        let got = pair.get(&name, Publish::IfAbsent).await.unwrap();
        assert_eq!((got.moved, got.reused, got.size), (size as u64, 0, size as u64));
        pair.assert_same(&name);
    }
}

#[tokio::test]
async fn puts_files_of_every_size() {
    let mut pair = Pair::new(true);
    for size in SIZES {
        let name = format!("{size}");
        write(&pair.here, &name, &content(size));
        let put = pair.put(&name, Publish::IfAbsent).await.unwrap();
        assert_eq!((put.moved, put.reused, put.size), (size as u64, 0, size as u64));
        pair.assert_same(&name);
    }
    assert_eq!(names(pair.there.path()).len(), SIZES.len());
}

#[tokio::test]
async fn a_second_time_moves_nothing() {
    let mut pair = Pair::new(true);
    write(&pair.there, "a", &content(3_000_000));
    pair.get("a", Publish::IfAbsent).await.unwrap();
    let again = pair.get("a", Publish::IfAbsent).await.unwrap();
    assert!(again.unchanged && again.moved == 0);
    let back = pair.put("a", Publish::IfAbsent).await.unwrap();
    assert!(back.unchanged && back.moved == 0);
}

#[tokio::test]
async fn replaces_by_moving_only_the_blocks_that_differ() {
    let mut pair = Pair::new(true);
    let mut old = content(10 * 65_536 + 77);
    write(&pair.here, "a", &old);
    old[3 * 65_536 + 5] ^= 1;
    old.truncate(10 * 65_536 + 7);
    write(&pair.there, "a", &old);
    let conflict = pair.get("a", Publish::IfAbsent).await.unwrap_err();
    assert_eq!(conflict.status(), Some(Status::Conflict));
    let got = pair.get("a", Publish::Replace { revision: None }).await.unwrap();
    assert_eq!((got.moved, got.reused), (65_536, 9 * 65_536 + 7));
    pair.assert_same("a");

    old[65_536] ^= 1;
    write(&pair.here, "a", &old);
    let conflict = pair.put("a", Publish::IfAbsent).await.unwrap_err();
    assert_eq!(conflict.status(), Some(Status::Conflict));
    let put = pair.put("a", Publish::Replace { revision: None }).await.unwrap();
    assert_eq!((put.moved, put.reused), (65_536, 9 * 65_536 + 7));
    pair.assert_same("a");
}

#[tokio::test]
async fn keeps_both_when_asked_to() {
    let mut pair = Pair::new(true);
    write(&pair.here, "a", b"mine");
    write(&pair.there, "a", b"theirs");
    let got = pair.get("a", Publish::KeepBoth).await.unwrap();
    assert_eq!(got.path, path("a(1)"));
    assert_eq!(std::fs::read(pair.here.path().join("a(1)")).unwrap(), b"theirs");
    let put = pair.put("a", Publish::KeepBoth).await.unwrap();
    assert_eq!(put.path, path("a(1)"));
    assert_eq!(std::fs::read(pair.there.path().join("a")).unwrap(), b"theirs");
}

#[tokio::test]
async fn a_read_only_server_changes_nothing_and_says_so() {
    let mut pair = Pair::new(false);
    write(&pair.here, "a", b"x");
    write(&pair.there, "b", b"y");
    let denied = Some(Status::Denied);
    assert_eq!(pair.put("a", Publish::IfAbsent).await.unwrap_err().status(), denied);
    assert_eq!(pair.client.remove(&path("b")).await.unwrap_err().status(), denied);
    let made = pair.client.make_directory(&path("d"), true).await;
    assert_eq!(made.unwrap_err().status(), denied);
    let renamed = pair.client.rename(&path("b"), &path("c"), Publish::IfAbsent).await;
    assert_eq!(renamed.unwrap_err().status(), denied);
    assert_eq!(names(pair.there.path()), ["b"]);
}

#[tokio::test]
async fn lists_stats_renames_and_removes() {
    let mut pair = Pair::new(true);
    write(&pair.there, "a", &content(100_000));
    pair.client.make_directory(&path("d/e"), true).await.unwrap();
    pair.client.rename(&path("a"), &path("d/a"), Publish::IfAbsent).await.unwrap();
    let mut listed = Vec::new();
    pair.client.list(&path("d"), &mut |entry| listed.push((entry.path, entry.kind))).await.unwrap();
    listed.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(listed, [(path("d/a"), Kind::File), (path("d/e"), Kind::Directory)]);
    let (entry, digest) =
        pair.client.stat_digest(&path("d/a"), proto::Algorithm::Md5).await.unwrap();
    assert_eq!(entry.size, 100_000);
    let mut hasher = proto::Hasher::new(proto::Algorithm::Md5);
    hasher.update(&content(100_000));
    assert_eq!(digest, hasher.finalize().to_string());
    let all = [path("d/a"), path("nothing"), path("d/e"), path("d")];
    let removed = pair.client.remove_all(&all).await;
    assert!(removed[0].is_ok() && removed[2].is_ok() && removed[3].is_ok());
    assert_eq!(removed[1].as_ref().unwrap_err().status(), Some(Status::NotFound));
    assert_eq!(names(pair.there.path()), [""; 0]);
}

#[tokio::test]
async fn lists_ten_thousand_entries() {
    let mut pair = Pair::new(false);
    for number in 0..10_000 {
        write(&pair.there, &format!("{number}"), b"");
    }
    let mut count = 0;
    pair.client.list(&RemotePath::root(), &mut |_| count += 1).await.unwrap();
    assert_eq!(count, 10_000);
}

#[tokio::test]
async fn reads_any_part_in_order() {
    let mut pair = Pair::new(false);
    let whole = content(300_000);
    write(&pair.there, "a", &whole);
    let parts = [(0, 300_000), (0, 1), (1, 2), (65_535, 65_537), (299_999, 400_000), (7, 200_001)];
    for (start, end) in parts {
        let mut read = Vec::new();
        let part = ftp::Range::new(start, end);
        pair.client.read(&path("a"), Some(part), &mut read, &()).await.unwrap();
        assert!(read == whole[start as usize..end.min(300_000) as usize], "{start} to {end}");
    }
    let mut digests = Vec::new();
    proto::digest_blocks(proto::Algorithm::Md5, &whole, &mut digests);
    let range = ftp::Range::new(65_536, 300_000);
    assert_eq!(pair.client.digests(&path("a"), range).await.unwrap(), digests[16..]);
}

#[tokio::test]
async fn puts_what_a_stream_gives() {
    let mut pair = Pair::new(true);
    for size in [0, 5, 65_536, 4_200_000] {
        let whole = content(size);
        let name = path(&format!("s{size}"));
        let put = pair.client.put_stream(&mut &whole[..], &name, &How::default(), &()).await;
        assert_eq!(put.unwrap().size, size as u64);
        let written = std::fs::read(pair.there.path().join(format!("s{size}"))).unwrap();
        assert!(written == whole);
    }
}

#[tokio::test]
async fn goes_on_with_what_an_interrupted_get_left_and_mends_what_was_damaged() {
    let mut pair = Pair::new(false);
    let whole = content(8 << 20);
    write(&pair.there, "a", &whole);
    // What an interrupted get leaves: a part of the content under the name of a partial.
    let name = path("a");
    let publish = Publish::IfAbsent;
    let new = ftp::NewUpload { owner: "local", session: "x", size: None, publish: &publish };
    let upload = pair.local.begin(&name, &new).unwrap();
    let mut half = whole[..4 << 20].to_vec();
    half[1 << 20] ^= 1;
    ftp::Upload::write_at(&upload, &half, 0).unwrap();
    drop(upload);
    assert_eq!(names(pair.here.path()).len(), 1);
    let got = pair.get("a", Publish::IfAbsent).await.unwrap();
    assert_eq!((got.moved, got.reused), ((4 << 20) + 65_536, (4 << 20) - 65_536));
    pair.assert_same("a");
    assert_eq!(names(pair.here.path()), ["a"]);
}

#[tokio::test]
async fn a_conflict_found_late_keeps_what_came() {
    let mut pair = Pair::new(false);
    write(&pair.there, "a", &content(1000));
    write(&pair.here, "a", b"in the way");
    pair.get("a", Publish::IfAbsent).await.unwrap_err();
    // The connection is still of use, and nothing was written over.
    assert_eq!(pair.client.stat(&path("a")).await.unwrap().size, 1000);
    assert_eq!(std::fs::read(pair.here.path().join("a")).unwrap(), b"in the way");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let mut pair = Pair::new(true);
    let missing = Some(Status::NotFound);
    assert_eq!(pair.get("x", Publish::IfAbsent).await.unwrap_err().status(), missing);
    assert_eq!(pair.put("x", Publish::IfAbsent).await.unwrap_err().status(), missing);
    assert_eq!(pair.client.stat(&path("x")).await.unwrap_err().status(), missing);
    assert_eq!(names(pair.here.path()), [""; 0]);
}
