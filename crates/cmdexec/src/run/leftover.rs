//! What a command leaves behind is found and ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{
    Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    PidfdFlags, Signal, WaitId, WaitIdOptions, getpid, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitid,
};

use super::kin::{self, Adopter, Command, Kin};
use super::table::{self, Entry};

/// From asking what is left over to end, to killing it.
const TIDY_GRACE: Duration = Duration::from_millis(200);

/// For how long what is left over is hunted. What survives a kill for so long is stuck in the
/// system, or belongs to another user.
const HUNT: Duration = Duration::from_secs(3);

/// For how long a command that is being started is waited for before it is gone on without.
const START_PATIENCE: Duration = Duration::from_millis(100);

/// The variable in the environment of every process of a command.
const MARK: &str = "SEAM_COMMAND";

/// Whether this process adopts orphans.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// The leaders of commands that are not over, with their starts.
static RUNNING: Mutex<BTreeMap<i32, u64>> = Mutex::new(BTreeMap::new());

/// Held shared while a leader may exist that is not in [`RUNNING`] yet, and alone while it is
/// decided which processes were adopted.
static UNREGISTERED: RwLock<()> = RwLock::new(());

/// Makes this process adopt the orphans among its descendants, so that nothing a command leaves
/// behind can hide.
///
/// Without it, what has given itself a session of its own **and** an empty environment **and** has
/// lost its parents is not found; anything less is. It is a setting of the whole process, not
/// undone by anything, and meant for programs that serve commands and do little else: from then on
/// a child of this process that is neither a command of this crate nor in the session of the
/// process is taken for something left over, ended and reaped. Children that other parts of the
/// program start are safe as long as they stay in its session, as they do unless they are told
/// otherwise; the orphans among *their* descendants are for the program to reap.
///
/// On other systems than Linux it does nothing.
///
/// # Errors
///
/// What the system says.
pub fn become_subreaper() -> io::Result<()> {
    set_child_subreaper(Some(getpid()))?;
    ADOPTS.store(true, Ordering::Relaxed);
    Ok(())
}

/// A command that is about to be started.
pub(super) struct Spawning {
    mark: String,
    _unregistered: RwLockReadGuard<'static, ()>,
}

impl Spawning {
    /// Marks a command. Until it is [registered](Registered::new), nothing adopted is reaped.
    pub(super) fn mark(command: &mut process::Command) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let value = format!("{}.{}.{count}", process::id(), now.as_nanos());
        command.env(MARK, &value);
        let unregistered = UNREGISTERED.read().unwrap_or_else(PoisonError::into_inner);
        Self { mark: format!("{MARK}={value}"), _unregistered: unregistered }
    }
}

/// A command whose leader exists and is not reaped.
#[derive(Debug)]
pub(super) struct Registered(Command);

impl Registered {
    pub(super) fn new(leader: i32, spawning: Spawning) -> Self {
        // Not reaped, it is in the table even if it has ended.
        let started = table::entry(leader).map_or(0, |entry| entry.started);
        running().insert(leader, started);
        Self(Command { leader, started, mark: spawning.mark })
    }

    /// Ends all that belongs to the command but its leader, and tells how many there were.
    ///
    /// They are asked first, and killed a little later; `hard` kills them at once. With `thorough`
    /// the whole system is looked through, not only what descends from this process.
    pub(super) fn end_left_over(&self, hard: bool, thorough: bool) -> u32 {
        let begun = Instant::now();
        let mut met = BTreeSet::new();
        loop {
            // What a quick look finds nothing of was there while others ended, at the most.
            let quick = !thorough && met.is_empty();
            let kin = self.kin(quick);
            reap(&kin.ended);
            if kin.alive.is_empty() || begun.elapsed() > HUNT {
                for entry in &kin.alive {
                    tracing::warn!("process {} is left over and cannot be ended", entry.pid);
                }
                return met.len() as u32;
            }
            let kill = hard || begun.elapsed() >= TIDY_GRACE;
            let patience = if kill { TIDY_GRACE } else { TIDY_GRACE - begun.elapsed() };
            let mut dying = Vec::new();
            for entry in kin.alive {
                let first = met.insert((entry.pid, entry.started));
                let signals: &[Signal] = match (kill, first) {
                    (true, _) => &[Signal::KILL],
                    (false, true) => &[Signal::TERM, Signal::CONT],
                    (false, false) => &[],
                };
                dying.extend(send(&entry, signals));
            }
            await_ends(&dying, patience);
        }
    }

