//! `ls -R`: all that is beneath a directory.

use std::collections::HashMap;

use ftp::{Entry, Kind, RemotePath, Revision, TreeEntry};

use super::list::file_name;
use super::session::{Session, Target};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Event, Listed};

/// Directories in the order in which they are met: a directory, then those in it.
///
/// A directory is shown whole before those in it, whereas the server tells what is in each right
/// behind it: so all is kept until all is known. What a pipe to a program is for is `--json`, which
/// keeps nothing.
#[derive(Debug, Default)]
struct Folders {
    folders: Vec<(RemotePath, Vec<Entry>)>,
    places: HashMap<RemotePath, usize>,
    /// What was asked for, if it is no directory.
    alone: Vec<Entry>,
}

impl Folders {
    fn open(&mut self, path: &RemotePath) {
        if !self.places.contains_key(path) {
            self.places.insert(path.clone(), self.folders.len());
            self.folders.push((path.clone(), Vec::new()));
        }
    }

    /// Adds an entry whose path is told from the server's root.
    fn add(&mut self, root: &RemotePath, entry: Entry) {
        if entry.kind == Kind::Directory {
            self.open(&entry.path);
        }
        if entry.path == *root {
            if entry.kind != Kind::Directory {
                self.alone.push(entry);
            }
            return;
        }
        let place = entry.path.parent().and_then(|parent| self.places.get(&parent));
        if let Some(&place) = place {
            self.folders[place].1.push(entry);
        }
    }
}

impl Session {
    pub(super) async fn ls_tree(&self, targets: &[Target], long: bool) -> Exit {
        let mut exit = Exit::Done;
        let mut gap = false;
        for Target { path: root, .. } in targets {
            let mut folders = Folders::default();
            let mut problems = Vec::new();
            let mut each = |told: TreeEntry| self.met(root, told, &mut folders, &mut problems);
            let listed = self.client.lock().await.list_tree(root, &mut each).await;
            self.print(&folders.alone, |entry| entry.path.to_string(), long);
            gap |= !folders.alone.is_empty();
            for (path, mut entries) in folders.folders {
                entries.sort_by(|a, b| a.path.cmp(&b.path));
                self.report.result(format_args!("{}{path}:", if gap { "\n" } else { "" }));
                self.print(&entries, file_name, long);
                gap = true;
            }
            problems.extend(listed.err().map(|error| self.explain("ls", root, error)));
            for problem in &problems {
                exit.and(self.fail(problem));
            }
            if self.is_over(exit, 0) {
                break;
            }
        }
        exit
    }

    /// Takes what the server told of one name.
    fn met(
        &self,
        root: &RemotePath,
        told: TreeEntry,
        folders: &mut Folders,
        problems: &mut Vec<Problem>,
    ) {
        let joined = told.path.components().try_fold(root.clone(), |path, name| path.join(name));
        // The server tells no path that a path cannot be; one beneath a deep root may be too long.
        let Ok(path) = joined else { return };
        if let Some(failure) = told.problem {
            let problem = Problem::new(Exit::from(failure.status), &failure).on("ls", &path);
            problems.push(problem.path(&path).status(failure.status.as_str()));
            if folders.places.contains_key(&path) {
                return;
            }
        }
        let TreeEntry { kind, size, mode, modified, target, .. } = told;
        let revision = Revision::new("");
        let entry = Entry { path, kind, size, mode, modified, revision, target };
        match self.report.is_json() {
            true => self.report.event(&Event::Entry(Listed::of_a_tree(&entry))),
            false => folders.add(root, entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, kind: Kind) -> Entry {
        Entry {
            path: RemotePath::parse(path).unwrap(),
            kind,
            size: 0,
            mode: None,
            modified: None,
            revision: Revision::new(""),
            target: None,
        }
    }

    #[test]
    fn each_directory_is_shown_whole_before_those_in_it() {
        let root = RemotePath::parse("d").unwrap();
        let mut folders = Folders::default();
        for (path, kind) in [
            ("d", Kind::Directory),
            ("d/a", Kind::Directory),
            ("d/a/x", Kind::File),
            ("d/b", Kind::File),
            ("d/c", Kind::Directory),
        ] {
            folders.add(&root, entry(path, kind));
        }
        let shown: Vec<_> = folders
            .folders
            .iter()
            .map(|(path, entries)| (path.to_string(), entries.iter().map(file_name).collect()))
            .collect();
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|&s| s.into()).collect() };
        assert_eq!(
            shown,
            [
                ("d".to_owned(), names(&["a", "b", "c"])),
                ("d/a".to_owned(), names(&["x"])),
                ("d/c".to_owned(), names(&[])),
            ]
        );
    }
}
