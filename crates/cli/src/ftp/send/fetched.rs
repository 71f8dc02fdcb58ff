//! What of it was fetched, and by whom.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use ftp::{Audit, RemotePath, Request};
use tokio::sync::Notify;

use crate::report::Report;

/// Everything that is sent, and what each of the others still lacks of it.
pub(super) struct Fetched {
    names: BTreeSet<RemotePath>,
    uses: usize,
    report: Report,
    lacking: Mutex<HashMap<String, BTreeSet<RemotePath>>>,
    done: Notify,
}

impl Fetched {
    /// `uses` others are to fetch all of these.
    pub(super) fn new(names: BTreeSet<RemotePath>, uses: u32, report: Report) -> Self {
        let lacking = Mutex::new(HashMap::new());
        let uses = usize::try_from(uses).unwrap_or(usize::MAX);
        Self { names, uses, report, lacking, done: Notify::new() }
    }

    /// Waits until all of them have all.
    pub(super) async fn all(&self) {
        self.done.notified().await;
    }

    /// Somebody has fetched what `path` names; the root is everything.
    fn note(&self, who: &str, path: &RemotePath) {
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        let his = lacking.entry(who.to_owned()).or_insert_with(|| self.names.clone());
        match path.is_root() {
            true => his.clear(),
            false => drop(his.remove(path)),
        }
        let complete = lacking.values().filter(|his| his.is_empty()).count();
        if complete >= self.uses {
            self.done.notify_one();
        }
    }
}

impl Audit for Fetched {
    fn request(&self, request: &Request<'_>) {
        let whole = matches!(request.verb, "get" | "get_tree");
        let named = request.path.is_root() || self.names.contains(request.path);
        if !whole {
            return;
        }
        let what = match request.path.is_root() {
            true => "everything".to_owned(),
            false => request.path.to_string(),
        };
        match &request.failure {
            Some(failure) => self.report.note(format_args!("{what} was not fetched: {failure}")),
            None => {
                self.report.note(format_args!("{what} was fetched"));
                if named {
                    self.note(request.owner, request.path);
                }
            }
        }
    }
}
