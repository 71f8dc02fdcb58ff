//! What is sent, side by side under one root.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ftp::{Kind, LocalStore, RemotePath, Shelf, Store, StoreError};

use super::os;
use crate::exit::Exit;
use crate::problem::Problem;

/// Puts all that is to be sent on a shelf.
pub(super) fn put_on(paths: &[PathBuf]) -> Result<Shelf<LocalStore>, Problem> {
    let mut shelf = Shelf::default();
    for path in paths {
        put(&mut shelf, path).map_err(|problem| problem.on("send", os::show(path)))?;
    }
    Ok(shelf)
}

fn put(shelf: &mut Shelf<LocalStore>, path: &Path) -> Result<(), Problem> {
    let failed = |error: &std::io::Error| {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            std::io::ErrorKind::PermissionDenied => Exit::Denied,
            _ => Exit::Failed,
        };
        Problem::new(exit, os::reason(error))
    };
    // `.` and `..` have names, too.
    let named = match path.file_name() {
        Some(_) => path.to_owned(),
        None => path.canonicalize().map_err(|error| failed(&error))?,
    };
    let (Some(name), Some(parent)) = (named.file_name(), named.parent()) else {
        return Err(Problem::usage("the whole file system has no name to send it by"));
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let store = LocalStore::open(parent, false).map_err(|error| failed(&error.source))?;
    let name = RemotePath::parse(os::bytes(name)).map_err(Problem::usage)?;
    shelf.add(&store, &name).map_err(|error| match &error {
        StoreError::Exists { .. } => {
            Problem::usage("two things of one name cannot be sent together")
        }
        StoreError::NotAFile { kind: Kind::Link, .. } => {
            Problem::usage("it is a link: name what it leads to")
        }
        error => Problem::new(Exit::from(error), error),
    })
}

/// How many files there are, and how large they are together.
pub(super) fn count<S: Store>(store: &S) -> (u64, u64) {
    let (mut files, mut size) = (0, 0_u64);
    let mut directories = vec![RemotePath::root()];
    while let Some(directory) = directories.pop() {
        // What cannot be listed is told to whoever fetches it.
        let _ = store.list(&directory, &mut |entry| {
            match entry.kind {
                Kind::Directory => directories.push(entry.path),
                Kind::File => {
                    files += 1;
                    size = size.saturating_add(entry.size);
                }
                _ => {}
            }
            ControlFlow::Continue(())
        });
    }
    (files, size)
}
