//! What a remote tree has more than the local one, where only the client knows what may go.

use super::account::Account;
use crate::client::{Client, ClientError, Connect};
use crate::path::RemotePath;
use crate::store::Kind;
use crate::tree::{Filter, Outcome, TreeEntry};
use crate::wire::{Failure, Status};

/// How many are removed at a time.
const AT_ONCE: usize = 1024;

impl<C: Connect> Client<C> {
    /// Removes what the server told to be in its tree only, as far as the filter keeps it.
    pub(super) async fn remove_extras(
        &mut self,
        root: &RemotePath,
        filter: &dyn Filter,
        dry_run: bool,
        account: &mut Account<'_>,
    ) -> Result<(), ClientError> {
        for (path, kind) in std::mem::take(&mut account.extras) {
            if !filter.keep(&path, kind) {
                continue;
            }
            let mut going = vec![(path.clone(), kind)];
            if kind == Kind::Directory {
                let mut inner = Inner { top: &path, filter, stays: Vec::new(), goes: Vec::new() };
                let whole = join(root, &path)?;
                self.list_tree(&whole, &mut |entry| inner.take(entry)).await?;
                going = inner.removable();
            }
            for some in going.chunks(AT_ONCE) {
                self.remove_some(root, some, dry_run, account).await?;
            }
        }
        Ok(())
    }

    async fn remove_some(
        &mut self,
        root: &RemotePath,
        some: &[(RemotePath, Kind)],
        dry_run: bool,
        account: &mut Account<'_>,
    ) -> Result<(), ClientError> {
        let paths: Result<Vec<_>, _> = some.iter().map(|(path, _)| join(root, path)).collect();
        let removed = match dry_run {
            true => some.iter().map(|_| Ok(())).collect(),
            false => self.remove_all(&paths?).await,
        };
        for ((path, kind), removed) in some.iter().zip(removed) {
            let outcome = match removed {
                Ok(()) => Outcome::Deleted,
                Err(error) if error.ends_the_session() => return Err(error),
                Err(error) => {
                    let status = error.status().unwrap_or(Status::Failed);
                    Outcome::Failed(Failure::new(status, error.to_string()))
                }
            };
            account.tell(path, (*kind, 0), &outcome, (0, 0));
        }
        Ok(())
    }
}

/// What is in a directory that is to go.
struct Inner<'a> {
    top: &'a RemotePath,
    filter: &'a dyn Filter,
    /// What the filter spares, with all beneath it.
    stays: Vec<RemotePath>,
    goes: Vec<(RemotePath, Kind)>,
}

impl Inner<'_> {
    fn take(&mut self, entry: TreeEntry) {
        let Ok(path) = join(self.top, &entry.path) else { return };
        if self.stays.last().is_some_and(|spared| path.starts_with(spared)) {
            return;
        }
        let is_told = entry.problem.is_some() && entry.kind == Kind::Directory;
        match is_told || self.filter.keep(&path, entry.kind) {
            true if is_told => {}
            true => self.goes.push((path, entry.kind)),
            false => self.stays.push(path),
        }
    }

    /// What goes, what is in a directory before it. A directory in which something is spared stays.
    fn removable(mut self) -> Vec<(RemotePath, Kind)> {
        self.goes.reverse();
        let stays = self.stays;
        self.goes.retain(|(path, _)| !stays.iter().any(|spared| spared.starts_with(path)));
        self.goes
    }
}

/// A path in a tree, as the server knows it.
fn join(root: &RemotePath, path: &RemotePath) -> Result<RemotePath, ClientError> {
    root.append(path).map_err(|error| Failure::new(Status::BadPath, error.to_string()).into())
}
