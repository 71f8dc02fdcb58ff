//! How a process comes to be.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tokio::io::Interest;

use super::detach::detach;
use super::leftover::Spawning;
use super::readiness::watch;
use super::{Group, Inlet, Outlet, Plan, terminal};
use crate::safe;
use crate::wire::{Failure, Pty, Status};

/// A process that runs, and its ends of what it reads and writes.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) group: Group,
    /// None if it was to have none.
    pub(crate) stdin: Option<Inlet>,
    pub(crate) stdout: Outlet,
    /// None if it has a terminal, where both are one.
    pub(crate) stderr: Option<Outlet>,
}

/// Our ends.
struct Ends {
    stdin: Option<Inlet>,
    stdout: Outlet,
    stderr: Option<Outlet>,
}

impl Process {
    /// Starts what is planned. If the future is dropped, it is ended again.
    pub(crate) async fn spawn(plan: Plan) -> Result<Self, Failure> {
        // A directory can be on a disk that does not answer.
        let spawning = tokio::task::spawn_blocking(move || spawn(&plan));
        spawning.await.unwrap_or_else(|gone| {
            Err(Failure::new(Status::Failed, format!("the command could not be started: {gone}")))
        })
    }
}

fn spawn(plan: &Plan) -> Result<Process, Failure> {
    let mut command = Command::new(&plan.argv[0]);
    command.args(&plan.argv[1..]).env_clear().envs(plan.env.iter().map(|(k, v)| (k, v)));
    if let Some(dir) = &plan.dir {
        // Looked at first, because the system's error does not tell it from a missing program.
        let is_dir = match std::fs::metadata(dir) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(ErrorKind::NotADirectory.into()),
            Err(error) => Err(error),
        };
        is_dir.map_err(|error| failure("directory", dir.as_os_str(), &error))?;
        command.current_dir(dir);
    }
    let failed = |error: io::Error| failure("program", &plan.argv[0], &error);
    let ends = match &plan.pty {
        Some(pty) => with_terminal(&mut command, pty),
        None => with_pipes(&mut command, plan.stdin),
    };
    let Ends { stdin, stdout, stderr } = ends.map_err(failed)?;
    detach(&mut command, plan.pty.is_some());
    let spawning = Spawning::mark(&mut command);
    let child = command.spawn().map_err(failed)?;
    // Our copies of its ends must go, or they would never see their end.
    drop(command);
    let group = Group::new(&child, spawning, plan.pty.is_some()).map_err(failed)?;
    Ok(Process { group, stdin, stdout, stderr })
}

fn with_pipes(command: &mut Command, stdin: bool) -> io::Result<Ends> {
    let (stdout, theirs) = io::pipe()?;
    command.stdout(theirs);
    let (stderr, theirs) = io::pipe()?;
    command.stderr(theirs);
    let stdin = if stdin {
        let (theirs, stdin) = io::pipe()?;
        command.stdin(theirs);
        Some(Inlet::pipe(stdin.into())?)
    } else {
        command.stdin(Stdio::null());
        None
    };
    let stdout = Outlet::pipe(stdout.into())?;
    Ok(Ends { stdin, stdout, stderr: Some(Outlet::pipe(stderr.into())?) })
}

fn with_terminal(command: &mut Command, pty: &Pty) -> io::Result<Ends> {
    let (ours, theirs): (OwnedFd, File) = terminal::open(pty)?;
    command.stdin(theirs.try_clone()?).stdout(theirs.try_clone()?).stderr(theirs);
    let ours = Arc::new(watch(ours, Interest::READABLE | Interest::WRITABLE)?);
    let stdin = Some(Inlet::Terminal(Arc::clone(&ours)));
    Ok(Ends { stdin, stdout: Outlet::terminal(ours), stderr: None })
}

/// Why something could not be started, in words that name it.
fn failure(what: &str, name: &OsStr, error: &io::Error) -> Failure {
    let name = safe(name.as_encoded_bytes());
    let (status, message) = match error.kind() {
        ErrorKind::NotFound => (Status::NotFound, format!("no {what} `{name}` there")),
        ErrorKind::NotADirectory => (Status::NotFound, format!("`{name}` there is no directory")),
        ErrorKind::PermissionDenied => {
            (Status::Denied, format!("the system does not permit the {what} `{name}`"))
        }
        ErrorKind::ArgumentListTooLong => (
            Status::BadRequest,
            "the command and its environment are too long for the system".into(),
        ),
        _ => (Status::Failed, format!("cannot use the {what} `{name}`: {error}")),
    };
    Failure::new(status, message)
}
