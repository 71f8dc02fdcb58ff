//! A command's processes, all of them.

use std::io;
use std::process::Child;
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};

use super::exit::Watch;
use super::leftover::{Registered, Spawning};
use crate::wire::{Exit, Signal as Named};

/// A command's processes: the first, its group, and what left that.
///
/// Dropped before it is [over](Self::finish), all of them are killed.
#[derive(Debug)]
pub(crate) struct Group {
    /// None once everything is over.
    members: Option<Arc<Members>>,
    watch: Option<Watch>,
    leader: Pid,
    /// What asks them to end: a terminal's hang-up where they have one, for shells with a terminal
    /// do not listen to the other.
    please: Signal,
    was_signalled: bool,
}

/// What is shared with the threads that look through the system.
#[derive(Debug)]
struct Members {
    registered: Registered,
    leader: Pid,
}

impl Group {
    /// The processes of a child that leads a group and a session.
    pub(super) fn new(child: &Child, spawning: Spawning, terminal: bool) -> io::Result<Self> {
        let leader = Pid::from_child(child);
        let registered = Registered::new(leader.as_raw_nonzero().get(), spawning);
        let please = if terminal { Signal::HUP } else { Signal::TERM };
        let members = Some(Arc::new(Members { registered, leader }));
        let mut group = Self { members, watch: None, leader, please, was_signalled: false };
        group.watch = Some(Watch::new(leader)?);
        Ok(group)
    }

    /// The number of the first process, which is that of the group as well.
    pub(crate) fn pid(&self) -> u32 {
        self.leader.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for the first process to end. It is not reaped. Cancel-safe.
    pub(crate) async fn exit(&mut self) -> io::Result<Exit> {
        let watch = self.watch.as_mut().expect("a group that was made is watched");
        watch.ended().await
    }

    /// Sends a signal to the process group.
    pub(crate) fn signal(&self, signal: Named) {
        self.kill(signal_of(signal));
    }

    /// Asks all of them to end.
    pub(crate) async fn ask_to_end(&mut self) {
        self.was_signalled = true;
        // What is stopped must go on to hear it.
        for signal in [self.please, Signal::CONT] {
            self.kill(signal);
            self.outside_group(signal).await;
        }
    }

    /// Kills all of them.
    pub(crate) async fn kill_all(&mut self) {
        self.was_signalled = true;
        self.kill(Signal::KILL);
        self.outside_group(Signal::KILL).await;
    }

    /// Ends what is left once the first process has ended, and tells how much there was.
    pub(crate) async fn finish(&mut self) -> u32 {
        let Some(members) = self.members.clone() else { return 0 };
        let thorough = self.was_signalled;
        // It looks through files of the system, and may wait for processes to end.
        let ending = move || members.registered.end_left_over(false, thorough);
        let ended = tokio::task::spawn_blocking(ending).await.unwrap_or(0);
        self.release();
        ended
    }

    fn kill(&self, signal: Signal) {
        if self.members.is_some() {
            // Nobody may be left in it but the first, which has ended and is not reaped.
            let _ = kill_process_group(self.leader, signal);
        }
    }

    async fn outside_group(&self, signal: Signal) {
        if let Some(members) = self.members.clone() {
            let send = move || members.registered.signal_outside_group(signal);
            let _ = tokio::task::spawn_blocking(send).await;
        }
    }

    /// Lets go of the number of the group.
    fn release(&mut self) {
        if let (Some(members), Some(watch)) = (self.members.take(), self.watch.take()) {
            watch.reap();
            drop(members);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(members) = self.members.take() else { return };
        let _ = kill_process_group(members.leader, Signal::KILL);
        let watch = self.watch.take();
        // A thread and no task: the runtime may be going down.
        let end = move || {
            members.registered.end_left_over(true, true);
            if let Some(watch) = &watch {
                watch.reap();
            }
        };
        // Without a thread, what is in the group was killed at least.
        let _ = std::thread::Builder::new().name("seam-end".into()).spawn(end);
    }
}

fn signal_of(signal: Named) -> Signal {
    match signal {
        Named::Hup => Signal::HUP,
        Named::Int => Signal::INT,
        Named::Quit => Signal::QUIT,
        Named::Term => Signal::TERM,
        Named::Kill => Signal::KILL,
        Named::Usr1 => Signal::USR1,
        Named::Usr2 => Signal::USR2,
        Named::Alrm => Signal::ALARM,
        Named::Tstp => Signal::TSTP,
        Named::Cont => Signal::CONT,
        Named::Winch => Signal::WINCH,
    }
}
