//! The command line of `ftp-cli`, and the lines of its prompt.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use identity::{Rights, Ticket};

use super::filter::RuleArgs;
use crate::pages::Page;
use crate::settings::{Address, CommonArgs, Rate};
use crate::ticket::{Terms, TicketCommand};

/// The port of a file server when none is named.
pub(super) const DEFAULT_PORT: u16 = 8484;

/// The service's name, in keys' rights and in TLS.
pub(super) const SERVICE: &str = "ftp";

const EXAMPLES: &str = "\
Examples:
  ftp-cli                                  open a prompt: ls, cd, get, put, ...
  ftp-cli serve ~/shared --write           serve a directory at 127.0.0.1:8484
  ftp-cli get report.pdf                   fetch a file; again after a break: it goes on
  ftp-cli get 'logs/*.gz' -o logs/         fetch what matches
  ftp-cli get photos                       fetch a directory; again: only what differs
  ftp-cli get photos/ -o backup --delete   make backup the same as photos
  ftp-cli put . -t src -n --gitignore      say what sending this directory would do
  ftp-cli -s 192.168.1.7 --plain put a b   send two things to another machine
  tar c src | ftp-cli put - -t src.tar     send what comes from a pipe
  ftp-cli get src.tar -o - | tar t         and fetch it into one";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command cannot be understood
  3  not found
  4  denied
  5  conflict: something is there already
  6  cannot connect
  7  the content is wrong
  130  interrupted
  Of several failures the worst one counts (130, 6, 7, 4, 3, 5, 2, 1 in this order);
  the other files are tried all the same.

In names on the server * ? [ ] { } are patterns; a backslash takes their meaning away.
Everything --json prints is described in the README.";

/// Move files: verified, resumable, never half-written
#[derive(Debug, Parser)]
#[command(
    name = "ftp-cli",
    version,
    propagate_version = true,
    infer_long_args = true,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
    max_term_width = 100
)]
pub(super) struct FtpArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,

    #[command(flatten)]
    pub(super) transfer: TransferArgs,

    /// At most so many bytes a second: 10M (K, M, G of 1000; Ki, Mi, Gi of 1024)
    #[arg(long, global = true, value_name = "RATE", help_heading = "Transfers")]
    pub(super) limit_rate: Option<Rate>,

    /// Speak to the tutorial's original server (get and put only)
    #[arg(long, global = true, help_heading = "Transfers")]
    pub(super) classic: bool,

    /// Without a command, a prompt is opened
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

impl FtpArgs {
    /// `get TICKET` means: from there, and everything unless something is named.
    pub(super) fn with_ticket_taken(mut self) -> Self {
        let Some(Command::Remote(RemoteCommand::Get(get))) = &mut self.command else {
            return self;
        };
        let ticket = get.remote.first().and_then(|word| word.to_str());
        if let Some(ticket) = ticket.filter(|word| Ticket::looks_like(word)) {
            self.common.server = ticket.parse().ok();
            get.remote.remove(0);
            if get.remote.is_empty() {
                get.remote.push(".".into());
            }
        }
        self
    }
}

/// How transfers are made.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TransferArgs {
    /// What to do with names that are taken [default: ask at a terminal, else fail]
    #[arg(long, global = true, value_name = "WHAT", help_heading = "Transfers")]
    pub(super) on_conflict: Option<OnConflict>,

    /// End only when the content is on the disk, not only in the system's memory
    #[arg(long, global = true, help_heading = "Transfers")]
    pub(super) durable: bool,

    /// Ask nothing: overwrite, remove, delete
    #[arg(short, long, global = true, help_heading = "Transfers")]
    pub(super) yes: bool,
}

impl TransferArgs {
    /// What a line of the prompt says comes before what the program was told.
    pub(super) fn or(&self, outer: &Self) -> Self {
        Self {
            on_conflict: self.on_conflict.or(outer.on_conflict),
            durable: self.durable || outer.durable,
            yes: self.yes || outer.yes,
        }
    }
}

/// What to do with a name that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnConflict {
    /// Replace what is there
    Overwrite,
    /// Take NAME(1) instead
    KeepBoth,
    /// Leave what is there, and go on
    Skip,
    /// Leave what is there, and fail
    Fail,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Serve(ServeArgs),
    Send(SendArgs),
    #[command(subcommand)]
    Ticket(TicketCommand<WhatArgs>),
    #[command(flatten)]
    Remote(RemoteCommand),
    #[command(flatten)]
    Page(Page),
}

/// What is asked of a server, on the command line and at the prompt.
#[derive(Debug, Subcommand)]
pub(super) enum RemoteCommand {
    Get(GetArgs),
    Put(PutArgs),
    Ls(LsArgs),
    Stat(StatArgs),
    Rm(RmArgs),
    Mkdir(MkdirArgs),
    Mv(MvArgs),
}

