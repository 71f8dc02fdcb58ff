//! The grammar of a line.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::text::{escape, is_presentable, presentable, shown, unescape};

/// The longest line that is read. A ticket for very many uses is the longest that is written.
const MAX_LINE_BYTES: usize = 1 << 20;

/// One line: words, then fields `name=value`, then a comment.
///
/// ```text
/// ed25519:a4dq… share=ftp:/srv/docs rights=read # the laptop
/// ```
pub(super) struct Fields<'a> {
    words: std::vec::IntoIter<&'a str>,
    fields: Vec<(&'a str, &'a str)>,
    comment: Option<&'a str>,
}

/// What a line says beyond what we understand. It is kept when the line is written anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    fields: Vec<(String, String)>,
    pub(crate) comment: Option<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn parse(line: &'a str) -> Result<Self, String> {
        if line.len() > MAX_LINE_BYTES {
            return Err(format!("the line has {} bytes, of at most {MAX_LINE_BYTES}", line.len()));
        }
        // A `#` within a word is a part of it.
        let comment_at = line.find(" #").into_iter().chain(line.find("\t#")).min();
        let (line, comment) = match comment_at {
            Some(at) => (&line[..at], Some(line[at + 2..].trim())),
            None => (line, None),
        };
        let mut words = Vec::new();
        let mut fields: Vec<(&str, &str)> = Vec::new();
        for word in line.split_ascii_whitespace() {
            match word.split_once('=') {
                None if fields.is_empty() => words.push(word),
                None => return Err(format!("`{}` is not of the form name=value", shown(word))),
                Some((name, _)) if fields.iter().any(|(other, _)| *other == name) => {
                    return Err(format!("`{}` is there twice", shown(name)));
                }
                Some(field) => fields.push(field),
            }
        }
        Ok(Self { words: words.into_iter(), fields, comment })
    }

    /// The next of the words.
    pub(super) fn word<T: FromStr<Err: Display>>(&mut self, what: &str) -> Result<T, String> {
        let word = self.words.next().ok_or_else(|| format!("the {what} is missing"))?;
        word.parse().map_err(|error: T::Err| error.to_string())
    }

    /// A field that may be left out.
    pub(super) fn optional<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, String> {
        let Some(at) = self.fields.iter().position(|(other, _)| *other == name) else {
            return Ok(None);
        };
        let (_, value) = self.fields.remove(at);
        value.parse().map(Some).map_err(|error: T::Err| format!("{name}: {error}"))
    }

    /// A field that must be there.
    pub(super) fn required<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, String> {
        self.optional(name)?.ok_or_else(|| format!("`{name}=` is missing"))
    }

    /// What has not been asked for.
    pub(super) fn rest(mut self) -> Result<Rest, String> {
        if let Some(word) = self.words.next() {
            return Err(format!("`{}` is one word too many", shown(word)));
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let fields = self.fields.into_iter().map(owned).collect();
        Ok(Rest { fields, comment: self.comment.map(str::to_owned) })
    }
}

impl Rest {
    /// Nothing but a comment.
    pub(super) fn comment(comment: Option<&str>) -> Self {
        let comment = comment.map(|text| presentable(text.trim()).into_owned());
        Self { fields: Vec::new(), comment: comment.filter(|text| !text.is_empty()) }
    }
}

impl Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.fields {
            write!(f, " {name}={value}")?;
        }
        match &self.comment {
            Some(comment) => write!(f, " # {comment}"),
            None => Ok(()),
        }
    }
}

/// Writes ` name=value` if there is a value.
pub(super) fn write_field(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    value: Option<impl Display>,
) -> fmt::Result {
    match value {
        Some(value) => write!(f, " {name}={value}"),
        None => Ok(()),
    }
}

/// A text of one word that people gave: a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl FromStr for Text {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, &'static str> {
        let bytes = unescape(word).map_err(|_| "a `%` must be followed by two digits")?;
        let text = String::from_utf8(bytes).map_err(|_| "a name must be UTF-8")?;
        match is_presentable(&text) && !text.is_empty() {
            true => Ok(Self(text)),
            false => Err("a name must be visible"),
        }
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(self.0.as_bytes()))
    }
}
