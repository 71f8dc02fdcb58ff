//! The local side of a transfer: where it comes from, where it goes.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ftp::{LocalStore, RemotePath, Timestamp};

use super::conflict::There;
use super::os;
use super::place::{Dest, Form, Found, Place, place};
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
    /// All of this directory.
    Directory(PathBuf),
    /// From a pipe or another device.
    Device(PathBuf),
}

/// Where a directory that is fetched goes, or a thing that is only compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// A directory that is there.
    pub(super) dir: PathBuf,
    /// The name in it; nothing for the directory itself.
    pub(super) name: Vec<u8>,
    /// The whole, as it is shown.
    pub(super) shown: PathBuf,
    /// The same command would not mean this place again once it is there.
    pub(super) is_new: bool,
}

/// What is on its way to a [`Spot`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Coming<'a> {
    pub(super) name: &'a [u8],
    pub(super) form: Form,
    pub(super) is_directory: bool,
    /// Whether others are, too.
    pub(super) several: bool,
    /// Whether nothing is to be made for it.
    pub(super) dry_run: bool,
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

/// Where a directory goes when the user said `output`.
pub(super) fn spot(
    base: &Path,
    output: Option<&Path>,
    coming: Coming<'_>,
) -> Result<Spot, Problem> {
    let here = || if base.as_os_str().is_empty() { PathBuf::from(".") } else { base.to_owned() };
    let named = |dir: PathBuf, is_new| {
        let name = os::name(coming.name.to_vec()).unwrap_or_default();
        let shown = dir.join(name);
        Spot { dir, name: coming.name.to_vec(), shown, is_new }
    };
    let itself = |dir: PathBuf| Spot { shown: dir.clone(), name: Vec::new(), dir, is_new: false };
    let Some(output) = output else {
        return Ok(match place(coming.form, None, coming.several) {
            Place::Here => itself(here()),
            _ => named(here(), false),
        });
    };
    let path = base.join(output);
    let found = match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Found::Directory,
        // A file may stand where a file goes.
        Ok(_) if !coming.is_directory && !coming.several => Found::Nothing,
        Ok(_) => Found::Other,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
        Err(error) => return Err(unusable(output, &error)),
    };
    let dest = Dest { found, slash: ends_with_separator(output) };
    match place(coming.form, Some(dest), coming.several) {
        Place::Taken => {
            let message = format!("`{}` is not a directory", os::show(output));
            Err(Problem::new(Exit::Failed, message))
        }
        Place::Itself if found == Found::Directory => Ok(itself(path)),
        Place::Itself if !dest.slash => {
            let (dir, name) = dir_and_name(&path).ok_or_else(|| no_name(output))?;
            let name = os::bytes(name).to_vec();
            let is_new = coming.form == Form::Whole && coming.is_directory;
            Ok(Spot { dir, name, shown: path, is_new })
        }
        _ if found == Found::Nothing && coming.dry_run => first_missing(&path, output),
        place => {
            fs::create_dir_all(&path).map_err(|error| unusable(output, &error))?;
            Ok(if place == Place::Itself { itself(path) } else { named(path, false) })
        }
    }
}

/// Where nothing is, nothing can be compared with: the first name that is missing stands for all
/// that would be made beneath it.
fn first_missing(path: &Path, output: &Path) -> Result<Spot, Problem> {
    let mut missing = path;
    loop {
        let (dir, name) = dir_and_name(missing).ok_or_else(|| no_name(output))?;
        if dir.is_dir() {
            let name = os::bytes(name).to_vec();
            return Ok(Spot { dir, name, shown: path.to_owned(), is_new: false });
        }
        missing = missing.parent().ok_or_else(|| no_name(output))?;
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
        return Ok(Origin::Directory(path.to_owned()));
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

/// Something here that cannot be used.
pub(super) fn unusable(path: &Path, error: &io::Error) -> Problem {
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
    fn what_is_not_here_cannot_be_sent_and_a_directory_is_sent_whole() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(origin(&temp.path().join("gone")).unwrap_err().exit, Exit::NotFound);
        assert_eq!(origin(temp.path()).unwrap(), Origin::Directory(temp.path().into()));
    }

    #[test]
    fn a_directory_goes_into_a_place_or_becomes_it() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path();
        fs::create_dir(base.join("there")).unwrap();
        fs::write(base.join("file"), "").unwrap();
        let to = |output: Option<&str>, form, several| {
            let (name, is_directory, dry_run) = (&b"photos"[..], true, true);
            let coming = Coming { name, form, is_directory, several, dry_run };
            spot(base, output.map(Path::new), coming)
        };
        let at = |dir: &str, name: &str, shown: &str, is_new| Spot {
            dir: if dir.is_empty() { base.to_owned() } else { base.join(dir) },
            name: name.as_bytes().to_vec(),
            shown: if shown.is_empty() { base.to_owned() } else { base.join(shown) },
            is_new,
        };
        let cases = [
            (None, Form::Whole, at("", "photos", "photos", false)),
            (None, Form::Slash, at("", "photos", "photos", false)),
            (None, Form::Contents, at("", "", "", false)),
            (Some("there"), Form::Whole, at("there", "photos", "there/photos", false)),
            (Some("there"), Form::Slash, at("there", "", "there", false)),
            (Some("new"), Form::Whole, at("", "new", "new", true)),
            (Some("new"), Form::Slash, at("", "new", "new", false)),
            // Nothing is made by asking; what is missing is compared with nothing.
            (Some("new/a/"), Form::Whole, at("", "new", "new/a/", false)),
        ];
        for (output, form, expected) in cases {
            assert_eq!(to(output, form, false).unwrap(), expected, "{form:?} to {output:?}");
        }
        let problem = to(Some("file"), Form::Whole, false).unwrap_err();
        assert_eq!(problem.to_string(), "`file` is not a directory");
        assert!(!base.join("new").exists());
    }
}
