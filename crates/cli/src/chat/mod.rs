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

use self::args::{ChatArgs, Command};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::program;
use crate::report::Report;

const PROGRAM: &str = "chat-cli";

/// The program `chat-cli`, from its command line to its exit code.
#[must_use]
pub fn chat_cli() -> ExitCode {
    let args = match program::parse::<ChatArgs>() {
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

// One thread has time enough: client and server wait for their disks on threads of their own.
fn run(args: &ChatArgs, report: &Report) -> Result<Exit, Problem> {
    let common = &args.common;
    match &args.command {
        // The screen has no place for what the crates have to tell.
        Command::Join(join) if join.is_full_screen(report) => {
            return program::on_one_thread(screen::join(join, common));
        }
        command => common.start_tracing(matches!(command, Command::Serve(_))),
    }
    match &args.command {
        Command::Serve(serve) => program::on_one_thread(serve::serve(serve, report)),
        Command::Talk(talk) => program::on_one_thread(talk::talk(talk, report)),
        Command::Join(join) => program::on_one_thread(join::join(join, common, report)),
        Command::Send(send) => program::on_one_thread(send::send(send, common, report)),
        Command::Contacts(contacts) => {
            program::on_one_thread(contacts::contacts(contacts, common, report))
        }
        Command::History(history) => history::history(history, common, report),
        Command::Page(page) => page.print::<ChatArgs>(),
    }
}
