//! `time-cli`: tells and asks for the time.

mod args;
mod ask;
mod event;
mod serve;

use std::process::ExitCode;

use jiff::tz::TimeZone;

use self::args::{Command, TimeArgs};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::program;
use crate::report::Report;

const PROGRAM: &str = "time-cli";

/// The program `time-cli`, from its command line to its exit code.
#[must_use]
pub fn time_cli() -> ExitCode {
    let args = match program::parse::<TimeArgs>() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
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
    args.common.start_tracing(matches!(args.command, Command::Serve(_)));
    match &args.command {
        Command::Page(page) => page.print::<TimeArgs>(),
        Command::Serve(serve) => program::on_one_thread(serve::serve(serve, report)),
        Command::Ask(ask) => program::on_one_thread(ask::ask(ask, &args.common, report)),
    }
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
