//! `get` and `put` with the tutorial's own server, which knows nothing else.

use std::ffi::OsStr;
use std::path::Path;

use ftp::{ClassicClient, ClassicError, How, Local, RemotePath, StoreError};
use tokio::net::TcpStream;

use super::args::{GetArgs, OnConflict, PutArgs, RemoteCommand, TransferArgs};
use super::conflict::Conflicts;
use super::local::{self, Destination, Directories, LocalFile, Origin};
use super::os;
use super::session::Session;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Finished, Progress};

/// What the files of one command share.
struct Talk<'a> {
    session: &'a Session,
    /// Away after a failure, which ends the conversation.
    client: Option<ClassicClient<TcpStream>>,
    conflicts: Conflicts,
    directories: Directories,
    durable: bool,
}

/// The failure of whatever that server does not know.
pub(super) fn only_moves() -> Problem {
    Problem::usage("--classic is for get and put: the tutorial's server knows no more")
}

/// The failure of whatever only whole directories know.
fn no_trees() -> Problem {
    Problem::usage("--classic moves single files, whole: the tutorial's server knows no more")
}

impl Session {
    pub(super) async fn run_classic(&self, command: &RemoteCommand, how: &TransferArgs) -> Exit {
        match command {
            RemoteCommand::Get(args) => self.get_classic(args, how).await,
            RemoteCommand::Put(args) => self.put_classic(args, how).await,
            _ => self.fail(&only_moves()),
        }
    }

    async fn get_classic(&self, args: &GetArgs, how: &TransferArgs) -> Exit {
        if args.tree.says_something() {
            return self.fail(&no_trees());
        }
        let mut talk = Talk::new(self, "get", how);
        let mut exit = Exit::Done;
        for (at, name) in args.remote.iter().enumerate() {
            let place = (at + 1, args.remote.len());
            if let Err(problem) = talk.get(name, args, place).await {
                exit.and(self.fail(&problem));
                if self.is_over(problem.exit, args.remote.len() - at - 1) {
                    break;
                }
            }
        }
        exit
    }

    async fn put_classic(&self, args: &PutArgs, how: &TransferArgs) -> Exit {
        if args.tree.says_something() {
            return self.fail(&no_trees());
        }
        let mut talk = Talk::new(self, "put", how);
        let mut exit = Exit::Done;
        for (at, file) in args.local.iter().enumerate() {
            let place = (at + 1, args.local.len());
            if let Err(problem) = talk.put(file, args, place).await {
                exit.and(self.fail(&problem));
                if self.is_over(problem.exit, args.local.len() - at - 1) {
                    break;
                }
            }
        }
        exit
    }
}

impl<'a> Talk<'a> {
    fn new(session: &'a Session, command: &'static str, how: &TransferArgs) -> Self {
        Self {
            session,
            client: None,
            conflicts: Conflicts::new(command, how, &session.report),
            directories: Directories::default(),
            durable: how.durable,
        }
    }

    /// The connection of the command before, or a new one.
    async fn client(&mut self) -> Result<ClassicClient<TcpStream>, Problem> {
        if let Some(client) = self.client.take() {
            return Ok(client);
        }
        let server = &self.session.server;
        let connected = TcpStream::connect(server).await;
        let stream = connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        stream.map(ClassicClient::new).map_err(|error| {
            let message = format!("cannot connect to {server}: {}", os::reason(&error));
            Problem::new(Exit::CannotConnect, message)
        })
    }

