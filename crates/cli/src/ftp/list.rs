//! `ls` and `stat`: what there is on the server.

use std::ffi::OsString;

use ftp::{ClientError, Entry, Kind, RemotePath, Status, safe};
use jiff::tz::TimeZone;
use proto::Algorithm;

use super::args::{LsArgs, StatArgs};
use super::session::{Session, Target};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Event, Listed, text};

impl Session {
    pub(super) async fn ls(&self, args: &LsArgs) -> Exit {
        let here = [OsString::from(".")];
        let words = if args.paths.is_empty() { &here[..] } else { &args.paths };
        let (targets, mut exit) = self.expand("ls", words).await;
        if args.recursive {
            exit.and(self.ls_tree(&targets, args.long).await);
            return exit;
        }
        let several = targets.len() > 1;
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        for target in &targets {
            match self.look_at(target).await {
                Ok(Found::Alone(entry)) => files.push(*entry),
                Ok(Found::Holding(entries)) => directories.push((&target.path, entries)),
                Err(error) => {
                    let problem = self.explain("ls", &target.path, error);
                    exit.and(self.fail(&problem));
                    if self.is_over(problem.exit, 0) {
                        return exit;
                    }
                }
            }
        }
        self.print(&files, |entry| entry.path.to_string(), args.long);
        let mut gap = !files.is_empty();
        for (path, entries) in &directories {
            if several {
                self.report.result(format_args!("{}{path}:", if gap { "\n" } else { "" }));
            }
            gap = true;
            self.print(entries, file_name, args.long);
        }
        exit
    }

    /// Lists a directory, or describes what is none.
    async fn look_at(&self, target: &Target) -> Result<Found, ClientError> {
        let mut client = self.client.lock().await;
        if matches!(target.kind, None | Some(Kind::Directory)) {
            let mut entries = Vec::new();
            let json = self.report.is_json();
            let mut each = |entry: Entry| match json {
                true => self.report.event(&Event::Entry(Listed::new(&entry, None))),
                false => entries.push(entry),
            };
            match client.list(&target.path, &mut each).await {
                Ok(()) => {
                    entries.sort_by(|a, b| a.path.cmp(&b.path));
                    return Ok(Found::Holding(entries));
                }
                Err(error) if error.status() == Some(Status::WrongKind) => {}
                Err(error) => return Err(error),
            }
        }
        let entry = client.stat(&target.path).await?;
        self.report.event(&Event::Entry(Listed::new(&entry, None)));
        Ok(Found::Alone(Box::new(entry)))
    }

    /// Prints entries for people; programs have been told already.
    pub(super) fn print(&self, entries: &[Entry], name: impl Fn(&Entry) -> String, long: bool) {
        let marked = |entry: &Entry| match entry.kind {
            Kind::Directory => format!("{}/", name(entry)),
            _ => name(entry),
        };
        let lines = match (long, self.report.is_for_terminal()) {
            (true, _) => table(entries, marked, &TimeZone::system()),
            (false, true) => {
                let names: Vec<String> = entries.iter().map(marked).collect();
                text::columns(&names, usize::from(console::Term::stdout().size().1))
            }
            (false, false) => entries.iter().map(name).collect(),
        };
        for line in lines {
            self.report.result(line);
        }
    }

    pub(super) async fn stat(&self, args: &StatArgs) -> Exit {
        let (targets, mut exit) = self.expand("stat", &args.paths).await;
        for (at, Target { path, .. }) in targets.iter().enumerate() {
            match self.describe(path, args.md5).await {
                Ok((entry, md5)) => self.print_described(&entry, md5.as_deref(), at > 0),
                Err(error) => {
                    let problem = self.explain("stat", path, error);
                    exit.and(self.fail(&problem));
                    if self.is_over(problem.exit, targets.len() - at - 1) {
                        break;
                    }
                }
            }
        }
        exit
    }

    async fn describe(
        &self,
        path: &RemotePath,
        md5: bool,
    ) -> Result<(Entry, Option<String>), ClientError> {
        let mut client = self.client.lock().await;
        match md5 {
            true => {
                let (entry, md5) = client.stat_digest(path, Algorithm::Md5).await?;
                Ok((entry, Some(md5)))
            }
            false => Ok((client.stat(path).await?, None)),
        }
    }

    fn print_described(&self, entry: &Entry, md5: Option<&str>, gap: bool) {
        self.report.event(&Event::Entry(Listed::new(entry, md5)));
        if gap {
            self.report.result("");
        }
        for line in described(entry, md5, &TimeZone::system()) {
            self.report.result(line);
        }
    }

