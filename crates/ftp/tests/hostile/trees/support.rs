//! Trees on the disk: made, compared, and watched on their way.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use ftp::{
    ClientError, HowTree, Kind, Outcome, Publish, Store, TreeEvent, TreeObserver, TreeSummary,
};

use super::super::support::{World, content, local, path};

/// The two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Get,
    Put,
}

pub(crate) const BOTH: [Way; 2] = [Way::Get, Way::Put];

/// What was told of a tree.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Mutex<BTreeMap<Vec<u8>, Vec<Outcome>>>,
    moved: Mutex<Vec<String>>,
}

impl TreeObserver for Log {
    fn event(&self, event: TreeEvent<'_>) {
        match event {
            TreeEvent::Entry { path, outcome, .. } => {
                let mut entries = self.entries.lock().unwrap();
                entries.entry(path.as_bytes().into()).or_default().push(outcome.clone());
            }
            TreeEvent::Moving { path, .. } => self.moved.lock().unwrap().push(path.to_string()),
            _ => {}
        }
    }
}

impl Log {
    /// What became of an entry, which was told once.
    pub(crate) fn outcome(&self, path: &str) -> Outcome {
        let entries = self.entries.lock().unwrap();
        let told = entries.get(path.as_bytes()).unwrap_or_else(|| panic!("{path} was not told"));
        assert_eq!(told.len(), 1, "{path}: {told:?}");
        told[0].clone()
    }

    /// What was told, in short.
    pub(crate) fn all(&self) -> Vec<(String, Vec<Outcome>)> {
        let entries = self.entries.lock().unwrap();
        let told = entries.iter();
        told.map(|(path, told)| (String::from_utf8_lossy(path).into_owned(), told.clone()))
            .collect()
    }

    /// What was told of some entries only.
    pub(crate) fn those(&self, kind: impl Fn(&Outcome) -> bool) -> Vec<String> {
        let all = self.all().into_iter();
        all.filter(|(_, told)| told.iter().any(&kind)).map(|(path, _)| path).collect()
    }

    pub(crate) fn is_told_once(&self) -> bool {
        self.entries.lock().unwrap().values().all(|told| told.len() == 1)
    }
}

impl<L: Store> World<L> {
    /// Where a tree comes from.
    pub(crate) fn source(&self, way: Way) -> &Path {
        match way {
            Way::Get => self.there.path(),
            Way::Put => self.here.path(),
        }
    }

    /// Where a tree goes.
    pub(crate) fn target(&self, way: Way) -> &Path {
        match way {
            Way::Get => self.here.path(),
            Way::Put => self.there.path(),
        }
    }

    /// Transfers the tree `t`.
    pub(crate) async fn try_tree(
        &mut self,
        way: Way,
        how: &HowTree,
        log: &Log,
    ) -> Result<TreeSummary, ClientError> {
        let name = path("t");
        match way {
            Way::Get => self.client.get_tree(&name, local(&self.local, &name), how, log).await,
            Way::Put => self.client.put_tree(local(&self.local, &name), &name, how, log).await,
        }
    }

    pub(crate) async fn tree(&mut self, way: Way, how: &HowTree) -> (TreeSummary, Log) {
        let log = Log::default();
        (self.try_tree(way, how, &log).await.unwrap(), log)
    }

    pub(crate) fn assert_same_trees(&self) {
        let [one, other] = [&self.there, &self.here].map(|dir| describe(&dir.path().join("t")));
        for (name, what) in &one {
            assert_eq!(Some(what), other.get(name), "{}", String::from_utf8_lossy(name));
        }
        assert_eq!(one.len(), other.len(), "one has more than the other");
    }
}

pub(crate) fn replace() -> HowTree {
    HowTree::default().publish(Publish::Replace { revision: None })
}

/// All of a tree: kind, mode, time, and content or target of each path.
pub(crate) fn describe(root: &Path) -> BTreeMap<Vec<u8>, String> {
    let mut found = BTreeMap::new();
    describe_into(root, b"", &mut found);
    found
}

fn describe_into(path: &Path, name: &[u8], found: &mut BTreeMap<Vec<u8>, String>) {
    let meta = fs::symlink_metadata(path).unwrap();
    let what = match () {
        () if meta.is_dir() => "directory".into(),
        () if meta.is_symlink() => format!("link to {:?}", fs::read_link(path).unwrap()),
        () if meta.is_file() => {
            let content = fs::read(path).unwrap();
            format!("file of {} bytes, {}", content.len(), digest(&content))
        }
        () => "special".into(),
    };
    let mode = if meta.is_symlink() { 0 } else { meta.mode() & 0o777 };
    let time = (meta.mtime(), meta.mtime_nsec());
    found.insert(name.into(), format!("{what}, {mode:o}, {time:?}"));
    if meta.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let inner = [name, b"/", entry.file_name().as_bytes()].concat();
            describe_into(&entry.path(), &inner, found);
        }
    }
}

fn digest(content: &[u8]) -> String {
    let mut hasher = proto::Hasher::new(proto::Algorithm::Blake3);
    hasher.update(content);
    hasher.finalize().to_string()
}

/// Sets a time of its own, told in seconds.
pub(crate) fn age(path: &Path, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000 + seconds, 123_456_789);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

pub(crate) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn file(path: &Path, len: usize, seed: u64) {
    fs::write(path, content(len, seed)).unwrap();
    age(path, seed);
}

/// A small tree with some of everything.
pub(crate) fn grow(root: &Path) {
    let t = root.join("t");
    fs::create_dir_all(t.join("deep/er/still")).unwrap();
    fs::create_dir(t.join("empty")).unwrap();
    fs::create_dir(t.join("locked")).unwrap();
    for (index, name) in
        ["a", "deep/b", "deep/er/c", "deep/er/still/d", "locked/e"].iter().enumerate()
    {
        file(&t.join(name), 1000 * index + 1, index as u64);
    }
    file(&t.join("none"), 0, 9);
    file(&t.join("large"), (1 << 20) + 4321, 10);
    file(&t.join("deep/blocks"), 300_000, 11);
    file(&t.join("诗 ~\u{301}.txt"), 15, 12);
    file(&t.join("new\nline"), 16, 13);
    fs::write(t.join(std::ffi::OsStr::from_bytes(b"bytes\xff\xfe")), "x").unwrap();
    std::os::unix::fs::symlink("../a", t.join("deep/link")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", t.join("dangling")).unwrap();
    std::os::unix::fs::symlink("deep", t.join("to a directory")).unwrap();
    mode(&t.join("a"), 0o755);
    mode(&t.join("deep/b"), 0o400);
    mode(&t.join("locked"), 0o555);
    for (index, name) in
        ["deep/er/still", "deep/er", "deep", "empty", "locked", ""].iter().enumerate()
    {
        age(&t.join(name), 100 + index as u64);
    }
}

/// How many of each there are.
pub(crate) fn is_kind(kind: Kind, summary: &TreeSummary, count: u64) -> bool {
    count
        == match kind {
            Kind::File => summary.files,
            Kind::Directory => summary.directories,
            _ => summary.links,
        }
}
