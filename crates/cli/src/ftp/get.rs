//! `get`: from the server to here.

use std::path::Path;
use std::sync::Arc;

use ftp::{ClientError, How, Kind, Local, LocalStore, RemotePath, Status, Transfer};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::args::{GetArgs, OnConflict, TransferArgs};
use super::conflict::Conflicts;
use super::filter::Rules;
use super::local::{self, Coming, Destination, Directories, LocalFile};
use super::os;
use super::place::Form;
use super::session::{Session, Target};
use super::tree::{self, Tree, TreeOptions, Way};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Counts, Finished, Progress, Subject};

/// What the things of one `get` share.
struct Getting<'a> {
    args: &'a GetArgs,
    transfer: &'a TransferArgs,
    conflicts: Conflicts,
    directories: Directories,
    /// How many there are.
    count: usize,
}

/// What came of fetching a file.
enum Fetched {
    Done,
    /// It is none.
    IsNoFile(ClientError),
}

impl Session {
    pub(super) async fn get(&self, args: &GetArgs, how: &TransferArgs) -> Exit {
        if let Err(problem) = check(args) {
            return self.fail(&problem);
        }
        let (targets, mut exit) = self.expand("get", &args.remote).await;
        let options = TreeOptions { tree: &args.tree, transfer: how };
        if let Err(problem) = tree::check(self, "get", options, targets.len()) {
            return self.fail(&problem);
        }
        let mut getting = Getting {
            args,
            transfer: how,
            conflicts: Conflicts::new("get", how, &self.report),
            directories: Directories::default(),
            count: targets.len(),
        };
        for (at, target) in targets.iter().enumerate() {
            let place = (at + 1, getting.count);
            let got = self.get_one(target, &mut getting, place).await;
            let got = got.unwrap_or_else(|problem| self.fail(&problem));
            exit.and(got);
            if self.is_over(got, targets.len() - at - 1) {
                break;
            }
        }
        exit
    }

    async fn get_one(
        &self,
        target: &Target,
        getting: &mut Getting<'_>,
        place: (usize, usize),
    ) -> Result<Exit, Problem> {
        let remote = &target.path;
        let problem = |problem: Problem| problem.on("get", remote).path(remote);
        let output = getting.args.output.as_deref();
        if output == Some(Path::new("-")) {
            self.get_stream(remote, &mut tokio::io::stdout(), place).await?;
            return Ok(Exit::Done);
        }
        let is_directory =
            target.kind == Some(Kind::Directory) || target.form != Form::Whole || remote.is_root();
        let asks = getting.args.tree.says_something();
        if is_directory || asks {
            return self.get_described(target, getting, place).await;
        }
        let name = remote.file_name().unwrap_or_default();
        let many = getting.count > 1;
        let fetched = match local::destination(&self.local, output, name, many).map_err(problem)? {
            Destination::Device(path) => {
                let opened = tokio::fs::OpenOptions::new().write(true).open(&path).await;
                let mut device = opened
                    .map_err(|error| problem(Problem::new(Exit::Failed, os::reason(&error))))?;
                self.get_stream(remote, &mut device, place).await?;
                Fetched::Done
            }
            Destination::File { dir, name } => {
                let file = getting.directories.file(dir, &name, true).map_err(problem)?;
                self.get_file(remote, &file, getting, place).await?
            }
        };
        match fetched {
            Fetched::Done => Ok(Exit::Done),
            // That it is a directory is known by trying: a file costs no question.
            Fetched::IsNoFile(error) => match self.kind_of(remote).await? {
                Kind::Directory => self.get_directory(target, true, getting, place).await,
                Kind::Link => {
                    let message = "it is a link to a directory, which is fetched by its own name";
                    Err(problem(Problem::new(Exit::Failed, message)))
                }
                _ => Err(self.explain("get", remote, error)),
            },
        }
    }

    /// Fetches what may be a directory, or is to be treated like one.
    async fn get_described(
        &self,
        target: &Target,
        getting: &mut Getting<'_>,
        place: (usize, usize),
    ) -> Result<Exit, Problem> {
        let remote = &target.path;
        let refuse = |message: &str| {
            let problem = Problem::new(Exit::Failed, message);
            Err(problem.on("get", remote).path(remote))
        };
        let kind = match target.kind {
            _ if remote.is_root() => Kind::Directory,
            Some(kind) => kind,
            None => self.kind_of(remote).await?,
        };
        match kind {
            Kind::Directory => self.get_directory(target, true, getting, place).await,
            Kind::Link => refuse("it is a link; say this of what it leads to"),
            _ if getting.args.tree.delete => refuse("--delete is for directories"),
            _ => self.get_directory(target, false, getting, place).await,
        }
    }

    async fn kind_of(&self, remote: &RemotePath) -> Result<Kind, Problem> {
        let entry = self.client.lock().await.stat(remote).await;
        Ok(entry.map_err(|error| self.explain("get", remote, error))?.kind)
    }

