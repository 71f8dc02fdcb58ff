//! Private files: read only if nobody else can have touched them, replaced whole or not at all,
//! and by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::HomeError;

/// The file whose lock is held by whoever changes something.
const LOCK: &str = "lock";

/// How long to wait for the lock: it is held for the time of a few small writes.
const LOCK_WITHIN: Duration = Duration::from_secs(5);

/// How often to look whether the lock is free.
const LOCK_POLL: Duration = Duration::from_millis(5);

/// A file that was changed so short a time before it was read may change again without looking
/// different: file systems count time in steps, the coarsest (FAT) in steps of 2 s.
const COARSEST_CLOCK: Duration = Duration::from_secs(2);

/// What others may do with a file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Nothing.
    Secret,
    /// Read it, as far as the directory lets them.
    Readable,
}

/// The exclusive right to change the files of one home; it ends when this is dropped, and when
/// the process ends, however it does.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// How a file looks from outside: whenever its content changes, this does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    /// The file's number and the time of its last change of any kind, which no one can set.
    node: (u64, i64, i64),
}

/// Makes `dir` if there is none, for us alone; its parents too.
pub(crate) fn make_directory(dir: &Path) -> Result<(), HomeError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| HomeError::io(dir, source))
}

/// Closes `dir` to others, if it is ours and they can but look into it. One in which they can
/// write is meant to be shared, as `/tmp` is, and left alone.
pub(crate) fn close_directory(dir: &Path) -> Result<(), HomeError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let closable = |metadata: &fs::Metadata| {
            let others = metadata.permissions().mode() & 0o077;
            metadata.is_dir()
                && check_owner(dir, metadata).is_ok()
                && others != 0
                && others & 0o022 == 0
        };
        if fs::metadata(dir).is_ok_and(|metadata| closable(&metadata)) {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
                .map_err(|source| HomeError::io(dir, source))?;
        }
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Whether there is such a directory, and it is ours alone.
pub(crate) fn check_directory(dir: &Path) -> Result<bool, HomeError> {
    let metadata = match fs::metadata(dir) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(HomeError::io(dir, source)),
    };
    if !metadata.is_dir() {
        return Err(HomeError::NotADirectory { path: dir.into() });
    }
    check_owner(dir, &metadata)?;
    check_mode(dir, &metadata, 0o077, 0o700)?;
    Ok(true)
}

/// Reads a file that is ours; `None` where there is none.
pub(crate) fn read(path: &Path, privacy: Privacy) -> Result<Option<Vec<u8>>, HomeError> {
    let io = |source| HomeError::io(path, source);
    let mut options = OpenOptions::new();
    options.read(true);
    // Opening a pipe that someone put there would wait for ever.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io(source)),
    };
    // What is asked is the open file, so that nobody can exchange it after the question.
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(HomeError::NotAFile { path: path.into() });
    }
    check_owner(path, &metadata)?;
    let forbidden = match privacy {
        Privacy::Secret => 0o077,
        Privacy::Readable => 0o022,
    };
    check_mode(path, &metadata, forbidden, 0o600)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(io)?;
    Ok(Some(bytes))
}

/// Puts `bytes` in the place of the file, whole: whoever reads it at any time, or after a crash at
/// any time, finds the old content or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8], _lock: &Lock) -> Result<(), HomeError> {
    let io = |source| HomeError::io(path, source);
    // The name is fixed, so that whatever a crash leaves is cleared away by the next write. The
    // lock keeps two writers from it.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = Path::new(&temporary);
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let mut file = private_options().write(true).create_new(true).open(temporary).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(temporary, path).map_err(io)?;
    sync_parent(path).map_err(io)
}

/// Waits for the lock of the home in `dir`.
pub(crate) fn lock(dir: &Path) -> Result<Lock, HomeError> {
    let path = dir.join(LOCK);
    let io = |source| HomeError::io(&path, source);
    let file =
        private_options().write(true).create(true).truncate(false).open(&path).map_err(io)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_WITHIN => {
                thread::sleep(LOCK_POLL);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(HomeError::Locked { path, waited: LOCK_WITHIN });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
    }
}

impl Stamp {
    /// How the file looks now; `None` where there is none.
    pub(crate) fn of(path: &Path) -> Result<Option<Self>, HomeError> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(HomeError::io(path, source)),
        };
        #[cfg(unix)]
        let node = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let node = (0, 0, 0);
        Ok(Some(Self { modified: metadata.modified().ok(), len: metadata.len(), node }))
    }

    /// Whether a later change might look the same, if this was taken at `now`.
    pub(crate) fn is_fresh(&self, now: SystemTime) -> bool {
        self.modified.is_none_or(|modified| {
            now.duration_since(modified).is_ok_and(|age| age < COARSEST_CLOCK)
        })
    }
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(path.parent().expect("a file of a home lies in it"))?.sync_all()
}

/// Elsewhere a directory cannot be opened as a file, and renames are journalled.
#[cfg(not(unix))]
fn sync_parent(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<(), HomeError> {
    let found = std::os::unix::fs::MetadataExt::uid(metadata);
    let ours = rustix::process::geteuid().as_raw();
    match found == ours {
        true => Ok(()),
        false => Err(HomeError::NotOurs { path: path.into(), found, ours }),
    }
}

#[cfg(unix)]
fn check_mode(
    path: &Path,
    metadata: &fs::Metadata,
    forbidden: u32,
    allowed: u32,
) -> Result<(), HomeError> {
    let mode = std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777;
    match mode & forbidden {
        0 => Ok(()),
        _ => Err(HomeError::TooOpen { path: path.into(), mode, allowed }),
    }
}

/// Elsewhere the profile directory's access list is what keeps others out.
#[cfg(not(unix))]
fn check_owner(_path: &Path, _metadata: &fs::Metadata) -> Result<(), HomeError> {
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(
    _path: &Path,
    _metadata: &fs::Metadata,
    _forbidden: u32,
    _allowed: u32,
) -> Result<(), HomeError> {
    Ok(())
}
