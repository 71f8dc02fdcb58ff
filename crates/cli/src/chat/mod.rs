//! `chat-cli`: lets people talk.

mod args;
mod contacts;
mod event;
mod history;
mod join;
mod lines;
mod screen;
mod send;
mod serve;
mod shown;
mod station;
mod talk;
mod typed;

use std::process::ExitCode;

use clap::Parser as _;

use self::args::{ChatArgs, Command};
use crate::exit::Exit;
use crate::pages;
use crate::problem::Problem;
use crate::report::Report;

const PROGRAM: &str = "chat-cli";

/// The program `chat-cli`, from its command line to its exit code.
#[must_use]
pub fn chat_cli() -> ExitCode {
    let args = match ChatArgs::try_parse() {
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

fn run(args: &ChatArgs, report: &Report) -> Result<Exit, Problem> {
    let common = &args.common;
    match &args.command {
        Command::Completions { shell } => {
            pages::print(&pages::completions::<ChatArgs>(*shell));
            return Ok(Exit::Done);
        }
        Command::Man { command } => {
            pages::print(&pages::manual::<ChatArgs>(command.as_deref())?);
            return Ok(Exit::Done);
        }
        Command::Join(join) if join.is_full_screen(report) => {
            // The screen has no place for what the crates have to tell.
            return runtime()?.block_on(screen::join(join, common));
        }
        _ => common.start_tracing(matches!(args.command, Command::Serve(_))),
    }
    runtime()?.block_on(async {
        match &args.command {
            Command::Serve(serve) => serve::serve(serve, report).await,
            Command::Talk(talk) => talk::talk(talk, report).await,
            Command::Join(join) => join::join(join, common, report).await,
            Command::Send(send) => send::send(send, common, report).await,
            Command::History(history) => history::history(history, common, report),
            Command::Contacts(contacts) => contacts::contacts(contacts, common, report).await,
            Command::Completions { .. } | Command::Man { .. } => Ok(Exit::Done),
        }
    })
}

/// One thread has time enough: client and server wait for their disks on threads of their own.
fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new(Exit::Failed, format_args!("cannot start: {error}")))
}