    async fn get_directory(
        &self,
        target: &Target,
        is_directory: bool,
        getting: &mut Getting<'_>,
        place: (usize, usize),
    ) -> Result<Exit, Problem> {
        let Target { path: remote, form, .. } = target;
        let (args, problem) = (getting.args, |problem: Problem| problem.on("get", remote));
        let form = if remote.is_root() { Form::Contents } else { *form };
        let coming = Coming {
            name: remote.file_name().unwrap_or_default(),
            form: if is_directory { form } else { Form::Whole },
            is_directory,
            several: getting.count > 1,
            dry_run: args.tree.dry_run,
        };
        let output = args.output.as_deref();
        let spot = local::spot(&self.local, output, coming).map_err(problem)?;
        let store = LocalStore::open(&spot.dir, true)
            .map_err(|error| problem(local::unusable(&spot.dir, &error.source)))?;
        let local =
            RemotePath::parse(&spot.name).map_err(|error| problem(Problem::usage(error)))?;
        let rules = Rules::read(&args.tree.rules.0, &self.local)?;
        let shown = os::show(&spot.shown);
        let title = match output {
            Some(_) => format!("{remote} -> {shown}"),
            None => remote.to_string(),
        };
        let subject = Subject {
            command: "get",
            remote: remote.clone(),
            prefix: if remote.is_root() { String::new() } else { remote.to_string() },
            title,
            local: Some(os::lossy(&spot.shown)),
            place,
            again: tree::again(spot.is_new, &remote.to_string()),
        };
        let tree = Tree {
            way: Way::Get,
            remote: remote.clone(),
            store: Arc::new(store),
            local,
            filter: rules.into_filter(),
            subject,
        };
        let options = TreeOptions { tree: &args.tree, transfer: getting.transfer };
        Ok(self.move_tree(&tree, options, &mut getting.conflicts).await)
    }

    async fn get_file(
        &self,
        remote: &RemotePath,
        file: &LocalFile,
        getting: &mut Getting<'_>,
        place: (usize, usize),
    ) -> Result<Fetched, Problem> {
        let durable = getting.transfer.durable;
        let mut how = How { publish: getting.conflicts.first(), durable };
        let mut decided = false;
        loop {
            let progress = Progress::new(&self.report, "get", remote, place);
            let local = Local { store: &file.store, path: &file.path };
            let mut client = self.client.lock().await;
            let fetching = client.get(remote, local, &how, &progress);
            let fetched = progress.watch(fetching, &self.interrupt).await;
            drop(client);
            let fetched = fetched.map_err(|interrupted| interrupted.resumable().path(remote))?;
            let error = match fetched {
                Ok(transfer) => {
                    let renamed = getting.args.output.is_some() || transfer.path != file.path;
                    let target = file.at(&transfer.path);
                    progress.finish(
                        &Counts::from(&transfer),
                        Finished {
                            shown: remote.to_string(),
                            renamed: renamed.then(|| os::show(&target).to_string()),
                            local: Some(os::lossy(&target)),
                            remote,
                        },
                    );
                    return Ok(Fetched::Done);
                }
                Err(error) => error,
            };
            if matches!(&error, ClientError::Remote(failure) if failure.status == Status::WrongKind)
            {
                return Ok(Fetched::IsNoFile(error));
            }
            if !matches!(&error, ClientError::Local(ftp::StoreError::Exists { .. })) || decided {
                return Err(self.explain("get", remote, error));
            }
            let name = os::show(&file.at(&file.path)).to_string();
            match getting.conflicts.decide(name, file.there()).await? {
                OnConflict::Fail => return Err(self.explain("get", remote, error)),
                OnConflict::Skip => {
                    self.skipped("get", remote, "it is here already");
                    return Ok(Fetched::Done);
                }
                decision => how.publish = decision.publish(),
            }
            decided = true;
        }
    }

    async fn get_stream<W: AsyncWrite + Unpin + Send>(
        &self,
        remote: &RemotePath,
        writer: &mut W,
        place: (usize, usize),
    ) -> Result<(), Problem> {
        let report = self.report.beside_content();
        let progress = Progress::new(&report, "get", remote, place);
        let mut client = self.client.lock().await;
        let reading = async {
            let transfer: Transfer = client.read(remote, None, writer, &progress).await?;
            writer.flush().await.map_err(ClientError::Stream)?;
            Ok(transfer)
        };
        let read = progress.watch(reading, &self.interrupt).await;
        match read.map_err(|interrupted| interrupted.streamed().path(remote))? {
            Ok(transfer) => {
                progress.finish(
                    &Counts::from(&transfer),
                    Finished { shown: remote.to_string(), renamed: None, local: None, remote },
                );
                Ok(())
            }
            Err(ClientError::Stream(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.report.close().await
            }
            Err(ClientError::Remote(failure)) if failure.status == Status::WrongKind => {
                let message = format!("{failure}, and one file is all that goes there");
                let problem = Problem::new(Exit::Failed, message).on("get", remote).path(remote);
                Err(problem.hint("-o DIR"))
            }
            Err(error) => Err(self.explain("get", remote, error)),
        }
    }

    /// Whether the rest of several files need not be tried.
    pub(super) fn is_over(&self, exit: Exit, rest: usize) -> bool {
        let over = matches!(exit, Exit::Interrupted | Exit::CannotConnect);
        if over && rest > 0 {
            self.report.note(format_args!("{rest} more were not tried"));
        }
        over
    }
}

/// What makes no sense together.
fn check(args: &GetArgs) -> Result<(), Problem> {
    let refuse = |message: &str| Err(Problem::usage(message).on("get", "directories"));
    if args.tree.gitignore {
        return refuse("--gitignore is for put: it reads the .gitignore files that are here");
    }
    if args.tree.says_something() && args.output.as_deref() == Some(Path::new("-")) {
        return refuse("what goes to standard output is one file, whole");
    }
    Ok(())
}
