//! Text of a peer, made safe for a terminal.

use std::fmt;

/// Shows text of a peer so that it cannot steer a terminal.
///
/// Control characters (C0, C1, ESC), bytes that are not UTF-8 and the invisible characters that
/// reorder or break a line are written as escapes (`\n`, `\x1b`, `\u{202e}`); what a person can
/// read stays as it is. Apply it to every name and every text where it is shown: what is stored is
/// what was sent.
///
/// ```
/// use udpchat::Safe;
///
/// assert_eq!(Safe::text("你好 🦀").to_string(), "你好 🦀");
/// assert_eq!(Safe::bytes(b"\x1b[2Jgone\xff").to_string(), r"\x1b[2Jgone\xff");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Safe<'a>(&'a [u8]);

impl<'a> Safe<'a> {
    /// Shows text.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        Self(text.as_bytes())
    }

    /// Shows bytes that are said to be text.
    #[must_use]
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

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
pub(crate) fn is_unsafe(c: char) -> bool {
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
        let shown = |text: &str| Safe::text(text).to_string();
        assert_eq!(shown("\x1b]0;title\x07"), r"\x1b]0;title\x07");
        assert_eq!(shown("a\r\nb\tc\0\x7f"), r"a\r\nb\tc\x00\x7f");
        assert_eq!(shown("\u{9b}31m"), r"\u{9b}31m");
        assert_eq!(shown("\u{202e}txt.exe\u{2069}"), r"\u{202e}txt.exe\u{2069}");
        assert_eq!(shown("👩\u{200d}🚀 مرحبا 床前明月光"), "👩\u{200d}🚀 مرحبا 床前明月光");
        assert_eq!(Safe::bytes(b"\xc4\xe3ok\xff").to_string(), r"\xc4\xe3ok\xff");
    }
}
