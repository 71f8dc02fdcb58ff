//! How the end of a process is seen, without reaping it.

use std::io;

use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, waitid};

use crate::wire::Exit;

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::Watch;
#[cfg(target_os = "linux")]
pub(super) use linux::Watch;

/// The exit of a child that has ended, which stays to be reaped; `None` if it runs.
fn look(id: WaitId<'_>, options: WaitIdOptions) -> io::Result<Option<Exit>> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | options;
    Ok(rustix::io::retry_on_intr(|| waitid(id.clone(), options))?.map(|status| exit(&status)))
}

fn exit(status: &WaitIdStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => {
            Exit::Signal { number: signal.unwrap_or_default(), core: status.dumped() }
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::AsFd;

    use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
    use tokio::io::Interest;

    use super::{Exit, look};
    use crate::run::readiness::{Watched, watch};

    /// Watches a child through a descriptor that can never mean another process.
    #[derive(Debug)]
    pub(in crate::run) struct Watch(Watched);

    impl Watch {
        pub(in crate::run) fn new(pid: Pid) -> io::Result<Self> {
            let fd = pidfd_open(pid, PidfdFlags::NONBLOCK)?;
            Ok(Self(watch(fd, Interest::READABLE)?))
        }

        /// Waits for the end. Cancel-safe.
        pub(in crate::run) async fn ended(&mut self) -> io::Result<Exit> {
            loop {
                let mut ready = self.0.readable().await?;
                let id = WaitId::PidFd(self.0.get_ref().as_fd());
                if let Some(exit) = look(id, WaitIdOptions::NOHANG)? {
                    return Ok(exit);
                }
                ready.clear_ready();
            }
        }

        /// Reaps the child, and waits for its end if need be.
        pub(in crate::run) fn reap(&self) {
            let id = || WaitId::PidFd(self.0.get_ref().as_fd());
            // A descriptor that does not block makes waiting not block either.
            let fds = &mut [rustix::event::PollFd::new(&self.0, rustix::event::PollFlags::IN)];
            let _ = rustix::io::retry_on_intr(|| rustix::event::poll(fds, None));
            let _ = rustix::io::retry_on_intr(|| waitid(id(), WaitIdOptions::EXITED));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;

    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    use tokio::task::{JoinHandle, spawn_blocking};

    use super::{Exit, look};

    /// Watches a child from a thread of its own.
    #[derive(Debug)]
    pub(in crate::run) struct Watch {
        pid: Pid,
        looking: JoinHandle<io::Result<Option<Exit>>>,
    }

    impl Watch {
        pub(in crate::run) fn new(pid: Pid) -> io::Result<Self> {
            let look = move || look(WaitId::Pid(pid), WaitIdOptions::empty());
            Ok(Self { pid, looking: spawn_blocking(look) })
        }

        /// Waits for the end. Cancel-safe.
        pub(in crate::run) async fn ended(&mut self) -> io::Result<Exit> {
            let seen = (&mut self.looking).await.map_err(io::Error::other)??;
            seen.ok_or_else(|| io::ErrorKind::NotFound.into())
        }

        /// Reaps the child, and waits for its end if need be.
        pub(in crate::run) fn reap(&self) {
            let _ =
                rustix::io::retry_on_intr(|| waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED));
        }
    }
}
