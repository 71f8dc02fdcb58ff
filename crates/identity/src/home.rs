//! Where an account keeps its key and its books.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk::{self, Lock, Privacy};
use crate::key::{self, Identity, KeyFileError};
use crate::{AuthorizedClients, KnownServers, Tickets};

/// The key's file.
const KEY: &str = "key";

/// The directory in which an account keeps its key, whom it knows, and the tickets it gave.
///
/// Nothing is touched before it is needed. The directory must be the account's own and closed to
/// others (0700), and so must the key (0600): whoever can write there can let himself in.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// let home = identity::Home::at(dir.path().join("seam"));
/// let key = home.key()?;
/// assert_eq!(home.key()?.public(), key.public());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    dir: PathBuf,
}

impl Home {
    /// The home in this directory.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The account's own: `SEAM_HOME`, else `seam` in the platform's directory for state
    /// (`~/.local/state` on Linux).
    ///
    /// # Errors
    ///
    /// If the system knows no home directory for the account.
    pub fn from_env() -> Result<Self, HomeError> {
        if let Some(dir) = env::var_os("SEAM_HOME").filter(|dir| !dir.is_empty()) {
            return Ok(Self::at(dir));
        }
        let state = dirs::state_dir().or_else(dirs::data_local_dir).ok_or(HomeError::Unknown)?;
        Ok(Self::at(state.join("seam")))
    }

    /// The directory; it need not be there yet.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The account's key, which is made when it is asked for the first time. Of several processes
    /// that do so at once, all get the same.
    ///
    /// # Errors
    ///
    /// If the directory or the file is open to others or belongs to another account, or if the
    /// file holds anything but a whole Ed25519 key. A key is never overwritten.
    pub fn key(&self) -> Result<Identity, HomeError> {
        let path = self.dir.join(KEY);
        // A directory that holds other things of ours becomes private with the first secret.
        if !path.exists() {
            disk::close_directory(&self.dir)?;
        }
        if let Some(key) = self.read_key(&path)? {
            return Ok(key);
        }
        let lock = self.lock()?;
        if let Some(key) = self.read_key(&path)? {
            return Ok(key);
        }
        let (identity, pem) = key::generate();
        disk::replace(&path, pem.as_bytes(), &lock)?;
        Ok(identity)
    }

    /// The servers whose keys are known.
    #[must_use]
    pub fn known_servers(&self) -> KnownServers {
        KnownServers::new(self.clone())
    }

    /// The clients that may come in.
    #[must_use]
    pub fn authorized_clients(&self) -> AuthorizedClients {
        AuthorizedClients::new(self.clone())
    }

    /// The tickets that were given.
    #[must_use]
    pub fn tickets(&self) -> Tickets {
        Tickets::new(self.clone())
    }

    /// Whether the directory is there; an error if others could have changed what is in it.
    pub(crate) fn check(&self) -> Result<bool, HomeError> {
        disk::check_directory(&self.dir)
    }

    /// The exclusive right to change what is here; makes the directory.
    pub(crate) fn lock(&self) -> Result<Lock, HomeError> {
        disk::make_directory(&self.dir)?;
        self.check()?;
        disk::lock(&self.dir)
    }

    fn read_key(&self, path: &Path) -> Result<Option<Identity>, HomeError> {
        if !self.check()? {
            return Ok(None);
        }
        let Some(bytes) = disk::read(path, Privacy::Secret)? else { return Ok(None) };
        key::from_pem(bytes)
            .map(Some)
            .map_err(|source| HomeError::Key { path: path.into(), source })
    }
}

/// Why what is in a [`Home`] cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// There is no home directory to put it in.
    #[error("this account has no home directory: set SEAM_HOME to a directory of yours")]
    Unknown,
    /// What the system says.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others can read it, or change it.
    #[error(
        "{path} is open to others (mode {mode:04o}): if nobody has used that, run \
         `chmod {allowed:o} '{path}'`",
        path = path.display()
    )]
    TooOpen {
        /// The file or directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// The permissions that it should have.
        allowed: u32,
    },
    /// It belongs to another account.
    #[error("{} belongs to another account (uid {found}; this one is {ours})", path.display())]
    NotOurs {
        /// The file or directory.
        path: PathBuf,
        /// Whose it is.
        found: u32,
        /// Who we are.
        ours: u32,
    },
    /// Something else stands where the directory should be.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// What stands there.
        path: PathBuf,
    },
    /// Something else stands where a file should be.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// The key's file does not hold a key of ours.
    #[error(
        "{path}: {source}; put a copy of the right one there, or move it away to get a new key, \
         which no other machine will know",
        path = path.display()
    )]
    Key {
        /// The key's file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyFileError,
    },
    /// Another process does not let go of the lock.
    #[error("{} has been locked by another process for {} s", path.display(), waited.as_secs())]
    Locked {
        /// The lock.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
}

impl HomeError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }
}
