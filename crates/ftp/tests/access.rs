//! What peers may do beneath a directory only, and who is told of what they did.

use std::io;
use std::sync::{Arc, Mutex};

use ftp::{
    Access, Audit, Client, ClientError, Connect, FileService, How, Local, LocalStore, Options,
    Publish, RemotePath, Request, Status,
};
use netserver::{MemoryDialer, MemoryListener, Running, StreamServer};
use proto::Algorithm;
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

/// Remembers what it is told, one line each.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Audit for Log {
    fn request(&self, request: &Request<'_>) {
        let Request { owner, verb, path, to, changes, failure, .. } = request;
        let to = to.map(|to| format!(" to {to}")).unwrap_or_default();
        let change = if *changes { " (a change)" } else { "" };
        let result =
            failure.as_ref().map_or("ok".to_owned(), |failure| failure.status.as_str().into());
        self.0.lock().unwrap().push(format!("{owner}: {verb} {path}{to}{change}: {result}"));
    }
}

struct World {
    there: TempDir,
    here: TempDir,
    client: Client<Dialer>,
    log: Arc<Log>,
    _server: Running,
}

impl World {
    /// A server of `in/a.txt`, `secret.txt` and links between them.
    fn new(access: Access) -> Self {
        let there = TempDir::new().unwrap();
        std::fs::create_dir(there.path().join("in")).unwrap();
        std::fs::write(there.path().join("in/a.txt"), "open").unwrap();
        std::fs::write(there.path().join("secret.txt"), "secret").unwrap();
        #[cfg(unix)]
        for (target, link) in [("a.txt", "in/within"), ("../secret.txt", "in/out"), ("..", "in/up")]
        {
            std::os::unix::fs::symlink(target, there.path().join(link)).unwrap();
        }
        let log = Arc::<Log>::default();
        let store = Arc::new(LocalStore::open(there.path(), true).unwrap());
        let service = FileService::new(store).access(access).audit(log.clone());
        let (listener, dialer) = MemoryListener::with_buffer(1 << 18);
        let server = StreamServer::new(listener, service).start();
        let client = Client::new(Dialer(dialer), Options::default());
        Self { there, here: TempDir::new().unwrap(), client, log, _server: server }
    }

    async fn read(&mut self, name: &str) -> Result<String, ClientError> {
        let mut content = Vec::new();
        self.client.read(&path(name), None, &mut content, &()).await?;
        Ok(String::from_utf8(content).unwrap())
    }

    async fn put(&mut self, name: &str, publish: Publish) -> Result<RemotePath, ClientError> {
        std::fs::write(self.here.path().join("new"), "new").unwrap();
        let store = Arc::new(LocalStore::open(self.here.path(), false).unwrap());
        let local = Local { store: &store, path: &path("new") };
        let how = How { publish, durable: false };
        self.client.put(local, &path(name), &how, &()).await.map(|put| put.path)
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.0.lock().unwrap())
    }
}

fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

