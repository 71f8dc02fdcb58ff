//! The options that say what takes part, in the order in which they stand.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint};

use crate::ftp::os;
use crate::prompt::words;

/// What was said of what takes part, in its order: the order decides.
#[derive(Clone, Debug, Default)]
pub(in crate::ftp) struct RuleArgs(pub(in crate::ftp) Vec<Word>);

/// One of the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ftp) enum Word {
    Exclude(OsString),
    Include(OsString),
    ExcludeFrom(PathBuf),
}

impl RuleArgs {
    /// At the prompt a name of a file is a word like any other. A pattern is one in quotes, too:
    /// a shell wants them, and nobody would look for a name with a star in it.
    pub(in crate::ftp) fn at_the_prompt(&mut self, plain: impl Fn(&Path) -> PathBuf) {
        for word in &mut self.0 {
            match word {
                Word::ExcludeFrom(file) => *file = plain(file),
                Word::Exclude(pattern) | Word::Include(pattern) => {
                    *pattern = os::name(words::unescape(os::bytes(pattern))).unwrap_or_default();
                }
            }
        }
    }
}

impl Args for RuleArgs {
    fn augment_args(command: Command) -> Command {
        let option = |name: &'static str, value: &'static str, help: &'static str| {
            Arg::new(name)
                .long(name)
                .value_name(value)
                .help(help)
                .action(ArgAction::Append)
                .value_parser(ValueParser::os_string())
                .help_heading("Directories")
        };
        command
            .arg(option("exclude", "GLOB", "Leave out what matches, and all beneath it")
                .long_help(
                    "Leave out what matches, and all beneath it. It is neither moved nor deleted.\n\
                     A pattern is one of a .gitignore file: *.o matches at any depth, /build and \
                     src/*.o from the top, build/ only directories. Of several --exclude and \
                     --include the first that matches decides, in the order given",
                ))
            .arg(option("include", "GLOB", "Take what matches, although a later one excludes it")
                .long_help(
                    "Take what matches, although a later --exclude matches it, too. What is in a \
                     directory that is left out is not looked at: to take only pictures, say \
                     --include '*/' --include '*.jpg' --exclude '*'",
                ))
            .arg(
                option("exclude-from", "FILE", "Leave out what the patterns in a file match")
                    .long_help(
                        "Leave out what the patterns in a file match: a line each, as in a \
                         .gitignore file, with # for comments and ! for exceptions",
                    )
                    .value_hint(ValueHint::FilePath),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RuleArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut words = Vec::new();
        let mut collect = |name: &str, word: fn(OsString) -> Word| {
            let values = matches.get_many::<OsString>(name).into_iter().flatten();
            let places = matches.indices_of(name).into_iter().flatten();
            words.extend(places.zip(values.cloned().map(word)));
        };
        collect("exclude", Word::Exclude);
        collect("include", Word::Include);
        collect("exclude-from", |file| Word::ExcludeFrom(file.into()));
        words.sort_by_key(|&(place, _)| place);
        Ok(Self(words.into_iter().map(|(_, word)| word).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_prompt_a_pattern_is_one_in_quotes_too() {
        let mut args = RuleArgs(vec![
            Word::Exclude(r"\*.log".into()),
            Word::Include(r"\\*".into()),
            Word::ExcludeFrom("~".into()),
        ]);
        args.at_the_prompt(|_| "/home/me".into());
        let expected = [
            Word::Exclude("*.log".into()),
            Word::Include(r"\*".into()),
            Word::ExcludeFrom("/home/me".into()),
        ];
        assert_eq!(args.0, expected);
    }

    #[test]
    fn the_options_keep_the_order_in_which_they_stand() {
        let command = RuleArgs::augment_args(Command::new("put"));
        let line =
            ["put", "--include", "b", "--exclude", "a", "--exclude-from=f", "--exclude", "c"];
        let args = RuleArgs::from_arg_matches(&command.get_matches_from(line)).unwrap();
        let expected = [
            Word::Include("b".into()),
            Word::Exclude("a".into()),
            Word::ExcludeFrom("f".into()),
            Word::Exclude("c".into()),
        ];
        assert_eq!(args.0, expected);
    }
}
