//! `cargo xtask`: the project's chores.
//!
//! `demo` tells the scenarios of `it` to people, `bench` measures, `slow` runs what is too slow for
//! every day, and `ci` does what has to pass before a change goes in. `originals`, `strftime` and `chrony` compare
//! with programs of others, where they are installed.

mod bench;
mod chores;
mod demo;
mod peers;
mod strftime;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use bench::BenchArgs;
use demo::DemoArgs;
use peers::{ChronyArgs, OriginalsArgs};
use strftime::StrftimeArgs;

/// Seam's chores
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    Demo(DemoArgs),
    Bench(BenchArgs),
    /// Do what has to pass before a change goes in: formatting, lints, documentation, tests, demo
    Ci,
    /// Run the tests with a file of 5 GiB and with a million forged sources, and look at the memory
    Slow,
    Originals(OriginalsArgs),
    Strftime(StrftimeArgs),
    Chrony(ChronyArgs),
}

fn main() -> ExitCode {
    let done = match Args::parse().chore {
        Chore::Demo(args) => demo::demo(&args),
        Chore::Bench(args) => bench::bench(&args),
        Chore::Ci => chores::ci(),
        Chore::Slow => chores::slow(),
        Chore::Originals(args) => peers::originals(&args),
        Chore::Strftime(args) => strftime::strftime(&args),
        Chore::Chrony(args) => peers::chrony(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