    /// Sends a signal to all that belongs to the command and is not in its group.
    pub(super) fn signal_outside_group(&self, signal: Signal) {
        for entry in self.kin(false).alive {
            if entry.group != self.0.leader {
                send(&entry, &[signal]);
            }
        }
    }

    fn kin(&self, quick: bool) -> Kin {
        let adopts = ADOPTS.load(Ordering::Relaxed);
        // A leader that is not registered yet looks like something that was adopted. While one
        // keeps us out, nothing is taken for that: whoever ends next will find it.
        let registered = if adopts { all_registered() } else { None };
        let adopter = registered
            .is_some()
            .then(|| Adopter { pid: getpid().as_raw_nonzero().get(), session: own_session() });
        let descendants = || if quick && adopts { table::descendants() } else { None };
        let table = descendants().unwrap_or_else(table::read);
        let mut others: Vec<_> = running().iter().map(|(pid, started)| (*pid, *started)).collect();
        others.retain(|(pid, _)| *pid != self.0.leader);
        let is_marked = |pid| table::is_marked(pid, &self.0.mark);
        kin::find(&table, &self.0, adopter, &others, is_marked)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        running().remove(&self.0.leader);
    }
}

/// The session of this process, as the table tells of it.
///
/// Not `getsid`: a session that was begun outside of a container has the number 0 inside, which
/// that call as rustix has it takes for impossible.
fn own_session() -> i32 {
    table::entry(getpid().as_raw_nonzero().get()).map_or(0, |entry| entry.session)
}

fn running() -> MutexGuard<'static, BTreeMap<i32, u64>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until every leader is registered, and keeps others from coming to be; not for long, for a
/// command may take its time to start.
fn all_registered() -> Option<RwLockWriteGuard<'static, ()>> {
    let until = Instant::now() + START_PATIENCE;
    loop {
        match UNREGISTERED.try_write() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_micros(200)),
        }
    }
}

/// Signals a process, if it still is the one that is meant, and gives a descriptor that tells when
/// it ends.
fn send(entry: &Entry, signals: &[Signal]) -> Option<OwnedFd> {
    let fd = pidfd_open(table::pid(entry.pid)?, PidfdFlags::empty()).ok()?;
    // The descriptor means one process for ever. That it is the right one is looked at after it
    // was opened, and so no signal can reach another.
    if table::entry(entry.pid)?.started != entry.started {
        return None;
    }
    for signal in signals {
        // It may have ended, or belong to another user.
        let _ = pidfd_send_signal(&fd, *signal);
    }
    Some(fd)
}

/// Waits until all of them have ended, but no longer than `patience`.
fn await_ends(fds: &[OwnedFd], patience: Duration) {
    let until = Instant::now() + patience;
    for fd in fds {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        let _ = poll(&mut [PollFd::new(fd, PollFlags::IN)], left.as_ref());
    }
}

/// Reaps adopted processes that have ended. They are looked at again, for another may have reaped
/// them, and a command have been started under the number.
fn reap(ended: &[i32]) {
    if ended.is_empty() {
        return;
    }
    let Some(_registered) = all_registered() else { return };
    let running = running();
    for pid in ended.iter().filter(|pid| !running.contains_key(pid)) {
        if let Some(pid) = table::pid(*pid) {
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        }
    }
}
