//! The local side of a transfer: where it comes from, where it goes.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ftp::{LocalStore, RemotePath, Timestamp};

use super::conflict::There;
use super::os;
use crate::exit::Exit;
use crate::problem::Problem;

/// A file in a directory here.
#[derive(Debug)]
pub(super) struct LocalFile {
    pub(super) store: Arc<LocalStore>,
    /// The file within the directory.
    pub(super) path: RemotePath,
    dir: PathBuf,
}

/// Where a file that is fetched goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// Into this directory, under this name.
    File { dir: PathBuf, name: Vec<u8> },
    /// Into a pipe, a terminal or another device.
    Device(PathBuf),
}

/// Where a file that is sent comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// From this directory, under this name; links to it are resolved.
    File { dir: PathBuf, name: Vec<u8> },
    /// From a pipe or another device.
    Device(PathBuf),
}

/// Opens directories as stores, the same one but once.
#[derive(Debug, Default)]
pub(super) struct Directories {
    last: Option<(PathBuf, Arc<LocalStore>)>,
}

impl LocalFile {
    /// The file under the name it has got.
    pub(super) fn at(&self, path: &RemotePath) -> PathBuf {
        let name = path.file_name().map(<[u8]>::to_vec).and_then(os::name);
        let name = name.unwrap_or_default();
        match self.dir == Path::new(".") {
            true => name.into(),
            false => self.dir.join(name),
        }
    }

    /// What stands there now.
    pub(super) fn there(&self) -> Option<There> {
        let metadata = fs::metadata(self.at(&self.path)).ok()?;
        Some(There {
            size: metadata.len(),
            modified: metadata.modified().ok().map(Timestamp::from),
        })
    }
}

impl Directories {
    /// The file `name` in `dir`.
    pub(super) fn file(
        &mut self,
        dir: PathBuf,
        name: &[u8],
        writable: bool,
    ) -> Result<LocalFile, Problem> {
        let path = RemotePath::root().join(name).map_err(Problem::usage)?;
        let store = match &self.last {
            Some((last, store)) if *last == dir => Arc::clone(store),
            _ => {
                let opened = LocalStore::open(&dir, writable);
                Arc::new(opened.map_err(|error| unusable(&dir, &error.source))?)
            }
        };
        self.last = Some((dir.clone(), Arc::clone(&store)));
        Ok(LocalFile { store, path, dir })
    }
}

/// Where a file called `name` goes when the user said `output`; `many` are on their way.
pub(super) fn destination(
    base: &Path,
    output: Option<&Path>,
    name: &[u8],
    many: bool,
) -> Result<Destination, Problem> {
    let into = |dir: PathBuf| Destination::File { dir, name: name.to_vec() };
    let here = || {
        if base.as_os_str().is_empty() { PathBuf::from(".") } else { base.to_owned() }
    };
    let Some(output) = output else {
        return Ok(into(here()));
    };
    let path = base.join(output);
    let wants_directory = many || ends_with_separator(output);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Ok(into(path)),
        Ok(_) if wants_directory => {
            let message = format!("`{}` is not a directory", os::show(output));
            Err(Problem::new(Exit::Failed, message))
        }
        // A link that the user named is followed.
        Ok(metadata) if metadata.is_file() => {
            let path = fs::canonicalize(&path).map_err(|error| unusable(output, &error))?;
            let (dir, name) = dir_and_name(&path).ok_or_else(|| no_name(output))?;
            Ok(Destination::File { dir, name: os::bytes(name).to_vec() })
        }
        Ok(_) => Ok(Destination::Device(path)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(output, &error)),
        Err(_) if wants_directory => {
            fs::create_dir_all(&path).map_err(|error| unusable(output, &error))?;
            Ok(into(path))
        }
        Err(_) => {
            let (dir, name) = dir_and_name(&path).ok_or_else(|| no_name(output))?;
            Ok(Destination::File { dir, name: os::bytes(name).to_vec() })
        }
    }
}

