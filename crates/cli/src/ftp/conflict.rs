//! What becomes of a name that is taken: decided beforehand, or asked.

use std::fmt;

use ftp::{Publish, Timestamp};
use jiff::tz::TimeZone;

use super::args::{OnConflict, TransferArgs};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::prompt;
use crate::report::{Report, text};

/// How many of the names that are taken are shown.
const FIRST_NAMES: usize = 5;

/// The decisions of one command.
pub(super) struct Conflicts {
    /// What holds for every name: from the command line, or answered `for all`.
    fixed: Option<OnConflict>,
    can_ask: bool,
    command: &'static str,
}

/// What is known of the file that is there already.
pub(super) struct There {
    pub(super) size: u64,
    pub(super) modified: Option<Timestamp>,
}

impl Conflicts {
    pub(super) fn new(command: &'static str, how: &TransferArgs, report: &Report) -> Self {
        let fixed = how.on_conflict.or(how.yes.then_some(OnConflict::Overwrite));
        Self { fixed, can_ask: report.can_ask(), command }
    }

    /// How a transfer is tried first. That a name is taken does not matter as long as the same
    /// content has it; so `keep-both` and `skip` wait until it does.
    pub(super) fn first(&self) -> Publish {
        match self.fixed {
            Some(OnConflict::Overwrite) => OnConflict::Overwrite.publish(),
            _ => Publish::IfAbsent,
        }
    }

    /// How a stream is put, which can be read but once.
    pub(super) fn once(&self) -> Publish {
        self.fixed.map_or(Publish::IfAbsent, OnConflict::publish)
    }

    /// What was decided without asking.
    pub(super) fn fixed(&self) -> Option<OnConflict> {
        self.fixed
    }

    /// Whether there is somebody to ask.
    pub(super) fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Decides on many names at once, with the user; `None`: each is to be asked about.
    pub(super) async fn decide_all(
        &mut self,
        mut names: impl Iterator<Item = String>,
        count: usize,
    ) -> Result<Option<OnConflict>, Problem> {
        if self.fixed.is_some() || count < 2 {
            return Ok(self.fixed);
        }
        let first: Vec<String> = names.by_ref().take(FIRST_NAMES).collect();
        let more = if count > FIRST_NAMES { ", ..." } else { "" };
        let question = format!(
            "{}{more}\n{} names are taken by something else.\n\
             [o]verwrite, [k]eep both or [s]kip them all, or [a]sk about each? ",
            first.join(", "),
            text::count(count as u64),
        );
        loop {
            let Some(answer) = prompt::ask(question.clone()).await else {
                return Err(Problem::new(Exit::Interrupted, "interrupted").on(self.command, "all"));
            };
            if matches!(answer.trim().to_ascii_lowercase().as_str(), "a" | "ask") {
                return Ok(None);
            }
            if let Some((decision, for_all)) = parse_answer(&answer) {
                // A capital letter holds for all that follows in this command.
                if for_all {
                    self.fixed = Some(decision);
                }
                return Ok(Some(decision));
            }
        }
    }

    /// Decides on one name, if need be with the user.
    pub(super) async fn decide(
        &mut self,
        name: impl fmt::Display,
        there: Option<There>,
    ) -> Result<OnConflict, Problem> {
        if let Some(fixed) = self.fixed {
            return Ok(fixed);
        }
        if !self.can_ask {
            return Ok(OnConflict::Fail);
        }
        let facts = there.map(|there| format!(" ({there})")).unwrap_or_default();
        let question = format!(
            "{name} is there already{facts}.\n\
             [o]verwrite, [k]eep both or [s]kip? A capital letter means all: "
        );
        loop {
            let answer = prompt::ask(question.clone()).await;
            let Some(answer) = answer else {
                return Err(Problem::new(Exit::Interrupted, "interrupted").on(self.command, name));
            };
            if let Some((decision, for_all)) = parse_answer(&answer) {
                if for_all {
                    self.fixed = Some(decision);
                }
                return Ok(decision);
            }
        }
    }
}

impl OnConflict {
    /// How content is published after this decision.
    pub(super) fn publish(self) -> Publish {
        match self {
            Self::Overwrite => Publish::Replace { revision: None },
            Self::KeepBoth => Publish::KeepBoth,
            Self::Skip | Self::Fail => Publish::IfAbsent,
        }
    }
}

impl fmt::Display for There {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::size(self.size))?;
        match self.modified {
            Some(modified) => {
                write!(f, ", {}", text::time(modified, &TimeZone::system(), false))
            }
            None => Ok(()),
        }
    }
}

/// The decision, and whether it holds for all that follow.
fn parse_answer(answer: &str) -> Option<(OnConflict, bool)> {
    let answer = answer.trim();
    let short = answer.strip_suffix(" all").unwrap_or(answer);
    let decision = match short.to_ascii_lowercase().as_str() {
        "o" | "overwrite" | "y" | "yes" => OnConflict::Overwrite,
        "k" | "keep" | "keep both" | "keep-both" => OnConflict::KeepBoth,
        "s" | "skip" | "n" | "no" => OnConflict::Skip,
        _ => return None,
    };
    let capital = answer.len() == 1 && answer.starts_with(|c: char| c.is_ascii_uppercase());
    Some((decision, capital || short.len() < answer.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_letter_or_a_word_for_one_or_for_all() {
        let cases = [
            ("o", Some((OnConflict::Overwrite, false))),
            (" K ", Some((OnConflict::KeepBoth, true))),
            ("skip all", Some((OnConflict::Skip, true))),
            ("Keep both", Some((OnConflict::KeepBoth, false))),
            ("", None),
            ("all", None),
            ("perhaps", None),
        ];
        for (answer, expected) in cases {
            assert_eq!(parse_answer(answer), expected, "{answer}");
        }
    }

    #[test]
    fn without_a_decision_and_nobody_to_ask_a_conflict_is_a_failure() {
        let conflicts = |how: TransferArgs| Conflicts {
            fixed: how.on_conflict.or(how.yes.then_some(OnConflict::Overwrite)),
            can_ask: false,
            command: "get",
        };
        let undecided = conflicts(TransferArgs::default());
        assert_eq!((undecided.first(), undecided.once()), (Publish::IfAbsent, Publish::IfAbsent));
        let yes = conflicts(TransferArgs { yes: true, ..Default::default() });
        assert_eq!(yes.first(), Publish::Replace { revision: None });
        let both = TransferArgs { on_conflict: Some(OnConflict::KeepBoth), ..Default::default() };
        let both = conflicts(both);
        assert_eq!((both.first(), both.once()), (Publish::IfAbsent, Publish::KeepBoth));
    }
}
