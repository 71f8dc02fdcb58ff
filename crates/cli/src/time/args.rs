//! The command line of `time-cli`.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::pages::Page;
use crate::settings::{Address, CommonArgs};

/// The port of a time server when none is named.
pub(super) const DEFAULT_PORT: u16 = 9000;

/// The port of NTP when none is named.
pub(super) const NTP_PORT: u16 = 123;

/// The port of RFC 867 when none is named.
pub(super) const DAYTIME_PORT: u16 = 13;

/// The port of RFC 868 when none is named.
pub(super) const SECONDS_PORT: u16 = 37;

const EXAMPLES: &str = "\
Examples:
  time-cli serve                                 tell the time at 127.0.0.1:9000
  time-cli ask                                   2026-03-01 09:12:55
  time-cli ask '%A, %-d %B %Y'                   Sunday, 1 March 2026
  time-cli ask '%H:%M %Z' --tz America/New_York  20:12 EST
  time-cli ask --watch                           once a second, until Ctrl-C
  time-cli serve --ntp 0.0.0.0:1123              SNTP for the network, too
  time-cli ask --ntp -s 192.168.1.7:1123         how far this clock is off";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command cannot be understood
  3  there is no such time zone on the server
  4  denied
  6  no answer
  130  interrupted

Formats are those of strftime in the C locale, with the flags and widths of glibc: see date(1) or
strftime(3). Everything --json prints is described in the README.";

/// Tell and ask for the time: formatted, by SNTP, and by RFC 867 and 868
#[derive(Debug, Parser)]
#[command(
    name = "time-cli",
    version,
    propagate_version = true,
    infer_long_args = true,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
    max_term_width = 100
)]
pub(super) struct TimeArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,

    #[command(subcommand)]
    pub(super) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Serve(ServeArgs),
    Ask(AskArgs),
    #[command(flatten)]
    Page(Page),
}

/// Tell the time
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to answer formats (UDP); port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    pub(super) bind: Address,

    /// Where to speak SNTP, too (UDP)
    #[arg(long, value_name = "ADDR")]
    pub(super) ntp: Option<Address>,

    /// Where to tell the day and the time as in RFC 867, too (TCP and UDP)
    #[arg(long, value_name = "ADDR")]
    pub(super) daytime: Option<Address>,

    /// Where to tell the seconds since 1900 as in RFC 868, too (TCP and UDP)
    #[arg(long, value_name = "ADDR")]
    pub(super) time: Option<Address>,

    /// The time zone [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(super) tz: Option<String>,

    /// By SNTP, claim that the clock is right, at this stratum (10, say), whatever the kernel says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=15))]
    pub(super) local_stratum: Option<u8>,

    /// Answer formats from public addresses, too: whoever forges one makes us send there
    #[arg(long)]
    pub(super) public: bool,

    /// At most so many datagrams a second of one source [default: any number; with --public 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_rate: Option<u32>,
}

/// Ask for the time
#[derive(Debug, Args)]
pub(super) struct AskArgs {
    /// A format of strftime [default: %Y-%m-%d %X]
    pub(super) format: Option<String>,

    /// The time zone, such as Europe/Paris [default: the server's; with --ntp this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(super) tz: Option<String>,

    /// Ask once a second until Ctrl-C
    #[arg(short, long)]
    pub(super) watch: bool,

    /// Ask by SNTP, and tell how far this machine's clock is off
    #[arg(long)]
    pub(super) ntp: bool,

    /// How many seconds to wait for an answer; it is asked for each second
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(super) timeout: Duration,
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

    fn parse(line: &str) -> Result<TimeArgs, clap::Error> {
        TimeArgs::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        TimeArgs::command().debug_assert();
    }

    #[test]
    fn common_options_stand_before_and_after_the_subcommand() {
        for line in [
            "time-cli -s host:1 --json -q ask %X --watch",
            "time-cli ask --json %X -w -s host:1 -q",
        ] {
            let args = parse(line).unwrap();
            let server = args.common.server_or_local().unwrap();
            assert_eq!(server.place(DEFAULT_PORT), "host:1");
            assert!(args.common.json && args.common.quiet);
            let Command::Ask(ask) = args.command else { panic!("{line}") };
            assert_eq!((ask.format.as_deref(), ask.watch), (Some("%X"), true));
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for line in [
            "time-cli",
            "time-cli tell",
            "time-cli serve --local-stratum 0",
            "time-cli serve --local-stratum 16",
            "time-cli serve --max-rate 0",
            "time-cli serve --bind host:99999",
            "time-cli ask --timeout 0",
            "time-cli ask --timeout nan",
            "time-cli ask a b",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