/// Where `path` is read from.
pub(super) fn origin(path: &Path) -> Result<Origin, Problem> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Problem::new(Exit::NotFound, "no such file here"),
        io::ErrorKind::PermissionDenied => Problem::new(Exit::Denied, os::reason(&error)),
        _ => Problem::new(Exit::Failed, os::reason(&error)),
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        let message = "it is a directory, and only files are sent so far";
        return Err(Problem::new(Exit::Failed, message));
    }
    if !metadata.is_file() {
        return Ok(Origin::Device(path.to_owned()));
    }
    let real = fs::canonicalize(path).map_err(failed)?;
    let (dir, name) = dir_and_name(&real).ok_or_else(|| no_name(path))?;
    Ok(Origin::File { dir, name: os::bytes(name).to_vec() })
}

fn dir_and_name(path: &Path) -> Option<(PathBuf, &OsStr)> {
    let name = path.file_name()?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    Some((dir.unwrap_or(Path::new(".")).to_owned(), name))
}

fn ends_with_separator(path: &Path) -> bool {
    let last = os::bytes(path.as_os_str()).last().copied();
    last.is_some_and(|last| std::path::is_separator(char::from(last)))
}

fn no_name(path: &Path) -> Problem {
    Problem::usage(format_args!("`{}` names no file", os::show(path)))
}

fn unusable(path: &Path, error: &io::Error) -> Problem {
    let exit = match error.kind() {
        io::ErrorKind::NotFound => Exit::NotFound,
        io::ErrorKind::PermissionDenied => Exit::Denied,
        _ => Exit::Failed,
    };
    Problem::new(exit, format_args!("`{}` here: {}", os::show(path), os::reason(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dir: PathBuf, name: &str) -> Destination {
        Destination::File { dir, name: name.as_bytes().to_vec() }
    }

    #[test]
    fn a_destination_is_a_directory_if_it_is_one_or_is_written_like_one() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path();
        let to = |output: Option<&str>, many| {
            destination(base, output.map(Path::new), b"a.txt", many).unwrap()
        };
        assert_eq!(to(None, false), file(base.into(), "a.txt"));
        assert_eq!(to(Some("b.txt"), false), file(base.into(), "b.txt"));
        fs::create_dir(base.join("dir")).unwrap();
        assert_eq!(to(Some("dir"), false), file(base.join("dir"), "a.txt"));
        assert_eq!(to(Some("new/"), false), file(base.join("new/"), "a.txt"));
        assert!(base.join("new").is_dir());
        assert_eq!(to(Some("many"), true), file(base.join("many"), "a.txt"));
    }

    #[test]
    fn a_file_is_no_directory() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("f"), "").unwrap();
        let problem = destination(temp.path(), Some(Path::new("f")), b"a", true).unwrap_err();
        assert_eq!(problem.to_string(), "`f` is not a directory");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_the_user_named_is_followed_and_devices_are_written_to() {
        let temp = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(temp.path()).unwrap();
        fs::create_dir(base.join("real")).unwrap();
        fs::write(base.join("real/f"), "").unwrap();
        std::os::unix::fs::symlink("real/f", base.join("link")).unwrap();
        let to = destination(&base, Some(Path::new("link")), b"a", false).unwrap();
        assert_eq!(to, file(base.join("real"), "f"));
        let from = origin(&base.join("link")).unwrap();
        assert_eq!(from, Origin::File { dir: base.join("real"), name: b"f".to_vec() });
        let null = Path::new("/dev/null");
        let to = destination(&base, Some(null), b"a", false).unwrap();
        assert_eq!(to, Destination::Device(null.into()));
        assert_eq!(origin(null).unwrap(), Origin::Device(null.into()));
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(origin(&temp.path().join("gone")).unwrap_err().exit, Exit::NotFound);
        let problem = origin(temp.path()).unwrap_err();
        assert_eq!(problem.to_string(), "it is a directory, and only files are sent so far");
    }
}
