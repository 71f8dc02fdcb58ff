//! The calls on Unix: `*at`, with `O_NOFOLLOW` throughout.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;

use cap_std::fs::{Dir, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use crate::store::{Kind, Revision, Timestamp};

/// What the file system tells about a file.
pub(crate) struct Meta(Metadata);

impl Meta {
    pub(crate) fn kind(&self) -> Kind {
        let kind = self.0.file_type();
        match () {
            () if kind.is_file() => Kind::File,
            () if kind.is_dir() => Kind::Directory,
            () if kind.is_symlink() => Kind::Link,
            () => Kind::Other,
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn mode(&self) -> Option<u32> {
        Some(self.0.mode() & 0o7777)
    }

    pub(crate) fn modified(&self) -> Option<Timestamp> {
        Timestamp::new(self.0.mtime(), u32::try_from(self.0.mtime_nsec()).ok()?)
    }

    /// Unlike any other file's, and unlike this one's after a change: the change time moves with
    /// every write and cannot be set back.
    pub(crate) fn revision(&self) -> Revision {
        let Self(meta) = self;
        Revision::new(format!(
            "{:x}-{:x}-{:x}-{:x}.{:x}-{:x}.{:x}",
            meta.dev(),
            meta.ino(),
            meta.len(),
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime(),
            meta.ctime_nsec()
        ))
    }

    /// Whether both are the same file, under whatever names.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        (self.0.dev(), self.0.ino()) == (other.0.dev(), other.0.ino())
    }

    /// Whether it is a regular file of this account which has no other name: nobody planted it.
    pub(crate) fn is_private(&self) -> bool {
        self.kind() == Kind::File
            && self.0.nlink() == 1
            && self.0.uid() == rustix::process::geteuid().as_raw()
    }
}

/// A relative path as the operating system spells it.
pub(crate) fn native(path: &[u8]) -> io::Result<Cow<'_, Path>> {
    Ok(Cow::Borrowed(Path::new(OsStr::from_bytes(path))))
}

/// A name as the operating system spelt it.
pub(crate) fn remote(name: OsString) -> Option<Vec<u8>> {
    Some(name.into_vec())
}

/// How a file is opened for reading: if it is a pipe after all, without waiting for a writer.
pub(crate) fn read_options() -> OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options
}

pub(crate) fn stat(dir: &Dir, name: &[u8]) -> io::Result<Meta> {
    dir.symlink_metadata(OsStr::from_bytes(name)).map(Meta)
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
    Ok(rustix::fs::readlinkat(dir, name, Vec::new())?.into_bytes())
}

pub(crate) fn open_directory(dir: &Dir, name: &[u8]) -> io::Result<Dir> {
    // A handle to pass through needs no permission to read the directory.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const ACCESS: OFlags = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const ACCESS: OFlags = OFlags::RDONLY;

    let flags = ACCESS | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(dir, name, flags, Mode::empty())?;
    Ok(Dir::from_std_file(directory.into()))
}

/// Opens a directory in which names are listed and attributes are set, without following a link.
pub(crate) fn open_directory_to_list(dir: &Dir, name: &[u8]) -> io::Result<Dir> {
    match open_listable(dir, name) {
        // Who may not list it may perhaps still pass through.
        Err(Errno::ACCESS) => open_directory(dir, name),
        opened => Ok(opened?),
    }
}

/// Opens a directory once more, so that names can be listed and attributes be set.
pub(crate) fn reopen_to_list(dir: &Dir) -> io::Result<Dir> {
    match open_listable(dir, b".") {
        Err(Errno::ACCESS) => dir.try_clone(),
        opened => Ok(opened?),
    }
}

fn open_listable(dir: &Dir, name: &[u8]) -> rustix::io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(dir, name, flags, Mode::empty())?;
    Ok(Dir::from_std_file(directory.into()))
}

