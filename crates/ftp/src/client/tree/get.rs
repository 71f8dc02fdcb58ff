//! `get_tree`: a remote tree becomes a local one.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::account::{Account, Retries};
use crate::client::get::OWNER;
use crate::client::session::Session;
use crate::client::tries::{Repeat, Tries, attempt};
use crate::client::{Client, ClientError, Connect, Local};
use crate::line::Line;
use crate::path::RemotePath;
use crate::store::Store;
use crate::tree::{
    HowTree, ReceivingTree, Target, Told, TreeError, TreeObserver, TreeSummary, receive_tree,
};
use crate::wire::{Extras, Frame, GetTree, Got, TreeRules};

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
        let target = Target {
            store: Arc::clone(local.store),
            path: local.path.clone(),
            rules: rules(how),
            owner: OWNER.into(),
            session: self.upload_session.clone(),
            filter: how.filter.clone(),
            done: Arc::default(),
            turn: Arc::clone(&self.turn),
        };
        let mut account = Account::new(observer);
        let mut tries = 0;
        let got: Result<(), ClientError> = async {
            attempt!(self, Repeat::Always, &Retries(observer), |session| {
                tries += 1;
                session.get_tree(remote, &target, &mut account)
            })
        }
        .await;
        got?;
        Ok(TreeSummary { reconnects: tries - 1, ..account.summary })
    }
}

/// What a receiver is to do.
pub(super) fn rules(how: &HowTree) -> TreeRules {
    TreeRules {
        publish: how.publish.clone(),
        durable: how.durable,
        checksum: how.checksum,
        extras: if how.delete { Extras::Delete } else { Extras::Leave },
        dry_run: how.dry_run,
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Session<T> {
    async fn get_tree<S: Store>(
        &mut self,
        remote: &RemotePath,
        target: &Target<S>,
        account: &mut Account<'_>,
    ) -> Result<(), ClientError> {
        let target = Target { done: Arc::new(account.begin()), ..target.clone() };
        let id = self.next_id();
        let (path, digests) = (remote.clone(), target.rules.checksum);
        self.line.say(&Frame::GetTree(GetTree { id, path, digests }));
        let (algorithm, pool) = (self.algorithm().await?, Arc::clone(&self.pool));
        let receiving = ReceivingTree { id, target, algorithm, pool: &pool };
        let mut told = |_: &mut Line<T>, told: Told<'_>| account.take(told);
        let received = receive_tree(&mut self.line, receiving, &mut told).await;
        self.reached = account.reached();
        match received {
            Ok(count) => {
                self.line.say(&Frame::Got(Got { id, n: count }));
                // All is here, whether the server still hears it or not.
                let _ = self.end(id).await;
                Ok(())
            }
            Err(TreeError::Stopped(failure)) => {
                self.abandon(id).await;
                account.summary.stopped = Some(failure);
                Ok(())
            }
            Err(error) => {
                let error = self.tree_error(error, remote);
                if !error.ends_the_session() && !matches!(error, ClientError::Remote(_)) {
                    self.abandon(id).await;
                }
                Err(error)
            }
        }
    }

    fn tree_error(&self, error: TreeError, remote: &RemotePath) -> ClientError {
        match error {
            TreeError::Line(source) => self.lost(source),
            TreeError::Store(error) => ClientError::Local(error),
            TreeError::Ended(end) => self.unexpected(&Frame::End(*end)),
            TreeError::Corrupt(reason) => ClientError::Corrupt { path: remote.clone(), reason },
            TreeError::Stopped(failure) => ClientError::Remote(failure),
            TreeError::Cancelled => ClientError::protocol(&self.peer, "it cancelled our request"),
            TreeError::Rules(message) => ClientError::protocol(&self.peer, message),
        }
    }
}
