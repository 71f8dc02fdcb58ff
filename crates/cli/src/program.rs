//! How a program starts: its command line, and a runtime for what it does.

use std::io;

use clap::Parser;
use tokio::runtime::{Builder, Runtime};

use crate::exit::Exit;
use crate::problem::Problem;

/// The command line as it is meant, or how the program ends because of it: help and the version
/// were asked for and are printed, or it cannot be understood and is told why.
pub(crate) fn parse<P: Parser>() -> Result<P, Exit> {
    give_memory_back();
    P::try_parse().map_err(|error| {
        // Whoever closed the stream does not want to know.
        let _ = error.print();
        if error.use_stderr() { Exit::Usage } else { Exit::Done }
    })
}

/// Has the C library return large pieces of memory to the system as soon as they are free.
///
/// Left to itself glibc raises the size from which it does so to that of the largest piece that
/// was ever freed, and each of our threads keeps as much: with directories of a million names that
/// was twice what is in use (see ARCHITECTURE.md).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "no crate offers mallopt(3) as a safe function")]
fn give_memory_back() {
    /// Buffers for content are smaller and stay: they are soon used again.
    const LARGE: libc::c_int = 2560 * 1024;
    for parameter in [libc::M_MMAP_THRESHOLD, libc::M_TRIM_THRESHOLD] {
        // SAFETY: mallopt(3) takes these parameters at any time and touches no memory of ours. If
        // it refuses, all stays as it was.
        unsafe { libc::mallopt(parameter, LARGE) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_memory_back() {}

/// Does something on one thread: what waits for one thing at a time is quicker for it. It ends when
/// the threads that wait for disks have ended as well.
pub(crate) fn on_one_thread<T>(
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    one_thread()?.block_on(work)
}

/// A runtime of one thread.
pub(crate) fn one_thread() -> Result<Runtime, Problem> {
    Builder::new_current_thread().enable_all().build().map_err(cannot_start)
}

/// The system has no threads or descriptors for us.
pub(crate) fn cannot_start(error: io::Error) -> Problem {
    Problem::new(Exit::Failed, format_args!("cannot start: {error}"))
}
