//! A small file over a new connection: what beginning to talk costs.

use std::fs;

use it::{Error, Place, Profile, Program};

use super::RunArgs;
use super::figures::{Amount, Table};
use super::files::{ftp_cli, memory_backed, serve};
use super::meter::{Run, Server};

/// How large it is, in bytes: what fits into the first packets.
const SIZE: u64 = 1000;

/// The most that encryption may add to a whole `ftp-cli get`, in milliseconds.
const BOUND_MS: f64 = 15.0;

/// Gets one small file again and again, by a new process each time: plain and encrypted in turns.
pub(super) fn measure(args: &RunArgs) -> Result<Table, Error> {
    let clients: u32 = if args.quick { 10 } else { 50 };
    eprintln!("building");
    Program::FtpCli.built(Profile::Release)?;
    let place = Place::beneath(&memory_backed(), Profile::Release)?;
    it::write_content(&place.there().join("small"), SIZE, 1)?;
    let (plain, encrypted) = (serve(&place, &["--plain"])?, serve(&place, &[])?);
    let (mut plain_runs, mut encrypted_runs) = (Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        let (mut of_plain, mut of_encrypted) = (Vec::new(), Vec::new());
        for _ in 0..clients {
            of_plain.push(get(&place, &plain, &["--plain"])?);
            of_encrypted.push(get(&place, &encrypted, &[])?);
        }
        plain_runs.push(together(&of_plain));
        encrypted_runs.push(together(&of_encrypted));
    }
    let each = |runs: &[Run]| milliseconds(runs, clients);
    let (without, with) = (each(&plain_runs), each(&encrypted_runs));
    let jobs = vec![
        ("get, plain".to_owned(), plain_runs),
        ("get, encrypted, keys on both sides".to_owned(), encrypted_runs),
    ];
    let title = format!("a file of {SIZE} bytes over a new connection, by a new process");
    Ok(Table::new(title, Amount::Files(clients.into()), jobs)
        .note(format!("{} rounds of {clients} each, in turns", args.rounds))
        .note(format!(
            "the whole process: {without:.1} ms plain, {with:.1} ms encrypted, which is {:.1} ms \
             more (at most {BOUND_MS} are wanted)",
            with - without
        )))
}

fn get(place: &Place, (server, address): &(Server, String), how: &[&str]) -> Result<Run, Error> {
    let mut client = ftp_cli(place)?;
    let run = server.run(client.args(how).args(["-s", address, "-q", "get", "small"]))?;
    let copy = place.here().join("small");
    let found = fs::metadata(&copy)?.len();
    if found != SIZE {
        return Err(format!("{found} of {SIZE} bytes came").into());
    }
    fs::remove_file(copy)?;
    Ok(run)
}

/// Several runs as one.
fn together(runs: &[Run]) -> Run {
    let sum = |of: fn(&Run) -> Option<f64>| runs.iter().map(of).sum::<Option<f64>>();
    Run {
        seconds: runs.iter().map(|run| run.seconds).sum(),
        cpu_seconds: sum(|run| run.cpu_seconds),
        server_cpu_seconds: sum(|run| run.server_cpu_seconds),
        client_peak: runs.iter().filter_map(|run| run.client_peak).max(),
        server_peak: runs.iter().filter_map(|run| run.server_peak).max(),
    }
}

/// Of one client, in the median round.
fn milliseconds(runs: &[Run], clients: u32) -> f64 {
    let seconds: Vec<f64> = runs.iter().map(|run| run.seconds).collect();
    super::figures::median(&seconds) / f64::from(clients) * 1000.0
}
