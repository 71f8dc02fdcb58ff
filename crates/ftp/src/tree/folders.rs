//! Open directories along one way down a tree, of which there are never many.

use std::sync::Arc;

use super::directory::Directory;
use crate::store::{Folder, StoreError};

/// Every how-manieth directory of a deep way stays open.
const STRIDE: usize = 64;

/// The directories on the way from the root of a tree to where the work is.
///
/// Going on from where one is costs little, also in a tree thousands of levels deep: the last
/// [`STRIDE`] directories stay open, and above them every [`STRIDE`]th.
#[derive(Debug)]
pub(crate) struct Folders<F> {
    root: Arc<F>,
    /// The way down: the directory at depth 1 comes first.
    way: Vec<(Arc<Directory>, Option<Arc<F>>)>,
}

impl<F: Folder> Folders<F> {
    pub(crate) fn new(root: Arc<F>) -> Self {
        Self { root, way: Vec::new() }
    }

    /// Opens a directory of the tree.
    ///
    /// # Errors
    /// That of the first directory on the way that cannot be opened.
    pub(crate) fn at(&mut self, directory: &Arc<Directory>) -> Result<Arc<F>, StoreError> {
        self.turn_to(directory);
        let opened = self.way.iter().rposition(|(_, folder)| folder.is_some());
        let (mut folder, next) = match opened {
            Some(index) => {
                let folder = self.way[index].1.as_ref().expect("it was just found open");
                (Arc::clone(folder), index + 1)
            }
            None => (Arc::clone(&self.root), 0),
        };
        for index in next..self.way.len() {
            folder = Arc::new(folder.folder(self.way[index].0.name())?);
            self.open(index, Arc::clone(&folder));
        }
        Ok(folder)
    }

    /// Takes in a directory that is open already.
    pub(crate) fn insert(&mut self, directory: &Arc<Directory>, folder: Arc<F>) {
        self.turn_to(directory);
        match self.way.len().checked_sub(1) {
            Some(index) => self.open(index, folder),
            None => self.root = folder,
        }
    }

    /// Makes the way that to `directory`; what is open on it stays open.
    fn turn_to(&mut self, directory: &Arc<Directory>) {
        let mut new = Vec::new();
        let mut at = directory;
        self.way.truncate(directory.depth());
        while let Some(above) = at.above() {
            let known = self.way.get(at.depth() - 1);
            if known.is_some_and(|(known, _)| Arc::ptr_eq(known, at)) {
                break;
            }
            new.push((Arc::clone(at), None));
            at = above;
        }
        self.way.truncate(directory.depth() - new.len());
        self.way.extend(new.into_iter().rev());
    }

    fn open(&mut self, index: usize, folder: Arc<F>) {
        self.way[index].1 = Some(folder);
        if let Some(passed) = index.checked_sub(STRIDE)
            && !passed.is_multiple_of(STRIDE)
        {
            self.way[passed].1 = None;
        }
    }

    #[cfg(test)]
    fn held(&self) -> usize {
        self.way.iter().filter(|(_, folder)| folder.is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RemotePath;
    use crate::store::{LocalStore, Store};
    use crate::tree::directory::Standing;

    #[test]
    fn a_deep_way_holds_few_directories_and_finds_all_of_them_again() {
        let temporary = tempfile::tempdir().unwrap();
        let store = LocalStore::open(temporary.path(), true).unwrap();
        let root = Arc::new(store.folder(&RemotePath::root(), true).unwrap());
        let mut folders = Folders::new(root);
        let mut directories = vec![Directory::root(Standing::Here, (None, None))];
        for depth in 0..1000 {
            let folder = folders.at(&directories[depth]).unwrap();
            let below = directories[depth].below(b"d", Standing::Here, (None, None));
            folders.insert(&below, Arc::new(folder.make_folder(b"d", true).unwrap()));
            directories.push(below);
            assert!(folders.held() <= 2 * STRIDE + 1000 / STRIDE, "{}", folders.held());
        }
        for directory in directories.iter().rev() {
            let folder = folders.at(directory).unwrap();
            assert_eq!(*folder.path(), directory.path().unwrap());
            assert!(folders.held() <= 2 * STRIDE + 1000 / STRIDE, "{}", folders.held());
        }
        let deep = folders.at(&directories[1000]).unwrap();
        deep.make_folder(b"e", true).unwrap();
    }

    #[test]
    fn directories_of_one_name_are_not_taken_for_each_other() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(temporary.path().join("a/x")).unwrap();
        std::fs::create_dir_all(temporary.path().join("b/x")).unwrap();
        let store = LocalStore::open(temporary.path(), true).unwrap();
        let root = Arc::new(store.folder(&RemotePath::root(), true).unwrap());
        let mut folders = Folders::new(root);
        let root = Directory::root(Standing::Here, (None, None));
        for name in [b"a", b"b", b"a"] {
            let x = root.below(name, Standing::Here, (None, None)).below(
                b"x",
                Standing::Here,
                (None, None),
            );
            assert_eq!(*folders.at(&x).unwrap().path(), x.path().unwrap());
        }
    }
}
