//! Names on the server as the user writes them: relative, absolute, with `..`, with patterns.

use std::collections::VecDeque;

use ftp::{PathError, RemotePath, safe};
use globset::{Candidate, GlobBuilder, GlobMatcher};

use crate::prompt::words::{META, unescape};

/// A name or pattern, resolved against the directory that the user stands in.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    components: VecDeque<Component>,
}

/// One component of a [`Pattern`].
#[derive(Clone, Debug)]
pub(super) enum Component {
    /// A name.
    Name(Vec<u8>),
    /// Whatever matches.
    Matching(Matcher),
}

/// Matches single names; those that begin with a dot only if the pattern does, too.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    glob: GlobMatcher,
    /// The name that it would be.
    literal: Vec<u8>,
    matches_hidden: bool,
}

/// Why what the user wrote is neither a name nor a pattern.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum PatternError {
    #[error("`{}` leads above the server's root", safe(.0))]
    AboveRoot(Vec<u8>),
    #[error("`{}` is no pattern: {}", safe(.0), .1.kind())]
    Glob(Vec<u8>, globset::Error),
    #[error(transparent)]
    Path(#[from] PathError),
}

impl Pattern {
    /// Reads what the user wrote in the directory `here`.
    pub(super) fn parse(word: &[u8], here: &RemotePath) -> Result<Self, PatternError> {
        let mut components = VecDeque::new();
        if !word.starts_with(b"/") {
            components.extend(here.components().map(|name| Component::Name(name.to_vec())));
        }
        for part in word.split(|&byte| byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    let above = components.pop_back();
                    above.ok_or_else(|| PatternError::AboveRoot(word.to_vec()))?;
                }
                _ => components.push_back(Component::parse(part)?),
            }
        }
        Ok(Self { components })
    }

    /// The path, if it is no pattern.
    pub(super) fn to_path(&self) -> Result<Option<RemotePath>, PathError> {
        let mut path = RemotePath::root();
        for component in &self.components {
            match component {
                Component::Name(name) => path = path.join(name)?,
                Component::Matching(_) => return Ok(None),
            }
        }
        Ok(Some(path))
    }

    /// The path if nothing in it is special.
    pub(super) fn literal(&self) -> Result<RemotePath, PathError> {
        self.components.iter().try_fold(RemotePath::root(), |path, component| match component {
            Component::Name(name) => path.join(name),
            Component::Matching(matcher) => path.join(&matcher.literal),
        })
    }

    pub(super) fn components(&self) -> impl ExactSizeIterator<Item = &Component> {
        self.components.iter()
    }
}

impl Component {
    /// Reads one component, of which nothing is special but [`META`].
    pub(super) fn parse(part: &[u8]) -> Result<Self, PatternError> {
        // Patterns are text. A name that is not can still be given as it is.
        match std::str::from_utf8(part) {
            Ok(text) if is_pattern(part) => Matcher::new(text).map(Self::Matching),
            _ => Ok(Self::Name(unescape(part))),
        }
    }
}

impl Matcher {
    fn new(text: &str) -> Result<Self, PatternError> {
        let glob = GlobBuilder::new(&normalize(text))
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| PatternError::Glob(text.into(), error))?;
        let literal = unescape(text.as_bytes());
        Ok(Self { glob: glob.compile_matcher(), literal, matches_hidden: text.starts_with('.') })
    }

    pub(super) fn matches(&self, name: &[u8]) -> bool {
        (self.matches_hidden || !name.starts_with(b"."))
            && self.glob.is_match_candidate(&Candidate::from_bytes(name))
    }
}

/// Whether something in it is special and not escaped.
fn is_pattern(part: &[u8]) -> bool {
    let mut bytes = part.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\\' {
            bytes.next_if(|next| META.contains(next));
        } else if b"*?[{".contains(&byte) {
            return true;
        }
    }
    false
}

/// A backslash before anything ordinary is one; the matcher wants it doubled.
fn normalize(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        normal.push(c);
        if c == '\\' {
            let escaped = chars.next_if(|next| next.is_ascii() && META.contains(&(*next as u8)));
            normal.push(escaped.unwrap_or('\\'));
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(word: &str, here: &str) -> String {
        let here = RemotePath::parse(here).unwrap();
        let pattern = Pattern::parse(word.as_bytes(), &here).unwrap();
        pattern.to_path().unwrap().unwrap().to_str().unwrap().to_owned()
    }

    fn matcher(text: &str) -> Matcher {
        match Component::parse(text.as_bytes()).unwrap() {
            Component::Matching(matcher) => matcher,
            Component::Name(name) => panic!("{text} is the name {name:?}"),
        }
    }

    #[test]
    fn names_are_resolved_against_the_directory_one_stands_in() {
        let cases = [
            ("a.txt", "", "a.txt"),
            ("a.txt", "docs", "docs/a.txt"),
            ("/a.txt", "docs", "a.txt"),
            ("../b", "docs/old", "docs/b"),
            ("./x//y/", "docs", "docs/x/y"),
            ("", "docs", "docs"),
            ("/", "docs", ""),
            ("..", "docs", ""),
            (r"a\[1\].txt", "", "a[1].txt"),
            (r"a\b", "", r"a\b"),
        ];
        for (word, here, expected) in cases {
            assert_eq!(path(word, here), expected, "{word} in {here}");
        }
    }

    #[test]
    fn nothing_leads_above_the_root() {
        for word in ["..", "../x", "/..", "a/../../b"] {
            let error = Pattern::parse(word.as_bytes(), &RemotePath::root()).unwrap_err();
            assert_eq!(error.to_string(), format!("`{word}` leads above the server's root"));
        }
    }

    #[test]
    fn patterns_match_single_names_of_any_bytes() {
        assert!(matcher("*.txt").matches("报告.txt".as_bytes()));
        assert!(matcher("*.txt").matches(b"\xff.txt"));
        assert!(!matcher("*.txt").matches(b"a.txt.bak"));
        assert!(matcher("a?[0-9]").matches(b"ab7"));
        assert!(matcher("{a,b}*").matches(b"b.txt"));
        assert!(matcher(r"\*[0-9]").matches(b"*7"));
        assert!(matcher(r"a\b*").matches(br"a\bc"));
        assert!(!matcher("*").matches(b".hidden"));
        assert!(matcher(".*").matches(b".hidden"));
    }

    #[test]
    fn an_ill_formed_pattern_says_why() {
        let error = Component::parse(b"a[1.txt").unwrap_err().to_string();
        assert!(error.starts_with("`a[1.txt` is no pattern: "), "{error}");
    }

    #[test]
    fn a_name_that_is_not_text_is_no_pattern() {
        assert!(
            matches!(Component::parse(b"\xff*"), Ok(Component::Name(name)) if name == b"\xff*")
        );
    }
}
