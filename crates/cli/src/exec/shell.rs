//! `shell`: a prompt, and a run for each line.
//!
//! Every line is run by a shell of its own, so that one line's variables are gone at the next. The
//! directory is kept all the same: a line that is `cd` and nothing else is run to find out where it
//! leads, and later lines are run there.

use std::ffi::OsStr;
use std::io;

use cmdexec::{Command, Text, safe};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::args::{HowArgs, ShellArgs};
use super::classic::Classic;
use super::forward::{Catch, Caught};
use super::output::Output;
use super::remote::{Course, Remote};
use super::run::text;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::prompt::{Editor, Input, NoCompletions};
use crate::report::{Report, text as show};
use crate::settings::{CommonArgs, Home};

/// Reads lines until there are no more, and gives the status of the last.
pub(super) async fn shell(
    args: &ShellArgs,
    common: &CommonArgs,
    report: &Report,
) -> Result<u8, Problem> {
    let mut catch = Catch::new()?;
    let mut output = Output::new(args.how.encoding, report);
    let course = Course { report, output: &mut output, catch: &mut catch, tty: false };
    let peer = match args.how.classic {
        Some(mode) => Peer::Classic(Classic::new(mode, &args.how, common)?),
        None => Peer::Native(Box::new(Remote::new(common)?)),
    };
    let mut shell = Shell {
        peer,
        how: &args.how,
        course,
        dir: args.how.dir.as_deref().map(text),
        before: None,
        status: 0,
    };
    if let Some(status) = shell.connect().await? {
        return Ok(status);
    }
    let ended = match report.terminal().input {
        true => shell.read_terminal().await,
        false => shell.read_pipe().await,
    };
    if let Peer::Native(remote) = &mut shell.peer {
        remote.close().await;
    }
    ended
}

/// Who runs the lines.
enum Peer {
    Native(Box<Remote>),
    Classic(Classic),
}

struct Shell<'a> {
    peer: Peer,
    how: &'a HowArgs,
    course: Course<'a>,
    /// Where lines are run; `None`: in the server's own directory.
    dir: Option<Text>,
    /// Where they were run before that, if they were run elsewhere.
    before: Option<Option<Text>>,
    /// That of the last line.
    status: u8,
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Nothing,
    Exit(&'a str),
    Cd(&'a str),
    Run(&'a str),
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "" => Self::Nothing,
            "exit" | "quit" => Self::Exit(rest.trim()),
            // What does more than to go somewhere is the shell's business.
            "cd" if !rest.contains(['&', '|', ';', '<', '>', '#', '\n']) => Self::Cd(rest.trim()),
            _ => Self::Run(line),
        }
    }
}

