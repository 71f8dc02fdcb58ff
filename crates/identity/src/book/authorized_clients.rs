use std::fmt;

use jiff::Timestamp;

use super::document::{BadLine, Entry, Fate};
use super::fields::{Fields, Rest, Text, write_field};
use super::shelf::Shelf;
use super::tickets::TicketId;
use crate::time::Moment;
use crate::{Home, HomeError, PublicKey, Rights, Share};

/// The clients that may come in: the file `authorized_clients`.
///
/// ```text
/// ed25519:a4dq… share=ftp:/srv/docs rights=read name=laptop ticket=k3vy9x since=… # comment
/// ```
#[derive(Clone, Debug)]
pub struct AuthorizedClients {
    pub(crate) shelf: Shelf<Client>,
}

/// A client that may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// Its key.
    pub key: PublicKey,
    /// Where it may come in.
    pub share: Share,
    /// What it may do there.
    pub rights: Rights,
    /// What it is called.
    pub name: Option<String>,
    /// The ticket by which it came in, if it was by one.
    pub ticket: Option<TicketId>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when; for ever if that is not said.
    pub expires: Option<Timestamp>,
    rest: Rest,
}

impl AuthorizedClients {
    pub(crate) fn new(home: Home) -> Self {
        Self { shelf: Shelf::new(home, "authorized_clients") }
    }

    /// All clients, and the lines that could not be read.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or others could have written it.
    pub fn list(&self) -> Result<(Vec<Client>, Vec<BadLine>), HomeError> {
        let document = self.shelf.read()?;
        Ok((document.entries().cloned().collect(), document.bad_lines().to_vec()))
    }

    /// Removes all lines of a key, and tells how many there were. Its live connections end, and
    /// the tickets by which it came in do not let it in again.
    ///
    /// # Errors
    ///
    /// If the file cannot be changed.
    pub fn remove(&self, key: &PublicKey) -> Result<usize, HomeError> {
        let lock = self.shelf.lock()?;
        let mut document = self.shelf.read()?;
        let removed = document.revise(|client| match client.key == *key {
            true => Fate::Removed,
            false => Fate::Kept,
        });
        if removed > 0 {
            self.shelf.write(&document, &lock)?;
        }
        Ok(removed)
    }
}

impl Client {
    /// The client that came in by a ticket.
    pub(crate) fn by_ticket(
        key: PublicKey,
        share: Share,
        rights: Rights,
        name: Option<String>,
        ticket: TicketId,
    ) -> Self {
        Self {
            key,
            share,
            rights,
            name,
            ticket: Some(ticket),
            since: Some(Moment::now().timestamp()),
            expires: None,
            rest: Rest::default(),
        }
    }
}

impl Entry for Client {
    const HEADING: &'static str = "The clients that may come in, one a line:\n\
        KEY share=SERVICE:/DIRECTORY rights=RIGHTS [name=NAME] [ticket=ID] [since=TIME] \
        [expires=TIME] [# comment]\n\
        Rights are read, write, read:/PART, write:/PART, exec, chat, joined by commas.\n\
        Remove a line to lock a client out, at once.";

    fn parse(line: &str) -> Result<Self, String> {
        let mut fields = Fields::parse(line)?;
        Ok(Self {
            key: fields.word("key")?,
            share: fields.required("share")?,
            rights: fields.required("rights")?,
            name: fields.optional("name")?.map(|Text(name)| name),
            ticket: fields.optional("ticket")?,
            since: fields.optional("since")?,
            expires: fields.optional("expires")?,
            rest: fields.rest()?,
        })
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} share={} rights={}", self.key, self.share, self.rights)?;
        write_field(f, "name", self.name.clone().map(Text))?;
        write_field(f, "ticket", self.ticket)?;
        write_field(f, "since", self.since)?;
        write_field(f, "expires", self.expires)?;
        self.rest.fmt(f)
    }
}