fn status<T: std::fmt::Debug>(result: Result<T, ClientError>) -> (Status, String) {
    match result.unwrap_err() {
        ClientError::Remote(failure) => (failure.status, failure.message),
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn who_may_read_beneath_a_directory_reads_nothing_else() {
    let mut world = World::new(Access::default().read_beneath([path("in"), path("other")]));
    assert_eq!(world.read("in/a.txt").await.unwrap(), "open");
    let mut names = Vec::new();
    world.client.list(&path("in"), &mut |entry| names.push(entry.path.to_string())).await.unwrap();
    assert!(names.contains(&"in/a.txt".into()), "{names:?}");
    assert_eq!(world.client.stat(&path("in")).await.unwrap().path, path("in"));
    assert_eq!(world.client.stat(&path("in/a.txt")).await.unwrap().size, 4);

    for outside in ["secret.txt", "inside"] {
        let refused = status(world.client.stat(&path(outside)).await);
        assert_eq!(
            refused,
            (Status::Denied, "you may read in `in`, `other` only".into()),
            "{outside}"
        );
    }
    assert_eq!(status(world.client.list(&path(""), &mut drop).await).0, Status::Denied);
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_leads_out_of_the_directory_that_may_be_read() {
    let mut world = World::new(Access::default().read_beneath([path("in"), path("other")]));
    assert_eq!(world.read("in/within").await.unwrap(), "open");
    for name in ["in/out", "in/up/secret.txt"] {
        let (status, message) = status(world.read(name).await);
        assert_eq!(status, Status::BadPath, "{name}: {message}");
        assert!(message.contains(name), "{message}");
    }
    assert!(world.client.stat_digest(&path("in/out"), Algorithm::Md5).await.is_err());

    // Without the limit, the same link is followed: it stays beneath the root.
    let mut world = World::new(Access::default());
    assert_eq!(world.read("in/out").await.unwrap(), "secret");
}

#[tokio::test]
async fn who_may_write_beneath_a_directory_changes_nothing_else() {
    let mut world = World::new(Access::default().write_beneath([path("in")]));
    assert_eq!(world.put("in/new", Publish::IfAbsent).await.unwrap(), path("in/new"));
    let refused = status(world.put("new", Publish::IfAbsent).await);
    assert_eq!(refused, (Status::Denied, "you may write in `in` only".into()));
    assert_eq!(status(world.client.remove(&path("secret.txt")).await).0, Status::Denied);
    let out = world.client.rename(&path("in/new"), &path("new"), Publish::IfAbsent).await;
    assert_eq!(status(out).0, Status::Denied);
    let out = world.client.rename(&path("secret.txt"), &path("in/s"), Publish::IfAbsent).await;
    assert_eq!(status(out).0, Status::Denied);
    assert_eq!(std::fs::read(world.there.path().join("secret.txt")).unwrap(), b"secret");
    assert_eq!(world.read("secret.txt").await.unwrap(), "secret");
}

#[tokio::test]
async fn each_request_is_told_to_the_audit_when_it_is_over() {
    let mut world = World::new(Access::default().write(true).owner("alice"));
    world.read("in/a.txt").await.unwrap();
    world.put("in/a.txt", Publish::KeepBoth).await.unwrap();
    world.read("missing").await.unwrap_err();
    world.client.rename(&path("in/a.txt"), &path("b"), Publish::IfAbsent).await.unwrap();
    world.client.remove(&path("in")).await.unwrap_err();
    world.client.stat(&path("b")).await.unwrap();
    let expected = [
        "alice: get in/a.txt: ok",
        "alice: put in/a.txt to in/a.txt(1) (a change): ok",
        "alice: get missing: not_found",
        "alice: rename in/a.txt to b (a change): ok",
        "alice: remove in (a change): not_empty",
        "alice: stat b: ok",
    ];
    assert_eq!(world.log(), expected);
}

#[tokio::test]
async fn trees_keep_to_the_same_rights() {
    let beneath = || [RemotePath::parse("in").unwrap()];
    let mut world = World::new(Access::default().read_beneath(beneath()));
    let store = Arc::new(LocalStore::open(world.here.path(), true).unwrap());
    let (inside, root) = (RemotePath::parse("in").unwrap(), RemotePath::root());
    let local = Local { store: &store, path: &inside };
    let how = ftp::HowTree::default();
    let got = world.client.get_tree(&inside, local, &how, &()).await.unwrap();
    assert!(got.is_complete() && got.files == 1, "{got:?}");
    let denied = |error: ClientError| assert_eq!(error.status(), Some(Status::Denied), "{error}");
    let local = || Local { store: &store, path: &inside };
    denied(world.client.get_tree(&root, local(), &how, &()).await.unwrap_err());
    denied(world.client.put_tree(local(), &inside, &how, &()).await.unwrap_err());
    denied(world.client.remove_tree(&inside, &()).await.unwrap_err());
    denied(world.client.list_tree(&root, &mut |_| ()).await.unwrap_err());

    // Who may write and not read is not told what is there.
    let mut world = World::new(Access::default().read(false).write_beneath(beneath()));
    let target = RemotePath::parse("in/new").unwrap();
    let put = world.client.put_tree(local(), &target, &how, &()).await.unwrap();
    assert_eq!(put.files, 1, "{put:?}");
    let delete = how.clone().delete(true).dry_run(true);
    denied(world.client.put_tree(local(), &inside, &delete, &()).await.unwrap_err());
    assert!(world.there.path().join("in/new/a.txt").exists());
}
