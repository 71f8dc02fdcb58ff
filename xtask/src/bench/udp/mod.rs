//! Datagrams: small questions over loopback, each with an answer.
//!
//! The servers are processes of their own that run through all rounds; the same process asks each
//! of them in turn. It keeps a fixed number of questions on their way, so that it is never the
//! number of questions that limits a server.

mod batch;
mod place;
mod role;

use std::process::Command;

use it::{Error, Profile, Program};
use serde_json::Value;

pub(super) use role::{Role, play};

use self::place::{Side, pin};
use super::RunArgs;
use super::figures::{Amount, Table};
use super::meter::Server;

/// Asks each server in turn.
pub(super) fn measure(args: &RunArgs) -> Result<Table, Error> {
    let questions = if args.quick { 50_000 } else { 1_000_000 };
    eprintln!("building");
    let servers = [
        ("limit (bare recvmmsg, sendmmsg)", ours("batches")?),
        ("naive (a datagram a call)", ours("naive")?),
        ("netserver echo", ours("echo")?),
        ("time-cli serve", time_cli()?),
    ];
    for (_, (server, _)) in &servers {
        pin(Some(server.id()), Side::Server)?;
    }
    let mut runs = servers.each_ref().map(|(name, _)| ((*name).to_owned(), Vec::new()));
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        for ((_, (server, address)), (_, runs)) in servers.iter().zip(&mut runs) {
            let mut load = role("load")?;
            runs.push(server.run(load.args([address, &questions.to_string()]))?);
        }
    }
    let title = format!("{questions} questions in datagrams over loopback");
    let cores = std::thread::available_parallelism()?;
    Ok(Table::new(title, Amount::Requests(questions), runs.into())
        .note(format!("{} rounds in turns, one process asks, 64 on their way", args.rounds))
        .note(format!("{cores} cores, {} {}", std::env::consts::OS, std::env::consts::ARCH)))
}

/// A server of this program; what it prints first is where it is.
fn ours(name: &str) -> Result<(Server, String), Error> {
    Server::start(&mut role(name)?, |line| Some(line.to_owned()))
}

/// This program in one of its roles, optimised however it was started.
fn role(name: &str) -> Result<Command, Error> {
    let mut command = Command::new(Program::Xtask.built(Profile::Release)?);
    command.args(["bench", "datagrams", name]);
    Ok(command)
}

/// The real program.
fn time_cli() -> Result<(Server, String), Error> {
    let mut command = Command::new(Program::TimeCli.built(Profile::Release)?);
    command.args(["serve", "--json", "--bind", "127.0.0.1:0"]).env_remove("SEAM_SERVER");
    Server::start(&mut command, |line| {
        let ready = serde_json::from_str::<Value>(line).ok()?;
        ready["address"].as_str().map(str::to_owned)
    })
}
