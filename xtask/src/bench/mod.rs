//! `bench`: how fast it is, beside what could be reached at the most.
//!
//! A suite measures jobs. Those that are to be compared take turns in one run (A B A B), so that
//! whatever else the machine does meanwhile falls upon all of them; what counts are medians and
//! their ratios, not times of different days.

mod figures;
mod files;
mod limit;
mod meter;
mod small;
#[cfg(target_os = "linux")]
mod udp;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use it::Error;

use self::figures::Table;

/// Measure, in optimised builds and processes of their own
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Debug, Subcommand)]
enum Suite {
    /// Get and put one large file over loopback, plain and encrypted, beside a bare loop of read,
    /// send, receive, write
    Files(RunArgs),
    /// Get a small file over a new connection, plain and encrypted: the whole process
    Small(RunArgs),
    /// Ask and answer in datagrams over loopback, beside bare loops of batches and of single ones
    #[cfg(target_os = "linux")]
    Udp(RunArgs),
    /// The bare loop's processes
    #[command(hide = true)]
    Limit {
        #[command(subcommand)]
        role: limit::Role,
    },
    /// The processes of `udp`
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Datagrams {
        #[command(subcommand)]
        role: udp::Role,
    },
}

/// What all suites understand.
#[derive(Debug, Args)]
struct RunArgs {
    /// Small jobs: to see that the bench works, not how fast anything is
    #[arg(long)]
    quick: bool,

    /// How many rounds; each job has its turn in each of them
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Runs what was asked for.
pub(crate) fn bench(args: &BenchArgs) -> Result<(), Error> {
    match &args.suite {
        Suite::Files(run) => tell(&files::measure(run)?, run),
        Suite::Small(run) => tell(&small::measure(run)?, run),
        #[cfg(target_os = "linux")]
        Suite::Udp(run) => tell(&udp::measure(run)?, run),
        Suite::Limit { role } => limit::play(role),
        #[cfg(target_os = "linux")]
        Suite::Datagrams { role } => udp::play(role),
    }
}

fn tell(table: &Table, args: &RunArgs) -> Result<(), Error> {
    println!("{table}");
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_vec_pretty(table)?)?;
    }
    Ok(())
}