/// Serve a directory
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// What is served; nothing outside it is ever touched
    #[arg(default_value = ".")]
    pub(super) dir: PathBuf,

    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8484")]
    pub(super) bind: Address,

    /// Let clients change things, too
    #[arg(long)]
    pub(super) write: bool,

    /// Also print a ticket that lets others in: read, or read,write; read:/DIR is a part
    #[arg(long, value_name = "RIGHTS", help_heading = "Tickets")]
    pub(super) ticket: Option<Rights>,

    #[command(flatten)]
    pub(super) terms: Terms,

    /// With --plain, serve beyond this machine, unencrypted, to whoever comes
    #[arg(long, hide_short_help = true)]
    pub(super) let_everyone_in: bool,
}

/// Serve just these files and directories, until they were fetched
#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// What is to be fetched
    #[arg(required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:0")]
    pub(super) bind: Address,

    #[command(flatten)]
    pub(super) terms: Terms,
}

/// What a ticket is for.
#[derive(Clone, Debug, Args)]
pub(super) struct WhatArgs {
    /// The directory that is served
    #[arg(default_value = ".")]
    pub(super) dir: PathBuf,

    /// What the ticket permits: read, or read,write; read:/DIR is a part
    #[arg(long, default_value = "read")]
    pub(super) rights: Rights,
}

/// Fetch files and directories; what an interrupted get left is gone on with
#[derive(Debug, Args)]
#[command(after_help = PLACES)]
pub(super) struct GetArgs {
    /// Names or patterns on the server; . is all that is there
    #[arg(required = true)]
    pub(super) remote: Vec<OsString>,

    /// A file or a directory; - is standard output [default: the name, in this directory]
    #[arg(short, long, value_name = "DEST")]
    pub(super) output: Option<PathBuf>,

    #[command(flatten)]
    pub(super) tree: TreeArgs,
}

/// Send files and directories; what an interrupted put left is gone on with
#[derive(Debug, Args)]
#[command(after_help = PLACES)]
pub(super) struct PutArgs {
    /// Files and directories here; . is all that is here, - is standard input
    #[arg(required = true)]
    pub(super) local: Vec<PathBuf>,

    /// A directory on the server; for standard input alone, the whole name
    #[arg(short = 't', long = "to", value_name = "DEST")]
    pub(super) to: Option<OsString>,

    /// The name it gets, for a single file or directory
    #[arg(long)]
    pub(super) name: Option<OsString>,

    #[command(flatten)]
    pub(super) tree: TreeArgs,
}

/// Where directories go.
const PLACES: &str = "\
A directory goes into DEST if that is one (or if several are on their way), else it becomes DEST.
With a slash at its end (photos/) what is in it goes into DEST: that does the same each time.";

/// What of directories is moved, and what else is done.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Directories")]
pub(super) struct TreeArgs {
    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,

    /// Compare files by their content, not by size and time
    #[arg(short, long)]
    pub(super) checksum: bool,

    /// Delete from the target what the directory does not have; asks before it does
    #[arg(long)]
    pub(super) delete: bool,

    #[command(flatten)]
    pub(super) rules: RuleArgs,

    /// Leave out what the .gitignore files in the directory say (put only)
    #[arg(long)]
    pub(super) gitignore: bool,

    /// Directories are moved with all that is in them anyway.
    #[arg(short, long, hide = true)]
    pub(super) recursive: bool,
}

impl TreeArgs {
    /// Whether something was asked that only whole directories know.
    pub(super) fn says_something(&self) -> bool {
        let Self { dry_run, checksum, delete, rules, gitignore, recursive: _ } = self;
        *dry_run || *checksum || *delete || *gitignore || !rules.0.is_empty()
    }
}

/// List directories
#[derive(Debug, Args)]
pub(super) struct LsArgs {
    /// Directories, files or patterns [default: where you are]
    pub(super) paths: Vec<OsString>,

    /// Also permissions, size and time
    #[arg(short, long)]
    pub(super) long: bool,

    /// Also what is in the directories beneath
    #[arg(short = 'R', long)]
    pub(super) recursive: bool,
}

/// Describe files and directories
#[derive(Debug, Args)]
pub(super) struct StatArgs {
    /// Names or patterns
    #[arg(required = true)]
    pub(super) paths: Vec<OsString>,

    /// Also the MD5 of the whole content, as md5sum prints it
    #[arg(long)]
    pub(super) md5: bool,
}

/// Remove files and directories
#[derive(Debug, Args)]
pub(super) struct RmArgs {
    /// Names or patterns
    #[arg(required = true)]
    pub(super) paths: Vec<OsString>,

    /// Directories with all that is in them, not only empty ones
    #[arg(short, long)]
    pub(super) recursive: bool,
}

/// Make directories
#[derive(Debug, Args)]
pub(super) struct MkdirArgs {
    /// Names
    #[arg(required = true)]
    pub(super) paths: Vec<OsString>,

    /// Also those above; it is no error if they are there
    #[arg(short, long)]
    pub(super) parents: bool,
}

