//! Which processes belong to a command. A decision over a table: nothing here asks the system.

use std::collections::BTreeSet;

use super::table::Entry;

/// A command, as its processes are known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Its first process, which leads a group and a session.
    pub(super) leader: i32,
    /// When that was started; nothing that belongs to it is older.
    pub(super) started: u64,
    /// What its processes have in their environment.
    pub(super) mark: String,
}

/// The process that adopts orphans, where there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adopter {
    pub(super) pid: i32,
    pub(super) session: i32,
}

/// What became of the processes in a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kin {
    /// They belong to the command and live. Its leader is not among them.
    pub(super) alive: Vec<Entry>,
    /// They were adopted, have ended, and are to be reaped.
    pub(super) ended: Vec<i32>,
}

/// Finds what belongs to `command`.
///
/// It is known by its group, its session, its mark or its parent. What an adopter has adopted may
/// show nothing of these any more (its environment cleared, a session of its own, its parents
/// gone). It cannot belong to a command that is younger; so if it is older than all `others`, which
/// are told by leader and start, it is this command's, or that of one that is over. A child in the adopter's own session is none of ours: it was started by something else in
/// the same program.
pub(super) fn find(
    table: &[Entry],
    command: &Command,
    adopter: Option<Adopter>,
    others: &[(i32, u64)],
    is_marked: impl Fn(i32) -> bool,
) -> Kin {
    let is_leader = |pid: i32| pid == command.leader || others.iter().any(|other| other.0 == pid);
    let adopted = |entry: &Entry| {
        adopter.is_some_and(|adopter| {
            entry.parent == adopter.pid && entry.session != adopter.session && !is_leader(entry.pid)
        })
    };
    let belongs = |entry: &Entry| {
        let by_number = entry.session == command.leader || entry.group == command.leader;
        // Nothing that is marked can be older than what it was marked by.
        let by_mark = || entry.started >= command.started && is_marked(entry.pid);
        let is_stray = || adopted(entry) && others.iter().all(|other| entry.started < other.1);
        !entry.ended && !is_leader(entry.pid) && (by_number || by_mark() || is_stray())
    };
    let mut known: BTreeSet<i32> = [command.leader].into();
    known.extend(table.iter().filter(|entry| belongs(entry)).map(|entry| entry.pid));
    // Children may stand before their parents.
    loop {
        let before = known.len();
        let children = table.iter().filter(|entry| known.contains(&entry.parent));
        known.extend(
            children
                .filter(|entry| !is_leader(entry.pid))
                .map(|entry| entry.pid)
                .collect::<Vec<_>>(),
        );
        if known.len() == before {
            break;
        }
    }
    Kin {
        alive: table
            .iter()
            .filter(|entry| known.contains(&entry.pid) && !entry.ended && !is_leader(entry.pid))
            .copied()
            .collect(),
        ended: table
            .iter()
            .filter(|entry| entry.ended && adopted(entry))
            .map(|entry| entry.pid)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: i32 = 10;
    const ADOPTER: Option<Adopter> = Some(Adopter { pid: US, session: 5 });

    fn command() -> Command {
        Command { leader: 100, started: 1000, mark: "M=1".into() }
    }

    fn entry(pid: i32, parent: i32, group: i32, session: i32) -> Entry {
        Entry { pid, parent, group, session, started: 1000, ended: false }
    }

    fn alive(table: &[Entry], adopter: Option<Adopter>, others: &[(i32, u64)]) -> Vec<i32> {
        let kin = find(table, &command(), adopter, others, |pid| pid == 777);
        kin.alive.iter().map(|entry| entry.pid).collect()
    }

    #[test]
    fn knows_them_by_group_session_mark_or_parent() {
        let table = [
            entry(104, 103, 104, 104),
            entry(100, US, 100, 100),
            entry(101, 1, 100, 7),
            entry(102, 1, 102, 100),
            entry(103, 101, 103, 103),
            entry(777, 1, 777, 777),
            entry(105, 1, 105, 105),
            entry(106, 105, 105, 105),
        ];
        assert_eq!(alive(&table, None, &[]), [104, 101, 102, 103, 777]);
    }

    #[test]
    fn nothing_older_than_the_command_is_looked_at_for_its_mark() {
        let older = Entry { started: 999, ..entry(777, 1, 777, 777) };
        assert!(alive(&[older], ADOPTER, &[]).is_empty());
    }

    #[test]
    fn a_stray_without_any_sign_is_ended_by_the_last_who_could_have_left_it() {
        let stray = entry(200, US, 200, 200);
        let child = entry(201, 200, 200, 200);
        assert_eq!(alive(&[child, stray], ADOPTER, &[]), [201, 200]);
        assert_eq!(alive(&[child, stray], ADOPTER, &[(300, 1001)]), [201, 200]);
        assert!(alive(&[child, stray], ADOPTER, &[(300, 1000)]).is_empty());
        assert!(alive(&[child, stray], None, &[]).is_empty());

        // Whoever could have left it is over: the next to end is not, but takes it along.
        let older = Entry { started: 500, ..stray };
        assert_eq!(alive(&[older], ADOPTER, &[(300, 1001)]), [200]);
    }

    #[test]
    fn children_that_the_program_started_itself_are_left_alone() {
        let own = entry(200, US, 200, 5);
        let dead = Entry { ended: true, ..own };
        assert_eq!(find(&[own, dead], &command(), ADOPTER, &[], |_| false), Kin::default());
    }

    #[test]
    fn the_commands_of_others_are_left_alone() {
        let table = [entry(300, US, 300, 300), entry(301, 300, 300, 300)];
        assert!(alive(&table, ADOPTER, &[(300, 1000)]).is_empty());
        let ended = table.map(|entry| Entry { ended: true, ..entry });
        let kin = find(&ended, &command(), ADOPTER, &[(300, 1000)], |_| false);
        assert_eq!(kin, Kin::default());
    }

    #[test]
    fn adopted_ones_that_have_ended_are_reaped_and_others_are_not() {
        let ended = |pid, parent| Entry { ended: true, ..entry(pid, parent, pid, pid) };
        let table = [ended(100, US), ended(200, US), ended(201, 1), ended(202, 300)];
        let kin = find(&table, &command(), ADOPTER, &[(300, 1)], |_| false);
        assert_eq!(kin, Kin { alive: vec![], ended: vec![200] });
    }
}
