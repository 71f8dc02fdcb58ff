//! `demo`: the scenarios, told to people.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Instant;

use clap::Args;
use it::scenarios::{self, Scenario};
use it::{Error, Story};

/// Tell stories of what is here, over real sockets, and check them
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Which [default: all]
    names: Vec<String>,

    /// Only tell which there are
    #[arg(long)]
    list: bool,
}

/// Tells the scenarios that were asked for; all of them are told, even if one fails.
pub(crate) fn demo(args: &DemoArgs) -> Result<(), Error> {
    if args.list {
        return list();
    }
    let chosen = choose(&args.names)?;
    for scenario in &chosen {
        scenario.prepare()?;
    }
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let bold = |text: &str| if colours { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let runtime = tokio::runtime::Runtime::new()?;
    let (begun, mut checks, mut failed) = (Instant::now(), 0, Vec::new());
    for scenario in chosen {
        print(format_args!("{}  {}", bold(scenario.name), scenario.title))?;
        let mut story = Story::new(io::stdout(), colours);
        let start = Instant::now();
        let told = runtime.block_on(scenario.tell(&mut story));
        checks += story.checks();
        if let Err(error) = told {
            failed.push(scenario.name);
            print(format_args!("  FAILED: {error}"))?;
        }
        let (checks, took) = (story.checks(), start.elapsed().as_secs_f64());
        print(format_args!("    {checks} checks in {took:.1} s\n"))?;
    }
    let took = begun.elapsed().as_secs_f64();
    if failed.is_empty() {
        return print(format_args!("all is well: {checks} checks in {took:.1} s"));
    }
    Err(format!("not as told: {}", failed.join(", ")).into())
}

fn list() -> Result<(), Error> {
    for scenario in scenarios::ALL {
        print(format_args!("{:<10} {}", scenario.name, scenario.title))?;
    }
    Ok(())
}

fn choose(names: &[String]) -> Result<Vec<&'static Scenario>, Error> {
    if names.is_empty() {
        return Ok(scenarios::ALL.iter().collect());
    }
    let find = |name: &String| {
        let known = || scenarios::ALL.iter().map(|scenario| scenario.name).collect::<Vec<_>>();
        let unknown = || format!("there is no `{name}`; there are {}", known().join(", "));
        Ok(scenarios::find(name).ok_or_else(unknown)?)
    };
    names.iter().map(find).collect()
}

/// A line for people; nobody reading it any more is a failure, not a panic.
fn print(line: impl std::fmt::Display) -> Result<(), Error> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
