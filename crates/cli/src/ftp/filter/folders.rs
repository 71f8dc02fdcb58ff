//! The `.gitignore` files of a tree here, each for the directory that it stands in.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ftp::RemotePath;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::native;

/// Remembers the files of the directories that lead to where the walk is: a walk goes on in the
/// same directory, or in one near it, so that each file is read once.
#[derive(Debug)]
pub(super) struct Folders {
    root: PathBuf,
    chain: Mutex<Vec<Folder>>,
}

/// One directory, and what its file says.
#[derive(Debug)]
struct Folder {
    path: RemotePath,
    patterns: Option<Gitignore>,
}

impl Folders {
    /// Of the tree at `root` here.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, chain: Mutex::default() }
    }

    /// Whether no file bars it; the one nearest to it is asked first.
    pub(super) fn keep(&self, path: &RemotePath, is_directory: bool) -> bool {
        let Some(parent) = path.parent() else {
            return true;
        };
        let mut chain = self.chain();
        self.lead_to(&mut chain, &parent);
        for folder in chain.iter().rev() {
            let Some(patterns) = &folder.patterns else { continue };
            let skipped = match folder.path.is_root() {
                true => 0,
                false => folder.path.as_bytes().len() + 1,
            };
            let within = native(&path.as_bytes()[skipped..]);
            match patterns.matched(within, is_directory) {
                Match::None => {}
                Match::Ignore(_) => return false,
                Match::Whitelist(_) => return true,
            }
        }
        true
    }

    /// Makes the chain lead from the root to `directory`.
    fn lead_to(&self, chain: &mut Vec<Folder>, directory: &RemotePath) {
        while chain.last().is_some_and(|last| !directory.starts_with(&last.path)) {
            chain.pop();
        }
        if chain.is_empty() {
            chain.push(self.folder(RemotePath::root()));
        }
        // The chain has the root, and a directory for each component that it covers.
        for name in directory.components().skip(chain.len() - 1) {
            let above = chain.last().map_or_else(RemotePath::root, |last| last.path.clone());
            let Ok(path) = above.join(name) else { return };
            chain.push(self.folder(path));
        }
    }

    fn folder(&self, path: RemotePath) -> Folder {
        let file = self.root.join(native(path.as_bytes())).join(".gitignore");
        let mut builder = GitignoreBuilder::new("");
        // As for git, a file that is not there says nothing, and neither does an ill-formed line.
        let _ = builder.add(file);
        let patterns = builder.build().ok().filter(|patterns| !patterns.is_empty());
        Folder { path, patterns }
    }

    /// The chain is whole even if a thread died while it held it.
    fn chain(&self) -> MutexGuard<'_, Vec<Folder>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_nearest_file_has_the_last_word_in_whatever_order_it_is_asked() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("a/b")).unwrap();
        fs::write(temp.path().join(".gitignore"), "*.log\n/target\n").unwrap();
        fs::write(temp.path().join("a/.gitignore"), "!keep.log\nlocal\n").unwrap();
        fs::write(temp.path().join("a/b/.gitignore"), "keep.log\n").unwrap();
        let folders = Folders::new(temp.path().to_owned());
        let cases = [
            ("x.log", false, false),
            ("a/keep.log", false, true),
            ("a/b/keep.log", false, false),
            ("keep.log", false, false),
            ("a/x.log", false, false),
            ("local", false, true),
            ("a/b/local", false, false),
            ("target", true, false),
            ("a/target", true, true),
            ("", true, true),
        ];
        for (name, is_directory, kept) in cases.iter().chain(cases.iter().rev()) {
            let path = RemotePath::parse(name).unwrap();
            assert_eq!(folders.keep(&path, *is_directory), *kept, "{name}");
        }
    }
}
