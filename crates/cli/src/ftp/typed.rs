//! Lines of the prompt, typed or from a pipe.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use super::args::{Line, RemoteCommand, TransferArgs, Typed};
use super::glob::Component;
use super::os;
use super::session::Session;
use super::supervise;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::prompt::words;
use crate::report::{Event, Name, text};
use crate::signals::Signals;

/// What a line came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ended(Exit),
    Quit,
}

impl Session {
    /// Does what a line says.
    pub(super) async fn execute(
        &mut self,
        line: &[u8],
        outer: &TransferArgs,
        signals: &mut Signals,
    ) -> Outcome {
        let parsed = match parse(line) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Outcome::Ended(Exit::Done),
            Err(Unparsed::Help(text)) => {
                self.report.result(text.trim_end());
                return Outcome::Ended(Exit::Done);
            }
            Err(Unparsed::Problem(problem)) => return Outcome::Ended(self.fail(&problem)),
        };
        let how = parsed.transfer.or(outer);
        let done = match parsed.command {
            Typed::Quit => return Outcome::Quit,
            Typed::Help { command } => self.help(command.as_deref()),
            Typed::Remote(command) => {
                self.interrupt = tokio_util::sync::CancellationToken::new();
                self.typed(command, &how, signals).await
            }
            Typed::Cd { dir } => self.cd(dir, signals).await,
            Typed::Pwd => Ok(self.tell_directory(format!("/{}", on_server(self)))),
            Typed::Lcd { dir } => self.lcd(dir.as_deref()),
            Typed::Lpwd => Ok(self.tell_directory(os::show(&self.local).to_string())),
            Typed::Lls { dir } => self.lls(dir.as_deref()),
        };
        Outcome::Ended(done.unwrap_or_else(|problem| self.fail(&problem)))
    }

    fn help(&self, command: Option<&str>) -> Result<Exit, Problem> {
        let mut line = Line::command();
        line.build();
        let help = match command {
            None => line.render_help(),
            Some(name) => match line.find_subcommand_mut(name) {
                Some(command) => command.render_help(),
                None => {
                    let problem = Problem::usage("there is no such command");
                    return Err(problem.on("help", name).hint("help"));
                }
            },
        };
        let help = match self.report.is_for_terminal() {
            true => help.ansi().to_string(),
            false => help.to_string(),
        };
        self.report.result(help.trim_end());
        Ok(Exit::Done)
    }

    async fn typed(
        &self,
        mut command: RemoteCommand,
        how: &TransferArgs,
        signals: &mut Signals,
    ) -> Result<Exit, Problem> {
        match &mut command {
            RemoteCommand::Get(get) => {
                get.output = get.output.as_deref().map(plain);
                get.tree.rules.at_the_prompt(plain);
            }
            RemoteCommand::Put(put) => {
                if put.local.iter().any(|local| local == Path::new("-")) {
                    let message = "standard input belongs to the prompt";
                    return Err(Problem::usage(message).on("put", "-"));
                }
                let named = std::mem::take(&mut put.local);
                put.local = named.iter().flat_map(|word| matching(&self.local, word)).collect();
                put.name = put.name.take().map(|name| plain(Path::new(&name)).into());
                put.tree.rules.at_the_prompt(plain);
            }
            _ => {}
        }
        Ok(supervise(self.run(&command, how), &self.report, signals, &self.interrupt).await)
    }

    async fn cd(&mut self, dir: Option<OsString>, signals: &mut Signals) -> Result<Exit, Problem> {
        let path = self.resolve("cd", &dir.unwrap_or_else(|| "/".into()))?;
        let checking = async {
            let checked = self.check_directory(&path).await;
            checked.map_or_else(|problem| self.fail(&problem), |()| Exit::Done)
        };
        let exit = supervise(checking, &self.report, signals, &self.interrupt).await;
        if exit == Exit::Done {
            self.here = path;
        }
        Ok(exit)
    }

    fn tell_directory(&self, line: String) -> Exit {
        let (name, local) = (Name::from(&self.here), os::lossy(&self.local));
        self.report.tell(line, &Event::Directory { name, local });
        Exit::Done
    }

    fn lcd(&mut self, dir: Option<&Path>) -> Result<Exit, Problem> {
        let dir = plain(dir.unwrap_or(Path::new("~")));
        let failed = |error: std::io::Error| {
            Problem::new(Exit::Failed, os::reason(&error)).on("lcd", os::show(&dir))
        };
        let path = fs::canonicalize(self.local.join(&dir)).map_err(failed)?;
        fs::read_dir(&path).map_err(failed)?;
        self.local = path;
        Ok(Exit::Done)
    }

    fn lls(&self, dir: Option<&Path>) -> Result<Exit, Problem> {
        let dir = plain(dir.unwrap_or(Path::new("")));
        let path = self.local.join(&dir);
        let failed = |error: std::io::Error| {
            Problem::new(Exit::Failed, os::reason(&error)).on("lls", os::show(&path))
        };
        let mut entries: Vec<_> =
            fs::read_dir(&path).map_err(failed)?.filter_map(Result::ok).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let shown = os::show(Path::new(&name)).to_string();
            let metadata = entry.metadata().ok();
            let is_directory = metadata.as_ref().is_some_and(fs::Metadata::is_dir);
            self.report.event(&Event::Local {
                name: os::lossy(Path::new(&name)),
                kind: if is_directory { "directory" } else { "file" },
                size: metadata.map_or(0, |metadata| metadata.len()),
            });
            names.push(if is_directory { shown + "/" } else { shown });
        }
        let lines = match self.report.is_for_terminal() {
            true => text::columns(&names, usize::from(console::Term::stdout().size().1)),
            false => names,
        };
        for line in lines {
            self.report.result(line);
        }
        Ok(Exit::Done)
    }
}

