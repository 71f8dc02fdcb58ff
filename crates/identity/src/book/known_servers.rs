use std::fmt;

use super::document::{BadLine, Entry, Fate};
use super::fields::{Fields, Rest, write_field};
use super::shelf::Shelf;
use crate::time::Moment;
use crate::{Home, HomeError, Place, PublicKey};

/// The servers whose keys are known: the file `known_servers`.
///
/// ```text
/// example.org:8484 ed25519:a4dq… since=2026-11-22T09:12:55Z # the office
/// ```
#[derive(Clone, Debug)]
pub struct KnownServers {
    shelf: Shelf<KnownServer>,
}

/// A server whose key is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownServer {
    /// Where it is.
    pub place: Place,
    /// Its key.
    pub key: PublicKey,
    /// Since when it is known.
    pub since: Option<jiff::Timestamp>,
    rest: Rest,
}

impl KnownServers {
    pub(crate) fn new(home: Home) -> Self {
        Self { shelf: Shelf::new(home, "known_servers") }
    }

    /// The key of the server in this place, if it is known.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or others could have written it.
    pub fn lookup(&self, place: &Place) -> Result<Option<PublicKey>, HomeError> {
        let document = self.shelf.read()?;
        Ok(document.entries().find(|server| server.place == *place).map(|server| server.key))
    }

    /// All that are known, and the lines that could not be read.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or others could have written it.
    pub fn list(&self) -> Result<(Vec<KnownServer>, Vec<BadLine>), HomeError> {
        let document = self.shelf.read()?;
        Ok((document.entries().cloned().collect(), document.bad_lines().to_vec()))
    }

    /// Notes the key of a server. Nothing happens if it is known by this key.
    ///
    /// # Errors
    ///
    /// If it is known by another key, which must be [forgotten](Self::forget) first, or if the
    /// file cannot be changed.
    pub fn remember(
        &self,
        place: &Place,
        key: PublicKey,
        comment: Option<&str>,
    ) -> Result<(), RememberError> {
        let lock = self.shelf.lock()?;
        let mut document = self.shelf.read()?;
        match document.entries().find(|server| server.place == *place) {
            Some(server) if server.key == key => return Ok(()),
            Some(server) => {
                let (place, known) = (place.clone(), server.key);
                return Err(RememberError::Changed { place, known, found: key });
            }
            None => {}
        }
        let since = Some(Moment::now().timestamp());
        let place = place.clone();
        document.push(KnownServer { place, key, since, rest: Rest::comment(comment) });
        Ok(self.shelf.write(&document, &lock)?)
    }

    /// Forgets the server in this place; tells whether it was known.
    ///
    /// # Errors
    ///
    /// If the file cannot be changed.
    pub fn forget(&self, place: &Place) -> Result<bool, HomeError> {
        let lock = self.shelf.lock()?;
        let mut document = self.shelf.read()?;
        let removed = document.revise(|server| match server.place == *place {
            true => Fate::Removed,
            false => Fate::Kept,
        });
        if removed > 0 {
            self.shelf.write(&document, &lock)?;
        }
        Ok(removed > 0)
    }
}

/// Why a server's key was not noted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RememberError {
    /// It is known by another key.
    #[error(
        "the key of {place} has changed: it was {}, and is {} now. Either the server has been set \
         up anew, or somebody stands between it and you",
        known.fingerprint(),
        found.fingerprint()
    )]
    Changed {
        /// Where the server is.
        place: Place,
        /// The key that it was known by.
        known: PublicKey,
        /// The key that it has now.
        found: PublicKey,
    },
    /// The file cannot be changed.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl Entry for KnownServer {
    const HEADING: &'static str = "The servers whose keys are known to this account, one a line:\n\
        HOST:PORT KEY [since=TIME] [# comment]\n\
        Remove a line to forget a server; a ticket from it makes it known again.";

    fn parse(line: &str) -> Result<Self, String> {
        let mut fields = Fields::parse(line)?;
        let place = fields.word("address")?;
        let key = fields.word("key")?;
        let since = fields.optional("since")?;
        Ok(Self { place, key, since, rest: fields.rest()? })
    }
}

impl fmt::Display for KnownServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.key)?;
        write_field(f, "since", self.since)?;
        self.rest.fmt(f)
    }
}
