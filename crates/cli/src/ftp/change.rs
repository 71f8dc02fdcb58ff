//! `rm`, `mkdir`, `mv`: changes on the server that move no content.

use ftp::{ClientError, Kind, Publish, RemotePath, Status};

use super::args::{MkdirArgs, MvArgs, OnConflict, RmArgs, TransferArgs};
use super::conflict::Conflicts;
use super::os;
use super::session::{Session, Target};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::prompt;
use crate::report::{Event, Name, NewName, Subject, TreeProgress};

impl Session {
    pub(super) async fn rm(&self, args: &RmArgs, how: &TransferArgs) -> Exit {
        let (targets, mut exit) = self.expand("rm", &args.paths).await;
        if targets.is_empty() {
            return exit;
        }
        if !how.yes && !self.agreed(&targets, args.recursive).await {
            exit.and(Exit::Failed);
            return exit;
        }
        if args.recursive {
            exit.and(self.rm_trees(&targets).await);
            return exit;
        }
        let paths: Vec<RemotePath> = targets.into_iter().map(|target| target.path).collect();
        let removed = self.client.lock().await.remove_all(&paths).await;
        let tried = removed.len();
        for (path, removed) in paths.iter().zip(removed) {
            match removed {
                Ok(()) => {
                    let event = Event::Removed { name: Name::from(path) };
                    self.report.tell(format_args!("removed {path}"), &event);
                }
                Err(error) => exit.and(self.fail(&self.rm_problem(path, error))),
            }
        }
        if tried < paths.len() {
            self.report.note(format_args!("{} more were not tried", paths.len() - tried));
        }
        exit
    }

    /// A directory that is not empty can go all the same.
    fn rm_problem(&self, path: &RemotePath, error: ClientError) -> Problem {
        let is_filled = error.status() == Some(Status::NotEmpty);
        let problem = self.explain("rm", path, error);
        match is_filled {
            true => problem.hint(format!("{}rm -r {path}", self.program)),
            false => problem,
        }
    }

    /// Removes each with all that is in it.
    async fn rm_trees(&self, targets: &[Target]) -> Exit {
        let mut exit = Exit::Done;
        for (at, Target { path, .. }) in targets.iter().enumerate() {
            let removed = self.rm_tree(path, (at + 1, targets.len())).await;
            let removed = removed.unwrap_or_else(|problem| self.fail(&problem));
            exit.and(removed);
            if self.is_over(removed, targets.len() - at - 1) {
                break;
            }
        }
        exit
    }

    async fn rm_tree(&self, path: &RemotePath, place: (usize, usize)) -> Result<Exit, Problem> {
        if path.is_root() {
            let problem = Problem::usage("the root stays; what is in it can be removed");
            return Err(problem.on("rm", path).hint(format!("{}rm -r '*'", self.program)));
        }
        let subject = Subject {
            command: "rm",
            remote: path.clone(),
            prefix: path.to_string(),
            title: path.to_string(),
            local: None,
            place,
            again: "what is left is still there".into(),
        };
        let progress = TreeProgress::new(&self.report, subject, false);
        let mut client = self.client.lock().await;
        let removing = client.remove_tree(path, &progress);
        let removed = progress.watch(removing, &self.interrupt).await;
        drop(client);
        let exit = progress.break_off();
        removed?.map_err(|error| self.explain("rm", path, error))?;
        if exit == Exit::Done {
            let event = Event::Removed { name: Name::from(path) };
            self.report.tell(format_args!("removed {path}"), &event);
        }
        Ok(exit)
    }

    /// Whether all that a pattern found is to go, or all that is in a directory.
    async fn agreed(&self, targets: &[Target], whole: bool) -> bool {
        let found = targets.iter().filter(|target| target.kind.is_some()).count();
        if (found < 2 && !whole) || !self.report.can_ask() {
            return true;
        }
        let first: Vec<String> =
            targets.iter().take(5).map(|target| target.path.to_string()).collect();
        let more = if targets.len() > 5 { ", ..." } else { "" };
        let names = first.join(", ");
        let (these, them) = match targets.len() {
            1 => ("this".to_owned(), "it"),
            count => (format!("these {count}"), "them"),
        };
        let whole = if whole { format!(" with all that is in {them}") } else { String::new() };
        prompt::agree(format!("{names}{more}\nRemove {these}{whole}? [y/N] ")).await
    }

