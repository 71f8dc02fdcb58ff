//! Systems on which nothing but the process group is known of what a command leaves behind.

use std::io;
use std::process::Command;

use rustix::process::Signal;

/// Does nothing: only Linux can adopt orphans.
///
/// # Errors
///
/// None.
pub fn become_subreaper() -> io::Result<()> {
    Ok(())
}

/// A command that is about to be started.
pub(super) struct Spawning;

impl Spawning {
    pub(super) fn mark(_: &mut Command) -> Self {
        Self
    }
}

/// A command whose leader exists and is not reaped.
#[derive(Debug)]
pub(super) struct Registered;

impl Registered {
    pub(super) fn new(_: i32, _: Spawning) -> Self {
        Self
    }

    pub(super) fn end_left_over(&self, _hard: bool, _thorough: bool) -> u32 {
        0
    }

    pub(super) fn signal_outside_group(&self, _: Signal) {}
}
