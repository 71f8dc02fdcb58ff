//! A whole directory: gone through once, and again for what was decided meanwhile.

use std::collections::HashSet;
use std::sync::Arc;

use ftp::{
    ClientError, Failure, Filter, HowTree, Local, LocalStore, Publish, RemotePath, TreeSummary,
};

use super::args::{OnConflict, TransferArgs, TreeArgs};
use super::conflict::{Conflicts, There};
use super::filter::{AllBut, Only};
use super::session::Session;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::prompt;
use crate::report::{Pass, Subject, Taken, TreeProgress, retries, text};

/// Which way a tree goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Get,
    Put,
}

/// A tree and where it goes.
pub(super) struct Tree {
    pub(super) way: Way,
    pub(super) remote: RemotePath,
    pub(super) store: Arc<LocalStore>,
    pub(super) local: RemotePath,
    pub(super) filter: Option<Arc<dyn Filter>>,
    pub(super) subject: Subject,
}

/// How a command moves trees.
#[derive(Clone, Copy)]
pub(super) struct TreeOptions<'a> {
    pub(super) tree: &'a TreeArgs,
    pub(super) transfer: &'a TransferArgs,
}

/// One tree on its way.
struct Moving<'a> {
    session: &'a Session,
    tree: &'a Tree,
    options: TreeOptions<'a>,
    progress: TreeProgress<'a>,
    done: Vec<TreeSummary>,
    /// Why it ended before all was done.
    stopped: Option<Failure>,
}

impl Session {
    /// Moves a tree, and tells what came of it.
    pub(super) async fn move_tree(
        &self,
        tree: &Tree,
        options: TreeOptions<'_>,
        conflicts: &mut Conflicts,
    ) -> Exit {
        let progress = TreeProgress::new(&self.report, tree.subject.clone(), options.tree.dry_run);
        let mut moving =
            Moving { session: self, tree, options, progress, done: Vec::new(), stopped: None };
        let mut exit = match moving.run(conflicts).await {
            Ok(()) => moving.progress.finish(retries(&moving.done)),
            Err(problem) => {
                let mut exit = moving.progress.break_off();
                exit.and(self.fail(&problem));
                return exit;
            }
        };
        if let Some(failure) = moving.stopped {
            let subject = &tree.subject;
            let problem = Problem::new(Exit::from(failure.status), &failure)
                .on(subject.command, &subject.title)
                .status(failure.status.as_str());
            exit.and(self.fail(&problem));
        }
        exit
    }
}

