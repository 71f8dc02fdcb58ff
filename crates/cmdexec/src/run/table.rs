//! The processes of the system, as `/proc` tells of them.

use std::fs;

use rustix::process::{Pid, getpid};

/// What is known of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
    /// When it was started, in ticks since the system was. Together with its number it means no
    /// other process.
    pub(super) started: u64,
    /// It has ended and waits to be reaped.
    pub(super) ended: bool,
}

/// All processes that can be seen.
pub(super) fn read() -> Vec<Entry> {
    let Ok(dir) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = dir.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(entry).collect()
}

/// This process's children, theirs, and so on; `None` where the system does not list them.
///
/// It costs a fraction of [`read`], but can miss a process while others end.
pub(super) fn descendants() -> Option<Vec<Entry>> {
    let mut found = Vec::new();
    let mut next = vec![getpid().as_raw_nonzero().get()];
    while let Some(parent) = next.pop() {
        for task in fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
            let children = match fs::read_to_string(task.path().join("children")) {
                Ok(children) => children,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && found.is_empty() => {
                    return None;
                }
                Err(_) => continue,
            };
            for child in children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()) {
                found.extend(entry(child));
                next.push(child);
            }
        }
    }
    Some(found)
}

/// What is known of one process; `None` if there is none of this number.
pub(super) fn entry(pid: i32) -> Option<Entry> {
    parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Whether a process was started with this in its environment.
pub(super) fn is_marked(pid: i32, mark: &str) -> bool {
    let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environ.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
}

/// Reads a line of `/proc/PID/stat` (proc_pid_stat(5)). The name in it may hold anything, also
/// parentheses and spaces, but nothing behind it does.
fn parse(pid: i32, stat: &str) -> Option<Entry> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // Counted from the third, the state.
    let number = |field: usize| fields.get(field - 3)?.parse::<i32>().ok();
    Some(Entry {
        pid,
        parent: number(4)?,
        group: number(5)?,
        session: number(6)?,
        started: fields.get(22 - 3)?.parse().ok()?,
        ended: matches!(*fields.first()?, "Z" | "X"),
    })
}

/// The number of a process as the system calls take it.
pub(super) fn pid(raw: i32) -> Option<Pid> {
    Pid::from_raw(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "7 (a) R 9 (b) Z 3 5 6 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4242 0 0\n";
        let expected =
            Entry { pid: 7, parent: 3, group: 5, session: 6, started: 4242, ended: true };
        assert_eq!(parse(7, stat), Some(expected));
        assert_eq!(parse(7, "7 (a) R 1"), None);
        assert_eq!(parse(7, ""), None);
    }

    #[test]
    fn finds_this_process() {
        let pid = getpid().as_raw_nonzero().get();
        let found = read().into_iter().find(|entry| entry.pid == pid).unwrap();
        assert_eq!(Some(found), entry(pid));
        assert!(!found.ended && found.started > 0);
        assert!(!is_marked(pid, "SEAM_COMMAND=none"));
    }
}
