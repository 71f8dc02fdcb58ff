//! Whole trees: `get_tree`, `put_tree`, and what is done without content.

use super::{Client, ClientError, Connect, Local};
use crate::path::RemotePath;
use crate::store::Store;
use crate::tree::{HowTree, TreeEntry, TreeObserver, TreeSummary};
use crate::wire::{Failure, Status};

fn not_yet<T>() -> Result<T, ClientError> {
    Err(Failure::new(Status::Failed, "whole trees are not transferred yet").into())
}

impl<C: Connect> Client<C> {
    /// Makes a local tree of a remote one: directories, files, links, their times and permissions.
    ///
    /// What is there already and has the same size and modification time is left alone; of a file
    /// that changed only the blocks that differ are fetched. What fails is told to `observer` and
    /// counted, and the rest goes on. When the connection is lost it is made anew, and what is
    /// done is not asked for again. `remote` may also name a single file or link.
    ///
    /// # Errors
    /// [`ClientError`] when the whole cannot begin or go on; all that came stays.
    pub async fn get_tree<S: Store>(
        &mut self,
        remote: &RemotePath,
        local: Local<'_, S>,
        how: &HowTree,
        observer: &dyn TreeObserver,
    ) -> Result<TreeSummary, ClientError> {
        let _ = (remote, local, how, observer);
        not_yet()
    }

    /// Makes a remote tree of a local one; otherwise as [`get_tree`](Self::get_tree).
    ///
    /// # Errors
    /// [`ClientError`] when the whole cannot begin or go on; all that went stays.
    pub async fn put_tree<S: Store>(
        &mut self,
        local: Local<'_, S>,
        remote: &RemotePath,
        how: &HowTree,
        observer: &dyn TreeObserver,
    ) -> Result<TreeSummary, ClientError> {
        let _ = (remote, local, how, observer);
        not_yet()
    }

    /// Lists all of a remote tree: parents before what is in them, names in the order of their
    /// bytes. What cannot be described, and directories that cannot be listed, are told as
    /// [problems](TreeEntry::problem).
    ///
    /// # Errors
    /// [`ClientError`]. Entries told before an error are right.
    pub async fn list_tree(
        &mut self,
        path: &RemotePath,
        each: &mut (dyn FnMut(TreeEntry) + Send),
    ) -> Result<(), ClientError> {
        let _ = (path, each);
        not_yet()
    }

    /// Removes a remote file, link or directory with all beneath it; links are not followed. What
    /// cannot be removed is told to `observer` and counted, and the rest goes on.
    ///
    /// # Errors
    /// [`ClientError`] when the whole cannot begin or go on.
    pub async fn remove_tree(
        &mut self,
        path: &RemotePath,
        observer: &dyn TreeObserver,
    ) -> Result<TreeSummary, ClientError> {
        let _ = (path, observer);
        not_yet()
    }
}
