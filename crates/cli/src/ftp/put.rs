//! `put`: from here to the server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ftp::{ClientError, How, Kind, Local, LocalStore, RemotePath, Status};
use tokio::io::AsyncRead;

use super::args::{OnConflict, PutArgs, TransferArgs};
use super::conflict::{Conflicts, There};
use super::filter::Rules;
use super::local::{self, Directories, LocalFile, Origin};
use super::os;
use super::place::{self, Dest, Form, Found, Place};
use super::session::Session;
use super::tree::{self, Tree, TreeOptions, Way};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Counts, Finished, Progress, Subject};

/// What the things of one `put` share.
struct Putting<'a> {
    args: &'a PutArgs,
    transfer: &'a TransferArgs,
    conflicts: Conflicts,
    directories: Directories,
    /// What stands where `-t` says, once that was asked.
    dest: Option<Found>,
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

/// A directory on its way, or a file that is treated like one.
struct Load<'a> {
    /// As the user named it.
    local: &'a Path,
    /// The directory that it is in, or is.
    dir: PathBuf,
    /// The name of a file.
    name: Vec<u8>,
    is_directory: bool,
    place: (usize, usize),
}

/// Where something goes on the server.
struct Spot {
    path: RemotePath,
    /// Where it would be once what is missing was made.
    shown: RemotePath,
    /// The same command would not mean this place again once it is there.
    is_new: bool,
}

impl Session {
    pub(super) async fn put(&self, args: &PutArgs, how: &TransferArgs) -> Exit {
        let options = TreeOptions { tree: &args.tree, transfer: how };
        let checked =
            check(args).and_then(|()| tree::check(self, "put", options, args.local.len()));
        if let Err(problem) = checked {
            return self.fail(&problem);
        }
        let mut putting = Putting {
            args,
            transfer: how,
            conflicts: Conflicts::new("put", how, &self.report),
            directories: Directories::default(),
            dest: None,
        };
        let mut exit = Exit::Done;
        for (at, local) in args.local.iter().enumerate() {
            let place = (at + 1, args.local.len());
            let put = self.put_one(local, &mut putting, place).await;
            let put = put.unwrap_or_else(|problem| self.fail(&problem));
            exit.and(put);
            if self.is_over(put, args.local.len() - at - 1) {
                break;
            }
        }
        exit
    }

    async fn put_one(
        &self,
        local: &Path,
        putting: &mut Putting<'_>,
        place: (usize, usize),
    ) -> Result<Exit, Problem> {
        let problem = |problem: Problem| problem.on("put", os::show(local));
        let args = putting.args;
        if local == Path::new("-") {
            let remote = &self.target_of(local, args)?;
            let item = Item { local, remote, place };
            self.put_stream(item, putting, &mut tokio::io::stdin()).await?;
            return Ok(Exit::Done);
        }
        let path = self.local.join(local);
        match local::origin(&path).map_err(problem)? {
            Origin::Directory(dir) => {
                let load = Load { local, dir, name: Vec::new(), is_directory: true, place };
                return self.put_directory(&load, putting).await;
            }
            Origin::Device(path) => {
                let remote = &self.target_of(local, args)?;
                let opened = tokio::fs::File::open(&path).await;
                let mut device = opened
                    .map_err(|error| problem(Problem::new(Exit::Failed, os::reason(&error))))?;
                self.put_stream(Item { local, remote, place }, putting, &mut device).await?;
            }
            Origin::File { .. } if args.tree.delete => {
                return Err(problem(Problem::usage("--delete is for directories")));
            }
            Origin::File { dir, name } if args.tree.says_something() => {
                let load = Load { local, dir, name, is_directory: false, place };
                return self.put_directory(&load, putting).await;
            }
            Origin::File { dir, name } => {
                let remote = &self.target_of(local, args)?;
                self.make_dest(putting, place.1 > 1).await?;
                let file = putting.directories.file(dir, &name, false).map_err(problem)?;
                self.put_file(Item { local, remote, place }, &file, putting).await?;
            }
        }
        Ok(Exit::Done)
    }

    async fn put_directory(
        &self,
        load: &Load<'_>,
        putting: &mut Putting<'_>,
    ) -> Result<Exit, Problem> {
        let problem = |problem: Problem| problem.on("put", os::show(load.local));
        let args = putting.args;
        let spot = self.spot(load, putting).await?;
        let store = LocalStore::open(&load.dir, false)
            .map_err(|error| problem(local::unusable(&load.dir, &error.source)))?;
        let local =
            RemotePath::parse(&load.name).map_err(|error| problem(Problem::usage(error)))?;
        let mut rules = Rules::read(&args.tree.rules.0, &self.local)?;
        if args.tree.gitignore && load.is_directory {
            rules = rules.with_gitignore(load.dir.clone());
        }
        let named = os::show(load.local).to_string();
        let source = named.trim_end_matches("/.").trim_end_matches('/');
        let is_obvious = args.to.is_none() && args.name.is_none();
        let title = match (is_obvious, source) {
            (true, _) => named.clone(),
            (false, _) => format!("{named} -> {}", spot.shown),
        };
        let subject = Subject {
            command: "put",
            remote: spot.path.clone(),
            prefix: if source == "." { String::new() } else { source.to_owned() },
            title,
            local: Some(os::lossy(load.local)),
            place: load.place,
            again: tree::again(spot.is_new, source),
        };
        let tree = Tree {
            way: Way::Put,
            remote: spot.path,
            store: Arc::new(store),
            local,
            filter: rules.into_filter(),
            subject,
        };
        let options = TreeOptions { tree: &args.tree, transfer: putting.transfer };
        Ok(self.move_tree(&tree, options, &mut putting.conflicts).await)
    }

