//! What a process took: time, processor time, memory.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use it::Error;

/// How often the memory of a process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// One run of a job, client and server together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// From the client's start to its end.
    pub(super) seconds: f64,
    /// What both took of all processors; `None` where the system does not tell.
    pub(super) cpu_seconds: Option<f64>,
    /// What of it the server took.
    pub(super) server_cpu_seconds: Option<f64>,
    /// The most memory that the client held.
    pub(super) client_peak: Option<u64>,
    /// The most memory that the server has held so far.
    pub(super) server_peak: Option<u64>,
}

/// A server that runs through all rounds, until it is dropped.
pub(super) struct Server {
    child: Child,
    /// Kept open, so that the server may go on to print.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it, and waits until one of its lines tells an address.
    pub(super) fn start(
        command: &mut Command,
        address: impl Fn(&str) -> Option<String>,
    ) -> Result<(Self, String), Error> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("a server without standard output")?;
        let mut server = Self { child, _stdout: BufReader::new(stdout) };
        let mut line = String::new();
        while server._stdout.read_line(&mut line)? > 0 {
            if let Some(address) = address(line.trim_end()) {
                return Ok((server, address));
            }
            line.clear();
        }
        Err("a server ended before it was ready".into())
    }

    /// Its number.
    #[cfg(target_os = "linux")]
    pub(super) fn id(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Runs a client of this server, and measures both.
    pub(super) fn run(&self, client: &mut Command) -> Result<Run, Error> {
        let server = self.child.id();
        let before = cpu_seconds(server);
        let start = Instant::now();
        let mut child = client.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let (seconds, client_peak) = watch(&mut child, start)?;
        // It has ended, but is still there to be asked.
        let client_cpu = cpu_seconds(child.id());
        let status = child.wait()?;
        if !status.success() {
            return Err(format!("{client:?} failed: {status}").into());
        }
        let server_cpu = cpu_seconds(server).zip(before).map(|(after, before)| after - before);
        Ok(Run {
            seconds,
            cpu_seconds: client_cpu.zip(server_cpu).map(|(client, server)| client + server),
            server_cpu_seconds: server_cpu,
            client_peak,
            server_peak: peak_bytes(server),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose, and may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end of a process, which stays to be asked, and looks at its memory meanwhile.
fn watch(child: &mut Child, start: Instant) -> Result<(f64, Option<u64>), Error> {
    let (id, ended) = (child.id(), AtomicBool::new(false));
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut peak = None;
            while !ended.load(Ordering::Relaxed) {
                peak = peak.max(peak_bytes(id));
                thread::sleep(LOOK_EVERY);
            }
            peak
        });
        let waited = wait_unreaped(child);
        let seconds = start.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        let peak = looking.join().map_err(|_| "the look at the memory failed")?;
        waited.map(|()| (seconds, peak))
    })
}

#[cfg(unix)]
fn wait_unreaped(child: &mut Child) -> Result<(), Error> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    waitid(WaitId::Pid(Pid::from_child(child)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
    Ok(())
}

#[cfg(not(unix))]
fn wait_unreaped(child: &mut Child) -> Result<(), Error> {
    child.wait()?;
    Ok(())
}

/// Processor time of all threads until now, in user and kernel mode.
fn cpu_seconds(id: u32) -> Option<f64> {
    /// The unit of these counts on every architecture that Linux still runs on.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything; the rest are numbers. See
    // proc_pid_stat(5): user and system time are its fields 14 and 15.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((times.next()?.ok()? + times.next()?.ok()?) / TICKS_PER_SECOND)
}

/// The most memory that was resident.
fn peak_bytes(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
