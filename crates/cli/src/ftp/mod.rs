//! `ftp-cli`: moves files.

mod args;
mod change;
mod classic;
mod complete;
mod conflict;
mod door;
mod explain;
mod filter;
mod get;
mod glob;
mod interactive;
mod list;
mod list_tree;
mod local;
mod os;
mod place;
mod put;
mod send;
mod serve;
mod session;
mod tree;
mod typed;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use self::args::{Command, DEFAULT_PORT, FtpArgs, RemoteCommand, WhatArgs};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::program;
use crate::report::Report;
use crate::signals::Signals;
use crate::ticket;

/// How long the end of the program waits for a disk that is written to.
const LAST_WRITES: Duration = Duration::from_millis(500);

/// The program `ftp-cli`, from its command line to its exit code.
#[must_use]
pub fn ftp_cli() -> ExitCode {
    let args = match program::parse::<FtpArgs>() {
        Ok(args) => args.with_ticket_taken(),
        Err(exit) => return exit.into(),
    };
    let report = Report::new("ftp-cli", &args.common);
    let exit = start(&args, &report).unwrap_or_else(|problem| {
        report.problem(&problem);
        problem.exit
    });
    exit.into()
}

fn start(args: &FtpArgs, report: &Report) -> Result<Exit, Problem> {
    if let Some(Command::Page(page)) = &args.command {
        return page.print::<FtpArgs>();
    }
    args.common.start_tracing(matches!(args.command, Some(Command::Serve(_))));
    session::check(args)?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(program::cannot_start)?;
    let exit = runtime.block_on(run(args, report));
    runtime.shutdown_timeout(LAST_WRITES);
    Ok(exit)
}

async fn run(args: &FtpArgs, report: &Report) -> Exit {
    match &args.command {
        Some(Command::Serve(serve)) => serve::serve(serve, &args.common, report).await,
        Some(Command::Send(send)) => send::send(send, &args.common, report).await,
        Some(Command::Ticket(command)) => {
            let open = |what: &WhatArgs| {
                let (root, _) = serve::open(&what.dir, false)
                    .map_err(|problem| problem.on("ticket", os::show(&what.dir)))?;
                if what.rights.is_none() || !serve::offered(true).cover(&what.rights) {
                    let message = "a file server knows the rights read and write alone";
                    return Err(Problem::usage(message).on("--rights", &what.rights));
                }
                Ok((serve::share(&root)?, what.rights.clone()))
            };
            let then = "ftp-cli ls -s TICKET, then get, put ...";
            ticket::run(command, DEFAULT_PORT, &args.common, report, open, then).await
        }
        Some(Command::Remote(command)) => once(command, args, report).await,
        _ => interactive::run(args, report).await,
    }
}

/// One command of the command line.
async fn once(command: &RemoteCommand, args: &FtpArgs, report: &Report) -> Exit {
    let session = match session::named(args, report) {
        Ok(session) => session,
        Err(problem) => {
            report.problem(&problem);
            return problem.exit;
        }
    };
    let running = async {
        if args.classic {
            return session.run_classic(command, &args.transfer).await;
        }
        let exit = match session.redeem().await {
            Ok(()) => session.run(command, &args.transfer).await,
            Err(problem) => session.fail(&problem),
        };
        session.client.lock().await.close().await;
        exit
    };
    supervise(running, report, &mut Signals::new(), &session.interrupt).await
}

/// Runs a command until it ends, is interrupted, or nobody reads what it prints.
async fn supervise(
    command: impl Future<Output = Exit>,
    report: &Report,
    signals: &mut Signals,
    interrupt: &CancellationToken,
) -> Exit {
    let mut command = pin!(command);
    tokio::select! {
        biased;
        exit = &mut command => return exit,
        () = report.closed() => return Exit::Done,
        () = signals.next() => interrupt.cancel(),
    }
    // A transfer tells what of it is kept, in the one poll that it is given.
    tokio::select! {
        biased;
        exit = &mut command => exit,
        () = tokio::task::yield_now() => {
            report.problem(&Problem::new(Exit::Interrupted, "interrupted"));
            Exit::Interrupted
        }
    }
}
