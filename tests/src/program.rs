//! The real program: built, and found.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::Error;

/// How a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Builds `ftp-cli`, once in a process, and tells where it is.
///
/// Cargo is asked rather than a path guessed, so that the program is never an old one. With
/// `SEAM_FTP_CLI` set, that program is taken instead.
///
/// # Errors
///
/// If it cannot be built.
pub fn ftp_cli(profile: Profile) -> Result<&'static Path, Error> {
    static DEV: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    static RELEASE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = match profile {
        Profile::Dev => &DEV,
        Profile::Release => &RELEASE,
    };
    let built = built.get_or_init(|| match std::env::var_os("SEAM_FTP_CLI") {
        Some(given) => Ok(PathBuf::from(given)),
        None => build(profile).map_err(|error| error.to_string()),
    });
    Ok(built.as_deref().map_err(Clone::clone)?)
}

fn build(profile: Profile) -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--package", "ftp-cli", "--bin", "ftp-cli"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if profile == Profile::Release {
        command.arg("--release");
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err("ftp-cli cannot be built".into());
    }
    let lines = output.stdout.split(|&byte| byte == b'\n');
    let mut artifacts = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let executable = artifacts.find_map(|artifact| {
        let wanted = artifact["target"]["name"] == "ftp-cli";
        wanted.then(|| artifact["executable"].as_str().map(PathBuf::from)).flatten()
    });
    executable.ok_or_else(|| "cargo does not say where ftp-cli is".into())
}
