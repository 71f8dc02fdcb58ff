//! The real programs: built, and found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::Error;

/// A program of this workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// Moves files.
    FtpCli,
    /// Tells the time.
    TimeCli,
    /// The chores, for those of them that must be optimised.
    Xtask,
}

/// How a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Quickly.
    Dev,
    /// To be quick.
    Release,
}

impl Default for Profile {
    /// As this crate is built itself.
    fn default() -> Self {
        if cfg!(debug_assertions) { Self::Dev } else { Self::Release }
    }
}

/// What was built already, or why it could not be.
static BUILT: Mutex<BTreeMap<(Program, Profile), Result<PathBuf, String>>> =
    Mutex::new(BTreeMap::new());

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::FtpCli => "ftp-cli",
            Self::TimeCli => "time-cli",
            Self::Xtask => "xtask",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::FtpCli | Self::TimeCli => "ftp-cli",
            Self::Xtask => "xtask",
        }
    }

    /// Builds it, once in a process, and tells where it is.
    ///
    /// Cargo is asked rather than a path guessed, so that the program is never an old one. With
    /// `SEAM_FTP_CLI` set, or `SEAM_TIME_CLI` and so on, that program is taken instead.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn built(self, profile: Profile) -> Result<PathBuf, Error> {
        // Whoever finds it locked waits for what is being built, rather than for cargo's lock.
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let found = built.entry((self, profile)).or_insert_with(|| {
            let variable = format!("SEAM_{}", self.name().to_uppercase().replace('-', "_"));
            match std::env::var_os(variable) {
                Some(given) => Ok(PathBuf::from(given)),
                None => self.build(profile).map_err(|error| error.to_string()),
            }
        });
        Ok(found.clone()?)
    }

    fn build(self, profile: Profile) -> Result<PathBuf, Error> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["build", "--quiet", "--package", self.package(), "--bin", self.name()])
            .arg("--message-format=json-render-diagnostics")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        if profile == Profile::Release {
            command.arg("--release");
        }
        let output = command.output()?;
        if !output.status.success() {
            return Err(format!("{} cannot be built", self.name()).into());
        }
        let lines = output.stdout.split(|&byte| byte == b'\n');
        let mut artifacts = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let executable = artifacts.find_map(|artifact| {
            let wanted = artifact["target"]["name"] == self.name();
            wanted.then(|| artifact["executable"].as_str().map(PathBuf::from)).flatten()
        });
        executable.ok_or_else(|| format!("cargo does not say where {} is", self.name()).into())
    }
}