/// Where the user stands, without a slash before it.
fn on_server(session: &Session) -> String {
    match session.here.is_root() {
        true => String::new(),
        false => session.here.to_string(),
    }
}

/// A line that is no command.
enum Unparsed {
    /// Help was asked for.
    Help(String),
    Problem(Problem),
}

fn parse(line: &[u8]) -> Result<Option<Line>, Unparsed> {
    let words = words::split(line).map_err(|error| Unparsed::Problem(Problem::usage(error)))?;
    let Some(first) = words.first() else {
        return Ok(None);
    };
    let mut names = Vec::with_capacity(words.len());
    if first == b"\\?" || first == b"?" {
        names.push(OsString::from("help"));
    } else {
        let words: Option<Vec<OsString>> = words.into_iter().map(os::name).collect();
        let words = words.ok_or_else(|| Unparsed::Problem(Problem::usage("it is not text")))?;
        names.extend(words);
    }
    Line::try_parse_from(names).map(Some).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Unparsed::Help(error.render().ansi().to_string())
        }
        _ => {
            let text = error.render().to_string();
            let first = text.split("\n\n").next().unwrap_or(&text);
            let first = first.strip_prefix("error: ").unwrap_or(first);
            let joined: Vec<&str> = first.lines().map(str::trim).collect();
            Unparsed::Problem(Problem::usage(joined.join(" ")).hint("help"))
        }
    })
}

/// The local path that a word stands for: no pattern, `~` is home.
fn plain(word: &Path) -> PathBuf {
    let bytes = words::unescape(os::bytes(word.as_os_str()));
    let path = PathBuf::from(os::name(bytes).unwrap_or_default());
    match path.strip_prefix("~") {
        Ok(rest) => std::env::home_dir().map_or_else(|| path.clone(), |home| home.join(rest)),
        Err(_) => path,
    }
}

