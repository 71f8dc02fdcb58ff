//! `run`: one command, as if it ran here.

use std::env;
use std::ffi::{OsStr, OsString};

use cmdexec::classic::ClassicMode;
use cmdexec::{Command, Text, safe};

use super::args::{HowArgs, RunArgs};
use super::classic::Classic;
use super::forward::Catch;
use super::output::Output;
use super::remote::{Course, Remote};
use super::terminal;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::Report;
use crate::settings::CommonArgs;

/// The kind of terminal where nobody says of which it is.
const NO_TERM: &str = "dumb";

/// Runs the command, and gives the status to end with.
pub(super) async fn run(
    args: &RunArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<u8, Problem> {
    if let Some(mode) = args.how.classic {
        return run_classic(mode, args, common, report).await;
    }
    let command = command(args)?;
    let mut output = Output::new(args.how.encoding, report);
    let mut catch = Catch::new()?;
    let mut remote = Remote::new(common)?;
    let mut course = Course { report, output: &mut output, catch: &mut catch, tty: args.tty };
    if let Some(status) = remote.redeem(&mut course).await? {
        return Ok(status);
    }
    let shown = args.words.join(OsStr::new(" "));
    let ran = remote.run(&command, &shown, tokio::io::stdin(), &mut course).await;
    remote.close().await;
    ran
}

/// Runs the command on one of the tutorial's servers.
async fn run_classic(
    mode: ClassicMode,
    args: &RunArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<u8, Problem> {
    if args.tty {
        return Err(Problem::usage("-t means nothing to the tutorial's servers"));
    }
    let line = joined(&args.words)?;
    let mut output = Output::new(args.how.encoding, report);
    Classic::new(mode, &args.how, common)?.run(&line, &mut output, &mut Catch::new()?).await
}

/// The command that the words stand for.
fn command(args: &RunArgs) -> Result<Command, Problem> {
    let RunArgs { words, tty, no_input, how } = args;
    let command = match (&words[..], &how.shell) {
        ([line], None) => Command::shell(text(line)),
        ([line], Some(shell)) => Command::shell(text(line)).with_shell(text(shell)),
        (_, None) => Command::argv(words.iter().map(|word| text(word))),
        (_, Some(_)) => {
            let message = "--shell is for a line: quote the command, so that it is one word";
            return Err(Problem::usage(message));
        }
    };
    let command = how.applied_to(command)?.stdin(!no_input);
    if !tty {
        return Ok(command);
    }
    if cfg!(not(unix)) {
        return Err(Problem::usage("-t is not to be had on this system"));
    }
    let (rows, columns) = terminal::size();
    let term = env::var("TERM").ok().filter(|term| !term.is_empty());
    Ok(command.pty(term.as_deref().unwrap_or(NO_TERM), rows, columns))
}

impl HowArgs {
    /// A command with the directory, the variables and the time limit that were asked for.
    pub(super) fn applied_to(&self, mut command: Command) -> Result<Command, Problem> {
        if let Some(dir) = &self.dir {
            command = command.dir(text(dir));
        }
        for variable in &self.env {
            let (name, value) = variable_of(variable)?;
            command = command.env(name, value);
        }
        if let Some(limit) = self.timeout {
            command = command.timeout(limit.duration());
        }
        Ok(command)
    }
}

/// Name and value of what `--env` says.
fn variable_of(variable: &OsStr) -> Result<(String, Text), Problem> {
    let bytes = variable.as_encoded_bytes();
    let ill = |message: &str| Problem::usage(message).on("--env", safe(bytes));
    let (name, value) = match bytes.iter().position(|&byte| byte == b'=') {
        Some(at) => (&bytes[..at], Some(Text::from(&bytes[at + 1..]))),
        None => (bytes, None),
    };
    let name = str::from_utf8(name).ok().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| ill("a variable is NAME=VALUE, or NAME"))?.to_owned();
    let here = |name: &String| env::var_os(name).map(|value| text(&value));
    match value.or_else(|| here(&name)) {
        Some(value) => Ok((name, value)),
        None => Err(ill("there is no such variable here")),
    }
}

/// What was typed, as it is.
pub(super) fn text(word: &OsStr) -> Text {
    Text::from(word.as_encoded_bytes())
}

/// The words of a command as one line, for servers that know only lines.
fn joined(words: &[OsString]) -> Result<String, Problem> {
    words.join(OsStr::new(" ")).into_string().map_err(|line| {
        let problem = Problem::usage("--classic knows commands in UTF-8 only");
        problem.on("run", safe(line.as_encoded_bytes()))
    })
}

impl From<std::io::Error> for Problem {
    /// What the system does not let us do for ourselves.
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Failed, crate::report::text::reason(&error))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::exec::args::{Command as Verb, ExecArgs};

    fn parse(line: &[&str]) -> Result<Command, Problem> {
        let args = ExecArgs::parse_from([&["exec-cli", "run", "-n"], line].concat());
        let Verb::Run(run) = args.command else { panic!("it is no run") };
        command(&run)
    }

    #[test]
    fn one_word_is_a_line_and_several_are_an_argument_vector() {
        assert_eq!(parse(&["a b"]).unwrap(), Command::shell("a b"));
        assert_eq!(parse(&["a", "b c"]).unwrap(), Command::argv(["a", "b c"]));
        let bash = Command::shell("a").with_shell("bash").dir("/x").env("A", "b=c");
        assert_eq!(parse(&["--shell=bash", "-d/x", "-eA=b=c", "a"]).unwrap(), bash);
        assert!(parse(&["--shell=bash", "a", "b"]).unwrap_err().to_string().contains("one word"));
    }

    #[test]
    fn a_variable_may_be_taken_from_here() {
        let path = env::var("PATH").unwrap();
        assert_eq!(parse(&["-ePATH", "a"]).unwrap(), Command::shell("a").env("PATH", path));
        for ill in ["", "=x", "SEAM_NO_SUCH_VARIABLE"] {
            assert_eq!(parse(&["-e", ill, "a"]).unwrap_err().exit, Exit::Usage, "{ill}");
        }
    }
}
