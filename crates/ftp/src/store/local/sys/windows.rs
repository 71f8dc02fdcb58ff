//! The calls on Windows, through cap-std. Compiled with care, but untested.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt as _;
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, Metadata, OpenOptions};

use crate::store::{Kind, Revision, Timestamp};

/// What the file system tells about a file.
pub(crate) struct Meta(Metadata);

impl Meta {
    pub(crate) fn kind(&self) -> Kind {
        let kind = self.0.file_type();
        match () {
            () if kind.is_symlink() => Kind::Link,
            () if kind.is_dir() => Kind::Directory,
            () if kind.is_file() => Kind::File,
            () => Kind::Other,
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn mode(&self) -> Option<u32> {
        None
    }

    pub(crate) fn modified(&self) -> Option<Timestamp> {
        self.0.modified().ok().map(|time| time.into_std().into())
    }

    /// From the length and the two times: there is no change time.
    pub(crate) fn revision(&self) -> Revision {
        let nanoseconds = |time: io::Result<cap_std::time::SystemTime>| {
            let time = time.ok().map(|time| Timestamp::from(time.into_std()));
            time.map_or(0, |time| {
                i128::from(time.seconds()) * 1_000_000_000 + i128::from(time.nanoseconds())
            })
        };
        let (created, modified) = (nanoseconds(self.0.created()), nanoseconds(self.0.modified()));
        Revision::new(format!("{:x}-{created:x}-{modified:x}", self.0.len()))
    }

    /// Whether both look like the same file.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        self.revision() == other.revision()
    }

    /// Whether it is a regular file.
    pub(crate) fn is_private(&self) -> bool {
        self.kind() == Kind::File
    }
}

/// A relative path as the operating system spells it.
///
/// What would have another meaning there is refused: other separators, drives and streams, and
/// characters that no name may hold.
pub(crate) fn native(path: &[u8]) -> io::Result<Cow<'_, Path>> {
    let refused = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
    match std::str::from_utf8(path) {
        Ok(text) if !text.contains(refused) => Ok(Cow::Owned(PathBuf::from(text))),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// A name as the operating system spelt it.
pub(crate) fn remote(name: OsString) -> Option<Vec<u8>> {
    name.into_string().ok().map(String::into_bytes)
}

/// How a file is opened for reading.
pub(crate) fn read_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

pub(crate) fn stat(dir: &Dir, name: &[u8]) -> io::Result<Meta> {
    dir.symlink_metadata(native(name)?).map(Meta)
}

/// What a path leads to, links followed beneath `dir`: the one call that resolves.
pub(crate) fn stat_behind_links(dir: &Dir, path: &Path) -> io::Result<Meta> {
    dir.metadata(path).map(Meta)
}

pub(crate) fn stat_directory(dir: &Dir) -> io::Result<Meta> {
    dir.dir_metadata().map(Meta)
}

pub(crate) fn stat_file(file: &File) -> io::Result<Meta> {
    Metadata::from_file(file).map(Meta)
}

pub(crate) fn read_link(dir: &Dir, name: &[u8]) -> io::Result<Vec<u8>> {
    let target = dir.read_link_contents(native(name)?)?;
    remote(target.into_os_string()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

pub(crate) fn open_directory(dir: &Dir, name: &[u8]) -> io::Result<Dir> {
    dir.open_dir_nofollow(native(name)?)
}

pub(crate) fn open_directory_to_list(dir: &Dir, name: &[u8]) -> io::Result<Dir> {
    open_directory(dir, name)
}

/// A handle of a directory is good for everything there.
pub(crate) fn reopen_to_list(dir: &Dir) -> io::Result<Dir> {
    dir.try_clone()
}

/// Calls `each` with every name in a directory.
pub(crate) fn each_name(dir: &Dir, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    for entry in dir.entries()? {
        if let Some(name) = remote(entry?.file_name()) {
            each(&name);
        }
    }
    Ok(())
}

/// Opens for reading what has just been seen to be a regular file.
pub(crate) fn open_file(dir: &Dir, name: &[u8]) -> io::Result<File> {
    open(dir, name, OpenOptions::new().read(true))
}

/// Opens for reading and writing what has just been seen to be a regular file.
pub(crate) fn open_private(dir: &Dir, name: &[u8]) -> io::Result<File> {
    open(dir, name, OpenOptions::new().read(true).write(true))
}

/// Creates a file for this account; who else may open it is inherited from the directory.
pub(crate) fn create_private(dir: &Dir, name: &[u8]) -> io::Result<File> {
    open(dir, name, OpenOptions::new().read(true).write(true).create_new(true))
}

fn open(dir: &Dir, name: &[u8], options: &mut OpenOptions) -> io::Result<File> {
    let options = options.follow(FollowSymlinks::No);
    Ok(dir.open_with(native(name)?, options)?.into_std())
}

pub(crate) fn make_directory(dir: &Dir, name: &[u8]) -> io::Result<()> {
    dir.create_dir(native(name)?)
}

/// Makes a directory; who may use it is inherited.
pub(crate) fn make_private_directory(dir: &Dir, name: &[u8]) -> io::Result<()> {
    make_directory(dir, name)
}

/// Makes a link that leads to a file; what a link leads to is told beforehand there.
pub(crate) fn make_link(dir: &Dir, name: &[u8], target: &[u8]) -> io::Result<()> {
    dir.symlink_file(native(target)?, native(name)?)
}

/// The time of a link is not set there.
pub(crate) fn set_link_modified(_dir: &Dir, _name: &[u8], _time: Timestamp) -> io::Result<()> {
    Ok(())
}

/// The attributes of a directory are not set there.
pub(crate) fn set_directory_attributes(
    _dir: &Dir,
    _mode: Option<u32>,
    _time: Option<Timestamp>,
) -> io::Result<()> {
    Ok(())
}

pub(crate) fn remove_directory(dir: &Dir, name: &[u8]) -> io::Result<()> {
    dir.remove_dir(native(name)?)
}

pub(crate) fn remove_file(dir: &Dir, name: &[u8]) -> io::Result<()> {
    dir.remove_file_or_symlink(native(name)?)
}

pub(crate) fn rename(from_dir: &Dir, from: &[u8], to_dir: &Dir, to: &[u8]) -> io::Result<()> {
    from_dir.rename(native(from)?, to_dir, native(to)?)
}

/// Renames unless the new name is taken: a file by linking it. A directory replaces nothing there
/// in any case, so that only the reason is to be told.
pub(crate) fn rename_exclusive(
    from_dir: &Dir,
    from: &[u8],
    to_dir: &Dir,
    to: &[u8],
) -> io::Result<()> {
    if stat(from_dir, from)?.kind() == Kind::Directory {
        return match stat(to_dir, to) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => rename(from_dir, from, to_dir, to),
        };
    }
    from_dir.hard_link(native(from)?, to_dir, native(to)?)?;
    remove_file(from_dir, from)
}

pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    match file.seek_read(buf, offset) {
        // Reading at or beyond the end is an error there, named ERROR_HANDLE_EOF.
        Err(error) if error.raw_os_error() == Some(38) => Ok(0),
        result => result,
    }
}

pub(crate) fn write_all_at(file: &File, mut data: &[u8], mut offset: u64) -> io::Result<()> {
    while !data.is_empty() {
        let written = file.seek_write(data, offset)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        data = &data[written..];
        offset += written as u64;
    }
    Ok(())
}

/// There are no permission bits.
pub(crate) fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// There are no permission bits.
pub(crate) fn set_mode_at(_dir: &Dir, _name: &[u8], _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Names reach the disk with the file system's own journal.
pub(crate) fn sync_directory(_dir: &Dir) -> io::Result<()> {
    Ok(())
}

/// The free bytes are not asked for here.
pub(crate) fn available(_dir: &Dir) -> Option<u64> {
    None
}

/// There are no permission bits.
pub(crate) fn new_file_mode() -> u32 {
    0o666
}
