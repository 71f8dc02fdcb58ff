//! From paths to open directories: the two ways down from the root.
//!
//! Readers may follow links, as long as these stay beneath the root; the kernel checks that while
//! it resolves (`openat2`), or cap-std step by step. Writers follow none. In both, what is resolved
//! is held open: when a directory is swapped for a link afterwards, its holder does not notice.

use std::sync::Arc;

use cap_std::fs::Dir;

use super::sys;
use crate::path::RemotePath;
use crate::store::{Kind, StoreError};

/// How much of a path goes into one call: Linux takes 4,096 bytes with the final NUL, others less.
const PIECE_BYTES: usize = 1000;

/// The root of a store, held open.
#[derive(Debug)]
pub(super) struct Tree {
    root: Arc<Dir>,
    /// Where in a larger store that is: every path begins so, and nothing above it is reached.
    mount: RemotePath,
}

/// A name in a directory that is held open.
pub(super) struct Place<'a> {
    pub(super) dir: Arc<Dir>,
    pub(super) name: &'a [u8],
}

impl Tree {
    pub(super) fn new(root: Dir) -> Self {
        Self { root: Arc::new(root), mount: RemotePath::root() }
    }

    /// The part of it that is beneath a directory, to which no link led. Paths stay as they are.
    pub(super) fn beneath(&self, path: &RemotePath) -> Result<Self, StoreError> {
        let root = self.walk(path, |_, _| Ok(()))?;
        Ok(Self { root, mount: path.clone() })
    }

    pub(super) fn root(&self) -> &Arc<Dir> {
        &self.root
    }

    /// Opens a directory for readers.
    pub(super) fn open_directory(&self, path: &RemotePath) -> Result<Arc<Dir>, StoreError> {
        let (dir, last) = self.open_leading(path)?;
        if last.is_empty() {
            return Ok(dir);
        }
        let opened = sys::native(last).and_then(|last| dir.open_dir(last));
        opened.map(Arc::new).map_err(|error| StoreError::from_io(path, error))
    }

    /// Opens a directory for readers, from which the returned rest of the path is to be resolved.
    ///
    /// That is the root, unless the path is too long for one call. A link further down then cannot
    /// lead to what lies above that directory: such a path is refused as leading out of the root.
    pub(super) fn open_leading<'a>(
        &self,
        path: &'a RemotePath,
    ) -> Result<(Arc<Dir>, &'a [u8]), StoreError> {
        let mut dir = Arc::clone(&self.root);
        let mut rest = self.inside(path)?;
        while let Some((piece, beyond)) = split_piece(rest) {
            let opened = sys::native(piece).and_then(|piece| dir.open_dir(piece));
            dir = Arc::new(opened.map_err(|error| StoreError::from_io(path, error))?);
            rest = beyond;
        }
        Ok((dir, rest))
    }

    /// Where a reader finds what `path` names, which is not the root.
    pub(super) fn place<'a>(&self, path: &'a RemotePath) -> Result<Option<Place<'a>>, StoreError> {
        let Some((parent, name)) = self.split(path) else {
            return Ok(None);
        };
        let dir = self.open_directory(&parent).map_err(|error| match error {
            StoreError::NotFound { .. } => StoreError::NotFound { path: path.clone() },
            error => error,
        })?;
        Ok(Some(Place { dir, name }))
    }

    /// Where a writer finds what `path` names, which is not the root: no link was followed.
    pub(super) fn place_to_write<'a>(
        &self,
        path: &'a RemotePath,
    ) -> Result<Option<Place<'a>>, StoreError> {
        let Some((parent, name)) = self.split(path) else {
            return Ok(None);
        };
        let dir = self.walk(&parent, |_, _| Ok(()))?;
        Ok(Some(Place { dir, name }))
    }

    /// Goes down to a directory without following links, and calls `missing` before it gives up on
    /// a name that does not exist.
    pub(super) fn walk(
        &self,
        path: &RemotePath,
        mut missing: impl FnMut(&Dir, &[u8]) -> std::io::Result<()>,
    ) -> Result<Arc<Dir>, StoreError> {
        self.inside(path)?;
        let mut dir = Arc::clone(&self.root);
        for (depth, name) in path.components().enumerate().skip(self.mount.depth()) {
            let opened = match sys::open_directory(&dir, name) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    missing(&dir, name).and_then(|()| sys::open_directory(&dir, name))
                }
                opened => opened,
            };
            match opened {
                Ok(next) => dir = Arc::new(next),
                Err(error) => return Err(why_not(&dir, name, path.up_to(depth + 1), error)),
            }
        }
        Ok(dir)
    }

    /// The directory and the name in it; nothing for the root.
    fn split<'a>(&self, path: &'a RemotePath) -> Option<(RemotePath, &'a [u8])> {
        if *path == self.mount {
            return None;
        }
        Some((path.parent()?, path.file_name()?))
    }

    /// What of a path is beneath the root.
    fn inside<'a>(&self, path: &'a RemotePath) -> Result<&'a [u8], StoreError> {
        if !path.starts_with(&self.mount) {
            return Err(StoreError::NotFound { path: path.clone() });
        }
        let rest = &path.as_bytes()[self.mount.as_bytes().len()..];
        Ok(rest.strip_prefix(b"/").unwrap_or(rest))
    }
}

/// Cuts off as much of a path as one call takes, if there is more of it.
fn split_piece(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = path.get(..=PIECE_BYTES)?;
    let slash = head.iter().rposition(|&byte| byte == b'/')?;
    Some((&path[..slash], &path[slash + 1..]))
}

/// Why `name` could not be opened as a directory: systems differ in what they say of a link.
pub(super) fn why_not(
    dir: &Dir,
    name: &[u8],
    path: RemotePath,
    error: std::io::Error,
) -> StoreError {
    match sys::stat(dir, name).map(|meta| meta.kind()) {
        Ok(Kind::Link) => StoreError::LinkInPath { path },
        Ok(Kind::File | Kind::Other) => StoreError::NotADirectory { path },
        Ok(Kind::Directory) | Err(_) => StoreError::from_io(&path, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_cut_at_its_slashes() {
        let path = ["n".repeat(200), "m".repeat(255), "o".repeat(255), "p".repeat(255)].join("/");
        let mut whole = [path.as_str(); 9].join("/").into_bytes();
        let mut pieces = Vec::new();
        while let Some((piece, rest)) = split_piece(&whole) {
            assert!(piece.len() <= PIECE_BYTES && !piece.ends_with(b"/") && !rest.is_empty());
            pieces.push(piece.to_vec());
            whole = rest.to_vec();
        }
        pieces.push(whole);
        assert_eq!(pieces.join(&b'/'), [path.as_str(); 9].join("/").as_bytes());
    }

    #[test]
    fn a_short_path_is_one_piece() {
        assert_eq!(split_piece(b""), None);
        assert_eq!(split_piece(b"a/b"), None);
        assert_eq!(split_piece(&[b'n'; 255]), None);
    }
}
