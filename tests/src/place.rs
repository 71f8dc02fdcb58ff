//! Directories of a test's own.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Ended, Error, Process, Profile, Program, Served};

/// Directories for one test: what a server serves, what a client has, and a `SEAM_HOME`; gone when
/// it is dropped.
///
/// Two places are two machines, as far as keys and tickets are concerned.
#[derive(Debug)]
pub struct Place {
    dir: TempDir,
    profile: Profile,
    encrypted: bool,
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
        let place = Self { dir, profile, encrypted: false };
        for part in [place.there(), place.here(), place.home()] {
            fs::create_dir(part)?;
        }
        Ok(place)
    }

    /// Its servers and clients encrypt and ask who calls, as they do unless told otherwise.
    #[must_use]
    pub fn encrypted(self) -> Self {
        Self { encrypted: true, ..self }
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

    /// Starts the real client at a server, or with a ticket, telling what it does in JSON.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn client(&self, server: impl ToString, args: &[&str]) -> Result<Process, Error> {
        let server = server.to_string();
        let mut command = self.json(&["-s", &server])?;
        Process::start(command.args(args))
    }

    /// Runs the real program, which is to end by itself, without a server named.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or does not end in time.
    pub async fn run(&self, args: &[&str]) -> Result<Ended, Error> {
        Process::start(&mut self.json(args)?)?.end().await
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
        let bind = bind.to_string();
        let write = if writable { Some("--write") } else { None };
        let args: Vec<&str> = ["--bind", &bind].into_iter().chain(write).collect();
        self.serve_with(&self.there(), &args).await
    }

    /// Starts the real server over a directory, with other options.
    ///
    /// # Errors
    ///
    /// If it is not ready in time.
    pub async fn serve_with(&self, root: &Path, args: &[&str]) -> Result<Served, Error> {
        let mut command = self.json(&["serve"])?;
        Served::start(command.arg(root).args(args)).await
    }

    /// Makes a ticket for what is served in [`there`](Self::there), by the server at `addr`.
    ///
    /// # Errors
    ///
    /// If the program gives none.
    pub async fn ticket(&self, addr: SocketAddr, options: &[&str]) -> Result<Given, Error> {
        let (addr, there) = (addr.to_string(), self.there());
        let mut command = self.json(&["-s", &addr, "ticket", "new"])?;
        let ended = Process::start(command.arg(there).args(options))?.end().await?;
        let given = ended.events.iter().find_map(Given::from_event);
        given.ok_or_else(|| format!("no ticket was given: {ended:?}").into())
    }

    /// The program, telling what it does in JSON.
    fn json(&self, args: &[&str]) -> Result<Command, Error> {
        let mut command = self.ftp_cli(&["--json"])?;
        if !self.encrypted {
            command.arg("--plain");
        }
        command.args(args);
        Ok(command)
    }
}

/// A ticket that a program gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What is pasted on the other machine.
    pub ticket: String,
    /// What it is called where it was made.
    pub id: String,
}

impl Given {
    /// The ticket that an event tells.
    #[must_use]
    pub fn from_event(event: &Value) -> Option<Self> {
        let told = event["event"] == "ticket";
        let word = |name: &str| event[name].as_str().map(str::to_owned);
        told.then(|| Some(Self { ticket: word("ticket")?, id: word("id")? })).flatten()
    }

    /// The part of it that must stay secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.ticket.rsplit_once('.').map_or("", |(_, secret)| secret)
    }
}
