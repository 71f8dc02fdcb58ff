//! Text of a peer, made safe for a terminal.

use std::fmt;

/// Shows text of a peer so that it cannot steer a terminal.
///
/// Control characters, bytes that are not UTF-8 and the invisible characters that reorder or break
/// a line are written as escapes (`\n`, `\x1b`, `\u{202e}`); what a person can read stays as it is.
/// A backslash stays as it is too: this is for reading, not for parsing back.
///
/// ```
/// # use proto::safe;
/// assert_eq!(safe("报告 🦀").to_string(), "报告 🦀");
/// assert_eq!(safe(b"\x1b[2Jgone\xff").to_string(), r"\x1b[2Jgone\xff");
/// ```
#[must_use]
pub fn safe<T: AsRef<[u8]> + ?Sized>(text: &T) -> Safe<'_> {
    Safe(text.as_ref())
}

/// What [`safe`] returns: a value to be formatted.
#[derive(Debug, Clone, Copy)]
pub struct Safe<'a>(&'a [u8]);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            write_text(chunk.valid(), f)?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Writes runs of harmless characters in one piece.
fn write_text(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut written = 0;
    for (at, character) in text.char_indices().filter(|&(_, c)| is_unsafe(c)) {
        f.write_str(&text[written..at])?;
        match character {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_ascii() => write!(f, "\\x{:02x}", u32::from(c))?,
            c => write!(f, "\\u{{{:x}}}", u32::from(c))?,
        }
        written = at + character.len_utf8();
    }
    f.write_str(&text[written..])
}

/// Whether a character could move the cursor, reorder the line or make it look like another.
///
/// The joiners U+200C and U+200D are not here: emoji and several scripts need them.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Bidirectional marks, embeddings, overrides and isolates.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
            // Line and paragraph separators.
            | '\u{2028}' | '\u{2029}'
            // Zero-width space, byte order mark, interlinear annotations.
            | '\u{200b}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // Tags, which are invisible and can hide a text of their own.
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_peer_can_steer_a_terminal() {
        let cases = [
            ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
            ("a\r\nb\tc\0\x7f", r"a\r\nb\tc\x00\x7f"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("\u{202e}txt.exe\u{2069}", r"\u{202e}txt.exe\u{2069}"),
            ("a\u{e0041}b", r"a\u{e0041}b"),
        ];
        for (text, expected) in cases {
            assert_eq!(safe(text).to_string(), expected);
        }
        assert_eq!(safe(b"\xff\xfe").to_string(), r"\xff\xfe");
    }

    #[test]
    fn what_people_can_read_stays_as_it_is() {
        for text in ["", "报告 🦀.txt", r"a\b", "👩‍👩‍👧", "می‌خواهم", "é à"]
        {
            assert_eq!(safe(text).to_string(), text);
        }
    }
}
