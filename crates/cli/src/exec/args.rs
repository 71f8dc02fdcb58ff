//! The command line of `exec-cli`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use cmdexec::classic::ClassicMode;
use encoding_rs::Encoding;

use super::decode::Decoding;
use crate::pages::Page;
use crate::settings::{Address, CommonArgs, Rate, Span};
use crate::ticket::{Terms, TicketCommand};

/// The port of a command server when none is named.
pub(super) const DEFAULT_PORT: u16 = 8080;

/// What the service is called when rights are granted and connections made.
pub(super) const SERVICE: &str = cmdexec::wire::SERVICE;

const EXAMPLES: &str = "\
Examples:
  exec-cli serve                            run this account's commands at 127.0.0.1:8080
  exec-cli run 'du -sh * | sort -h'         one word: a line for the shell
  exec-cli run grep -rn 'a b' src           several: a program and its arguments, as they are
  exec-cli run -t vim notes.txt             with a terminal
  tar c src | exec-cli run 'tar x -C /tmp'  input, output and exit status as of a local command
  exec-cli run --timeout 30s -d /var make   within a time, in a directory
  exec-cli shell                            a prompt
  exec-cli serve --ticket                   and a ticket for somebody else";

const EXIT_CODES: &str = "\
Exit codes of run:
  that of the command; 128 and the number of the signal that ended it; 255 if it could not be run
  or its output did not come whole, and the reason is on standard error. shell ends with that of
  the last command.
Of everything else:
  0  done
  1  failed
  2  the command line cannot be understood
  4  denied
  6  cannot connect
  130  interrupted

Everything --json prints is described in the README.";

/// Run commands elsewhere: complete, with stdout and stderr apart, and the exit status
#[derive(Debug, Parser)]
#[command(
    name = "exec-cli",
    version,
    propagate_version = true,
    infer_long_args = true,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
    max_term_width = 100
)]
pub(super) struct ExecArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,

    #[command(subcommand)]
    pub(super) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(RunArgs),
    Shell(ShellArgs),
    Serve(ServeArgs),
    #[command(subcommand)]
    Ticket(TicketCommand<WhatArgs>),
    #[command(flatten)]
    Page(Page),
}

/// Run a command: one word is a line for the shell, several are a program and its arguments
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The command; options go before it, what follows its first word is its own
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(super) words: Vec<OsString>,

    /// Give it a terminal, for programs such as vim and top; Ctrl-C is its own then
    #[arg(short, long)]
    pub(super) tty: bool,

    /// Give it no input
    #[arg(short = 'n', long)]
    pub(super) no_input: bool,

    #[command(flatten)]
    pub(super) how: HowArgs,
}

/// Open a prompt: each line is run by the server's shell, and cd is kept
#[derive(Debug, Args)]
pub(super) struct ShellArgs {
    #[command(flatten)]
    pub(super) how: HowArgs,
}

/// How commands are run, by themselves or at the prompt.
#[derive(Clone, Debug, Args)]
pub(super) struct HowArgs {
    /// The directory to run in [default: the server's own]
    #[arg(short, long, value_name = "DIR")]
    pub(super) dir: Option<OsString>,

    /// Set a variable; NAME alone takes its value from here
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub(super) env: Vec<OsString>,

    /// End it after so long: 90s, 1h30m [default: what the server allows]
    #[arg(long, value_name = "TIME")]
    pub(super) timeout: Option<Span>,

    /// The shell for a line, by name or path [default: the server's first]
    #[arg(long, value_name = "SHELL")]
    pub(super) shell: Option<OsString>,

    /// The encoding of what it writes: gbk, shift_jis, ...; auto finds out; raw leaves it as it is
    /// [default: auto on a terminal, raw elsewhere]
    #[arg(long, value_name = "NAME")]
    pub(super) encoding: Option<Decoding>,

    /// Speak to one of the tutorial's original servers: naive, low or header; not encrypted
    #[arg(long, value_name = "WAY")]
    pub(super) classic: Option<ClassicMode>,
}

/// Run commands for those who may come in
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(super) bind: Address,

    /// Only programs of these names, without a shell
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1..)]
    pub(super) allow: Vec<String>,

    /// End commands that run longer: 90s, 1h30m
    #[arg(long, value_name = "TIME")]
    pub(super) max_time: Option<Span>,

    /// End commands that write more: bytes, or 10M, 512Ki
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) max_output: Option<u64>,

    /// How many commands one caller may run at once
    #[arg(long, value_name = "N", default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_commands: u32,

    /// The shells that may be used, the usual one first [default: /bin/sh and those in /etc/shells]
    #[arg(long, value_name = "PATH")]
    pub(super) shell: Vec<PathBuf>,

    /// Also print a ticket that lets somebody else run commands as this account
    #[arg(long, help_heading = "Tickets")]
    pub(super) ticket: bool,

    #[command(flatten)]
    pub(super) terms: Terms,

    /// With --plain, how the tutorial's clients are answered: naive, low or header
    #[arg(
        long,
        value_name = "WAY",
        requires = "plain",
        default_value_t,
        help_heading = "Tutorial"
    )]
    pub(super) classic: ClassicMode,

    /// With --plain, the encoding that the tutorial's clients are answered in [default: as it is]
    #[arg(long, value_name = "NAME", requires = "plain", value_parser = encoding)]
    #[arg(help_heading = "Tutorial")]
    pub(super) encoding: Option<&'static Encoding>,
}

/// What a ticket is for: there is one right only.
#[derive(Clone, Debug, Args)]
pub(super) struct WhatArgs {}

fn size(text: &str) -> Result<u64, String> {
    let parsed = text.parse::<Rate>().map(Rate::bytes_per_second);
    parsed.map_err(|_| "a size is a number above 0, with K, M, G or Ki, Mi, Gi behind it".into())
}

/// An encoding by any of the names that the web knows it by.
pub(super) fn encoding(name: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label(name.as_bytes())
        .ok_or_else(|| "no such encoding: utf-8, gbk, gb18030, big5, shift_jis are some".into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn words(line: &[&str]) -> Vec<OsString> {
        let args = ExecArgs::try_parse_from([&["exec-cli"], line].concat()).unwrap();
        let Command::Run(run) = args.command else { panic!("it is no run") };
        run.words
    }

    #[test]
    fn the_command_line_is_sound() {
        ExecArgs::command().debug_assert();
    }

    #[test]
    fn what_follows_the_first_word_of_a_command_is_the_commands() {
        assert_eq!(
            words(&["run", "-n", "ls", "-la", "-n", "--json"]),
            ["ls", "-la", "-n", "--json"]
        );
        assert_eq!(words(&["run", "--", "-odd", "--"]), ["-odd", "--"]);
        assert_eq!(words(&["run", "echo", "--", "x"]), ["echo", "--", "x"]);
    }

    #[test]
    fn sizes_and_encodings_are_checked() {
        assert_eq!(size("10M"), Ok(10_000_000));
        for text in ["", "0", "much"] {
            size(text).unwrap_err();
        }
        assert_eq!(encoding("GBK"), Ok(encoding_rs::GBK));
        encoding("klingon").unwrap_err();
    }
}
