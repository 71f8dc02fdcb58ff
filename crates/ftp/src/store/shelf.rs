//! A few things from different places, under one root.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Entry, Kind, NewUpload, Publish, Published, Revision, ShelfFolder, Store, StoreError};
use crate::path::RemotePath;

/// A store that shows just some files and directories of others, side by side, for reading.
///
/// ```
/// use ftp::{LocalStore, RemotePath, Shelf, Store};
///
/// # let dir = tempfile::tempdir()?;
/// # let dir = dir.path();
/// std::fs::write(dir.join("a.txt"), "shown")?;
/// std::fs::write(dir.join("b.txt"), "hidden")?;
/// let mut shelf = Shelf::default();
/// shelf.add(&LocalStore::open(dir, false)?, &RemotePath::parse("a.txt")?)?;
///
/// assert_eq!(shelf.stat(&RemotePath::parse("a.txt")?)?.size, 5);
/// assert!(shelf.stat(&RemotePath::parse("b.txt")?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Shelf<S> {
    items: BTreeMap<RemotePath, Item<S>>,
}

#[derive(Clone, Debug)]
pub(super) struct Item<S> {
    pub(super) store: S,
    pub(super) kind: Kind,
}

impl<S> Default for Shelf<S> {
    fn default() -> Self {
        Self { items: BTreeMap::new() }
    }
}

impl<S: Store + Clone> Shelf<S> {
    /// Puts a file or a directory, which `name` names in `store`, on the shelf. Of a directory
    /// all is shown that is beneath it, and links lead nowhere else.
    ///
    /// # Errors
    ///
    /// [`Exists`](StoreError::Exists) if something of that name is on the shelf already,
    /// [`NotAFile`](StoreError::NotAFile) for a link, a device and the like, and whatever
    /// the store says.
    pub fn add(&mut self, store: &S, name: &RemotePath) -> Result<(), StoreError> {
        let path = || name.clone();
        if self.items.contains_key(name) {
            return Err(StoreError::Exists { path: path() });
        }
        let item = match store.stat(name)?.kind {
            kind @ Kind::File => Item { store: store.clone(), kind },
            kind @ Kind::Directory => Item { store: store.beneath(name)?, kind },
            kind => return Err(StoreError::NotAFile { path: path(), kind }),
        };
        self.items.insert(path(), item);
        Ok(())
    }
}

impl<S: Store> Shelf<S> {
    /// The names of what is on it, in their order.
    pub fn names(&self) -> impl Iterator<Item = &RemotePath> {
        self.items.keys()
    }

    /// Where to find what `path` names, which is not the root.
    fn store(&self, path: &RemotePath) -> Result<&S, StoreError> {
        match self.items.get(&path.up_to(1)) {
            // Beneath a file there is nothing, also if it has become a directory since.
            Some(item) if item.kind == Kind::Directory || path.depth() == 1 => Ok(&item.store),
            _ => Err(StoreError::NotFound { path: path.clone() }),
        }
    }

    fn read_only<T>(path: &RemotePath) -> Result<T, StoreError> {
        Err(StoreError::ReadOnly { path: path.clone() })
    }
}

impl<S: Store + Clone> Store for Shelf<S> {
    type Source = S::Source;
    type Upload = S::Upload;
    type Folder = ShelfFolder<S>;

    fn beneath(&self, path: &RemotePath) -> Result<Self, StoreError> {
        let store = match path.is_root() {
            true => return Err(StoreError::Denied { path: path.clone() }),
            false => self.store(path)?.beneath(path)?,
        };
        let item = Item { store, kind: Kind::Directory };
        Ok(Self { items: BTreeMap::from([(path.up_to(1), item)]) })
    }

    fn stat(&self, path: &RemotePath) -> Result<Entry, StoreError> {
        if !path.is_root() {
            return self.store(path)?.stat(path);
        }
        Ok(Entry {
            path: path.clone(),
            kind: Kind::Directory,
            size: 0,
            mode: None,
            modified: None,
            revision: Revision::new("shelf"),
            target: None,
        })
    }

