//! `remove_tree`: a remote tree goes.

use tokio::io::{AsyncRead, AsyncWrite};

use super::account::{Account, Retries};
use crate::client::session::Session;
use crate::client::tries::{Repeat, Tries, attempt};
use crate::client::{Client, ClientError, Connect};
use crate::path::RemotePath;
use crate::store::Kind;
use crate::tree::{TreeObserver, TreeSummary};
use crate::wire::{Frame, MAX_LISTING_LEN, RemoveTree, Settled, SettledLine, Status};

impl<C: Connect> Client<C> {
    /// Removes a remote file, link or directory with all beneath it; links are not followed. What
    /// went and what could not be removed is told to `observer` and counted, and the rest goes on.
    ///
    /// # Errors
    /// [`ClientError`] when the whole cannot begin or go on.
    pub async fn remove_tree(
        &mut self,
        path: &RemotePath,
        observer: &dyn TreeObserver,
    ) -> Result<TreeSummary, ClientError> {
        let mut account = Account::new(observer);
        let mut tries = 0;
        let removed: Result<(), ClientError> = async {
            attempt!(self, Repeat::Always, &Retries(observer), |session| {
                tries += 1;
                session.remove_tree(path, &mut account)
            })
        }
        .await;
        match removed {
            // An earlier try had removed all of it when its connection was lost.
            Err(error) if tries > 1 && error.status() == Some(Status::NotFound) => {}
            removed => removed?,
        }
        Ok(TreeSummary { reconnects: tries - 1, ..account.summary })
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Session<T> {
    async fn remove_tree(
        &mut self,
        path: &RemotePath,
        account: &mut Account<'_>,
    ) -> Result<(), ClientError> {
        let id = self.next_id();
        self.line.say(&Frame::RemoveTree(RemoveTree { id, path: path.clone() }));
        loop {
            match self.incoming(id).await? {
                Frame::Settled(settled) => self.removed(settled, account).await?,
                Frame::End(end) => return end.failure().map_or(Ok(()), |f| Err(f.into())),
                frame => return Err(self.unexpected(&frame)),
            }
            self.reached = account.summary.deleted;
        }
    }

    async fn removed(
        &mut self,
        settled: Settled,
        account: &mut Account<'_>,
    ) -> Result<(), ClientError> {
        if settled.body as usize > MAX_LISTING_LEN {
            let message = format!("{} bytes tell what was removed", settled.body);
            return Err(ClientError::protocol(&self.peer, message));
        }
        let mut body = vec![0; settled.body as usize];
        self.line.read_exact(&mut body).await.map_err(|error| self.lost(error))?;
        for text in body.split_inclusive(|&byte| byte == b'\n') {
            let line: SettledLine = serde_json::from_slice(text)
                .map_err(|error| ClientError::protocol(&self.peer, error.to_string()))?;
            if let (Some(path), Some(outcome)) = (line.path, line.outcome) {
                account.tell(&path, (line.kind.unwrap_or(Kind::Other), 0), &outcome, (0, 0));
            }
        }
        Ok(())
    }
}
