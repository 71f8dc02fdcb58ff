//! `get`: from the server to here.

use std::path::Path;

use ftp::{ClientError, How, Kind, Local, RemotePath, Transfer};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::args::{GetArgs, OnConflict, TransferArgs};
use super::conflict::Conflicts;
use super::local::{self, Destination, Directories, LocalFile};
use super::os;
use super::session::Session;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Counts, Finished, Progress};

/// What the files of one `get` share.
struct Getting<'a> {
    args: &'a GetArgs,
    conflicts: Conflicts,
    directories: Directories,
    durable: bool,
    /// How many there are.
    count: usize,
}

impl Session {
    pub(super) async fn get(&self, args: &GetArgs, how: &TransferArgs) -> Exit {
        let (targets, mut exit) = self.expand("get", &args.remote).await;
        let mut getting = Getting {
            args,
            conflicts: Conflicts::new("get", how, &self.report),
            directories: Directories::default(),
            durable: how.durable,
            count: targets.len(),
        };
        for (at, target) in targets.iter().enumerate() {
            if target.kind == Some(Kind::Directory) {
                self.skipped("get", &target.path, "it is a directory");
                continue;
            }
            let place = (at + 1, getting.count);
            if let Err(problem) = self.get_one(&target.path, &mut getting, place).await {
                exit.and(self.fail(&problem));
                if self.is_over(&problem, targets.len() - at - 1) {
                    break;
                }
            }
        }
        exit
    }

    async fn get_one(
        &self,
        remote: &RemotePath,
        getting: &mut Getting<'_>,
        place: (usize, usize),
    ) -> Result<(), Problem> {
        let problem = |problem: Problem| problem.on("get", remote).path(remote);
        if remote.is_root() {
            let message = "it is a directory, and only files are fetched so far";
            return Err(problem(Problem::new(Exit::Failed, message)));
        }
        let output = getting.args.output.as_deref();
        if output == Some(Path::new("-")) {
            return self.get_stream(remote, &mut tokio::io::stdout(), place).await;
        }
        let name = remote.file_name().unwrap_or_default();
        let many = getting.count > 1;
        match local::destination(&self.local, output, name, many).map_err(problem)? {
            Destination::Device(path) => {
                let opened = tokio::fs::OpenOptions::new().write(true).open(&path).await;
                let mut device = opened
                    .map_err(|error| problem(Problem::new(Exit::Failed, os::reason(&error))))?;
                self.get_stream(remote, &mut device, place).await
            }
            Destination::File { dir, name } => {
                let file = getting.directories.file(dir, &name, true).map_err(problem)?;
                self.get_file(remote, &file, getting, place).await
            }
        }
    }

    async fn get_file(
        &self,
        remote: &RemotePath,
        file: &LocalFile,
        getting: &mut Getting<'_>,
        place: (usize, usize),
    ) -> Result<(), Problem> {
        let mut how = How { publish: getting.conflicts.first(), durable: getting.durable };
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
                    return Ok(());
                }
                Err(error) => error,
            };
            if !matches!(&error, ClientError::Local(ftp::StoreError::Exists { .. })) || decided {
                return Err(self.explain("get", remote, error));
            }
            let name = os::show(&file.at(&file.path)).to_string();
            match getting.conflicts.decide(name, file.there()).await? {
                OnConflict::Fail => return Err(self.explain("get", remote, error)),
                OnConflict::Skip => {
                    self.skipped("get", remote, "it is here already");
                    return Ok(());
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
            Err(error) => Err(self.explain("get", remote, error)),
        }
    }

    /// Whether the rest of several files need not be tried.
    pub(super) fn is_over(&self, problem: &Problem, rest: usize) -> bool {
        let over = matches!(problem.exit, Exit::Interrupted | Exit::CannotConnect);
        if over && rest > 0 {
            self.report.note(format_args!("{rest} more were not tried"));
        }
        over
    }
}
