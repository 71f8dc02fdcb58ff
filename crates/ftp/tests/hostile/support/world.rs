//! A server over a directory of its own, a client of it, and a directory for the client.

use std::path::Path;
use std::sync::{Arc, Mutex};

use ftp::{
    Access, Client, ClientError, FileService, How, Local, LocalStore, Options, Pool, Publish,
    RemotePath, Store, Transfer,
};
use netserver::{Conn, Hooks, MemoryListener, Running, StreamServer};
use tempfile::TempDir;

use super::{Dialer, Raw, Trouble};

pub(crate) struct World<L = LocalStore> {
    pub(crate) there: TempDir,
    pub(crate) here: TempDir,
    pub(crate) client: Client<Dialer>,
    pub(crate) dialer: Dialer,
    pub(crate) local: Arc<L>,
    _server: Running,
    panics: Arc<Mutex<Vec<String>>>,
}

/// A server must never panic, whatever its peer does.
struct Panics(Arc<Mutex<Vec<String>>>);

impl Hooks for Panics {
    fn panic(&self, _: &Conn, message: &str) {
        self.0.lock().unwrap().push(message.into());
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(1 << 18, quick_pool(), |store| store, |store| store)
    }
}

impl<L: Store> World<L> {
    /// A world whose pipes hold `buffer` bytes, with the stores as `there` and `here` make them
    /// of the local ones.
    pub(crate) fn with<S: Store>(
        buffer: usize,
        pool: Arc<Pool>,
        there: impl FnOnce(LocalStore) -> S,
        here: impl FnOnce(LocalStore) -> L,
    ) -> Self {
        let dirs = [TempDir::new().unwrap(), TempDir::new().unwrap()];
        let open = |dir: &TempDir| LocalStore::open(dir.path(), true).unwrap();
        let store = Arc::new(there(open(&dirs[0])));
        let local = Arc::new(here(open(&dirs[1])));
        let service =
            FileService::new(store).access(Access::default().write(true)).pool(Arc::clone(&pool));
        let (listener, dialer) = MemoryListener::with_buffer(buffer);
        let panics = Arc::default();
        let server = StreamServer::new(listener, service).hooks(Panics(Arc::clone(&panics)));
        let server = server.start();
        let dialer = Dialer::new(dialer);
        let client = Client::new(dialer.clone(), fast().pool(pool));
        let [there, here] = dirs;
        Self { there, here, client, dialer, local, _server: server, panics }
    }

    /// A raw peer that has been let in.
    pub(crate) async fn raw(&self) -> Raw {
        Raw::hello(self.dialer.plain().await).await
    }

    pub(crate) async fn get(&mut self, name: &str) -> Result<Transfer, ClientError> {
        let name = path(name);
        self.client.get(&name, local(&self.local, &name), &How::default(), &()).await
    }

    pub(crate) async fn put(&mut self, name: &str) -> Result<Transfer, ClientError> {
        let name = path(name);
        self.client.put(local(&self.local, &name), &name, &How::default(), &()).await
    }

    /// As [`put`](Self::put), over whatever is there.
    pub(crate) async fn put_over(&mut self, name: &str) -> Result<Transfer, ClientError> {
        let (name, publish) = (path(name), Publish::Replace { revision: None });
        let how = How { publish, durable: false };
        self.client.put(local(&self.local, &name), &name, &how, &()).await
    }

    /// The next connections of the client meet with these troubles, one each.
    pub(crate) fn trouble(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.dialer.trouble(troubles);
    }

    /// A client of its own, which knows nothing of what happened before, is served.
    pub(crate) async fn assert_serves(&self) {
        let mut raw = self.raw().await;
        raw.say(r#"{"type":"stat","id":1,"path":""}"#);
        assert_eq!(raw.end(1).await.status(), "ok");
        self.assert_calm();
    }

    /// The server has not panicked.
    pub(crate) fn assert_calm(&self) {
        assert_eq!(*self.panics.lock().unwrap(), [""; 0], "the server panicked");
    }

    pub(crate) fn assert_same(&self, name: &str) {
        let (one, other) = (self.there.path().join(name), self.here.path().join(name));
        let same = std::fs::read(&one).unwrap() == std::fs::read(&other).unwrap();
        assert!(same, "{name} differs");
        let times = [&one, &other].map(|path| path.metadata().unwrap().modified().unwrap());
        assert_eq!(times[0], times[1], "the modification time of {name}");
    }
}

impl<L> Drop for World<L> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(*self.panics.lock().unwrap(), [""; 0], "the server panicked");
        }
    }
}

/// A small pool of its own, so that the tests do not take each other's buffers.
pub(crate) fn quick_pool() -> Arc<Pool> {
    Pool::new(1 << 23, 4)
}

/// Few tries: the clock stands still, but each costs its work.
pub(crate) fn fast() -> Options {
    Options::default().attempts(3).pool(quick_pool())
}

pub(crate) fn local<'a, S>(store: &'a Arc<S>, path: &'a RemotePath) -> Local<'a, S> {
    Local { store, path }
}

pub(crate) fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

/// Bytes that no two blocks share, and other ones for each seed.
pub(crate) fn content(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2) | 1;
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

pub(crate) fn write(dir: &TempDir, name: &str, content: &[u8]) {
    std::fs::write(dir.path().join(name), content).unwrap();
}

/// The names of what is published.
pub(crate) fn finals(dir: &TempDir) -> Vec<String> {
    names(dir.path(), false)
}

/// The names of what is not.
pub(crate) fn partials(dir: &TempDir) -> Vec<String> {
    names(dir.path(), true)
}

fn names(dir: &Path, partial: bool) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(ftp::PARTIAL_SUFFIX) == partial).collect()
}

/// Removes whatever is in a directory.
pub(crate) fn clear(dir: &TempDir) {
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
}
