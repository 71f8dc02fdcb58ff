//! Directories of a test's own.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{Error, Process, Profile, Program, Served};

/// Directories for one test: what a server serves, what a client has, and a `SEAM_HOME`; gone when
/// it is dropped.
#[derive(Debug)]
pub struct Place {
    dir: TempDir,
    profile: Profile,
}

impl Place {
    /// Makes the directories where temporary files belong.
    ///
    /// # Errors
    ///
    /// If they cannot be made.
    pub fn new() -> Result<Self, Error> {
        Self::beneath(&std::env::temp_dir(), Profile::default())
    }

    /// Makes the directories in `parent`, for the programs of one profile.
    ///
    /// # Errors
    ///
    /// If they cannot be made.
    pub fn beneath(parent: &Path, profile: Profile) -> Result<Self, Error> {
        let dir = tempfile::Builder::new().prefix("seam-it-").tempdir_in(parent)?;
        let place = Self { dir, profile };
        for part in [place.there(), place.here(), place.home()] {
            fs::create_dir(part)?;
        }
        Ok(place)
    }

    /// What a server serves.
    #[must_use]
    pub fn there(&self) -> PathBuf {
        self.dir.path().join("there")
    }

    /// Where a client works.
    #[must_use]
    pub fn here(&self) -> PathBuf {
        self.dir.path().join("here")
    }

    /// The `SEAM_HOME` of the programs.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Writes a file of the server's.
    ///
    /// # Errors
    ///
    /// As [`fs::write`].
    pub fn give_there(&self, name: &str, content: &[u8]) -> Result<PathBuf, Error> {
        let path = self.there().join(name);
        fs::write(&path, content)?;
        Ok(path)
    }

    /// Writes a file of the client's.
    ///
    /// # Errors
    ///
    /// As [`fs::write`].
    pub fn give_here(&self, name: &str, content: &[u8]) -> Result<PathBuf, Error> {
        let path = self.here().join(name);
        fs::write(&path, content)?;
        Ok(path)
    }

    /// `ftp-cli`, to be run in [`here`](Self::here), with nothing of the caller's settings.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn ftp_cli(&self, args: &[&str]) -> Result<Command, Error> {
        self.program(Program::FtpCli, args)
    }

    /// `time-cli`, in the same surroundings.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn time_cli(&self, args: &[&str]) -> Result<Command, Error> {
        self.program(Program::TimeCli, args)
    }

    fn program(&self, program: Program, args: &[&str]) -> Result<Command, Error> {
        let mut command = Command::new(program.built(self.profile)?);
        self.prepare(&mut command);
        command.args(args);
        Ok(command)
    }

    /// Any other program, in the same surroundings.
    pub fn prepare(&self, command: &mut Command) {
        command.current_dir(self.here()).env("SEAM_HOME", self.home()).env_remove("SEAM_SERVER");
    }

    /// Starts the real client at a server, telling what it does in JSON.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn client(&self, server: impl ToString, args: &[&str]) -> Result<Process, Error> {
        let server = server.to_string();
        let mut all = vec!["-s", &server, "--plain", "--json"];
        all.extend_from_slice(args);
        Process::start(&mut self.ftp_cli(&all)?)
    }

    /// Starts the real server over [`there`](Self::there), on a free port.
    ///
    /// # Errors
    ///
    /// If it is not ready in time.
    pub async fn serve(&self, writable: bool) -> Result<Served, Error> {
        self.serve_at("127.0.0.1:0", writable).await
    }

    /// Starts the real server at an address.
    ///
    /// # Errors
    ///
    /// If it is not ready in time.
    pub async fn serve_at(&self, bind: impl ToString, writable: bool) -> Result<Served, Error> {
        let (bind, root) = (bind.to_string(), self.there());
        let mut command = self.ftp_cli(&["serve", "--plain", "--json", "--bind", &bind])?;
        command.arg(root);
        if writable {
            command.arg("--write");
        }
        Served::start(&mut command).await
    }
}
