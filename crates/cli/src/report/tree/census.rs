//! What became of the entries of a tree: numbers, and the lines that tell them; pure.

use std::time::Duration;

use ftp::{Kind, Outcome};
use serde::Serialize;

use crate::report::text::{self, counted};

/// What became of the entries of a tree, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Census {
    /// Files that were not there.
    pub(crate) created: u64,
    /// Files that were there with something else in them.
    pub(crate) updated: u64,
    /// Files and links whose name was taken, so that they are beside what has it.
    pub(crate) kept_both: u64,
    /// Files that were there already.
    pub(crate) unchanged: u64,
    /// Directories that were made, or whose permissions or time changed.
    pub(crate) directories: u64,
    /// Links that were made, or lead elsewhere now.
    pub(crate) links: u64,
    /// What the source does not have; a directory counts once.
    pub(crate) deleted: u64,
    pub(crate) skipped: u64,
    pub(crate) failed: u64,
    /// The lengths of the files that were created, updated or kept beside others.
    pub(crate) bytes: u64,
    /// Content that came or went, in all tries.
    pub(crate) moved: u64,
    /// What of updated files was right already.
    pub(crate) reused: u64,
}

impl Census {
    pub(crate) fn count(&mut self, kind: Kind, size: u64, outcome: &Outcome) {
        let is_file = kind == Kind::File;
        *match outcome {
            Outcome::Created | Outcome::Updated | Outcome::MadeDirectory
                if kind == Kind::Directory =>
            {
                &mut self.directories
            }
            Outcome::Created | Outcome::Updated | Outcome::Linked if kind == Kind::Link => {
                &mut self.links
            }
            Outcome::Created => &mut self.created,
            Outcome::Updated => &mut self.updated,
            Outcome::KeptAs(_) => &mut self.kept_both,
            Outcome::Unchanged if is_file => &mut self.unchanged,
            Outcome::Linked => &mut self.links,
            Outcome::MadeDirectory => &mut self.directories,
            Outcome::Deleted => &mut self.deleted,
            Outcome::Skipped(_) => &mut self.skipped,
            Outcome::Failed(_) => &mut self.failed,
            // Of a directory or a link there is nothing to tell; so of what a later version of the
            // library may tell.
            _ => return,
        } += 1;
        let is_written =
            matches!(outcome, Outcome::Created | Outcome::Updated | Outcome::KeptAs(_));
        if is_file && is_written {
            self.bytes = self.bytes.saturating_add(size);
        }
    }

    /// How many entries are not as they were.
    pub(crate) fn changed(&self) -> u64 {
        let Self { created, updated, kept_both, directories, links, deleted, .. } = self;
        created + updated + kept_both + directories + links + deleted
    }

    /// The whole in one line or two, about `subject`.
    pub(crate) fn summary(&self, subject: &str, elapsed: Duration, dry_run: bool) -> Vec<String> {
        if self.changed() == 0 && self.failed == 0 {
            let files = counted(self.unchanged, "file", "files");
            let nothing = if dry_run { "nothing to be done" } else { "nothing moved" };
            let skipped = match self.skipped {
                0 => String::new(),
                skipped => format!("; {} skipped", text::count(skipped)),
            };
            return vec![format!(
                "{subject}: everything is there already: {files}, {nothing}{skipped}"
            )];
        }
        let outcomes = self.outcomes().join(", ");
        if dry_run {
            let bytes = text::size(self.bytes);
            return vec![
                format!("{subject}: {outcomes}"),
                format!("  nothing of it was done (dry run); the files have {bytes}"),
            ];
        }
        vec![format!("{subject}: {outcomes}"), format!("  {}", self.traffic(elapsed))]
    }

