//! `exec-cli`: runs commands elsewhere.
//!
//! ```text
//! run, shell ──▶ Remote ──▶ cmdexec's client ──▶ output ──▶ decode ──▶ stdout, stderr
//!                  ▲  Catch: signals, resizes
//! serve ──▶ door: who may ──▶ cmdexec's service
//! ```

mod args;
mod classic;
mod decode;
mod event;
mod explain;
mod forward;
mod output;
mod remote;
mod run;
mod share;
mod shell;

#[cfg(unix)]
mod door;
#[cfg(unix)]
mod serve;

#[cfg(unix)]
mod terminal;
#[cfg(not(unix))]
#[path = "terminal_elsewhere.rs"]
mod terminal;

use std::env;
use std::process::ExitCode;

use self::args::{Command, ExecArgs, ServeArgs, WhatArgs};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::program;
use crate::report::Report;
use crate::settings::CommonArgs;
use crate::ticket;

const PROGRAM: &str = "exec-cli";

/// The program `exec-cli`, from its command line to its exit code.
#[must_use]
pub fn exec_cli() -> ExitCode {
    let args = match program::parse::<ExecArgs>() {
        Ok(args) => args,
        // All that `run` and `shell` end with but this may be a command's own.
        Err(Exit::Usage) if env::args_os().any(|word| word == "run" || word == "shell") => {
            return Exit::NotRun.into();
        }
        Err(exit) => return exit.into(),
    };
    let report = Report::new(PROGRAM, &args.common);
    let ended = start(&args, &report).unwrap_or_else(|problem| {
        report.problem(&problem);
        problem.exit.code()
    });
    ExitCode::from(ended)
}

/// Does what was asked for, and gives the status to end with.
fn start(args: &ExecArgs, report: &Report) -> Result<u8, Problem> {
    let common = &args.common;
    common.start_tracing(matches!(args.command, Command::Serve(_)));
    // What a remote command may end with too is not for failures of our own.
    let not_run = |problem: Problem| problem.ending_with(Exit::NotRun);
    let done = match &args.command {
        Command::Run(run) => {
            return on_one_thread(run::run(run, common, report)).map_err(not_run);
        }
        Command::Shell(shell) => {
            return on_one_thread(shell::shell(shell, common, report)).map_err(not_run);
        }
        Command::Serve(serve) => start_server(serve, common, report)?,
        Command::Ticket(command) => on_one_thread(async {
            let open = |_: &WhatArgs| Ok((share::share()?, share::rights()));
            let port = args::DEFAULT_PORT;
            Ok(ticket::run(command, port, common, report, open, share::THEN).await)
        })?,
        Command::Page(page) => page.print::<ExecArgs>()?,
    };
    Ok(done.code())
}

/// Runs a client.
fn on_one_thread<T>(client: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let runtime = program::one_thread()?;
    let done = runtime.block_on(client);
    // Whoever waits for a key that nobody presses is not waited for.
    runtime.shutdown_background();
    done
}

#[cfg(unix)]
fn start_server(args: &ServeArgs, common: &CommonArgs, report: &Report) -> Result<Exit, Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(program::cannot_start)?.block_on(serve::serve(args, common, report))
}

#[cfg(not(unix))]
fn start_server(_: &ServeArgs, _: &CommonArgs, _: &Report) -> Result<Exit, Problem> {
    Err(Problem::usage("commands are served on Unix only"))
}