impl Moving<'_> {
    async fn run(&mut self, conflicts: &mut Conflicts) -> Result<(), Problem> {
        let (args, deletes) = (self.options.tree, self.options.tree.delete);
        let taken = match conflicts.fixed() {
            None if conflicts.can_ask() && !args.dry_run => Taken::Waits,
            Some(OnConflict::Skip) => Taken::IsLeft,
            _ => Taken::Fails,
        };
        let publish = conflicts.fixed().map_or(Publish::IfAbsent, OnConflict::publish);
        // Where nothing is left to be asked, one pass does it all.
        let at_once = args.dry_run
            || (self.options.transfer.yes && conflicts.fixed() == Some(OnConflict::Overwrite));
        let how = self.how().publish(publish).dry_run(args.dry_run).delete(deletes && at_once);
        self.pass(Pass::First, taken, how).await?;
        self.decide(conflicts).await?;
        if deletes && !at_once && self.stopped.is_none() {
            self.delete().await?;
        } else if deletes && self.progress.has_failed() {
            self.session.report.note(NOTHING_DELETED);
        }
        Ok(())
    }

    /// What holds for every pass.
    fn how(&self) -> HowTree {
        let how = HowTree::default()
            .durable(self.options.transfer.durable)
            .checksum(self.options.tree.checksum);
        match &self.tree.filter {
            Some(filter) => how.filter(Arc::clone(filter)),
            None => how,
        }
    }

    /// Goes through the tree.
    async fn pass(&mut self, pass: Pass, taken: Taken, how: HowTree) -> Result<(), Problem> {
        let Tree { way, remote, store, local, .. } = self.tree;
        let progress = &self.progress;
        progress.begin(pass, taken);
        let mut client = self.session.client.lock().await;
        let local = Local { store, path: local };
        let moving = async {
            match way {
                Way::Get => client.get_tree(remote, local, &how, progress).await,
                Way::Put => client.put_tree(local, remote, &how, progress).await,
            }
        };
        let moved = progress.watch(moving, &self.session.interrupt).await?;
        let summary = moved.map_err(|error| self.explain(error))?;
        self.stopped = self.stopped.take().or_else(|| summary.stopped.clone());
        self.done.push(summary);
        Ok(())
    }

    fn explain(&self, error: ClientError) -> Problem {
        self.session.explain(self.progress.subject().command, &self.tree.remote, error)
    }

    /// Asks what becomes of the names that are taken, and does it.
    async fn decide(&mut self, conflicts: &mut Conflicts) -> Result<(), Problem> {
        let held = self.progress.take_held();
        if held.is_empty() {
            return Ok(());
        }
        let shown = |path: &RemotePath| self.progress.shown(path);
        let all = conflicts.decide_all(held.iter().map(shown), held.len()).await?;
        let (mut replaced, mut beside) = (Vec::new(), Vec::new());
        for path in held {
            let decision = match all {
                Some(decision) => decision,
                None => {
                    let there = self.there(&path).await;
                    conflicts.decide(self.progress.shown(&path), there).await?
                }
            };
            match decision {
                OnConflict::Overwrite => replaced.push(path),
                OnConflict::KeepBoth => beside.push(path),
                OnConflict::Skip | OnConflict::Fail => self.progress.leave(&path),
            }
        }
        for (names, decision) in [(replaced, OnConflict::Overwrite), (beside, OnConflict::KeepBoth)]
        {
            if !names.is_empty() {
                let how = self.how().publish(decision.publish()).filter(Arc::new(Only::new(names)));
                self.pass(Pass::Again, Taken::Fails, how).await?;
            }
        }
        Ok(())
    }

    /// What has a name that is taken.
    async fn there(&self, path: &RemotePath) -> Option<There> {
        let within = |root: &RemotePath| {
            path.components().try_fold(root.clone(), |path, name| path.join(name)).ok()
        };
        match self.tree.way {
            Way::Put => self.session.there(&within(&self.tree.remote)?).await,
            Way::Get => {
                let entry = ftp::Store::stat(&*self.tree.store, &within(&self.tree.local)?).ok()?;
                Some(There { size: entry.size, modified: entry.modified })
            }
        }
    }

    /// Deletes what the source does not have, when all else went well: after the user has seen
    /// how much that is.
    async fn delete(&mut self) -> Result<(), Problem> {
        if self.progress.has_failed() {
            self.session.report.note(NOTHING_DELETED);
            return Ok(());
        }
        let settled = self.progress.take_settled();
        if !self.options.transfer.yes {
            let how = self.but(settled.clone()).dry_run(true).delete(true);
            self.pass(Pass::Plan, Taken::Fails, how).await?;
            let (count, first) = self.progress.take_doomed();
            if count == 0 || !self.agreed(count, &first).await {
                return Ok(());
            }
        }
        let how = self.but(settled).delete(true);
        self.pass(Pass::Again, Taken::Fails, how).await
    }

    /// Everything but the names that were decided on: they are what the user wants them to be.
    fn but(&self, names: HashSet<RemotePath>) -> HowTree {
        match names.is_empty() {
            true => self.how(),
            false => self.how().filter(Arc::new(AllBut { names, inner: self.tree.filter.clone() })),
        }
    }

    async fn agreed(&self, count: u64, first: &[String]) -> bool {
        let more = if count > first.len() as u64 { ", ..." } else { "" };
        let place = match self.tree.way {
            Way::Get => "here",
            Way::Put => "on the server",
        };
        let (these, them) = match count {
            1 => ("this".to_owned(), "it"),
            count => (format!("these {}", text::count(count)), "them"),
        };
        let question = format!(
            "{}{more}\nThe source does not have {these}. Delete {them} {place}? [y/N] ",
            first.join(", ")
        );
        let agreed = prompt::agree(question).await;
        if !agreed {
            self.session.report.note("nothing is deleted");
        }
        agreed
    }
}

/// What the user does to go on after an interruption. A place that was made by the command is
/// there when it is given again, and what came whole would then go into it.
pub(super) fn again(is_new: bool, source: &str) -> String {
    match is_new {
        true => format!("to go on, give the same command with {source}/"),
        false => "run the same command again to go on".into(),
    }
}

/// What is said when the library has reason not to delete.
const NOTHING_DELETED: &str = "nothing is deleted, because not all else went well";

/// What makes no sense together, whichever way it goes.
pub(super) fn check(
    session: &Session,
    command: &'static str,
    options: TreeOptions<'_>,
    sources: usize,
) -> Result<(), Problem> {
    let TreeOptions { tree, transfer } = options;
    let refuse = |message: &str| Err(Problem::usage(message).on(command, "--delete"));
    if !tree.delete {
        return Ok(());
    }
    if sources > 1 {
        return refuse(
            "it is for one directory at a time: of several, each lacks what the others have",
        );
    }
    if transfer.on_conflict == Some(OnConflict::KeepBoth) {
        return refuse("what keep-both puts beside a name, the source does not have");
    }
    if !transfer.yes && !tree.dry_run && !session.report.can_ask() {
        return refuse("there is nobody to ask; --yes deletes unasked, -n says what would be");
    }
    Ok(())
}
