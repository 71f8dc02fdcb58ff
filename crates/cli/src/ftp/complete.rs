//! What Tab offers: commands, their options, names on the server, names here.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory as _;
use ftp::{Kind, RemotePath};
use reedline::{Completer, CompletionResult, Span, Suggestion};
use tokio::runtime::Handle;

use super::args::Line;
use super::glob::Pattern;
use super::os;
use super::session::{Session, SharedClient};
use crate::prompt::words::{self, Unfinished};

/// How long a server may take to list a directory for it.
const LIST_WITHIN: Duration = Duration::from_secs(2);

/// Completes the lines of one prompt.
pub(super) struct FtpCompleter {
    client: SharedClient,
    here: RemotePath,
    local: PathBuf,
    runtime: Handle,
}

impl FtpCompleter {
    /// To be made within the runtime, and used from a thread that may block.
    pub(super) fn new(session: &Session) -> Self {
        Self {
            client: session.client.clone(),
            here: session.here.clone(),
            local: session.local.clone(),
            runtime: Handle::current(),
        }
    }

    /// Names on the server in `dir`, as it was typed, and whether they lead on.
    fn remote_names(&self, dir: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let parsed = Pattern::parse(dir, &self.here).ok();
        let Some(path) = parsed.and_then(|pattern| pattern.to_path().ok().flatten()) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        let mut each = |entry: ftp::Entry| {
            let name = entry.path.file_name().unwrap_or_default().to_vec();
            names.push((name, entry.kind == Kind::Directory));
        };
        // Without an answer there is nothing to offer; the command itself will say why.
        let listing = async {
            let mut client = self.client.lock().await;
            tokio::time::timeout(LIST_WITHIN, client.list(&path, &mut each)).await.ok()
        };
        let _ = self.runtime.block_on(listing);
        names
    }

    /// Names here in `dir`, as it was typed, and whether they lead on.
    fn local_names(&self, dir: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let dir = os::name(words::unescape(dir)).unwrap_or_default();
        let path = PathBuf::from(dir);
        let path = match path.strip_prefix("~") {
            Ok(rest) => std::env::home_dir().unwrap_or_default().join(rest),
            Err(_) => self.local.join(path),
        };
        let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        entries
            .map(|entry| {
                let is_directory = fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
                (os::bytes(&entry.file_name()).to_vec(), is_directory)
            })
            .collect()
    }
}