/// Calls `each` with every name in a directory.
pub(crate) fn each_name(dir: &Dir, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            each(name);
        }
    }
    Ok(())
}

/// Opens for reading what has just been seen to be a regular file.
pub(crate) fn open_file(dir: &Dir, name: &[u8]) -> io::Result<File> {
    open(dir, name, OFlags::RDONLY)
}

/// Opens for reading and writing what has just been seen to be a regular file.
pub(crate) fn open_private(dir: &Dir, name: &[u8]) -> io::Result<File> {
    open(dir, name, OFlags::RDWR)
}

/// Creates a file that only this account can open.
pub(crate) fn create_private(dir: &Dir, name: &[u8]) -> io::Result<File> {
    open(dir, name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
}

fn open(dir: &Dir, name: &[u8], flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, name, flags, Mode::RUSR | Mode::WUSR)?.into())
}

pub(crate) fn make_directory(dir: &Dir, name: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::mkdirat(dir, name, Mode::RWXU | Mode::RWXG | Mode::RWXO)?)
}

/// Makes a directory that only this account can use.
pub(crate) fn make_private_directory(dir: &Dir, name: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::mkdirat(dir, name, Mode::RWXU)?)
}

pub(crate) fn make_link(dir: &Dir, name: &[u8], target: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::symlinkat(target, dir, name)?)
}

/// Sets the modification time of a link, not of what it leads to.
pub(crate) fn set_link_modified(dir: &Dir, name: &[u8], time: Timestamp) -> io::Result<()> {
    Ok(rustix::fs::utimensat(dir, name, &modified(time), AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Sets the attributes of a directory itself.
pub(crate) fn set_directory_attributes(
    dir: &Dir,
    mode: Option<u32>,
    time: Option<Timestamp>,
) -> io::Result<()> {
    if let Some(mode) = mode {
        match rustix::fs::fchmod(dir, Mode::from_raw_mode(mode)) {
            // As for files: the file system keeps no bits.
            Err(Errno::PERM) if dir.dir_metadata().is_ok_and(|meta| is_ours(&meta)) => {}
            set => set?,
        }
    }
    time.map_or(Ok(()), |time| Ok(rustix::fs::futimens(dir, &modified(time))?))
}

fn is_ours(meta: &Metadata) -> bool {
    meta.uid() == rustix::process::geteuid().as_raw()
}

/// Leaves the time of the last access as it is.
fn modified(time: Timestamp) -> Timestamps {
    let omit = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };
    let time = Timespec { tv_sec: time.seconds(), tv_nsec: time.nanoseconds().into() };
    Timestamps { last_access: omit, last_modification: time }
}

pub(crate) fn remove_directory(dir: &Dir, name: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR)?)
}

pub(crate) fn remove_file(dir: &Dir, name: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::unlinkat(dir, name, AtFlags::empty())?)
}

pub(crate) fn rename(from_dir: &Dir, from: &[u8], to_dir: &Dir, to: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::renameat(from_dir, from, to_dir, to)?)
}

/// Renames unless the new name is taken, in one step where the system can.
pub(crate) fn rename_exclusive(
    from_dir: &Dir,
    from: &[u8],
    to_dir: &Dir,
    to: &[u8],
) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        let exclusive = rustix::fs::RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(from_dir, from, to_dir, to, exclusive) {
            // Some file systems, and kernels before 3.15, lack the flag.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            result => return Ok(result?),
        }
    }
    claim_and_rename(from_dir, from, to_dir, to)
}

/// [`rename_exclusive`] in two steps: the first takes the new name, and fails if it is taken.
fn claim_and_rename(from_dir: &Dir, from: &[u8], to_dir: &Dir, to: &[u8]) -> io::Result<()> {
    if stat(from_dir, from)?.kind() == Kind::Directory {
        // An empty directory is replaced by a rename, and only an empty one.
        make_directory(to_dir, to)?;
        return rename(from_dir, from, to_dir, to).inspect_err(|_| {
            // The name was only to be held; that it stays is the lesser of two errors.
            let _ = remove_directory(to_dir, to);
        });
    }
    rustix::fs::linkat(from_dir, from, to_dir, to, AtFlags::empty())?;
    remove_file(from_dir, from)
}

pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buf, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

pub(crate) fn write_all_at(file: &File, data: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(data, offset)
}

/// Sets the permission bits, where the file system has any.
pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    match file.set_permissions(Permissions::from_mode(mode)) {
        // The file is ours, so that this means a file system such as FAT.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::PERM) => Ok(()),
        result => result,
    }
}

/// Sets the permission bits of what has just been seen to be a regular file.
pub(crate) fn set_mode_at(dir: &Dir, name: &[u8], mode: u32) -> io::Result<()> {
    // A link put there meanwhile is not followed: its file cannot be opened.
    set_mode(&open_file(dir, name)?, mode)
}

/// Brings the names in a directory to the disk.
pub(crate) fn sync_directory(dir: &Dir) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(dir, c".", flags, Mode::empty())?;
    Ok(rustix::fs::fsync(directory)?)
}

/// The free bytes of the file system; `None` where it does not tell.
pub(crate) fn available(dir: &Dir) -> Option<u64> {
    let space = rustix::fs::fstatvfs(dir).ok()?;
    (space.f_blocks > 0).then(|| space.f_bavail.saturating_mul(space.f_frsize))
}

/// The permission bits of a new file: those that the process's umask leaves.
///
/// Asking the system means setting the mask and back, which other threads would feel; so it is read
/// from `/proc`, and taken to be the usual one where there is none.
pub(crate) fn new_file_mode() -> u32 {
    let mask = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
        u32::from_str_radix(line.trim(), 8).ok()
    });
    0o666 & !mask.unwrap_or(0o022)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> (tempfile::TempDir, Dir) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(temporary.path(), cap_std::ambient_authority()).unwrap();
        (temporary, dir)
    }

    #[test]
    fn renaming_in_two_steps_replaces_nothing() {
        let (temporary, dir) = temporary();
        let at = |name: &str| temporary.path().join(name);
        std::fs::write(at("a"), "a").unwrap();
        std::fs::write(at("b"), "b").unwrap();
        std::fs::create_dir(at("d")).unwrap();
        std::fs::create_dir(at("e")).unwrap();
        std::fs::write(at("d/inner"), "inner").unwrap();

        let taken = |from: &[u8], to: &[u8]| {
            claim_and_rename(&dir, from, &dir, to).unwrap_err().kind()
                == io::ErrorKind::AlreadyExists
        };
        assert!(taken(b"a", b"b") && taken(b"a", b"e") && taken(b"d", b"e") && taken(b"d", b"a"));
        claim_and_rename(&dir, b"a", &dir, b"c").unwrap();
        claim_and_rename(&dir, b"d", &dir, b"f").unwrap();
        assert!(!at("a").exists() && !at("d").exists());
        assert_eq!(std::fs::read_to_string(at("c")).unwrap(), "a");
        assert_eq!(std::fs::read_to_string(at("f/inner")).unwrap(), "inner");
    }

    #[test]
    fn a_failed_second_step_gives_the_name_back() {
        let (temporary, dir) = temporary();
        std::fs::create_dir_all(temporary.path().join("d/inner")).unwrap();
        let inner = open_directory(&dir, b"d").unwrap();
        assert!(claim_and_rename(&dir, b"d", &inner, b"moved").is_err());
        assert!(!temporary.path().join("d/moved").exists());
    }

    #[test]
    fn a_new_files_mode_is_that_of_a_file_made_by_the_process() {
        let (temporary, _) = temporary();
        let file = File::create(temporary.path().join("probe")).unwrap();
        assert_eq!(stat_file(&file).unwrap().mode(), Some(new_file_mode()));
    }
}