    /// Where a directory goes.
    async fn spot(&self, load: &Load<'_>, putting: &mut Putting<'_>) -> Result<Spot, Problem> {
        let on = |problem: Problem| problem.on("put", os::show(load.local));
        let (args, several) = (putting.args, load.place.1 > 1);
        let form = match (&args.name, load.is_directory) {
            (None, true) => Form::of(os::bytes(load.local.as_os_str())),
            // Whoever gives it a name means the whole.
            _ => Form::Whole,
        };
        let named = |directory: &RemotePath| match (args.name.as_deref(), load.local.file_name()) {
            (Some(name), _) | (None, Some(name)) => {
                directory.join(os::bytes(name)).map_err(|error| on(Problem::usage(error)))
            }
            (None, None) => Err(on(Problem::usage("it has no name of its own; --name gives one"))),
        };
        let at = |path: RemotePath| Spot { shown: path.clone(), path, is_new: false };
        let Some(to) = args.to.as_deref() else {
            return Ok(at(match place::place(form, None, several) {
                Place::Here => self.here.clone(),
                _ => named(&self.here)?,
            }));
        };
        let dest = self.resolve("put", to)?;
        let found = self.dest(putting, &dest).await?;
        let written_so = os::bytes(to).ends_with(b"/");
        // A file goes into a directory that is there or is made; it never becomes it. So does what
        // is given a name.
        let slash = written_so || args.name.is_some() || !load.is_directory;
        let is_new = found == Found::Nothing;
        let placed = place::place(form, Some(Dest { found, slash }), several);
        let path = match placed {
            Place::Taken => {
                let problem = Problem::new(Exit::Failed, "it is not a directory").path(&dest);
                return Err(problem.on("put", dest));
            }
            Place::Itself => dest.clone(),
            _ => named(&dest)?,
        };
        if placed == Place::Itself && !(is_new && written_so) {
            return Ok(Spot { is_new: is_new && form == Form::Whole, ..at(path) });
        }
        if is_new && args.tree.dry_run {
            return Ok(Spot { path: self.first_missing(&dest).await?, ..at(path) });
        }
        self.make_dest(putting, true).await?;
        Ok(at(path))
    }

    /// What stands where `-t` says; asked once for all sources.
    async fn dest(&self, putting: &mut Putting<'_>, dest: &RemotePath) -> Result<Found, Problem> {
        if let Some(found) = putting.dest {
            return Ok(found);
        }
        let found = self.found("put", dest).await?;
        // What comes first may make it.
        putting.dest = Some(found).filter(|found| *found != Found::Nothing);
        Ok(found)
    }

    /// Makes the directory that several things are to go into, or that is written like one.
    async fn make_dest(&self, putting: &mut Putting<'_>, several: bool) -> Result<(), Problem> {
        let Some(to) = putting.args.to.as_deref() else {
            return Ok(());
        };
        if !several && !os::bytes(to).ends_with(b"/") {
            return Ok(());
        }
        let dest = self.resolve("put", to)?;
        if self.dest(putting, &dest).await? == Found::Nothing {
            let made = self.client.lock().await.make_directory(&dest, true).await;
            made.map_err(|error| self.explain("mkdir", &dest, error))?;
            putting.dest = Some(Found::Directory);
        }
        Ok(())
    }

    /// What stands on the server under this name.
    async fn found(&self, verb: &str, path: &RemotePath) -> Result<Found, Problem> {
        if path.is_root() {
            return Ok(Found::Directory);
        }
        let entry = self.client.lock().await.stat(path).await;
        match entry {
            Ok(entry) if entry.kind == Kind::Directory => Ok(Found::Directory),
            Ok(_) => Ok(Found::Other),
            Err(error) if error.status() == Some(Status::NotFound) => Ok(Found::Nothing),
            Err(error) => Err(self.explain(verb, path, error)),
        }
    }

    /// Where nothing is, nothing can be compared with: the first name that is missing stands for
    /// all that would be made beneath it.
    async fn first_missing(&self, path: &RemotePath) -> Result<RemotePath, Problem> {
        let mut missing = path.clone();
        while let Some(parent) = missing.parent() {
            if self.found("put", &parent).await? != Found::Nothing {
                break;
            }
            missing = parent;
        }
        Ok(missing)
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
        putting: &mut Putting<'_>,
    ) -> Result<(), Problem> {
        let remote = item.remote;
        let durable = putting.transfer.durable;
        let mut how = How { publish: putting.conflicts.first(), durable };
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
        putting: &Putting<'_>,
        reader: &mut R,
    ) -> Result<(), Problem> {
        let remote = item.remote;
        let how = How { publish: putting.conflicts.once(), durable: putting.transfer.durable };
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
        return Err(Problem::usage("--name is for a single source").on("put", "several files"));
    }
    if several && args.local.iter().any(|local| local == Path::new("-")) {
        return Err(Problem::usage("standard input is sent alone").on("put", "several files"));
    }
    if args.tree.says_something() && args.local.iter().any(|local| local == Path::new("-")) {
        let message = "only files and directories can be compared or left out";
        return Err(Problem::usage(message).on("put", "standard input"));
    }
    Ok(())
}
