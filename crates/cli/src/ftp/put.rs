//! `put`: from here to the server.

use std::path::Path;

use ftp::{ClientError, How, Local, RemotePath, Status};
use tokio::io::AsyncRead;

use super::args::{OnConflict, PutArgs, TransferArgs};
use super::conflict::{Conflicts, There};
use super::local::{self, Directories, LocalFile, Origin};
use super::os;
use super::session::Session;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Counts, Finished, Progress};

/// What the files of one `put` share.
struct Putting {
    conflicts: Conflicts,
    directories: Directories,
    durable: bool,
}

/// One file on its way.
#[derive(Clone, Copy)]
struct Item<'a> {
    /// As the user named it.
    local: &'a Path,
    remote: &'a RemotePath,
    /// Its number among several, and their count.
    place: (usize, usize),
}

impl Session {
    pub(super) async fn put(&self, args: &PutArgs, how: &TransferArgs) -> Exit {
        if let Err(problem) = check(args) {
            return self.fail(&problem);
        }
        let mut putting = Putting {
            conflicts: Conflicts::new("put", how, &self.report),
            directories: Directories::default(),
            durable: how.durable,
        };
        let mut exit = Exit::Done;
        for (at, local) in args.local.iter().enumerate() {
            let place = (at + 1, args.local.len());
            if let Err(problem) = self.put_one(local, args, &mut putting, place).await {
                exit.and(self.fail(&problem));
                if self.is_over(&problem, args.local.len() - at - 1) {
                    break;
                }
            }
        }
        exit
    }

    async fn put_one(
        &self,
        local: &Path,
        args: &PutArgs,
        putting: &mut Putting,
        place: (usize, usize),
    ) -> Result<(), Problem> {
        let problem = |problem: Problem| problem.on("put", os::show(local));
        let remote = &self.target_of(local, args)?;
        let item = Item { local, remote, place };
        if local == Path::new("-") {
            return self.put_stream(item, putting, &mut tokio::io::stdin()).await;
        }
        let path = self.local.join(local);
        match local::origin(&path).map_err(problem)? {
            Origin::Device(path) => {
                let opened = tokio::fs::File::open(&path).await;
                let mut device = opened
                    .map_err(|error| problem(Problem::new(Exit::Failed, os::reason(&error))))?;
                self.put_stream(item, putting, &mut device).await
            }
            Origin::File { dir, name } => {
                let file = putting.directories.file(dir, &name, false).map_err(problem)?;
                self.put_file(item, &file, putting).await
            }
        }
    }

    /// The name that a local file gets on the server.
    fn target_of(&self, local: &Path, args: &PutArgs) -> Result<RemotePath, Problem> {
        let on = |problem: Problem| problem.on("put", os::show(local));
        let to = args.to.as_deref();
        let directory = match to {
            Some(to) => self.resolve("put", to)?,
            None => self.here.clone(),
        };
        let is_stdin = local == Path::new("-");
        let name = match &args.name {
            Some(name) => name.as_os_str(),
            // For standard input the target is the whole name, unless it is written as a directory.
            None if is_stdin => match to {
                Some(to) if !os::bytes(to).ends_with(b"/") && !directory.is_root() => {
                    return Ok(directory);
                }
                _ => {
                    let message = "standard input has no name; give it one with -t DIR/NAME";
                    return Err(on(Problem::usage(message)));
                }
            },
            None => local
                .file_name()
                .ok_or_else(|| on(Problem::usage("it has no name of its own; --name gives one")))?,
        };
        directory.join(os::bytes(name)).map_err(|error| on(Problem::usage(error)))
    }

    async fn put_file(
        &self,
        item: Item<'_>,
        file: &LocalFile,
        putting: &mut Putting,
    ) -> Result<(), Problem> {
        let remote = item.remote;
        let mut how = How { publish: putting.conflicts.first(), durable: putting.durable };
        let mut decided = false;
        loop {
            let progress = Progress::new(&self.report, "put", remote, item.place);
            let local = Local { store: &file.store, path: &file.path };
            let mut client = self.client.lock().await;
            let sending = client.put(local, remote, &how, &progress);
            let sent = progress.watch(sending, &self.interrupt).await;
            drop(client);
            let sent = sent.map_err(|interrupted| interrupted.resumable().path(remote))?;
            let error = match sent {
                Ok(transfer) => {
                    finish(&progress, item, &transfer.path, Counts::from(&transfer));
                    return Ok(());
                }
                Err(error) => error,
            };
            let taken = matches!(&error, ClientError::Remote(_))
                && error.status() == Some(Status::Conflict);
            if !taken || decided {
                return Err(self.explain("put", remote, error));
            }
            match putting.conflicts.decide(remote, self.there(remote).await).await? {
                OnConflict::Fail => return Err(self.explain("put", remote, error)),
                OnConflict::Skip => {
                    self.skipped("put", remote, "it is there already");
                    return Ok(());
                }
                decision => how.publish = decision.publish(),
            }
            decided = true;
        }
    }

    /// What stands on the server under this name.
    pub(super) async fn there(&self, remote: &RemotePath) -> Option<There> {
        let entry = self.client.lock().await.stat(remote).await.ok()?;
        Some(There { size: entry.size, modified: entry.modified })
    }

    async fn put_stream<R: AsyncRead + Unpin + Send>(
        &self,
        item: Item<'_>,
        putting: &Putting,
        reader: &mut R,
    ) -> Result<(), Problem> {
        let remote = item.remote;
        let how = How { publish: putting.conflicts.once(), durable: putting.durable };
        let progress = Progress::new(&self.report, "put", remote, item.place);
        let mut client = self.client.lock().await;
        let sending = client.put_stream(reader, remote, &how, &progress);
        let sent = progress.watch(sending, &self.interrupt).await;
        drop(client);
        match sent.map_err(|interrupted| interrupted.streamed().path(remote))? {
            Ok(transfer) => {
                finish(&progress, item, &transfer.path, Counts::from(&transfer));
                Ok(())
            }
            Err(error)
                if error.status() == Some(Status::Conflict)
                    && putting.conflicts.fixed() == Some(OnConflict::Skip) =>
            {
                self.skipped("put", remote, "it is there already");
                Ok(())
            }
            Err(error) => Err(self.explain("put", remote, error)),
        }
    }
}

fn finish(progress: &Progress<'_>, item: Item<'_>, published: &RemotePath, counts: Counts) {
    let name = item.local.file_name().map(os::bytes);
    let renamed =
        published.parent().is_some_and(|parent| !parent.is_root()) || published.file_name() != name;
    progress.finish(
        &counts,
        Finished {
            shown: os::show(item.local).to_string(),
            renamed: renamed.then(|| published.to_string()),
            local: Some(os::lossy(item.local)),
            remote: published,
        },
    );
}

/// What makes no sense together.
fn check(args: &PutArgs) -> Result<(), Problem> {
    let several = args.local.len() > 1;
    if several && args.name.is_some() {
        return Err(Problem::usage("--name is for a single file").on("put", "several files"));
    }
    if several && args.local.iter().any(|local| local == Path::new("-")) {
        return Err(Problem::usage("standard input is sent alone").on("put", "several files"));
    }
    Ok(())
}
