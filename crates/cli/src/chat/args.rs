//! The command line of `chat-cli`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use udpchat::{Delivery, Name, NameError, Target};

use crate::pages::Page;
use crate::report::Report;
use crate::settings::{Address, CommonArgs};

/// The port of a chat server when none is named.
pub(super) const DEFAULT_PORT: u16 = 8081;

const EXAMPLES: &str = "\
Examples:
  chat-cli serve                               directory, relay and desk at 127.0.0.1:8081
  chat-cli join 雪                             full screen; /help tells the rest
  chat-cli join liu --room lobby --json        the same for programs, line by line
  chat-cli send 雪 'back at noon' --as liu     ends when the server has stored it
  chat-cli history moon --as liu               what was said of the moon
  chat-cli talk --contact jkey=127.0.0.1:8081  raw text, to whoever answers there";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command cannot be understood
  3  nobody of that name has joined
  4  denied: the name belongs to another key, or the server is not the one that was known
  6  no server answers
  130  interrupted

Messages are signed and not secret: whoever carries the datagrams can read them. A name belongs to
the key that joins under it first. Everything --json prints is described in the README.";

/// Talk: rooms, people by name, messages that wait for those who are away
#[derive(Debug, Parser)]
#[command(
    name = "chat-cli",
    version,
    propagate_version = true,
    infer_long_args = true,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
    max_term_width = 100
)]
pub(super) struct ChatArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,

    #[command(subcommand)]
    pub(super) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Serve(ServeArgs),
    Join(JoinArgs),
    Send(SendArgs),
    History(HistoryArgs),
    Contacts(ContactsArgs),
    Talk(TalkArgs),
    #[command(flatten)]
    Page(Page),
}

/// Be directory and relay for those who join, and answer raw text
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen (UDP); port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    pub(super) bind: Address,

    /// Where names, rooms and messages are kept [default: chat/server.redb in the state directory]
    #[arg(long, value_name = "FILE")]
    pub(super) store: Option<PathBuf>,

    /// Do not answer raw text, and read nothing: only those who join are served
    #[arg(long)]
    pub(super) no_desk: bool,
}

/// Join under a name, and talk
#[derive(Debug, Args)]
pub(super) struct JoinArgs {
    /// The name; it belongs to your key from the first time on
    #[arg(value_parser = name)]
    pub(super) name: Name,

    /// Enter this room, and write to it
    #[arg(long, value_name = "ROOM", value_parser = room)]
    pub(super) room: Option<Name>,

    /// Write to this person, or to a #ROOM
    #[arg(long, value_name = "NAME", value_parser = target)]
    pub(super) to: Option<Target>,

    /// No full screen: a line for each message, and a message for each line
    #[arg(long)]
    pub(super) plain_text: bool,
}

/// Send one message
#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// Whom it is for: a person, or a #ROOM
    #[arg(value_name = "NAME", value_parser = target)]
    pub(super) to: Target,

    /// What it says; - takes it from standard input
    pub(super) text: String,

    #[command(flatten)]
    pub(super) who: WhoArgs,

    /// How far it must have come. Beyond stored, no other chat-cli may have joined under your name
    /// from here, and what comes for it meanwhile goes into its history
    #[arg(long, value_name = "STATE", default_value = "stored")]
    pub(super) wait: Wait,

    /// How many seconds to wait for that
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(super) timeout: Duration,
}

/// Look into your own history, on this machine
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Only messages with this in their text, in whatever case
    pub(super) word: Option<String>,

    #[command(flatten)]
    pub(super) who: WhoArgs,

    /// Only what was said with this person, or in this #ROOM
    #[arg(long, value_name = "NAME", value_parser = target)]
    pub(super) with: Option<Target>,

    /// At most so many messages, the last ones
    #[arg(short = 'n', long, value_name = "N", default_value = "100")]
    pub(super) limit: usize,
}

/// Who has joined, who is there, and which rooms there are
#[derive(Debug, Args)]
pub(super) struct ContactsArgs {
    #[command(flatten)]
    pub(super) who: WhoArgs,

    /// How many seconds to wait for the server
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(super) timeout: Duration,
}

/// As whom.
#[derive(Debug, Args)]
pub(super) struct WhoArgs {
    /// Your name [default: the only one that has joined here, else the account's]
    #[arg(long = "as", value_name = "NAME", env = "SEAM_NAME", value_parser = name)]
    pub(super) name: Option<Name>,
}

/// Send raw text to a contact, and wait for the reply: the tutorial's client
#[derive(Debug, Args)]
pub(super) struct TalkArgs {
    /// A contact; may be given again [default: the tutorial's four, at 127.0.0.1:8081]
    #[arg(long = "contact", value_name = "NAME=ADDR:PORT")]
    pub(super) contacts: Vec<String>,

    /// A file of contacts, NAME=ADDR:PORT in each line
    #[arg(long = "contacts", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,

    /// How many seconds to wait for a reply [default: until it comes]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) timeout: Option<Duration>,
}

/// How far a message must have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Wait {
    /// The server has it on its disk.
    Stored,
    /// The person it is for has it.
    Delivered,
    /// The person has read it.
    Read,
}

impl Wait {
    pub(super) fn state(self) -> Delivery {
        match self {
            Self::Stored => Delivery::Stored,
            Self::Delivered => Delivery::Delivered,
            Self::Read => Delivery::Read,
        }
    }
}

impl JoinArgs {
    /// Whether there is a person with a whole terminal.
    pub(super) fn is_full_screen(&self, report: &Report) -> bool {
        let terminal = report.terminal();
        terminal.input && terminal.output && !self.plain_text && !report.is_json()
    }

    /// Whom messages go to at first.
    pub(super) fn target(&self) -> Option<Target> {
        self.to.clone().or_else(|| self.room.clone().map(Target::Room))
    }
}

fn name(text: &str) -> Result<Name, NameError> {
    Name::parse(text)
}

/// A room may be written with its `#` as well.
pub(super) fn room(text: &str) -> Result<Name, NameError> {
    Name::parse(text.strip_prefix('#').unwrap_or(text))
}

fn target(text: &str) -> Result<Target, NameError> {
    Target::parse(text)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    let wrong = || format!("`{text}` is no number of seconds from 0.001 to 86400");
    seconds.map(Duration::from_secs_f64).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<ChatArgs, clap::Error> {
        ChatArgs::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        ChatArgs::command().debug_assert();
    }

    #[test]
    fn rooms_and_people_are_told_apart() {
        let Command::Join(join) = parse("chat-cli join 雪 --room #大厅").unwrap().command else {
            panic!("it is a join");
        };
        assert_eq!(join.target(), Some(Target::parse("#大厅").unwrap()));
        let Command::Send(send) = parse("chat-cli send #大厅 hi --as liu").unwrap().command
        else {
            panic!("it is a message");
        };
        assert!(matches!(send.to, Target::Room(_)));
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for line in [
            "chat-cli",
            "chat-cli join",
            "chat-cli join #room",
            "chat-cli join \u{202e}eux",
            "chat-cli send liu",
            "chat-cli send liu hi --wait soon",
            "chat-cli send liu hi --timeout 0",
            "chat-cli serve --bind host:99999",
            "chat-cli history a b",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
