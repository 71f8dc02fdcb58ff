//! What is told of a tree while it is transferred, and counted.

use crate::client::{Event, Observer};
use crate::path::RemotePath;
use crate::store::Kind;
use crate::tree::{
    Done, Ledger, Outcome, Place, Settling, Told, TreeEvent, TreeObserver, TreeSummary,
};

/// The account of one call, over all its tries.
pub(super) struct Account<'a> {
    observer: &'a dyn TreeObserver,
    pub(super) summary: TreeSummary,
    /// What earlier tries have settled.
    done: Done,
    /// What this one has.
    ledger: Ledger,
    /// What is in the target and not in the source, where that is told.
    pub(super) extras: Vec<(RemotePath, Kind)>,
    /// The lengths of what is settled, and one for each entry.
    settled: u64,
    /// Bytes of what is not settled that are at their target in this try.
    under_way: u64,
}

/// Hands on that a call is tried again.
pub(super) struct Retries<'a>(pub(super) &'a dyn TreeObserver);

impl Observer for Retries<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Retrying { error, attempt, delay } = event {
            self.0.event(TreeEvent::Retrying { error, attempt, delay });
        }
    }
}

impl<'a> Account<'a> {
    pub(super) fn new(observer: &'a dyn TreeObserver) -> Self {
        Self {
            observer,
            summary: TreeSummary::default(),
            done: Done::default(),
            ledger: Ledger::default(),
            extras: Vec::new(),
            settled: 0,
            under_way: 0,
        }
    }

    /// A try begins. What was settled before need not be done again.
    pub(super) fn begin(&mut self) -> Done {
        std::mem::take(&mut self.ledger).add_to(&mut self.done);
        self.extras.clear();
        self.under_way = 0;
        self.done.clone()
    }

    /// How far this try has come.
    pub(super) fn reached(&self) -> u64 {
        self.settled.saturating_add(self.under_way)
    }

    pub(super) fn take(&mut self, told: Told<'_>) {
        match told {
            Told::Known { files, bytes, complete } => {
                self.observer.event(TreeEvent::Known { files, bytes, complete });
            }
            Told::Moving { directory, name, size } => {
                if let Ok(path) = directory.path_of(name) {
                    self.observer.event(TreeEvent::Moving { path: &path, size });
                }
            }
            Told::Moved(bytes) => {
                self.under_way += bytes;
                self.summary.bytes_moved += bytes;
                self.observer.event(TreeEvent::Moved { bytes });
            }
            Told::Reused(bytes) => {
                self.under_way += bytes;
                self.observer.event(TreeEvent::Reused { bytes });
            }
            Told::Settled(settling) => self.settle(settling),
            Told::Pause => {}
        }
    }

    fn settle(&mut self, settling: Settling) {
        let Ok(path) = settling.path() else { return };
        let Settling { place, kind, size, outcome, moved, reused } = settling;
        let at_target = moved.saturating_add(reused);
        self.under_way = self.under_way.saturating_sub(at_target);
        let needless = size.saturating_sub(at_target);
        if needless > 0 {
            self.observer.event(TreeEvent::Reused { bytes: needless });
        }
        let is_entry = matches!(place, Place::Entry { .. });
        if let Place::Entry { n, .. } = place {
            self.ledger.settle(n, path.clone());
        }
        if is_entry && self.done.has_path(&path) && !is_news(&outcome) {
            return;
        }
        match &outcome {
            None if is_entry => {}
            None => self.extras.push((path, kind)),
            Some(outcome) => {
                self.settled = self.settled.saturating_add(size).saturating_add(1);
                if *outcome != Outcome::Unchanged {
                    self.summary.bytes_reused += reused;
                }
                self.tell(&path, (kind, size), outcome, (moved, reused));
            }
        }
    }

    /// Tells and counts what became of an entry.
    pub(super) fn tell(
        &mut self,
        path: &RemotePath,
        (kind, size): (Kind, u64),
        outcome: &Outcome,
        (moved, reused): (u64, u64),
    ) {
        self.summary.count(kind, size, outcome);
        self.observer.event(TreeEvent::Entry { path, kind, size, outcome, moved, reused });
    }
}

/// Whether an outcome is worth telling of an entry that was told of before.
fn is_news(outcome: &Option<Outcome>) -> bool {
    // What was settled may have been taken away meanwhile, and be made again.
    !matches!(outcome, None | Some(Outcome::Unchanged | Outcome::Failed(_) | Outcome::Skipped(_)))
}
