//! What a person types into a chat; pure.

use udpchat::{Name, NameError, Target};

use super::args;

/// The commands, as `/help` tells them.
pub(super) const HELP: &[&str] = &[
    "/to NAME         write to a person; /to #ROOM to a room",
    "/join ROOM       enter a room, which is made if there is none",
    "/leave [ROOM]    leave it for good",
    "/history [WORD]  what was said here; with a word, everywhere",
    "/who             who is there, and which rooms there are",
    "/quit            end; what is sent meanwhile waits at the server",
    "//text           a message that begins with /",
];

/// A line that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed<'a> {
    /// A message.
    Say(&'a str),
    /// Messages go there from now on.
    To(Target),
    Join(Name),
    /// A room, or the one that is written to.
    Leave(Option<Name>),
    History(Option<&'a str>),
    Who,
    Help,
    Quit,
}

/// Why a line is neither a message nor a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TypedError {
    #[error("an empty message is not sent")]
    Empty,
    #[error("/{command} wants a name")]
    NoName { command: &'static str },
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("there is no command {found}; /help tells which there are")]
    Unknown { found: String },
}

impl<'a> Typed<'a> {
    pub(super) fn parse(line: &'a str) -> Result<Self, TypedError> {
        let Some(command) = line.strip_prefix('/') else {
            return if line.trim().is_empty() {
                Err(TypedError::Empty)
            } else {
                Ok(Self::Say(line))
            };
        };
        if command.starts_with('/') {
            return Ok(Self::Say(command));
        }
        let (verb, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let given = Some(rest.trim()).filter(|rest| !rest.is_empty());
        let named = |command| given.ok_or(TypedError::NoName { command });
        Ok(match verb {
            "to" => Self::To(Target::parse(named("to")?)?),
            "join" => Self::Join(args::room(named("join")?)?),
            "leave" => Self::Leave(given.map(args::room).transpose()?),
            "history" => Self::History(given),
            "who" => Self::Who,
            "help" | "?" => Self::Help,
            "quit" | "exit" => Self::Quit,
            _ => {
                let found = udpchat::safe(verb);
                return Err(TypedError::Unknown { found: format!("/{found}") });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn messages_and_commands_are_told_apart() {
        let cases = [
            ("你好 /to", Typed::Say("你好 /to")),
            ("  indented", Typed::Say("  indented")),
            ("//etc/hosts", Typed::Say("/etc/hosts")),
            ("/to 雪 xue", Typed::To(Target::Person(name("雪 xue")))),
            ("/to #大厅", Typed::To(Target::Room(name("大厅")))),
            ("/join #大厅", Typed::Join(name("大厅"))),
            ("/join 大厅 ", Typed::Join(name("大厅"))),
            ("/leave", Typed::Leave(None)),
            ("/history full moon", Typed::History(Some("full moon"))),
            ("/history", Typed::History(None)),
            ("/quit", Typed::Quit),
        ];
        for (line, expected) in cases {
            assert_eq!(Typed::parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_neither_is_refused_and_made_safe() {
        assert_eq!(Typed::parse(" \t"), Err(TypedError::Empty));
        assert_eq!(Typed::parse("/to "), Err(TypedError::NoName { command: "to" }));
        let unknown = Typed::parse("/\u{1b}[2J").unwrap_err().to_string();
        assert!(unknown.starts_with(r"there is no command /\x1b[2J;"), "{unknown}");
        assert!(matches!(Typed::parse("/join @x"), Err(TypedError::Name(_))));
    }
}
