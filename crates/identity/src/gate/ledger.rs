//! The decisions: the files, the key, the token and the time go in, a verdict comes out.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::RefusalCode;
use crate::book::{Client, Document, IssuedTicket, TicketId};
use crate::{PublicKey, Rights, Share, Token};

/// All that decides over who may come in.
pub(super) struct Ledger<'a> {
    pub(super) clients: &'a Document<Client>,
    pub(super) tickets: &'a Document<IssuedTicket>,
    pub(super) share: &'a Share,
    pub(super) offered: &'a Rights,
    pub(super) now: Timestamp,
}

/// What a key may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) rights: Rights,
    pub(super) name: Option<String>,
    pub(super) tickets: Vec<TicketId>,
}

/// What is to be done for the bearer of a token.
#[derive(Debug)]
pub(super) enum Redemption<'a> {
    /// Nothing: he has redeemed it before.
    Done,
    /// He is to be made known, by this ticket.
    Of(&'a IssuedTicket),
}

impl Ledger<'_> {
    /// What a known key may do here; else why nothing.
    pub(super) fn standing(&self, key: &PublicKey) -> Result<Standing, RefusalCode> {
        let lines = || self.clients.entries().filter(|client| client.key == *key);
        let here = || lines().filter(|client| client.share == *self.share);
        let valid: Vec<&Client> = here()
            .filter(|client| !self.is_expired(client) && !self.is_by_revoked_ticket(client))
            .collect();
        if valid.is_empty() {
            return Err(if self.has_redeemed_revoked_ticket(key) {
                RefusalCode::Revoked
            } else if here().next().is_some() {
                RefusalCode::AccessExpired
            } else if lines().next().is_some() {
                RefusalCode::OtherShare
            } else {
                RefusalCode::UnknownKey
            });
        }
        let granted = valid
            .iter()
            .fold(Rights::none(), |granted, client| granted.joined_with(&client.rights));
        let rights = granted.narrowed_to(self.offered);
        if rights.is_none() {
            return Err(RefusalCode::NotOffered);
        }
        let name = valid.iter().find_map(|client| client.name.clone());
        let tickets = valid.iter().filter_map(|client| client.ticket).collect();
        Ok(Standing { rights, name, tickets })
    }

    /// What a token does for the owner of a key; else why nothing.
    pub(super) fn redemption(
        &self,
        key: &PublicKey,
        token: &Token,
    ) -> Result<Redemption<'_>, RefusalCode> {
        let hash = token.hash();
        let ticket = self.tickets.entries().find(|ticket| ticket.hash == hash);
        let ticket = ticket.ok_or(RefusalCode::UnknownToken)?;
        if ticket.revoked.is_some() {
            return Err(RefusalCode::Revoked);
        }
        if ticket.share != *self.share {
            return Err(RefusalCode::OtherShare);
        }
        let users = self.users(ticket);
        if users.contains(key) {
            // Whoever was locked out by hand does not come back by the same ticket.
            // That another ticket of his was revoked is not the reason.
            return match self.standing(key) {
                Err(RefusalCode::UnknownKey | RefusalCode::OtherShare | RefusalCode::Revoked) => {
                    Err(RefusalCode::AccessRemoved)
                }
                Err(other) => Err(other),
                Ok(_) => Ok(Redemption::Done),
            };
        }
        if users.len() >= ticket.uses as usize {
            return Err(RefusalCode::TicketUsedUp);
        }
        if ticket.expires <= self.now {
            return Err(RefusalCode::TicketExpired);
        }
        // A use is not spent on nothing.
        if ticket.rights.narrowed_to(self.offered).is_none() {
            return Err(RefusalCode::NotOffered);
        }
        Ok(Redemption::Of(ticket))
    }

    /// Who has redeemed a ticket: those it remembers, and those whose lines name it.
    fn users(&self, ticket: &IssuedTicket) -> BTreeSet<PublicKey> {
        let named = self.clients.entries().filter(|client| client.ticket == Some(ticket.id));
        ticket.used_by.iter().copied().chain(named.map(|client| client.key)).collect()
    }

    fn is_expired(&self, client: &Client) -> bool {
        client.expires.is_some_and(|expires| expires <= self.now)
    }

    fn is_by_revoked_ticket(&self, client: &Client) -> bool {
        let of_client = |ticket: &&IssuedTicket| Some(ticket.id) == client.ticket;
        self.tickets.entries().find(of_client).is_some_and(|ticket| ticket.revoked.is_some())
    }

    fn has_redeemed_revoked_ticket(&self, key: &PublicKey) -> bool {
        self.tickets.entries().any(|ticket| {
            ticket.revoked.is_some()
                && ticket.share == *self.share
                && self.users(ticket).contains(key)
        })
    }
}
