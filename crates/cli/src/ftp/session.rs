//! What the commands share: the client, where the user stands, how to fail.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use ftp::{ClientError, Kind, Options, RemotePath, Status, safe};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::args::{Command, DEFAULT_PORT, FtpArgs, RemoteCommand, SERVICE, TransferArgs};
use super::classic;
use super::glob::{Component, Pattern, PatternError};
use super::os;
use super::place::Form;
use crate::exit::Exit;
use crate::peer::Dialer;
use crate::problem::Problem;
use crate::report::{Event, Name, Report};
use crate::settings::CommonArgs;

/// The client that the commands and the completion of the prompt share.
pub(super) type SharedClient = Arc<Mutex<ftp::Client<Dialer>>>;

/// One user at one server.
pub(super) struct Session {
    pub(super) client: SharedClient,
    pub(super) dialer: Dialer,
    pub(super) server: String,
    pub(super) report: Report,
    /// The directory on the server that names are relative to.
    pub(super) here: RemotePath,
    /// The directory here that local names are relative to.
    pub(super) local: PathBuf,
    /// What a command of ours is called: by the program's name, or just so at the prompt.
    pub(super) program: &'static str,
    /// Ends the command under way.
    pub(super) interrupt: CancellationToken,
}

/// Something on the server that a command is about.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) path: RemotePath,
    /// What it is, where a pattern found it.
    pub(super) kind: Option<Kind>,
    /// How the user wrote it.
    pub(super) form: Form,
}

impl Session {
    pub(super) fn new(dialer: Dialer, options: Options, report: Report) -> Self {
        let options = options.token(dialer.token());
        let client = ftp::Client::new(dialer.clone(), options);
        Self {
            client: Arc::new(Mutex::new(client)),
            server: dialer.address().to_owned(),
            dialer,
            report,
            here: RemotePath::root(),
            local: PathBuf::new(),
            program: "ftp-cli ",
            interrupt: CancellationToken::new(),
        }
    }

    /// Connects now rather than at the first command.
    pub(super) async fn connect(&self) -> Result<(), Problem> {
        let connected = self.client.lock().await.connect().await;
        connected.map_err(|error| self.explain("connect", &self.here, error).on_its_own())
    }

    /// With a ticket: comes in by it, and notes the server, whose address is enough afterwards.
    pub(super) async fn redeem(&self) -> Result<(), Problem> {
        if self.dialer.has_ticket() {
            self.connect().await?;
            self.dialer.remember()?;
        }
        Ok(())
    }

    pub(super) async fn run(&self, command: &RemoteCommand, how: &TransferArgs) -> Exit {
        match command {
            RemoteCommand::Get(args) => self.get(args, how).await,
            RemoteCommand::Put(args) => self.put(args, how).await,
            RemoteCommand::Ls(args) => self.ls(args).await,
            RemoteCommand::Stat(args) => self.stat(args).await,
            RemoteCommand::Rm(args) => self.rm(args, how).await,
            RemoteCommand::Mkdir(args) => self.mkdir(args).await,
            RemoteCommand::Mv(args) => self.mv(args, how).await,
        }
    }

    /// The path that a word stands for, which must be no pattern.
    pub(super) fn resolve(&self, verb: &str, word: &OsStr) -> Result<RemotePath, Problem> {
        let ill = |why: &dyn std::fmt::Display| Problem::usage(why).on(verb, shown(word));
        let pattern = self.pattern(verb, word)?;
        match pattern.to_path() {
            Ok(Some(path)) => Ok(path),
            Ok(None) => Err(ill(&"it is a pattern; a backslash makes * ? [ { part of a name")),
            Err(error) => Err(ill(&error)),
        }
    }

    fn pattern(&self, verb: &str, word: &OsStr) -> Result<Pattern, Problem> {
        Pattern::parse(os::bytes(word), &self.here)
            .map_err(|error| Problem::usage(error).on(verb, shown(word)))
    }

    /// What words stand for, patterns included. What fails is told, and the rest comes back.
    pub(super) async fn expand(
        &self,
        verb: &str,
        words: &[impl AsRef<OsStr>],
    ) -> (Vec<Target>, Exit) {
        let (mut targets, mut exit) = (Vec::new(), Exit::Done);
        for word in words {
            match self.expand_word(verb, word.as_ref()).await {
                Ok(found) => targets.extend(found),
                Err(problem) => {
                    exit.and(problem.exit);
                    self.report.problem(&problem);
                }
            }
        }
        (targets, exit)
    }

