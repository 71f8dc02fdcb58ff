//! A file of lines, some of which are entries.

use std::fmt::Display;

/// A line that means something.
pub(crate) trait Entry: Display + Sized {
    /// What the file begins with when it is new: it tells people what the lines mean.
    const HEADING: &'static str;

    /// Reads a line; the error says what is wrong with it.
    fn parse(line: &str) -> Result<Self, String>;
}

/// A file of lines. Those that are not touched stay as they were, byte for byte.
#[derive(Clone, Debug)]
pub(crate) struct Document<T> {
    rows: Vec<Row<T>>,
    bad: Vec<BadLine>,
}

#[derive(Clone, Debug)]
struct Row<T> {
    text: Vec<u8>,
    entry: Option<T>,
}

/// What becomes of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    Changed,
    Removed,
}

/// A line that could not be read. It counts as if it were not there, and the others count.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
#[non_exhaustive]
pub struct BadLine {
    /// The name of the file.
    pub file: &'static str,
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl<T: Entry> Document<T> {
    pub(crate) fn parse(file: &'static str, bytes: &[u8]) -> Self {
        let mut document = Self { rows: Vec::new(), bad: Vec::new() };
        // What follows the last line break is a line if there is something.
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if bytes.is_empty() {
            return document;
        }
        for (index, text) in bytes.split(|&byte| byte == b'\n').enumerate() {
            let entry = match parse_line(text) {
                Ok(entry) => entry,
                Err(problem) => {
                    document.bad.push(BadLine { file, line: index + 1, problem });
                    None
                }
            };
            document.rows.push(Row { text: text.to_vec(), entry });
        }
        document
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().filter_map(|row| row.entry.as_ref())
    }

    pub(crate) fn bad_lines(&self) -> &[BadLine] {
        &self.bad
    }

    /// Adds an entry at the end.
    pub(crate) fn push(&mut self, entry: T) {
        if self.rows.is_empty() {
            let heading = T::HEADING.lines().map(|line| format!("# {line}").into_bytes());
            self.rows.extend(heading.map(|text| Row { text, entry: None }));
        }
        self.rows.push(Row { text: entry.to_string().into_bytes(), entry: Some(entry) });
    }

    /// Decides over each entry, and tells how many were changed or removed.
    pub(crate) fn revise(&mut self, mut decide: impl FnMut(&mut T) -> Fate) -> usize {
        let mut touched = 0;
        self.rows.retain_mut(|row| {
            let Some(entry) = &mut row.entry else { return true };
            let fate = decide(entry);
            touched += usize::from(fate != Fate::Kept);
            if fate == Fate::Changed {
                row.text = entry.to_string().into_bytes();
            }
            fate != Fate::Removed
        });
        touched
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.rows.iter().flat_map(|row| row.text.iter().copied().chain([b'\n'])).collect()
    }
}

fn parse_line<T: Entry>(text: &[u8]) -> Result<Option<T>, String> {
    let line = str::from_utf8(text).map_err(|_| "the line is not UTF-8".to_owned())?.trim();
    match line.is_empty() || line.starts_with('#') {
        true => Ok(None),
        false => T::parse(line).map(Some),
    }
}
