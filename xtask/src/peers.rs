//! `originals` and `chrony`: ours beside programs that are not ours, where they are installed.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::process::Command;

use clap::Args;
use it::tutorial::originals;
use it::{Error, Place, Served, Story};

/// Let the tutorial's programs, in Python, talk to ours
#[derive(Debug, Args)]
pub(crate) struct OriginalsArgs {
    /// The Python to run them with
    #[arg(long, default_value = "python3")]
    python: String,
}

/// Tells how it went, as a scenario does.
pub(crate) fn originals(args: &OriginalsArgs) -> Result<(), Error> {
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut story = Story::new(io::stdout(), colours);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(originals::tell(&mut story, &args.python))
}

/// Have chronyd read the time from time-cli
#[derive(Debug, Args)]
pub(crate) struct ChronyArgs {
    /// Where it is; it is not in everybody's path
    #[arg(long, default_value = "/usr/sbin/chronyd")]
    chronyd: String,
}

/// Asks with `chronyd -Q`, which sets no clock, and shows what it says.
pub(crate) fn chrony(args: &ChronyArgs) -> Result<(), Error> {
    let runtime = tokio::runtime::Runtime::new()?;
    let place = Place::new()?;
    let options = ["--bind", "127.0.0.1:0", "--ntp", "127.0.0.1:0", "--local-stratum", "10"];
    let mut command = place.time_cli(&["serve", "--json"])?;
    let served = runtime.block_on(Served::start(command.args(options)))?;
    let addr: SocketAddr = served.ready["ntp"].as_str().ok_or("no SNTP")?.parse()?;
    let server = format!("server {} port {} iburst", addr.ip(), addr.port());
    let pidfile = format!("pidfile {}", place.home().join("chronyd.pid").display());
    // It needs no rights (-U, -x), ends by itself (-t), and leaves nothing behind (cmdport, pidfile).
    let mut chronyd = Command::new(&args.chronyd);
    chronyd.args(["-Q", "-U", "-x", "-t", "30", &server, "cmdport 0", &pidfile]);
    let output = chronyd
        .output()
        .map_err(|error| format!("nothing was asked: {} does not start: {error}", args.chronyd))?;
    drop(served);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    print!("{said}");
    let offset = said.lines().find_map(|line| line.split_once("System clock wrong by "));
    let seconds = offset.and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
    match seconds {
        // Both read the same clock.
        Some(seconds) if output.status.success() && seconds.abs() < 0.1 => {
            println!("chronyd read the time from time-cli: {seconds:+} s");
            Ok(())
        }
        _ => Err(format!("chronyd did not get the time: {}", output.status).into()),
    }
}