    fn list(
        &self,
        path: &RemotePath,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if !path.is_root() {
            return self.store(path)?.list(path, each);
        }
        for (name, item) in &self.items {
            let entry = match item.store.stat(name) {
                Ok(entry) => entry,
                // It has gone since.
                Err(StoreError::NotFound { .. }) => continue,
                Err(error) => return Err(error),
            };
            if each(entry).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn open(&self, path: &RemotePath) -> Result<S::Source, StoreError> {
        match path.is_root() {
            true => Err(StoreError::NotAFile { path: path.clone(), kind: Kind::Directory }),
            false => self.store(path)?.open(path),
        }
    }

    fn begin(&self, path: &RemotePath, _upload: &NewUpload<'_>) -> Result<S::Upload, StoreError> {
        Self::read_only(path)
    }

    fn folder(&self, path: &RemotePath, to_write: bool) -> Result<ShelfFolder<S>, StoreError> {
        match (to_write, path.is_root()) {
            (true, _) => Self::read_only(path),
            (false, true) => Ok(ShelfFolder::top(self.items.clone())),
            (false, false) => Ok(ShelfFolder::inner(self.store(path)?.folder(path, false)?)),
        }
    }

    fn make_directory(&self, path: &RemotePath, _parents: bool) -> Result<(), StoreError> {
        Self::read_only(path)
    }

    fn remove(&self, path: &RemotePath) -> Result<(), StoreError> {
        Self::read_only(path)
    }

    fn rename(
        &self,
        from: &RemotePath,
        _to: &RemotePath,
        _publish: &Publish,
    ) -> Result<Published, StoreError> {
        Self::read_only(from)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::store::{Folder, LocalStore, Source};

    fn path(text: &str) -> RemotePath {
        RemotePath::parse(text).unwrap()
    }

    /// Two directories; of the first `a.txt` and `dir` are shown, of the second `b.txt`.
    fn shelf() -> (tempfile::TempDir, Shelf<LocalStore>) {
        let root = tempfile::tempdir().unwrap();
        let (one, two) = (root.path().join("one"), root.path().join("two"));
        for dir in [&one.join("dir"), &two] {
            fs::create_dir_all(dir).unwrap();
        }
        for file in [one.join("a.txt"), one.join("hidden"), one.join("dir/c"), two.join("b.txt")] {
            fs::write(file, "content").unwrap();
        }
        symlink("../hidden", one.join("dir/out")).unwrap();
        symlink("c", one.join("dir/in")).unwrap();
        symlink("a.txt", one.join("link")).unwrap();
        let [first, second] = [&one, &two].map(|dir| LocalStore::open(dir, true).unwrap());
        let mut shelf = Shelf::default();
        shelf.add(&first, &path("a.txt")).unwrap();
        shelf.add(&first, &path("dir")).unwrap();
        shelf.add(&second, &path("b.txt")).unwrap();
        let again = shelf.add(&second, &path("b.txt"));
        assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
        let link = shelf.add(&first, &path("link"));
        assert!(matches!(link, Err(StoreError::NotAFile { .. })), "{link:?}");
        (root, shelf)
    }

    #[test]
    fn shows_what_was_put_on_it_and_nothing_else() {
        let (_root, shelf) = shelf();
        let mut names = Vec::new();
        let each = &mut |entry: Entry| {
            names.push(entry.path.to_string());
            ControlFlow::Continue(())
        };
        shelf.list(&path(""), each).unwrap();
        assert_eq!(names, ["a.txt", "b.txt", "dir"]);
        assert_eq!(shelf.stat(&path("")).unwrap().kind, Kind::Directory);
        for shown in ["a.txt", "b.txt", "dir/c", "dir/in"] {
            assert_eq!(shelf.open(&path(shown)).unwrap().entry().size, 7, "{shown}");
        }
        for hidden in ["hidden", "link", "a.txt/x", "dir/missing"] {
            let error = shelf.stat(&path(hidden)).unwrap_err();
            assert!(matches!(error, StoreError::NotFound { .. }), "{hidden}: {error}");
        }
        let error = shelf.open(&path("dir/out")).unwrap_err();
        assert!(matches!(error, StoreError::OutsideRoot { .. }), "{error}");
    }

    #[test]
    fn a_walk_through_it_meets_what_was_put_on_it_and_follows_no_link() {
        let (root, shelf) = shelf();
        let top = shelf.folder(&path(""), false).unwrap();
        let names = top.names(None, 1 << 20).unwrap();
        let names: Vec<_> = (0..names.len()).map(|index| names.get(index).unwrap()).collect();
        assert_eq!(names, [&b"a.txt"[..], b"b.txt", b"dir"]);
        assert_eq!(top.open(b"a.txt").unwrap().entry().size, 7);
        assert_eq!(top.folder(b"dir").unwrap().open(b"c").unwrap().entry().size, 7);
        assert!(top.folder(b"dir").unwrap().open(b"in").is_err());
        assert!(top.entry(b"hidden").is_err() && top.folder(b"a.txt").is_err());
        fs::remove_file(root.path().join("one/a.txt")).unwrap();
        symlink("hidden", root.path().join("one/a.txt")).unwrap();
        assert!(top.open(b"a.txt").is_err());
        assert!(shelf.folder(&path("dir"), true).is_err());
    }

    #[test]
    fn a_file_that_becomes_a_directory_shows_nothing_of_it() {
        let (root, shelf) = shelf();
        let file = root.path().join("one/a.txt");
        fs::remove_file(&file).unwrap();
        symlink("dir", &file).unwrap();
        let error = shelf.stat(&path("a.txt/c")).unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    }

    #[test]
    fn nothing_on_it_can_be_changed_and_a_part_of_it_is_a_shelf() {
        let (_root, shelf) = shelf();
        let error = shelf.remove(&path("a.txt")).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
        let part = shelf.beneath(&path("dir")).unwrap();
        assert!(part.stat(&path("dir/c")).is_ok());
        assert!(part.stat(&path("a.txt")).is_err());
    }
}
