//! The sender's hands: all that it does in its store, and that blocks.

use std::sync::Arc;

use proto::Algorithm;

use super::folders::Folders;
use super::small::{About, Sendable, Wanted};
use super::walk::{Known, Root, Walk, WalkRules};
use crate::path::RemotePath;
use crate::store::{Folder, Kind, Store, StoreError};
use crate::wire::Failure;

/// Walks a tree and reads its files.
pub(super) struct Reader<F> {
    pub(super) walk: Walk<F>,
    content: Content<F>,
}

/// Where content is found.
enum Content<F> {
    Tree(Folders<F>),
    Single(Arc<F>, Box<[u8]>),
}

impl<F: Folder> Reader<F> {
    /// Finds the root of a tree.
    pub(super) fn open<S: Store<Folder = F>>(
        store: &S,
        path: &RemotePath,
        rules: WalkRules,
    ) -> Result<Self, StoreError> {
        let entry = store.stat(path)?;
        let name = path.file_name();
        let (root, content) = match (entry.kind, path.parent(), name) {
            (Kind::Directory, ..) | (_, None, _) | (_, _, None) => {
                let folder = Arc::new(store.folder(path, false)?);
                let content = Content::Tree(Folders::new(Arc::clone(&folder)));
                (Root::Directory(folder, entry), content)
            }
            (_, Some(above), Some(name)) => {
                let folder = Arc::new(store.folder(&above, false)?);
                let content = Content::Single(Arc::clone(&folder), name.into());
                (Root::Single(folder, entry), content)
            }
        };
        Ok(Self { walk: Walk::new(root, rules), content })
    }

    /// Reads small files.
    pub(super) fn small(&mut self, id: u64, algorithm: Algorithm, wanted: &Wanted) -> Sendable {
        let mut sendable = Sendable::default();
        for (n, known) in wanted {
            let about = About { id, algorithm, n: *n, name: &known.name };
            sendable.add(self.content.place(known), &about);
        }
        sendable
    }

    /// Opens a file that is not small.
    pub(super) fn source(&mut self, known: &Known) -> Result<F::Source, Failure> {
        let (folder, name) = self.content.place(known)?;
        Ok(folder.open(&name)?)
    }
}

impl<F: Folder> Content<F> {
    fn place(&mut self, known: &Known) -> Result<(Arc<F>, Box<[u8]>), StoreError> {
        match self {
            Self::Tree(folders) => Ok((folders.at(&known.directory)?, known.name.clone())),
            Self::Single(folder, name) => Ok((Arc::clone(folder), name.clone())),
        }
    }
}