impl Completer for FtpCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let before = line.get(..pos).unwrap_or(line);
        let Some(unfinished) = words::unfinished(before.as_bytes()) else {
            return CompletionResult::fresh(Vec::new());
        };
        let word = unfinished.word.clone();
        let start = unfinished.start;
        let offers = match wanted(&unfinished) {
            Wanted::Words(words) => offer_words(words, &word),
            Wanted::Remote { directories } => {
                let (dir, _) = split_at_name(&word);
                offer_names(self.remote_names(dir), &word, directories)
            }
            Wanted::Local { directories } => {
                let (dir, _) = split_at_name(&word);
                offer_names(self.local_names(dir), &word, directories)
            }
        };
        let suggestions: Vec<Suggestion> = offers
            .into_iter()
            .map(|offer| Suggestion {
                value: offer.value,
                display_override: Some(offer.shown),
                append_whitespace: !offer.leads_on,
                span: Span::new(start, pos),
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

/// What can stand where the cursor is.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// One of these words.
    Words(Vec<String>),
    /// A name on the server.
    Remote { directories: bool },
    /// A name here.
    Local { directories: bool },
}

fn wanted(unfinished: &Unfinished) -> Wanted {
    let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    let Some(command) = unfinished.before.first().map(|word| text(word)) else {
        return Wanted::Words(commands());
    };
    if unfinished.word.starts_with(b"-") {
        return Wanted::Words(options_of(&command));
    }
    let previous = unfinished.before.last().map(|word| text(word)).unwrap_or_default();
    match (command.as_str(), previous.as_str()) {
        (_, "--on-conflict") => {
            Wanted::Words(["overwrite", "keep-both", "skip", "fail"].map(String::from).into())
        }
        (_, "-o" | "--output" | "--exclude-from") => Wanted::Local { directories: false },
        (_, "--exclude" | "--include") => Wanted::Words(Vec::new()),
        (_, "-t" | "--to") => Wanted::Remote { directories: true },
        ("put", _) => Wanted::Local { directories: false },
        ("lcd" | "lls", _) => Wanted::Local { directories: true },
        ("cd", _) => Wanted::Remote { directories: true },
        ("help", _) => Wanted::Words(commands()),
        ("pwd" | "lpwd" | "quit" | "exit", _) => Wanted::Words(Vec::new()),
        _ => Wanted::Remote { directories: false },
    }
}

fn commands() -> Vec<String> {
    let line = Line::command();
    line.get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

fn options_of(command: &str) -> Vec<String> {
    let mut line = Line::command();
    line.build();
    let Some(command) = line.find_subcommand(command) else {
        return Vec::new();
    };
    let options = command.get_arguments().filter_map(clap::Arg::get_long);
    options.map(|option| format!("--{option}")).collect()
}

/// Something that Tab offers.
#[derive(Debug, PartialEq, Eq)]
struct Offer {
    /// What is put in the place of the word.
    value: String,
    /// What is shown of it.
    shown: String,
    /// More is typed right behind it.
    leads_on: bool,
}

fn offer_words(words: Vec<String>, typed: &[u8]) -> Vec<Offer> {
    let fitting = words.into_iter().filter(|word| word.as_bytes().starts_with(typed));
    fitting.map(|word| Offer { value: word.clone(), shown: word, leads_on: false }).collect()
}

/// The part of a word up to its last slash, and the rest.
fn split_at_name(word: &[u8]) -> (&[u8], &[u8]) {
    let end = word.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    word.split_at(end)
}

fn offer_names(names: Vec<(Vec<u8>, bool)>, word: &[u8], directories: bool) -> Vec<Offer> {
    let (dir, typed) = split_at_name(word);
    let (dir, typed) = (words::unescape(dir), words::unescape(typed));
    let Ok(dir) = String::from_utf8(dir) else {
        return Vec::new();
    };
    let mut fitting: Vec<(String, bool)> = names
        .into_iter()
        .filter(|(name, is_directory)| {
            let hidden = name.starts_with(b".") && !typed.starts_with(b".");
            name.starts_with(&typed) && !hidden && (*is_directory || !directories)
        })
        // What cannot be typed, or would steer the terminal, cannot be offered.
        .filter_map(|(name, is_directory)| Some((String::from_utf8(name).ok()?, is_directory)))
        .filter(|(name, _)| ftp::safe(name.as_bytes()).to_string() == *name)
        .collect();
    fitting.sort();
    let offer = |(name, leads_on): (String, bool)| {
        let slash = if leads_on { "/" } else { "" };
        let value = format!("{}{slash}", words::quote(&format!("{dir}{name}")));
        Offer { value, shown: format!("{name}{slash}"), leads_on }
    };
    fitting.into_iter().map(offer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> Wanted {
        wanted(&words::unfinished(line.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_offered_depends_on_where_the_cursor_stands() {
        let Wanted::Words(first) = at("g") else { panic!("commands") };
        assert!(["get", "lcd", "help"].iter().all(|name| first.iter().any(|found| found == name)));
        assert_eq!(at("get "), Wanted::Remote { directories: false });
        assert_eq!(at("get a -o "), Wanted::Local { directories: false });
        assert_eq!(at("put 'my f"), Wanted::Local { directories: false });
        assert_eq!(at("put a -t "), Wanted::Remote { directories: true });
        assert_eq!(at("cd do"), Wanted::Remote { directories: true });
        let Wanted::Words(options) = at("get --") else { panic!("options") };
        assert!(["--output", "--on-conflict"].iter().all(|name| options.iter().any(|o| o == name)));
    }

    #[test]
    fn names_are_offered_as_they_can_be_typed() {
        let names = || {
            let names: [(&[u8], bool); 6] = [
                (b"my file.txt", false),
                (b"music", true),
                (b"m\xff", false),
                (b"m\x1b[2J", false),
                (b".mine", false),
                ("目录".as_bytes(), true),
            ];
            names.map(|(name, is_directory)| (name.to_vec(), is_directory)).to_vec()
        };
        let values = |word: &str, directories| -> Vec<String> {
            let offers = offer_names(names(), word.as_bytes(), directories);
            offers.into_iter().map(|offer| offer.value).collect()
        };
        assert_eq!(values("d/m", false), ["d/music/", r"d/my\ file.txt"]);
        assert_eq!(values("", true), ["music/", "目录/"]);
        assert_eq!(values(".", false), [".mine"]);
    }
}