    fn outcomes(&self) -> Vec<String> {
        let files = |number, what| format!("{} {what}", counted(number, "file", "files"));
        let told = |number, what| format!("{} {what}", text::count(number));
        let parts = [
            (self.created, files(self.created, "created")),
            (self.updated, files(self.updated, "updated")),
            (self.kept_both, files(self.kept_both, "kept beside others")),
            (self.directories, counted(self.directories, "directory", "directories")),
            (self.links, counted(self.links, "link", "links")),
            (self.deleted, told(self.deleted, "deleted")),
            (self.unchanged, told(self.unchanged, "unchanged")),
            (self.skipped, told(self.skipped, "skipped")),
            (self.failed, told(self.failed, "failed")),
        ];
        parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, part)| part).collect()
    }

    fn traffic(&self, elapsed: Duration) -> String {
        let mut line = match self.moved {
            0 => "nothing moved".to_owned(),
            moved => format!("{} moved in {}", text::size(moved), text::duration(elapsed)),
        };
        // The rate of a moment is none.
        if self.moved > 0 && elapsed >= Duration::from_millis(50) {
            let rate = u128::from(self.moved) * 1000 / elapsed.as_millis();
            let rate = u64::try_from(rate).unwrap_or(u64::MAX);
            line.push_str(&format!(", {}/s", text::size(rate)));
        }
        if self.reused > 0 {
            line.push_str(&format!("; {} reused", text::size(self.reused)));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use ftp::{Failure, RemotePath, Status};

    use super::*;

    const ELAPSED: Duration = Duration::from_millis(2500);

    #[test]
    fn every_outcome_is_counted_by_what_it_was_of() {
        let mut census = Census::default();
        let kept = RemotePath::parse("a(1)").unwrap();
        let failure = Failure::new(Status::Denied, "no");
        for (kind, outcome) in [
            (Kind::Directory, Outcome::MadeDirectory),
            (Kind::Directory, Outcome::Updated),
            (Kind::Directory, Outcome::Unchanged),
            (Kind::Link, Outcome::Linked),
            (Kind::Link, Outcome::Unchanged),
            (Kind::File, Outcome::Created),
            (Kind::File, Outcome::Updated),
            (Kind::File, Outcome::Unchanged),
            (Kind::File, Outcome::KeptAs(kept)),
            (Kind::Directory, Outcome::Deleted),
            (Kind::Other, Outcome::Skipped("a socket".into())),
            (Kind::File, Outcome::Failed(failure)),
        ] {
            census.count(kind, 10, &outcome);
        }
        let expected = Census {
            created: 1,
            updated: 1,
            kept_both: 1,
            unchanged: 1,
            directories: 2,
            links: 1,
            deleted: 1,
            skipped: 1,
            failed: 1,
            bytes: 30,
            moved: 0,
            reused: 0,
        };
        assert_eq!((census.changed(), census), (7, expected));
    }

    #[test]
    fn a_summary_tells_what_became_of_the_entries_and_what_moved() {
        let census = Census {
            created: 1000,
            updated: 1,
            directories: 20,
            links: 4,
            unchanged: 8000,
            skipped: 1,
            failed: 2,
            moved: 100 << 20,
            reused: 3 << 20,
            ..Census::default()
        };
        assert_eq!(
            census.summary("photos", ELAPSED, false),
            [
                "photos: 1,000 files created, 1 file updated, 20 directories, 4 links, \
                 8,000 unchanged, 1 skipped, 2 failed",
                "  100.0 MiB moved in 2.5 s, 40.0 MiB/s; 3.0 MiB reused",
            ]
        );
    }

    #[test]
    fn a_run_that_moves_nothing_says_so() {
        let mut census = Census { unchanged: 10_000, ..Census::default() };
        assert_eq!(
            census.summary("photos -> backup", ELAPSED, false),
            ["photos -> backup: everything is there already: 10,000 files, nothing moved"]
        );
        assert_eq!(
            census.summary("a", ELAPSED, true),
            ["a: everything is there already: 10,000 files, nothing to be done"]
        );
        census.deleted = 1;
        assert_eq!(
            census.summary("a", ELAPSED, false),
            ["a: 1 deleted, 10,000 unchanged", "  nothing moved"]
        );
    }

    #[test]
    fn a_dry_run_says_that_nothing_was_done() {
        let census = Census { created: 2, bytes: 2048, ..Census::default() };
        assert_eq!(
            census.summary("a", ELAPSED, true),
            ["a: 2 files created", "  nothing of it was done (dry run); the files have 2.0 KiB"]
        );
    }
}
