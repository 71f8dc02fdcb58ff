//! `put_tree`: a local tree becomes a remote one.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::account::{Account, Retries};
use super::get::rules;
use crate::client::session::Session;
use crate::client::tries::{Repeat, Tries, attempt};
use crate::client::{Client, ClientError, Connect, Local};
use crate::path::RemotePath;
use crate::store::Store;
use crate::tree::{
    HowTree, SendingTree, TreeEnd, TreeObserver, TreeSummary, WalkRules, open_reader, send_tree,
};
use crate::wire::{Extras, Frame, PutTree, Status, TreeRules};

impl<C: Connect> Client<C> {
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
        let mut rules = rules(how);
        // A server does not know the filter, so it cannot tell what is to go.
        if how.delete && how.filter.is_some() {
            rules.extras = Extras::Tell;
        }
        let putting = Putting { local, remote, rules, how, session: self.upload_session.clone() };
        let mut account = Account::new(observer);
        let mut tries = 0;
        let put: Result<(), ClientError> = async {
            attempt!(self, Repeat::Always, &Retries(observer), |session| {
                tries += 1;
                session.put_tree(&putting, &mut account)
            })
        }
        .await;
        put?;
        if let Some(filter) = &how.filter
            && account.summary.stopped.is_none()
        {
            self.remove_extras(remote, &**filter, how.dry_run, &mut account).await?;
        }
        Ok(TreeSummary { reconnects: tries - 1, ..account.summary })
    }
}

/// What is put where.
struct Putting<'a, S> {
    local: Local<'a, S>,
    remote: &'a RemotePath,
    rules: TreeRules,
    how: &'a HowTree,
    session: String,
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Session<T> {
    async fn put_tree<S: Store>(
        &mut self,
        putting: &Putting<'_, S>,
        account: &mut Account<'_>,
    ) -> Result<(), ClientError> {
        let done = Arc::new(account.begin());
        let (algorithm, pool) = (self.algorithm().await?, Arc::clone(&self.pool));
        let walk = WalkRules {
            filter: putting.how.filter.clone(),
            tell_apart: putting.how.delete,
            digests: putting.rules.checksum.then_some(algorithm),
            done,
        };
        let (store, path) = (Arc::clone(putting.local.store), putting.local.path.clone());
        let open = pool.run(move || open_reader(&*store, &path, walk));
        let reader = self.line.patiently(open).await.map_err(|error| self.lost(error))??;
        let id = self.next_id();
        let (path, session) = (putting.remote.clone(), putting.session.clone());
        let rules = putting.rules.clone();
        self.line.say(&Frame::PutTree(PutTree { id, path, session, rules }));
        let sending = SendingTree::<S> { id, reader, algorithm, pool: &pool, until_settled: true };
        let sent = send_tree(&mut self.line, sending, &mut |told| account.take(told)).await;
        self.reached = account.reached();
        match sent.map_err(|error| self.lost(error))? {
            TreeEnd::End(end) => match end.failure() {
                None => Ok(()),
                Some(failure) if failure.status == Status::NoSpace => {
                    account.summary.stopped = Some(failure);
                    Ok(())
                }
                Some(failure) => Err(ClientError::Remote(failure)),
            },
            TreeEnd::BadRequest(message) => Err(ClientError::protocol(&self.peer, message)),
            TreeEnd::Got | TreeEnd::Cancelled => {
                Err(ClientError::protocol(&self.peer, "an upload ended without its end"))
            }
        }
    }
}