impl Shell<'_> {
    /// Makes sure that there is a server before a line is typed for it.
    async fn connect(&mut self) -> Result<Option<u8>, Problem> {
        let Peer::Native(remote) = &mut self.peer else { return Ok(None) };
        let stopped = remote.redeem(&mut self.course).await?;
        let stopped = match stopped {
            None => remote.connect(&mut self.course).await?,
            stopped => stopped,
        };
        if self.course.report.terminal().input {
            let server = remote.server();
            self.course.report.note(format_args!("connected to {server}; exit or Ctrl-D ends"));
        }
        Ok(stopped)
    }

    async fn read_terminal(&mut self) -> Result<u8, Problem> {
        let mut editor = Editor::new(Home::history("exec-history").as_deref());
        let stopper = editor.stopper();
        loop {
            let reading = editor.read(self.prompt(), Box::new(NoCompletions));
            let mut reading = std::pin::pin!(reading);
            let input = tokio::select! {
                input = &mut reading => input,
                caught = self.course.catch.ending_a_prompt() => {
                    stopper.stop();
                    reading.await;
                    return Ok(caught.status());
                }
            };
            let line = match input {
                Input::Line(line) => line,
                Input::Discarded => continue,
                Input::End => return Ok(self.status),
            };
            // At the prompt a failure has been told, and the next line decides.
            match self.execute(&line).await {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(problem) => {
                    self.course.report.problem(&problem);
                    self.status = Exit::NotRun.code();
                }
            }
        }
    }

    async fn read_pipe(&mut self) -> Result<u8, Problem> {
        let mut input = BufReader::new(tokio::io::stdin());
        loop {
            let mut line = Vec::new();
            let read = tokio::select! {
                read = input.read_until(b'\n', &mut line) => read,
                caught = self.course.catch.ending() => return Ok(caught.status()),
            };
            if read.map_err(cannot_read)? == 0 {
                return Ok(self.status);
            }
            let line = String::from_utf8(line).map_err(|error| {
                let problem = Problem::usage("a line that is not UTF-8");
                problem.on("run", safe(error.as_bytes()))
            })?;
            // A line that could not be run may be what the next one relies on.
            if let Some(status) = self.execute(&line).await? {
                return Ok(status);
            }
            if let Some(status) = self.course.catch.last_ending().map(Caught::status) {
                return Ok(status);
            }
        }
    }

    /// Does what a line says. Gives the status to end with, if that is it.
    async fn execute(&mut self, line: &str) -> Result<Option<u8>, Problem> {
        match (Line::parse(line), &self.peer) {
            (Line::Nothing, _) => {}
            (Line::Exit(""), _) => return Ok(Some(self.status)),
            (Line::Exit(status), _) => {
                let ill =
                    |_| Problem::usage("a status is 0 to 255").on("exit", safe(status.as_bytes()));
                return status.parse().map(Some).map_err(ill);
            }
            (Line::Cd(to), Peer::Native(_)) => self.go(to).await?,
            (Line::Cd(_) | Line::Run(_), _) => self.status = self.run(line.trim()).await?,
        }
        Ok(None)
    }

    async fn run(&mut self, line: &str) -> Result<u8, Problem> {
        let command = self.command(line)?;
        match &mut self.peer {
            Peer::Classic(classic) => {
                classic.run(line, self.course.output, self.course.catch).await
            }
            Peer::Native(remote) => {
                let empty = tokio::io::empty();
                remote.run(&command, OsStr::new(line), empty, &mut self.course).await
            }
        }
    }

    /// Finds out where `cd` leads to, and stays there.
    async fn go(&mut self, to: &str) -> Result<(), Problem> {
        if to == "-" {
            let Some(before) = self.before.take() else {
                return Err(Problem::usage("there was no other directory yet").on("cd", "-"));
            };
            self.before = Some(std::mem::replace(&mut self.dir, before));
            return Ok(());
        }
        // Where the shell could not go it has said so, and there is no `pwd`.
        let command = self.command(&format!("cd {to} && pwd"))?;
        let Peer::Native(remote) = &mut self.peer else { return Ok(()) };
        let (status, path) = remote.ask(&command, &mut self.course).await?;
        self.status = status;
        if status == 0 {
            let path = path.strip_suffix(b"\n").unwrap_or(&path);
            self.before = Some(self.dir.replace(path.into()));
        }
        Ok(())
    }

    fn command(&self, line: &str) -> Result<Command, Problem> {
        let command = match &self.how.shell {
            Some(shell) => Command::shell(line).with_shell(text(shell)),
            None => Command::shell(line),
        };
        let command = self.how.applied_to(command)?;
        Ok(match &self.dir {
            Some(dir) => command.dir(dir.clone()),
            None => command,
        })
    }

    /// Server and directory, the latter shortened where the window is narrow.
    fn prompt(&self) -> String {
        let server = match &self.peer {
            Peer::Native(remote) => remote.server(),
            Peer::Classic(classic) => classic.server(),
        };
        let Some(dir) = &self.dir else { return format!("{server}> ") };
        let columns = usize::from(console::Term::stderr().size().1);
        let whole = format!("{server} {dir}> ");
        if show::width(&whole) <= columns / 2 {
            return whole;
        }
        let bytes = dir.as_bytes();
        let name = bytes.rsplit(|&byte| byte == b'/').next().unwrap_or(bytes);
        format!("{}> ", show::fit(&safe(name).to_string(), columns / 3))
    }
}

fn cannot_read(error: io::Error) -> Problem {
    Problem::new(Exit::Failed, show::reason(&error)).on("read", "standard input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cd_by_itself_is_kept() {
        for (line, expected) in [
            ("", Line::Nothing),
            (" \t\n", Line::Nothing),
            ("cd\n", Line::Cd("")),
            ("cd  'a b' ", Line::Cd("'a b'")),
            ("cd x && ls", Line::Run("cd x && ls")),
            ("cd x; ls", Line::Run("cd x; ls")),
            ("cdrecord x", Line::Run("cdrecord x")),
            ("ls\n", Line::Run("ls")),
            ("exit", Line::Exit("")),
            ("exit 7", Line::Exit("7")),
        ] {
            assert_eq!(Line::parse(line), expected, "{line:?}");
        }
    }
}