    /// Goes to a directory, which must be one.
    pub(super) async fn check_directory(&self, path: &RemotePath) -> Result<(), Problem> {
        let mut client = self.client.lock().await;
        // The root need not be asked for: whoever is let in has one.
        if path.is_root() {
            return Ok(());
        }
        let wrong = |kind: Kind| {
            let problem = Problem::new(Exit::Failed, format_args!("it is {kind}, not a directory"));
            problem.on("cd", path).path(path)
        };
        match client.stat(path).await {
            Ok(entry) if entry.kind == Kind::Directory => Ok(()),
            // Where a link leads is known by trying.
            Ok(entry) if entry.kind == Kind::Link => match client.list(path, &mut |_| ()).await {
                Ok(()) => Ok(()),
                Err(error) if error.status() == Some(Status::WrongKind) => Err(wrong(entry.kind)),
                Err(error) => Err(self.explain("cd", path, error)),
            },
            Ok(entry) => Err(wrong(entry.kind)),
            Err(error) => Err(self.explain("cd", path, error)),
        }
    }
}

/// What `ls` found under one name.
enum Found {
    Alone(Box<Entry>),
    Holding(Vec<Entry>),
}

pub(super) fn file_name(entry: &Entry) -> String {
    safe(entry.path.file_name().unwrap_or_default()).to_string()
}

/// `ls -l`: permissions, size, time and name, each in its column.
fn table(entries: &[Entry], name: impl Fn(&Entry) -> String, zone: &TimeZone) -> Vec<String> {
    let rows: Vec<(String, String)> = entries
        .iter()
        .map(|entry| {
            let size = match entry.kind {
                Kind::File => text::size(entry.size),
                _ => "-".into(),
            };
            let time = entry.modified.map(|modified| text::time(modified, zone, false));
            (size, time.unwrap_or_else(|| "-".into()))
        })
        .collect();
    let sizes = rows.iter().map(|(size, _)| size.len()).max().unwrap_or(0);
    let times = rows.iter().map(|(_, time)| time.len()).max().unwrap_or(0);
    let line = |(entry, (size, time)): (&Entry, &(String, String))| {
        let target = entry.target.as_ref().map(|target| format!(" -> {target}"));
        let (mode, name) = (text::mode(entry), name(entry));
        format!("{mode}  {size:>sizes$}  {time:<times$}  {name}{}", target.unwrap_or_default())
    };
    entries.iter().zip(&rows).map(line).collect()
}

/// `stat`: a line for each thing that is known.
fn described(entry: &Entry, md5: Option<&str>, zone: &TimeZone) -> Vec<String> {
    let kind = match entry.kind {
        Kind::File => "file",
        Kind::Directory => "directory",
        Kind::Link => "link",
        Kind::Other => "other",
    };
    let mut lines = vec![format!("name      {}", entry.path), format!("kind      {kind}")];
    if let Some(target) = &entry.target {
        lines.push(format!("target    {target}"));
    }
    if entry.kind == Kind::File {
        let human = text::size(entry.size);
        lines.push(match entry.size {
            0..1024 => format!("size      {human}"),
            bytes => format!("size      {human} ({bytes} bytes)"),
        });
    }
    if let Some(mode) = entry.mode {
        lines.push(format!("mode      {mode:04o} ({})", text::mode(entry)));
    }
    if let Some(modified) = entry.modified {
        lines.push(format!("modified  {}", text::time(modified, zone, true)));
    }
    if let Some(md5) = md5 {
        lines.push(format!("md5       {}", safe(md5.as_bytes())));
    }
    lines
}

#[cfg(test)]
mod tests {
    use ftp::{LinkTarget, Revision, Timestamp};

    use super::*;

    fn entry(path: &str, kind: Kind, size: u64) -> Entry {
        Entry {
            path: RemotePath::parse(path).unwrap(),
            kind,
            size,
            mode: Some(0o644),
            modified: Timestamp::new(0, 0),
            revision: Revision::new("r"),
            target: (kind == Kind::Link).then(|| LinkTarget::new("../x\x1b")),
        }
    }

    #[test]
    fn a_long_listing_stands_in_columns_and_is_safe_to_print() {
        let entries = [
            entry("d/年度报告", Kind::File, 123_456),
            entry("d/a\x1b[2J", Kind::Link, 0),
            entry("d/b", Kind::File, 7),
        ];
        assert_eq!(
            table(&entries, file_name, &TimeZone::UTC),
            [
                "-rw-r--r--  120.6 KiB  1970-01-01 00:00  年度报告",
                r"lrw-r--r--          -  1970-01-01 00:00  a\x1b[2J -> ../x\x1b",
                "-rw-r--r--        7 B  1970-01-01 00:00  b",
            ]
        );
    }

    #[test]
    fn a_description_tells_what_is_known() {
        let file = entry("a", Kind::File, 2048);
        assert_eq!(
            described(&file, Some("d41d"), &TimeZone::UTC),
            [
                "name      a",
                "kind      file",
                "size      2.0 KiB (2048 bytes)",
                "mode      0644 (-rw-r--r--)",
                "modified  1970-01-01 00:00:00 +00:00",
                "md5       d41d",
            ]
        );
        let bare = Entry { mode: None, modified: None, ..entry("", Kind::Directory, 0) };
        assert_eq!(described(&bare, None, &TimeZone::UTC), ["name      /", "kind      directory"]);
    }
}
