use std::fmt;
use std::str::FromStr;

use proto::is_unsafe;
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// The longest name, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 64;

/// The name of a person or a room.
///
/// It has 1 to [64 bytes](MAX_NAME_BYTES) in Unicode's normal form C (so that `é` is one name,
/// however it was typed), no control or bidirectional characters, no space at either end, and does
/// not begin with `#` (which marks a room), `@` or `/` (which begin commands). Upper and lower case
/// are different names, and names that merely look alike are not told apart: a name is worth what
/// the key behind it is.
///
/// ```
/// use udpchat::Name;
///
/// let name = Name::parse("雪 xue")?;
/// assert_eq!(name.as_str(), "雪 xue");
/// assert!(Name::parse("\u{202e}eux").is_err());
/// # Ok::<(), udpchat::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty.
    #[error("a name must not be empty")]
    Empty,
    /// It is too long.
    #[error("a name of {found} bytes is longer than the {MAX_NAME_BYTES} that are allowed")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// It has a character that cannot be seen or that steers a terminal.
    #[error("a name must not contain {found:?}")]
    Character {
        /// The first such character.
        found: char,
    },
    /// It begins or ends with a space.
    #[error("a name must not begin or end with a space")]
    Space,
    /// It begins with a character that has another meaning.
    #[error("a name must not begin with {found:?}")]
    Beginning {
        /// That character.
        found: char,
    },
    /// A peer sent it in another form than C.
    #[error("a name must be in Unicode's normal form C")]
    NotNormal,
}

impl Name {
    /// Takes a name as a person typed it.
    ///
    /// # Errors
    ///
    /// If it breaks one of the rules; the normal form is made.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Normalising what nobody could type is not worth its time.
        if text.len() > 4 * MAX_NAME_BYTES {
            return Err(NameError::TooLong { found: text.len() });
        }
        check(text.nfc().collect())
    }

    /// The name as text, safe to show.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rules for a text in normal form.
fn check(text: String) -> Result<Name, NameError> {
    if text.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong { found: text.len() });
    }
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if let Some(found) = text.chars().find(|&c| is_unsafe(c)) {
        return Err(NameError::Character { found });
    }
    if text.trim().len() != text.len() {
        return Err(NameError::Space);
    }
    if matches!(first, '#' | '@' | '/') {
        return Err(NameError::Beginning { found: first });
    }
    Ok(Name(text.into()))
}

impl TryFrom<String> for Name {
    type Error = NameError;

    /// Takes a name from the wire, where it must be in normal form.
    fn try_from(text: String) -> Result<Self, NameError> {
        if text.len() > MAX_NAME_BYTES {
            return Err(NameError::TooLong { found: text.len() });
        }
        if !is_nfc(&text) {
            return Err(NameError::NotNormal);
        }
        check(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.into()
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Whom a message is for: `liu` is a person, `#lobby` a room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// One person.
    Person(Name),
    /// Everybody in a room.
    Room(Name),
}

impl Target {
    /// Takes a target as a person typed it.
    ///
    /// # Errors
    ///
    /// As for [`Name::parse`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text.strip_prefix('#') {
            Some(room) => Name::parse(room).map(Self::Room),
            None => Name::parse(text).map(Self::Person),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        match text.strip_prefix('#') {
            Some(room) => Name::try_from(room.to_owned()).map(Self::Room),
            None => Name::try_from(text).map(Self::Person),
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl FromStr for Target {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => name.fmt(f),
            Self::Room(name) => write!(f, "#{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_however_it_was_typed() {
        assert_eq!(Name::parse("Zoe\u{301}"), Name::parse("Zo\u{e9}"));
        let wire = |text: &str| Name::try_from(text.to_owned());
        assert_eq!(wire("Zoe\u{301}"), Err(NameError::NotNormal));
        assert!(wire("Zo\u{e9}").is_ok());
    }

    #[test]
    fn rejects_what_could_pass_for_something_else() {
        let refused = |text: &str| Name::parse(text).unwrap_err();
        assert_eq!(refused(""), NameError::Empty);
        assert_eq!(refused(" liu"), NameError::Space);
        assert_eq!(refused("liu\u{3000}"), NameError::Space);
        assert_eq!(refused("#liu"), NameError::Beginning { found: '#' });
        assert_eq!(refused("li\x1bu"), NameError::Character { found: '\x1b' });
        assert_eq!(refused("liu\u{202e}"), NameError::Character { found: '\u{202e}' });
        assert_eq!(refused(&"雪".repeat(22)), NameError::TooLong { found: 66 });
        assert_eq!(refused(&"x".repeat(100_000)), NameError::TooLong { found: 100_000 });
        assert!(Name::parse(&"雪".repeat(21)).is_ok());
    }

    #[test]
    fn targets_travel_as_the_text_that_people_type() {
        let room = Target::parse("#大厅").unwrap();
        assert_eq!(serde_json::to_string(&room).unwrap(), "\"#大厅\"");
        assert_eq!(serde_json::from_str::<Target>("\"#大厅\"").unwrap(), room);
        assert!(serde_json::from_str::<Target>("\"##\"").is_err());
        assert!(serde_json::from_str::<Target>("\"\"").is_err());
    }
}
