//! Who may come in, and for how long.

use std::sync::{Mutex, PoisonError};

use identity::{Gate, Grant, PublicKey, Refusal};
use netserver::Conn;
use proto::Hello;
use tokio::sync::oneshot;

/// Decides about one caller at its hello, and then watches over it.
///
/// The service asks [`admit`](Self::admit) while it serves; whoever runs the service beside
/// [`revoked`](Self::revoked) ends it when the caller's rights end.
pub(crate) struct Guard<'a> {
    gate: &'a Gate,
    key: PublicKey,
    conn: &'a Conn,
    let_in: Mutex<Option<oneshot::Sender<Grant>>>,
}

/// A connection ended because its caller's rights did.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Revoked(Refusal);

impl<'a> Guard<'a> {
    /// A guard for this caller; the second value is for [`revoked`](Self::revoked).
    pub(crate) fn new(
        gate: &'a Gate,
        key: PublicKey,
        conn: &'a Conn,
    ) -> (Self, oneshot::Receiver<Grant>) {
        let (sender, receiver) = oneshot::channel();
        (Self { gate, key, conn, let_in: Mutex::new(Some(sender)) }, receiver)
    }

    /// What the caller may do, or why it may not come in. Either goes into the audit.
    pub(crate) fn admit(&self, hello: &Hello) -> Result<Grant, Refusal> {
        let decide = || self.gate.admit(&self.key, hello.token.as_deref());
        // With a token it writes to the disk; without one it looks whether two files changed.
        let decided = match hello.token {
            Some(_) => tokio::task::block_in_place(decide),
            None => decide(),
        };
        for line in self.gate.take_bad_lines() {
            tracing::warn!("{line}");
        }
        let (id, peer, key) = (self.conn.id(), self.conn.peer(), self.key.fingerprint());
        match &decided {
            Ok(grant) => {
                let name = grant.name.as_deref().unwrap_or_default();
                let (who, rights) = (if grant.owner { "owner" } else { name }, &grant.rights);
                tracing::info!(target: "seam::audit", id, %peer, key, who, %rights, "let in");
                let mut let_in = self.let_in.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(let_in) = let_in.take() {
                    // Nobody waits for it where nothing can be revoked.
                    let _ = let_in.send(grant.clone());
                }
            }
            Err(Refusal { code, .. }) => {
                tracing::info!(target: "seam::audit", id, %peer, key, %code, "refused");
            }
        }
        decided
    }

    /// Waits until the caller has to go.
    pub(crate) async fn revoked(let_in: oneshot::Receiver<Grant>) -> Revoked {
        let Ok(grant) = let_in.await else {
            // It was not let in, and is told so.
            return std::future::pending().await;
        };
        Revoked(grant.revoked().await)
    }
}
