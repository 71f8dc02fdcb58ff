use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::{Name, NameError};

/// A directory of contacts: where each name is found.
///
/// ```
/// use udpchat::tutorial::Contacts;
///
/// let contacts: Contacts = "# my friends\njkey = 127.0.0.1:8081\n雪=127.0.0.1:9001\n".parse()?;
/// assert_eq!(contacts.find("雪").map(|addr| addr.port()), Some(9001));
/// # Ok::<(), udpchat::tutorial::ContactsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts(BTreeMap<Name, SocketAddr>);

/// Why a line is no contact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContactsError {
    /// There is no `=`.
    #[error("{found:?} is no contact; write NAME=ADDRESS:PORT")]
    NoAddress {
        /// What was there.
        found: String,
    },
    /// The name breaks a rule.
    #[error("{found:?} cannot be a contact's name: {source}")]
    Name {
        /// What was there.
        found: String,
        /// Which rule.
        source: NameError,
    },
    /// The address is none.
    #[error("{found:?} is no address with a port, such as 127.0.0.1:8081")]
    Address {
        /// What was there.
        found: String,
    },
}

impl Contacts {
    /// The directory of the tutorial: jkey, liu, song and xue, all at one address.
    #[must_use]
    pub fn tutorial(server: SocketAddr) -> Self {
        let name = |text| Name::parse(text).expect("the tutorial's names keep the rules");
        Self(["jkey", "liu", "song", "xue"].map(|text| (name(text), server)).into())
    }

    /// Adds a contact written `NAME=ADDRESS:PORT`; one that is there already moves.
    ///
    /// # Errors
    ///
    /// If it is not written so.
    pub fn add(&mut self, contact: &str) -> Result<(), ContactsError> {
        let Some((name, addr)) = contact.split_once('=') else {
            return Err(ContactsError::NoAddress { found: contact.to_owned() });
        };
        let name = Name::parse(name.trim())
            .map_err(|source| ContactsError::Name { found: name.to_owned(), source })?;
        let addr = addr
            .trim()
            .parse()
            .map_err(|_| ContactsError::Address { found: addr.trim().to_owned() })?;
        self.0.insert(name, addr);
        Ok(())
    }

    /// Where a name is found.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<SocketAddr> {
        self.0.get(&Name::parse(name).ok()?).copied()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, SocketAddr)> {
        self.0.iter().map(|(name, addr)| (name, *addr))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Contacts {
    type Err = ContactsError;

    /// Takes a file: a contact on each line; empty lines and those that begin with `#` are
    /// comments.
    fn from_str(text: &str) -> Result<Self, ContactsError> {
        let mut contacts = Self::default();
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            contacts.add(line)?;
        }
        Ok(contacts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_that_is_none_is_named() {
        let error = |line: &str| line.parse::<Contacts>().unwrap_err().to_string();
        assert_eq!(error("jkey"), "\"jkey\" is no contact; write NAME=ADDRESS:PORT");
        assert!(error("jkey=localhost").starts_with("\"localhost\" is no address"));
        assert!(error("=127.0.0.1:1").ends_with("a name must not be empty"));
    }

    #[test]
    fn the_tutorial_knows_four_people() {
        let contacts = Contacts::tutorial("127.0.0.1:8081".parse().unwrap());
        let names: Vec<_> = contacts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["jkey", "liu", "song", "xue"]);
        assert_eq!(contacts.find("nobody"), None);
    }
}
