//! What somebody may do.

mod paths;

use std::fmt;
use std::str::FromStr;

pub use paths::{Paths, Prefix, PrefixError};

use crate::text::shown;

/// What somebody may do with a [share](crate::Share).
///
/// As a word: `read`, `write:/incoming`, `exec`, `chat`, joined by commas; `none` for nothing.
/// Reading and writing may be narrowed to parts of the share, as often as there are parts.
///
/// ```
/// use identity::Rights;
///
/// let granted: Rights = "read,write:/incoming".parse()?;
/// let offered: Rights = "read:/docs,write".parse()?;
/// assert_eq!(granted.narrowed_to(&offered).to_string(), "read:/docs,write:/incoming");
/// assert!(granted.write.contain(b"incoming/report.txt"));
/// assert!(!granted.write.contain(b"docs/readme"));
/// # Ok::<(), identity::RightsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Rights {
    /// What may be read. Default: nothing.
    pub read: Paths,
    /// What may be written. Default: nothing.
    pub write: Paths,
    /// Whether commands may be run. Default: no.
    pub exec: bool,
    /// Whether messages may be sent and received. Default: no.
    pub chat: bool,
}

impl Rights {
    /// To do nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets what may be read.
    #[must_use]
    pub fn read(mut self, paths: Paths) -> Self {
        self.read = paths;
        self
    }

    /// Sets what may be written.
    #[must_use]
    pub fn write(mut self, paths: Paths) -> Self {
        self.write = paths;
        self
    }

    /// Sets whether commands may be run.
    #[must_use]
    pub fn exec(mut self, exec: bool) -> Self {
        self.exec = exec;
        self
    }

    /// Sets whether messages may be sent and received.
    #[must_use]
    pub fn chat(mut self, chat: bool) -> Self {
        self.chat = chat;
        self
    }

    /// Whether nothing may be done.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// What both allow.
    #[must_use]
    pub fn narrowed_to(&self, other: &Self) -> Self {
        Self {
            read: self.read.intersection(&other.read),
            write: self.write.intersection(&other.write),
            exec: self.exec && other.exec,
            chat: self.chat && other.chat,
        }
    }

    /// What either allows.
    #[must_use]
    pub fn joined_with(&self, other: &Self) -> Self {
        Self {
            read: self.read.union(&other.read),
            write: self.write.union(&other.write),
            exec: self.exec || other.exec,
            chat: self.chat || other.chat,
        }
    }

    /// Whether all that `other` allows is allowed here.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        self.narrowed_to(other) == *other
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        let mut comma = "";
        let mut word = |args: fmt::Arguments<'_>| {
            f.write_fmt(format_args!("{comma}{args}"))?;
            comma = ",";
            Ok(())
        };
        for (name, paths) in [("read", &self.read), ("write", &self.write)] {
            for prefix in paths.prefixes() {
                match prefix.is_root() {
                    true => word(format_args!("{name}"))?,
                    false => word(format_args!("{name}:{prefix}"))?,
                }
            }
        }
        for (name, allowed) in [("exec", self.exec), ("chat", self.chat)] {
            if allowed {
                word(format_args!("{name}"))?;
            }
        }
        Ok(())
    }
}

impl FromStr for Rights {
    type Err = RightsError;

    fn from_str(text: &str) -> Result<Self, RightsError> {
        let mut rights = Self::none();
        if text == "none" {
            return Ok(rights);
        }
        for word in text.split(',') {
            let (name, prefix) = match word.split_once(':') {
                Some((name, prefix)) => (name, Some(prefix.parse()?)),
                None => (word, None),
            };
            match (name, prefix) {
                ("read", prefix) => rights.read.insert(prefix.unwrap_or_default()),
                ("write", prefix) => rights.write.insert(prefix.unwrap_or_default()),
                ("exec", None) => rights.exec = true,
                ("chat", None) => rights.chat = true,
                _ => return Err(RightsError::Unknown { found: shown(word) }),
            }
        }
        Ok(rights)
    }
}

/// A word that names no right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RightsError {
    /// There is no such right.
    #[error("`{found}` is no right: there are read, write, exec and chat; read:/PATH, write:/PATH")]
    Unknown {
        /// What was found.
        found: String,
    },
    /// The part of the share is none.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rights(text: &str) -> Rights {
        text.parse().unwrap()
    }

    pub(crate) fn any_rights() -> impl Strategy<Value = Rights> {
        (paths::tests::any_paths(), paths::tests::any_paths(), any::<bool>(), any::<bool>())
            .prop_map(|(read, write, exec, chat)| Rights { read, write, exec, chat })
    }

    proptest! {
        #[test]
        fn rights_come_back_from_their_word(rights in any_rights()) {
            prop_assert_eq!(rights.to_string().parse(), Ok(rights));
        }

        #[test]
        fn narrowing_never_widens(a in any_rights(), b in any_rights()) {
            let both = a.narrowed_to(&b);
            prop_assert!(a.cover(&both) && b.cover(&both));
            prop_assert_eq!(&both, &b.narrowed_to(&a));
            let either = a.joined_with(&b);
            prop_assert!(either.cover(&a) && either.cover(&b));
        }
    }

    #[test]
    fn rights_are_written_in_one_way() {
        assert_eq!(rights("chat,write,read").to_string(), "read,write,chat");
        assert_eq!(rights("read:/a/b,read:/a,read:/c").to_string(), "read:/a,read:/c");
        assert_eq!(rights("read:/a,read").to_string(), "read");
        assert_eq!(rights("read:/").to_string(), "read");
        assert_eq!(rights("none").to_string(), "none");
    }

    #[test]
    fn rejects_words_that_are_no_rights() {
        for text in
            ["", "read,", ",", "reads", "Read", "exec:/bin", "read write", "all", "none,read"]
        {
            let error = text.parse::<Rights>().unwrap_err();
            assert!(matches!(error, RightsError::Unknown { .. }), "{text}: {error}");
        }
        for text in ["read:", "read:a", "read:/..", "read:/a//b", "write:/a/./b", "read:/%00"] {
            let error = text.parse::<Rights>().unwrap_err();
            assert!(matches!(error, RightsError::Prefix(_)), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_not_offered_is_not_granted() {
        let none = rights("write").narrowed_to(&rights("read"));
        assert!(none.is_none());
        assert!(!rights("read:/a").cover(&rights("read")));
        assert!(rights("read,exec").cover(&rights("read:/a")));
    }
}