    pub(super) async fn mkdir(&self, args: &MkdirArgs) -> Exit {
        let mut exit = Exit::Done;
        for word in &args.paths {
            let path = match self.resolve("mkdir", word) {
                Ok(path) => path,
                Err(problem) => {
                    exit.and(self.fail(&problem));
                    continue;
                }
            };
            let made = self.client.lock().await.make_directory(&path, args.parents).await;
            match made {
                Ok(()) => {
                    let event = Event::Made { name: Name::from(&path) };
                    self.report.tell(format_args!("made {path}"), &event);
                }
                Err(error) => exit.and(self.fail(&self.mkdir_problem(&path, error))),
            }
        }
        exit
    }

    /// For a directory there is nothing to overwrite.
    fn mkdir_problem(&self, path: &RemotePath, error: ClientError) -> Problem {
        let taken = error.status() == Some(Status::Conflict);
        let problem = self.explain("mkdir", path, error);
        match taken {
            true => problem.hint(format!("{}mkdir -p {path}", self.program)),
            false => problem,
        }
    }

    pub(super) async fn mv(&self, args: &MvArgs, how: &TransferArgs) -> Exit {
        let (to, from) = args.paths.split_last().expect("the parser asks for two");
        let (targets, mut exit) = self.expand("mv", from).await;
        let into = match self.resolve("mv", to) {
            Ok(into) => into,
            Err(problem) => {
                exit.and(self.fail(&problem));
                return exit;
            }
        };
        let is_directory = match self.is_directory(&into).await {
            Ok(found) => found,
            Err(problem) => {
                exit.and(self.fail(&problem));
                return exit;
            }
        };
        if !is_directory && (targets.len() > 1 || os::bytes(to).ends_with(b"/")) {
            let problem = Problem::new(Exit::Failed, "it is not a directory").on("mv", &into);
            exit.and(self.fail(&problem.path(&into)));
            return exit;
        }
        let mut conflicts = Conflicts::new("mv", how, &self.report);
        for Target { path: from, .. } in &targets {
            let moved = match is_directory {
                true => match into.join(from.file_name().unwrap_or_default()) {
                    Ok(to) => self.mv_one(from, &to, &mut conflicts).await,
                    Err(error) => Err(Problem::usage(error).on("mv", from)),
                },
                false => self.mv_one(from, &into, &mut conflicts).await,
            };
            if let Err(problem) = moved {
                exit.and(self.fail(&problem));
            }
        }
        exit
    }

    async fn is_directory(&self, path: &RemotePath) -> Result<bool, Problem> {
        if path.is_root() {
            return Ok(true);
        }
        let found = self.client.lock().await.stat(path).await;
        match found {
            Ok(entry) => Ok(entry.kind == Kind::Directory),
            Err(error) if error.status() == Some(Status::NotFound) => Ok(false),
            Err(error) => Err(self.explain("mv", path, error)),
        }
    }

    async fn mv_one(
        &self,
        from: &RemotePath,
        to: &RemotePath,
        conflicts: &mut Conflicts,
    ) -> Result<(), Problem> {
        let mut publish = conflicts.first();
        loop {
            let first = publish == Publish::IfAbsent;
            let renamed = self.client.lock().await.rename(from, to, publish).await;
            let error = match renamed {
                Ok(published) => {
                    let (name, to) = (Name::from(from), NewName::from(&published.path));
                    let line = format!("{from} -> {}", published.path);
                    self.report.tell(line, &Event::Renamed { name, to });
                    return Ok(());
                }
                Err(error) => error,
            };
            if error.status() != Some(Status::Conflict) || !first {
                return Err(self.explain("mv", from, error));
            }
            match conflicts.decide(to, self.there(to).await).await? {
                OnConflict::Fail => return Err(self.explain("mv", from, error)),
                OnConflict::Skip => {
                    self.skipped("mv", from, "the new name is taken");
                    return Ok(());
                }
                decision => publish = decision.publish(),
            }
        }
    }
}
