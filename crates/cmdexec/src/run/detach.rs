//! What a child does between being forked and becoming the program.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{ioctl_tiocsctty, setsid};

/// Makes the child the leader of a session of its own, so that it has nothing to do with the
/// terminal of this program; with `terminal`, its standard input becomes that of the session.
#[expect(unsafe_code, reason = "the standard library has no safe way to call setsid in a child")]
pub(super) fn detach(command: &mut Command, terminal: bool) {
    let in_child = move || -> io::Result<()> {
        setsid()?;
        if terminal {
            ioctl_tiocsctty(rustix::stdio::stdin())?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec a child of a process with threads may only make calls that are
    // async-signal-safe. These are two system calls; nothing is allocated and no lock is taken.
    unsafe {
        command.pre_exec(in_child);
    }
}
