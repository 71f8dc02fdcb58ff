//! The local store over real directories.

mod hostile;
mod listing;
mod publishing;
mod racing;
mod reading;
mod resuming;
mod uploading;

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;
use crate::store::{Attributes, Source as _, Timestamp, Upload as _};

/// A store in a directory of its own, beside another one that is none of its business.
struct Fixture {
    temporary: tempfile::TempDir,
    store: LocalStore,
}

const ANYHOW: Publish = Publish::Replace { revision: None };

impl Fixture {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("root");
        let outside = temporary.path().join("outside");
        std::fs::create_dir(&root).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("secret"), "secret").unwrap();
        let store = LocalStore::open(&root, true).unwrap();
        Self { temporary, store }
    }

    /// The local path of something in the store.
    fn at(&self, name: &str) -> PathBuf {
        self.temporary.path().join("root").join(name)
    }

    fn outside(&self) -> PathBuf {
        self.temporary.path().join("outside")
    }

    fn read_only(&self) -> LocalStore {
        LocalStore::open(self.at(""), false).unwrap()
    }

    fn names(&self, directory: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut each = |entry: Entry| {
            names.push(entry.path.to_string());
            ControlFlow::Continue(())
        };
        self.store.list(&path(directory), &mut each).unwrap();
        names.sort();
        names
    }

    /// The local names in the root, partials among them.
    fn local_names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.at("")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn begin(&self, name: &str, publish: &Publish) -> Result<LocalUpload, StoreError> {
        self.store.begin(&path(name), &upload(publish))
    }

    fn put(&self, name: &str, content: &str, publish: &Publish) -> Result<Published, StoreError> {
        let upload = self.begin(name, publish)?;
        upload.write_at(content.as_bytes(), 0)?;
        upload.commit(&attributes(content), publish, false)
    }

    fn get(&self, name: &str) -> Result<String, StoreError> {
        let source = self.store.open(&path(name))?;
        let mut content = vec![0; 100];
        let read = source.read_at(&mut content, 0)?;
        content.truncate(read);
        Ok(String::from_utf8(content).unwrap())
    }

    /// Asserts that the other directory is as it was.
    fn assert_nothing_happened_outside(&self) {
        let entries: Vec<_> = std::fs::read_dir(self.outside())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(entries, ["secret"]);
        assert_eq!(std::fs::read_to_string(self.outside().join("secret")).unwrap(), "secret");
    }
}

fn path(path: impl AsRef<[u8]>) -> RemotePath {
    RemotePath::parse(path).unwrap()
}

fn upload(publish: &Publish) -> NewUpload<'_> {
    NewUpload { owner: "owner", session: "session", size: None, publish }
}

fn attributes(content: &str) -> Attributes {
    Attributes { size: content.len() as u64, mode: None, modified: None }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Asserts which error it is, and on which path.
macro_rules! assert_error {
    ($result:expr, $variant:ident, $path:expr) => {
        match $result {
            Err(error @ StoreError::$variant { .. }) => assert_eq!(error.path(), &path($path)),
            Err(error) => panic!("expected {}, found {error:?}", stringify!($variant)),
            Ok(_) => panic!("expected {}, found success", stringify!($variant)),
        }
    };
}
use assert_error;
