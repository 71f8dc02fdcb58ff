//! Which processor a process runs on.

use std::io;
use std::thread::available_parallelism;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

/// The two sides, which are to run at the same time: left alone, the scheduler likes to put two
/// that wake each other on one processor, where they take turns.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    /// Who answers.
    Server,
    /// Who asks.
    Client,
}

/// Keeps a process (`None` is this one) on its side's processor, if there are two.
pub(super) fn pin(process: Option<Pid>, side: Side) -> io::Result<()> {
    if available_parallelism()?.get() < 2 {
        return Ok(());
    }
    let mut processor = CpuSet::new();
    processor.set(side as usize);
    Ok(sched_setaffinity(process, &processor)?)
}
