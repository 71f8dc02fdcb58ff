//! The line that tells what became of an entry, or what would.

use ftp::{Kind, Outcome, safe};

use crate::report::text;

/// What became of the entry that is shown as `name`. The words are the same for what is done and
/// for what would be.
pub(super) fn line(name: &str, kind: Kind, size: u64, outcome: &Outcome) -> String {
    let mark = if kind == Kind::Directory { "/" } else { "" };
    let verb = word(outcome);
    match outcome {
        Outcome::KeptAs(new) => {
            let new = safe(new.file_name().unwrap_or_default());
            format!("kept both {name} -> {new}")
        }
        Outcome::Skipped(reason) => format!("{verb} {name}: {}", safe(reason.as_bytes())),
        Outcome::Failed(failure) => format!("{verb} {name}{mark}: {failure}"),
        Outcome::Created | Outcome::Updated if kind == Kind::File => {
            format!("{verb} {name}  {}", text::size(size))
        }
        _ => format!("{verb} {name}{mark}"),
    }
}

/// The same in one word, for programs.
pub(super) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Unchanged => "unchanged",
        Outcome::Linked => "linked",
        Outcome::MadeDirectory => "made",
        Outcome::Deleted => "deleted",
        Outcome::KeptAs(_) => "kept_both",
        Outcome::Skipped(_) => "skipped",
        Outcome::Failed(_) => "failed",
        _ => "done",
    }
}

#[cfg(test)]
mod tests {
    use ftp::{Failure, RemotePath, Status};

    use super::*;

    #[test]
    fn a_line_tells_what_became_of_an_entry() {
        let kept = RemotePath::parse("d/a(1).txt").unwrap();
        let failure = Failure::new(Status::Denied, "no\x1b[2J");
        let cases = [
            (Kind::File, Outcome::Created, "created d/a  2.0 KiB"),
            (Kind::File, Outcome::Updated, "updated d/a  2.0 KiB"),
            (Kind::Directory, Outcome::Updated, "updated d/a/"),
            (Kind::Directory, Outcome::MadeDirectory, "made d/a/"),
            (Kind::Link, Outcome::Linked, "linked d/a"),
            (Kind::Directory, Outcome::Deleted, "deleted d/a/"),
            (Kind::File, Outcome::KeptAs(kept), "kept both d/a -> a(1).txt"),
            (Kind::Other, Outcome::Skipped("a socket\n".into()), r"skipped d/a: a socket\n"),
            (Kind::File, Outcome::Failed(failure), r"failed d/a: no\x1b[2J"),
        ];
        for (kind, outcome, expected) in cases {
            assert_eq!(line("d/a", kind, 2048, &outcome), expected);
        }
    }
}
