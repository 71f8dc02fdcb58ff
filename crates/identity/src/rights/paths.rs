//! Parts of a share.

use std::fmt;
use std::str::FromStr;

use crate::text::{escape, shown, unescape};

/// A directory or file of a share, and all beneath it. The default is the whole share.
///
/// As a word it begins with `/`, which stands for the share's root; blanks and the like are
/// escaped as `%XX`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Vec<u8>);

impl Prefix {
    /// The path relative to the share's root, components separated by `/`; empty for the root.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the whole share.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `path`, relative to the share's root, is this or lies beneath it.
    #[must_use]
    pub fn contains(&self, path: &[u8]) -> bool {
        let beneath = |rest: &[u8]| rest.is_empty() || rest[0] == b'/';
        self.is_root() || path.strip_prefix(&*self.0).is_some_and(beneath)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", escape(&self.0))
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(word: &str) -> Result<Self, PrefixError> {
        let wrong = || PrefixError { found: shown(word) };
        let path = unescape(word.strip_prefix('/').ok_or_else(wrong)?).map_err(|_| wrong())?;
        let mut components = path.split(|&byte| byte == b'/');
        let bad = |name: &[u8]| matches!(name, b"" | b"." | b"..") || name.contains(&0);
        if !path.is_empty() && components.any(bad) {
            return Err(wrong());
        }
        Ok(Self(path))
    }
}

/// A word that is no part of a share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no part of a share: it begins with `/` and has no empty name, `.` or `..`")]
pub struct PrefixError {
    found: String,
}

/// A set of paths: what lies in any of some parts of a share. The default is the empty set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Paths(Vec<Prefix>);

impl Paths {
    /// The whole share.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![Prefix::default()])
    }

    /// No path at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a part.
    pub fn insert(&mut self, prefix: Prefix) {
        if self.contain(prefix.as_bytes()) {
            return;
        }
        self.0.retain(|other| !prefix.contains(other.as_bytes()));
        let at = self.0.partition_point(|other| *other < prefix);
        self.0.insert(at, prefix);
    }

    /// Whether `path`, relative to the share's root, is among them.
    #[must_use]
    pub fn contain(&self, path: &[u8]) -> bool {
        self.0.iter().any(|prefix| prefix.contains(path))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is the whole share.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.iter().any(Prefix::is_root)
    }

    /// The parts, of which none lies in another, in order.
    pub fn prefixes(&self) -> impl Iterator<Item = &Prefix> {
        self.0.iter()
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        self.prefixes().chain(other.prefixes()).cloned().collect()
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let within = |these: &Self, those: &Self| {
            let inside = |prefix: &&Prefix| those.contain(prefix.as_bytes());
            these.prefixes().filter(inside).cloned().collect::<Vec<_>>()
        };
        within(self, other).into_iter().chain(within(other, self)).collect()
    }
}

impl FromIterator<Prefix> for Paths {
    fn from_iter<I: IntoIterator<Item = Prefix>>(prefixes: I) -> Self {
        let mut paths = Self::default();
        prefixes.into_iter().for_each(|prefix| paths.insert(prefix));
        paths
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_prefix() -> impl Strategy<Value = Prefix> {
        let name = prop_oneof![Just("a"), Just("b"), Just("a b"), Just("报告"), Just("a,=:#%")];
        proptest::collection::vec(name, 0..4).prop_map(|names| Prefix(names.join("/").into()))
    }

    pub(crate) fn any_paths() -> impl Strategy<Value = Paths> {
        proptest::collection::vec(any_prefix(), 0..4).prop_map(Paths::from_iter)
    }

    proptest! {
        #[test]
        fn sets_of_paths_are_what_their_names_say(
            a in any_paths(), b in any_paths(), path in any_prefix()
        ) {
            let path = path.as_bytes();
            let (in_a, in_b) = (a.contain(path), b.contain(path));
            prop_assert_eq!(a.union(&b).contain(path), in_a || in_b);
            prop_assert_eq!(a.intersection(&b).contain(path), in_a && in_b);
        }
    }

    #[test]
    fn a_part_ends_with_its_name() {
        let prefix: Prefix = "/docs".parse().unwrap();
        assert!(prefix.contains(b"docs"));
        assert!(prefix.contains(b"docs/a"));
        assert!(!prefix.contains(b"docs2"));
        assert!(!prefix.contains(b""));
        assert!(Prefix::default().contains(b""));
    }
}
