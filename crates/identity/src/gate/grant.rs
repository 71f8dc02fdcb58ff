use std::fmt;
use std::future;

use super::{Gate, POLL, Refusal, Standing};
use crate::book::TicketId;
use crate::{PublicKey, Rights};

/// A client that was let in, and what it may do.
#[derive(Clone)]
#[non_exhaustive]
pub struct Grant {
    /// The client's key.
    pub key: PublicKey,
    /// What it is called, if it has a name here.
    pub name: Option<String>,
    /// What it may do, all that is not offered left out.
    pub rights: Rights,
    /// Whether it is the account itself.
    pub owner: bool,
    /// The tickets by which it came in, now or before.
    pub tickets: Vec<TicketId>,
    gate: Gate,
}

impl Grant {
    pub(super) fn of_the_owner(gate: &Gate, key: PublicKey, rights: Rights) -> Self {
        let gate = gate.clone();
        Self { key, name: None, rights, owner: true, tickets: Vec::new(), gate }
    }

    pub(super) fn of(gate: &Gate, key: PublicKey, standing: Standing) -> Self {
        let Standing { rights, name, tickets } = standing;
        Self { key, name, rights, owner: false, tickets, gate: gate.clone() }
    }

    /// Waits until the client must go: its line was removed, changed to allow less, or has
    /// expired, or its ticket was revoked, on this server or by another process. For the account
    /// itself that never comes.
    ///
    /// The files are looked at once a second, for all clients together. Cancel-safe.
    pub async fn revoked(&self) -> Refusal {
        if self.owner {
            return future::pending().await;
        }
        loop {
            tokio::time::sleep(POLL).await;
            if let Some(refusal) = self.gate.objection(&self.key, &self.rights) {
                return refusal;
            }
        }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("key", &self.key)
            .field("name", &self.name)
            .field("rights", &self.rights)
            .field("owner", &self.owner)
            .field("tickets", &self.tickets)
            .finish_non_exhaustive()
    }
}
