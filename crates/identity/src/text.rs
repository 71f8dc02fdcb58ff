//! Words of our files: anything, written without blanks and signs that mean something.

use std::borrow::Cow;
use std::fmt::Write;

/// How much of a stranger's text a message repeats, in characters: enough to recognise it by.
const SHOWN_CHARS: usize = 40;

/// Something that cannot be unescaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a `%` must be followed by two hexadecimal digits")]
pub(crate) struct BadEscape;

/// Writes `bytes` as one word. Letters and digits of any script stay readable; blanks, signs that
/// separate, what is invisible and what is not UTF-8 become `%XX`.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut word = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_alphanumeric() || "-._~/+@()".contains(character) {
                word.push(character);
            } else {
                escape_bytes(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut word);
            }
        }
        escape_bytes(chunk.invalid(), &mut word);
    }
    word
}

fn escape_bytes(bytes: &[u8], word: &mut String) {
    for byte in bytes {
        write!(word, "%{byte:02X}").expect("a string takes everything");
    }
}

/// The reverse of [`escape`]; it takes whatever has no broken escapes.
pub(crate) fn unescape(word: &str) -> Result<Vec<u8>, BadEscape> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let [high, low, after @ ..] = after else { return Err(BadEscape) };
        let digit = |digit: &u8| char::from(*digit).to_digit(16).ok_or(BadEscape);
        let byte = digit(high)? << 4 | digit(low)?;
        bytes.push(u8::try_from(byte).expect("two hexadecimal digits are a byte"));
        rest = after;
    }
    Ok(bytes)
}

/// `text` as a message may repeat it: short, and without characters that do something to a
/// terminal.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS)
        .map(|each| if is_visible(each) { each } else { '\u{fffd}' })
        .collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// Whether a text that a person gave can be kept as it is: it is the same text to whoever reads
/// it on a terminal.
pub(crate) fn is_presentable(text: &str) -> bool {
    text.chars().all(is_visible)
}

fn is_visible(character: char) -> bool {
    // Beside the controls: characters that turn the direction of what follows them, or that are
    // not there at all to the eye.
    let hidden = matches!(character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !character.is_control() && !hidden
}

/// `text` without what is not presentable.
pub(crate) fn presentable(text: &str) -> Cow<'_, str> {
    if is_presentable(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&each| is_visible(each)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_of_any_script_stays_readable() {
        assert_eq!(escape("/srv/报告 2026#1".as_bytes()), "/srv/报告%202026%231");
        assert_eq!(escape(b"a,b=c%\xff"), "a%2Cb%3Dc%25%FF");
        assert_eq!(escape("a\u{202e}b\n".as_bytes()), "a%E2%80%AEb%0A");
    }

    #[test]
    fn rejects_a_broken_escape() {
        for word in ["%", "%2", "%zz", "a%-1", "%+1"] {
            assert_eq!(unescape(word), Err(BadEscape), "{word}");
        }
    }

    #[test]
    fn what_is_shown_is_short_and_harmless() {
        assert_eq!(shown("a\x1b[2Jb"), "a\u{fffd}[2Jb");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), SHOWN_CHARS + 1);
        assert_eq!(presentable("li\u{202e}u\n"), "liu");
    }

    proptest! {
        #[test]
        fn any_bytes_become_one_word_and_come_back(bytes: Vec<u8>) {
            let word = escape(&bytes);
            prop_assert!(!word.contains([' ', '\t', '\n', '#', ',', '=']));
            prop_assert!(is_presentable(&word));
            prop_assert_eq!(unescape(&word).unwrap(), bytes);
        }
    }
}