/// The local files that a word matches, sorted; itself, if it is no pattern or matches nothing.
fn matching(base: &Path, word: &Path) -> Vec<PathBuf> {
    let bytes = os::bytes(word.as_os_str());
    let parts: Vec<&[u8]> = bytes.split(|&byte| byte == b'/').collect();
    let mut level = vec![PathBuf::from(if bytes.starts_with(b"/") { "/" } else { "" })];
    let mut is_pattern = false;
    for (depth, part) in parts.iter().enumerate() {
        match Component::parse(part) {
            Ok(Component::Matching(matcher)) => {
                is_pattern = true;
                let inside = |dir: &PathBuf| {
                    let names = fs::read_dir(base.join(dir)).into_iter().flatten();
                    let names = names.filter_map(|entry| Some(entry.ok()?.file_name()));
                    let mut names: Vec<_> =
                        names.filter(|name| matcher.matches(os::bytes(name))).collect();
                    names.sort();
                    names.into_iter().map(|name| dir.join(name)).collect::<Vec<_>>()
                };
                level = level.iter().flat_map(inside).collect();
            }
            _ => {
                // A `~` means home only where a path begins.
                let part = os::name(part.to_vec()).unwrap_or_default();
                let part = match depth {
                    0 => plain(Path::new(&part)),
                    _ => os::name(words::unescape(os::bytes(&part))).unwrap_or_default().into(),
                };
                level.iter_mut().for_each(|path| path.push(&part));
                if is_pattern {
                    level.retain(|path| base.join(path).exists());
                }
            }
        }
    }
    match level.is_empty() {
        true => vec![plain(word)],
        false => level,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands_with_words_as_arguments() {
        let line = parse(b"get 'a b' -o x --on-conflict skip").ok().flatten().unwrap();
        let Typed::Remote(RemoteCommand::Get(get)) = line.command else { panic!("a get") };
        assert_eq!(get.remote, ["a b"]);
        assert!(parse(b"  # nothing").ok().flatten().is_none());
        for quit in ["quit", "exit", "bye"] {
            let line = parse(quit.as_bytes()).ok().flatten().unwrap();
            assert!(matches!(line.command, Typed::Quit));
        }
    }

    #[test]
    fn a_line_that_is_no_command_says_so_in_one_line() {
        for (line, expected) in [
            ("fetch a", "unrecognized subcommand 'fetch' (try: help)"),
            ("get 'a", "a ' is opened and never closed"),
            ("get", "the following required arguments were not provided: <REMOTE>... (try: help)"),
        ] {
            match parse(line.as_bytes()) {
                Err(Unparsed::Problem(problem)) => assert_eq!(problem.to_string(), expected),
                _ => panic!("{line} is no command"),
            }
        }
    }

    #[test]
    fn help_lists_the_commands() {
        for line in ["help", "?"] {
            let line = parse(line.as_bytes()).ok().flatten().unwrap();
            assert!(matches!(line.command, Typed::Help { command: None }));
        }
        for line in ["--help", "get --help"] {
            match parse(line.as_bytes()) {
                Err(Unparsed::Help(text)) => assert!(text.contains("etch files"), "{text}"),
                _ => panic!("{line} is help"),
            }
        }
    }

    #[test]
    fn patterns_match_local_files_and_quoted_ones_do_not() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path();
        fs::create_dir(base.join("d")).unwrap();
        for name in ["a.txt", "b.txt", "[x].md", ".hidden.txt", "d/c.txt"] {
            fs::write(base.join(name), "").unwrap();
        }
        let found = |word: &str| -> Vec<String> {
            let found = matching(base, Path::new(word));
            found.iter().map(|path| path.to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(found("*.txt"), ["a.txt", "b.txt"]);
        assert_eq!(found("*/c.txt"), ["d/c.txt"]);
        assert_eq!(found(r"\[x\].md"), ["[x].md"]);
        assert_eq!(found("gone*"), ["gone*"]);
        assert_eq!(found("gone"), ["gone"]);
        let absolute = base.join("a*").to_str().unwrap().to_owned();
        assert_eq!(found(&absolute), [base.join("a.txt").to_str().unwrap()]);
    }
}
