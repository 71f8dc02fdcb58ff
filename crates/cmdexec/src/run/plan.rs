//! What is to be started, in the system's words.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::policy::base_environment;
use crate::wire::{Pty, Run, Text};

/// What is to be started.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The program and its arguments; never empty.
    pub(super) argv: Vec<OsString>,
    pub(super) dir: Option<PathBuf>,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) stdin: bool,
    pub(super) pty: Option<Pty>,
}

impl Plan {
    /// Starts `argv`, which the policy has made of the request, as the request says.
    pub(crate) fn new(argv: Vec<Text>, run: &Run) -> Self {
        let mut env = base_environment();
        if let Some(pty) = &run.pty {
            env.push(("TERM".into(), pty.term.clone().into()));
        }
        // What comes later wins.
        env.extend(run.env.iter().map(|(name, value)| (name.into(), os(value))));
        Self {
            argv: argv.iter().map(os).collect(),
            dir: run.dir.as_ref().map(|dir| os(dir).into()),
            env,
            stdin: run.stdin,
            pty: run.pty.clone(),
        }
    }
}

fn os(text: &Text) -> OsString {
    OsString::from_vec(text.as_bytes().to_vec())
}