    async fn expand_word(&self, verb: &str, word: &OsStr) -> Result<Vec<Target>, Problem> {
        let pattern = self.pattern(verb, word)?;
        let form = Form::of(os::bytes(word));
        match pattern.to_path() {
            Ok(Some(path)) => return Ok(vec![Target { path, kind: None, form }]),
            Ok(None) => {}
            Err(error) => return Err(Problem::usage(error).on(verb, shown(word))),
        }
        let problem = |error| match error {
            MatchError::Pattern(error) => Problem::usage(error).on(verb, shown(word)),
            MatchError::Client(path, error) => self.explain(verb, &path, *error),
        };
        let mut found = self.matching(&pattern).await.map_err(problem)?;
        found.iter_mut().for_each(|target| target.form = form);
        if !found.is_empty() {
            return Ok(found);
        }
        // As in shells, a pattern that matches nothing may have been meant as a name.
        if let Ok(path) = pattern.literal() {
            let stat = self.client.lock().await.stat(&path).await;
            if let Some(entry) = unless_absent(&path, stat).map_err(problem)? {
                return Ok(vec![Target { path, kind: Some(entry.kind), form }]);
            }
        }
        let message = format!("nothing on {} matches", self.server);
        Err(Problem::new(Exit::NotFound, message).on(verb, shown(word)))
    }

    /// Everything that matches a pattern, sorted; found by walking down its components.
    async fn matching(&self, pattern: &Pattern) -> Result<Vec<Target>, MatchError> {
        let target = |path, kind| Target { path, kind, form: Form::Whole };
        let mut level = vec![target(RemotePath::root(), Some(Kind::Directory))];
        let last = pattern.components().len().saturating_sub(1);
        for (depth, component) in pattern.components().enumerate() {
            let mut next = Vec::new();
            for Target { path, .. } in &level {
                match component {
                    Component::Name(name) => {
                        let path = path.join(name).map_err(PatternError::from)?;
                        next.push(target(path, None));
                    }
                    Component::Matching(matcher) => {
                        let mut each = |entry: ftp::Entry| {
                            let name = entry.path.file_name().unwrap_or_default();
                            let leads_on = matches!(entry.kind, Kind::Directory | Kind::Link);
                            if matcher.matches(name) && (depth == last || leads_on) {
                                next.push(target(entry.path, Some(entry.kind)));
                            }
                        };
                        let listed = self.client.lock().await.list(path, &mut each).await;
                        unless_absent(path, listed)?;
                    }
                }
            }
            level = next;
        }
        // Names behind the last pattern were only made up so far.
        let mut found = Vec::new();
        for mut target in level {
            if target.kind.is_none() {
                let stat = self.client.lock().await.stat(&target.path).await;
                match unless_absent(&target.path, stat)? {
                    Some(entry) => target.kind = Some(entry.kind),
                    None => continue,
                }
            }
            found.push(target);
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// Tells a failure, and gives the exit code that it stands for.
    pub(super) fn fail(&self, problem: &Problem) -> Exit {
        self.report.problem(problem);
        problem.exit
    }

    /// Tells that something was left out.
    pub(super) fn skipped(&self, command: &str, path: &RemotePath, reason: &str) {
        self.report.note(format_args!("{path}: {reason}, left out"));
        self.report.event(&Event::Skipped { command, name: Name::from(path), reason });
    }
}

/// Why a pattern could not be followed.
enum MatchError {
    Pattern(PatternError),
    Client(RemotePath, Box<ClientError>),
}

impl From<PatternError> for MatchError {
    fn from(error: PatternError) -> Self {
        Self::Pattern(error)
    }
}

/// What is not there, or is no directory, just does not match.
fn unless_absent<T>(
    path: &RemotePath,
    outcome: Result<T, ClientError>,
) -> Result<Option<T>, MatchError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.status() {
            Some(Status::NotFound | Status::WrongKind) => Ok(None),
            _ => Err(MatchError::Client(path.clone(), Box::new(error))),
        },
    }
}

fn shown(word: &OsStr) -> ftp::Safe<'_> {
    safe(os::bytes(word))
}

/// A session at the server that was named, or at the usual one of this machine.
pub(super) fn named(args: &FtpArgs, report: &Report) -> Result<Session, Problem> {
    let server = args.common.server_or_local()?;
    // The tutorial's servers know of no encryption.
    let common = CommonArgs { plain: args.common.plain || args.classic, ..args.common.clone() };
    let dialer = Dialer::new(&server, SERVICE, DEFAULT_PORT, &common)?;
    Ok(Session::new(dialer, client_options(args), report.clone()))
}

/// What the client is told by the command line.
pub(super) fn client_options(args: &FtpArgs) -> Options {
    Options::default().limit_rate(args.limit_rate.map(crate::Rate::bytes_per_second))
}

/// What makes no sense together.
pub(super) fn check(args: &FtpArgs) -> Result<(), Problem> {
    let moves = matches!(
        args.command,
        Some(Command::Remote(RemoteCommand::Get(_) | RemoteCommand::Put(_)))
    );
    if args.classic && !moves {
        return Err(classic::only_moves());
    }
    if args.classic && args.limit_rate.is_some() {
        let message = "--classic keeps a pace of its own, which --limit-rate cannot change";
        return Err(Problem::usage(message));
    }
    if matches!(args.command, Some(Command::Serve(_))) {
        let TransferArgs { on_conflict, durable, yes } = &args.transfer;
        if on_conflict.is_some() || *durable || *yes || args.limit_rate.is_some() {
            return Err(Problem::usage(
                "--on-conflict, --durable, --yes and --limit-rate are for clients; \
                 a server does what each of them asks",
            ));
        }
    }
    Ok(())
}
