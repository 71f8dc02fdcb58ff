//! The directories of a tree, as far as they are of use: each knows the one above it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::path::{PathError, RemotePath};
use crate::store::Timestamp;

/// A directory of a tree.
///
/// Thousands of them may hang below each other, so each holds its own name only; and they are
/// dropped one after the other, not each within the next.
#[derive(Debug)]
pub(crate) struct Directory {
    above: Option<Arc<Self>>,
    name: Box<[u8]>,
    depth: usize,
    /// How it stands in the target.
    pub(crate) standing: Standing,
    pub(crate) mode: Option<u32>,
    pub(crate) modified: Option<Timestamp>,
    /// What keeps it from being finished: what in it is not settled, and the walk being in it.
    unsettled: AtomicU64,
    /// Not all that is in the source is known.
    incomplete: AtomicBool,
}

/// How a directory of the source stands in the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is there.
    Here,
    /// It would have been made: nothing is there yet.
    Absent,
    /// It could not be made, or does not take part: nothing beneath it is looked at.
    Barred,
}

impl Directory {
    /// The root of a tree.
    pub(crate) fn root(
        standing: Standing,
        attributes: (Option<u32>, Option<Timestamp>),
    ) -> Arc<Self> {
        Self::new(None, b"", standing, attributes)
    }

    /// A directory in this one.
    pub(crate) fn below(
        self: &Arc<Self>,
        name: &[u8],
        standing: Standing,
        attributes: (Option<u32>, Option<Timestamp>),
    ) -> Arc<Self> {
        self.unsettled.fetch_add(1, Ordering::Relaxed);
        Self::new(Some(Arc::clone(self)), name, standing, attributes)
    }

    fn new(
        above: Option<Arc<Self>>,
        name: &[u8],
        standing: Standing,
        (mode, modified): (Option<u32>, Option<Timestamp>),
    ) -> Arc<Self> {
        let depth = above.as_ref().map_or(0, |above| above.depth + 1);
        let (unsettled, incomplete) = (AtomicU64::new(1), AtomicBool::new(false));
        let name = name.into();
        Arc::new(Self { above, name, depth, standing, mode, modified, unsettled, incomplete })
    }

    /// The one it is in; the root is in none.
    pub(crate) fn above(&self) -> Option<&Arc<Self>> {
        self.above.as_ref()
    }

    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    /// How far below the root it is.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Its path, from the root of the tree.
    pub(crate) fn path(&self) -> Result<RemotePath, PathError> {
        let mut names = Vec::with_capacity(self.depth);
        let mut at = self;
        while let Some(above) = &at.above {
            names.push(&*at.name);
            at = above;
        }
        names.reverse();
        RemotePath::parse(names.join(&b'/'))
    }

    /// The path of a name in it; of the root, if the name is empty.
    pub(crate) fn path_of(&self, name: &[u8]) -> Result<RemotePath, PathError> {
        let path = self.path()?;
        if name.is_empty() { Ok(path) } else { path.join(name) }
    }

    /// Something in it is to be settled.
    pub(crate) fn expect(&self) {
        self.unsettled.fetch_add(1, Ordering::Relaxed);
    }

    /// Something in it is settled, or the walk has left it. Whether that was the last.
    pub(crate) fn settle(&self) -> bool {
        self.unsettled.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Not all that is in it is known.
    pub(crate) fn set_incomplete(&self) {
        self.incomplete.store(true, Ordering::Relaxed);
    }

    /// Whether all in it is known, and all in those above it.
    pub(crate) fn is_complete(&self) -> bool {
        let mut at = Some(self);
        while let Some(directory) = at {
            if directory.incomplete.load(Ordering::Relaxed) {
                return false;
            }
            at = directory.above.as_deref();
        }
        true
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let mut above = self.above.take();
        while let Some(mut last) = above.and_then(Arc::into_inner) {
            above = last.above.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_one_is_told_and_dropped_on_a_small_stack() {
        let work = || {
            let mut directory = Directory::root(Standing::Here, (None, None));
            for _ in 0..RemotePath::MAX_DEPTH {
                directory = directory.below(b"d", Standing::Here, (None, None));
            }
            assert_eq!(directory.path().unwrap().depth(), RemotePath::MAX_DEPTH);
            assert!(directory.path_of(b"n").is_err());
        };
        std::thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
    }

    #[test]
    fn what_is_not_known_above_is_not_known_below() {
        let root = Directory::root(Standing::Here, (None, None));
        let inner = root.below(b"a", Standing::Here, (None, None)).below(
            b"b",
            Standing::Here,
            (None, None),
        );
        assert!(inner.is_complete());
        root.set_incomplete();
        assert!(!inner.is_complete());
    }
}