    async fn get(
        &mut self,
        name: &OsStr,
        args: &GetArgs,
        place: (usize, usize),
    ) -> Result<(), Problem> {
        let name = text("get", name)?;
        let on = |problem: Problem| problem.on("get", ftp::safe(name.as_bytes()));
        let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let output = args.output.as_deref();
        let several = place.1 > 1;
        let file = match local::destination(&self.session.local, output, last.as_bytes(), several) {
            Ok(Destination::File { dir, name }) if output != Some(Path::new("-")) => {
                self.directories.file(dir, &name, true).map_err(on)?
            }
            Ok(_) => return Err(on(Problem::usage("--classic writes to files only"))),
            Err(problem) => return Err(on(problem)),
        };
        let mut how = How { publish: self.conflicts.first(), durable: self.durable };
        let mut decided = false;
        loop {
            let error = match self.fetch(name, &file, &how, args, place).await? {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if !matches!(error, ClassicError::Store(StoreError::Exists { .. })) || decided {
                return Err(on(self.explain(&error)));
            }
            let shown = os::show(&file.at(&file.path)).to_string();
            match self.conflicts.decide(shown, file.there()).await? {
                OnConflict::Fail => return Err(on(self.explain(&error))),
                OnConflict::Skip => {
                    self.session.skipped("get", &file.path, "it is here already");
                    return Ok(());
                }
                decision => how.publish = decision.publish(),
            }
            decided = true;
        }
    }

    /// Tries to fetch a file once.
    async fn fetch(
        &mut self,
        name: &str,
        file: &LocalFile,
        how: &How,
        args: &GetArgs,
        place: (usize, usize),
    ) -> Result<Result<(), ClassicError>, Problem> {
        let mut client = self.client().await?;
        // That server takes names that a path of ours cannot be, `../x` among them.
        let remote = RemotePath::parse(name).unwrap_or_else(|_| file.path.clone());
        let progress = Progress::new(&self.session.report, "get", &remote, place);
        let local = Local { store: &file.store, path: &file.path };
        let fetching = client.get(name, local, how, &progress);
        let fetched = progress.watch(fetching, &self.session.interrupt).await;
        let published = match fetched.map_err(|interrupted| interrupted.streamed())? {
            Ok(published) => published,
            Err(error) => return Ok(Err(error)),
        };
        self.client = Some(client);
        let target = file.at(&published.path);
        let renamed = args.output.is_some() || published.path != file.path;
        progress.finish(
            &progress.counts(),
            Finished {
                shown: ftp::safe(name.as_bytes()).to_string(),
                renamed: renamed.then(|| os::show(&target).to_string()),
                local: Some(os::lossy(&target)),
                remote: &remote,
            },
        );
        Ok(Ok(()))
    }

    async fn put(
        &mut self,
        path: &Path,
        args: &PutArgs,
        place: (usize, usize),
    ) -> Result<(), Problem> {
        let on = |problem: Problem| problem.on("put", os::show(path));
        let name = match (&args.name, path.file_name()) {
            (Some(name), _) => text("put", name)?,
            (None, Some(name)) => text("put", name)?,
            (None, None) => return Err(on(Problem::usage("it has no name of its own"))),
        };
        let name = match &args.to {
            Some(to) => format!("{}/{name}", text("put", to)?.trim_end_matches('/')),
            None => name.to_owned(),
        };
        let file = match local::origin(&self.session.local.join(path)).map_err(on)? {
            Origin::File { dir, name } => self.directories.file(dir, &name, false).map_err(on)?,
            Origin::Directory(_) | Origin::Device(_) => {
                return Err(on(Problem::usage("--classic sends files only")));
            }
        };
        let mut client = self.client().await.map_err(on)?;
        let progress = Progress::new(&self.session.report, "put", &file.path, place);
        let local = Local { store: &file.store, path: &file.path };
        let sending = client.put(local, &name, &progress);
        let sent = progress.watch(sending, &self.session.interrupt).await;
        let said = sent
            .map_err(|interrupted| interrupted.streamed())?
            .map_err(|error| on(self.explain(&error)))?;
        self.client = Some(client);
        // The answer is the name, a space, and that it was stored.
        let stored = said.rsplit_once(' ').map_or(said.as_str(), |(stored, _)| stored);
        let renamed = path.file_name() != Some(OsStr::new(stored));
        progress.finish(
            &progress.counts(),
            Finished {
                shown: os::show(path).to_string(),
                renamed: renamed.then(|| ftp::safe(stored.as_bytes()).to_string()),
                local: Some(os::lossy(path)),
                remote: &file.path,
            },
        );
        Ok(())
    }

    fn explain(&self, error: &ClassicError) -> Problem {
        let problem = Problem::new(Exit::from(error), ftp::safe(error.to_string().as_bytes()));
        match error {
            ClassicError::Store(StoreError::Exists { .. }) => {
                problem.hint("--on-conflict overwrite, keep-both or skip")
            }
            _ => problem,
        }
    }
}

/// The names of that protocol are text.
fn text<'a>(verb: &str, name: &'a OsStr) -> Result<&'a str, Problem> {
    let problem = || Problem::usage("--classic knows names in UTF-8 only");
    name.to_str().ok_or_else(|| problem().on(verb, ftp::safe(os::bytes(name))))
}