/// Rename or move files and directories
#[derive(Debug, Args)]
pub(super) struct MvArgs {
    /// What there is, and last the new name or the directory to move it to
    #[arg(required = true, num_args = 2.., value_name = "FROM... TO")]
    pub(super) paths: Vec<OsString>,
}

/// A line of the prompt.
#[derive(Debug, Parser)]
#[command(
    name = "",
    no_binary_name = true,
    disable_help_subcommand = true,
    infer_subcommands = true,
    subcommand_help_heading = "Commands",
    override_usage = "COMMAND [ARGUMENTS]",
    help_template = "{subcommands}\n\n{options}{after-help}",
    after_help = "`help COMMAND` says more of one command. Tab completes, the arrow keys go \
                  through what was typed before, quotes hold names with spaces together."
)]
pub(super) struct Line {
    #[command(flatten)]
    pub(super) transfer: TransferArgs,

    #[command(subcommand)]
    pub(super) command: Typed,
}

/// What can be typed.
#[derive(Debug, Subcommand)]
pub(super) enum Typed {
    #[command(flatten)]
    Remote(RemoteCommand),
    /// Go to a directory on the server
    Cd {
        /// The directory [default: the root]
        dir: Option<OsString>,
    },
    /// Say where you are on the server
    Pwd,
    /// Go to a directory here
    Lcd {
        /// The directory [default: home]
        dir: Option<PathBuf>,
    },
    /// Say where you are here
    Lpwd,
    /// List a directory here
    Lls {
        /// The directory [default: where you are]
        dir: Option<PathBuf>,
    },
    /// Say what can be typed
    Help {
        /// A command to say more of
        command: Option<String>,
    },
    /// Leave
    #[command(visible_alias = "exit", alias = "bye")]
    Quit,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> FtpArgs {
        FtpArgs::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn both_command_lines_are_well_formed() {
        FtpArgs::command().debug_assert();
        Line::command().debug_assert();
    }

    #[test]
    fn common_options_stand_before_and_after_the_subcommand() {
        for line in [
            "ftp-cli -s host:1 --plain --json -q -vv --limit-rate 10M --durable get a",
            "ftp-cli get a -s host:1 --plain --json -q -vv --limit-rate 10M --durable",
            "ftp-cli --plain -v get --json -s host:1 a -q --limit-rate 10M -v --durable",
        ] {
            let args = parse(line);
            let server = args.common.server_or_local().unwrap();
            assert_eq!(server.place(DEFAULT_PORT), "host:1");
            assert!(args.common.plain && args.common.json && args.common.quiet, "{line}");
            assert_eq!(args.limit_rate.map(Rate::bytes_per_second), Some(10_000_000));
            assert!(args.transfer.durable);
        }
    }

    #[test]
    fn conflicts_have_four_answers() {
        for (word, expected) in [
            ("overwrite", OnConflict::Overwrite),
            ("keep-both", OnConflict::KeepBoth),
            ("skip", OnConflict::Skip),
            ("fail", OnConflict::Fail),
        ] {
            let args = parse(&format!("ftp-cli put a --on-conflict {word}"));
            assert_eq!(args.transfer.on_conflict, Some(expected));
        }
    }

    #[test]
    fn a_line_of_the_prompt_overrides_what_the_program_was_told() {
        let outer = TransferArgs { on_conflict: Some(OnConflict::Fail), ..Default::default() };
        let line =
            Line::try_parse_from(["get", "a", "--on-conflict", "skip", "--durable"]).unwrap();
        let merged = line.transfer.or(&outer);
        assert_eq!(merged.on_conflict, Some(OnConflict::Skip));
        assert!(merged.durable);
        assert_eq!(TransferArgs::default().or(&outer).on_conflict, Some(OnConflict::Fail));
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for line in [
            "ftp-cli get",
            "ftp-cli fetch a",
            "ftp-cli --limit-rate fast get a",
            "ftp-cli mv a",
            "ftp-cli get a --on-conflict perhaps",
        ] {
            let error = FtpArgs::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
        let args = FtpArgs::try_parse_from(["ftp-cli", "-s", "host:99999", "ls"]).unwrap();
        assert_eq!(args.common.server_or_local().unwrap_err().exit.code(), 2);
    }

    #[test]
    fn a_ticket_may_stand_where_get_has_its_first_name() {
        let parse =
            |line: &str| FtpArgs::try_parse_from(line.split(' ')).unwrap().with_ticket_taken();
        let remote = |args: &FtpArgs| match &args.command {
            Some(Command::Remote(RemoteCommand::Get(get))) => get.remote.clone(),
            other => panic!("{other:?}"),
        };
        let args = parse("ftp-cli get seam://host:1/#key.token");
        assert!(args.common.server.is_some());
        assert_eq!(remote(&args), ["."]);
        let args = parse("ftp-cli get seam://host:1/#key.token a b");
        assert_eq!(remote(&args), ["a", "b"]);
        let args = parse("ftp-cli get a seam://host:1/");
        assert_eq!(remote(&args).len(), 2);
    }
}
