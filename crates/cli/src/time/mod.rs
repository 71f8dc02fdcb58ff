//! `time-cli`: tells and asks for the time.

mod args;
mod ask;
mod event;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;
use jiff::tz::TimeZone;

use self::args::{Command, TimeArgs};
use crate::exit::Exit;
use crate::pages;
use crate::problem::Problem;
use crate::report::Report;

const PROGRAM: &str = "time-cli";

/// The program `time-cli`, from its command line to its exit code.
#[must_use]
pub fn time_cli() -> ExitCode {
    let args = match TimeArgs::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Whoever closed the stream does not want to know.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
    };
    let report = Report::new(PROGRAM, &args.common);
    match run(&args, &report) {
        Ok(exit) => exit.into(),
        Err(problem) => {
            report.problem(&problem);
            problem.exit.into()
        }
    }
}

fn run(args: &TimeArgs, report: &Report) -> Result<Exit, Problem> {
    match &args.command {
        Command::Completions { shell } => pages::print(&pages::completions::<TimeArgs>(*shell)),
        Command::Man { command } => {
            pages::print(&pages::manual::<TimeArgs>(command.as_deref())?);
        }
        Command::Serve(serve) => {
            return start(args)?.block_on(serve::serve(serve, report));
        }
        Command::Ask(ask) => {
            return start(args)?.block_on(ask::ask(ask, &args.common, report));
        }
    }
    Ok(Exit::Done)
}

fn start(args: &TimeArgs) -> Result<tokio::runtime::Runtime, Problem> {
    args.common.start_tracing(matches!(args.command, Command::Serve(_)));
    // One thread has time enough: nothing here waits for a disk.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new(Exit::Failed, format_args!("cannot start: {error}")))
}

/// The zone of that name, or the one that this machine is in.
fn zone(name: Option<&str>) -> Result<TimeZone, Problem> {
    match name {
        Some(name) => TimeZone::get(name).map_err(|_| {
            Problem::usage("there is no such time zone; Asia/Shanghai is one").on("--tz", name)
        }),
        None => Ok(TimeZone::try_system().unwrap_or(TimeZone::UTC)),
    }
}
