//! What is checked of a JSON text by eye, before and beside the parser.

/// The longest message of the JSON parser that is passed on, in characters.
const MESSAGE_CHARS: usize = 200;

/// Names the JSON value that a text begins with, or gives `None` for an object.
pub(crate) fn not_an_object(json: &str) -> Option<&'static str> {
    match json.trim_start_matches([' ', '\t', '\n', '\r']).chars().next() {
        Some('{') => None,
        Some('[') => Some("an array"),
        Some('"') => Some("a string"),
        Some('-' | '0'..='9') => Some("a number"),
        Some('t' | 'f') => Some("a boolean"),
        Some('n') => Some("null"),
        Some(_) => Some("not JSON"),
        None => Some("blank"),
    }
}

/// Whether arrays and objects stand more than `allowed` levels deep in one another.
///
/// Brackets inside strings do not count. The text need not be valid JSON: what is wrong with it
/// otherwise is left to the parser.
pub(crate) fn is_deeper_than(json: &str, allowed: usize) -> bool {
    let mut depth = 0_usize;
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > allowed {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    false
}

/// Moves past the end of a string whose opening quote has been taken.
fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            // Whatever is escaped cannot end the string; of `\u0022` only the `u` is skipped, and
            // the digits are harmless.
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// The parser's message as one short line that is safe to show: it may quote the peer's text.
pub(crate) fn message(error: &serde_json::Error) -> String {
    shown(&error.to_string(), MESSAGE_CHARS)
}

/// At most `max_chars` of a peer's text, with everything escaped that is not printable.
pub(crate) fn shown(text: &str, max_chars: usize) -> String {
    let mut shown = String::new();
    let mut chars = text.chars();
    for char in chars.by_ref().take(max_chars) {
        match char {
            '"' | '\'' | '\\' => shown.push(char),
            _ => shown.extend(char.escape_debug()),
        }
    }
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_stands_in_the_place_of_an_object() {
        let cases = [
            ("{}", None),
            (" \t\r\n{", None),
            ("[1]", Some("an array")),
            ("\"x\"", Some("a string")),
            ("-1", Some("a number")),
            ("7", Some("a number")),
            ("true", Some("a boolean")),
            ("false", Some("a boolean")),
            ("null", Some("null")),
            ("GET / HTTP/1.1", Some("not JSON")),
            ("\u{feff}{}", Some("not JSON")),
            ("   ", Some("blank")),
        ];
        for (json, expected) in cases {
            assert_eq!(not_an_object(json), expected, "{json:?}");
        }
    }

    #[test]
    fn counts_levels_outside_of_strings_only() {
        assert!(!is_deeper_than("{}", 1));
        assert!(is_deeper_than("{\"a\":[]}", 1));
        assert!(!is_deeper_than("{\"a\":[],\"b\":[[]]}", 3));
        assert!(is_deeper_than("{\"a\":[],\"b\":[[]]}", 2));
        assert!(!is_deeper_than(r#"{"a":"[[[[[{{{{"}"#, 1));
        assert!(!is_deeper_than(r#"{"a":"\"[[[[\\"}"#, 1));
        assert!(is_deeper_than(r#"{"a":"\\","b":[]}"#, 1));
        assert!(!is_deeper_than(r#"{"a":"\u0022[["}"#, 1));
    }

    #[test]
    fn closing_brackets_without_an_opening_one_earn_no_credit() {
        assert!(is_deeper_than("]]]]{{", 1));
    }

    #[test]
    fn shows_a_peers_text_on_one_short_line() {
        assert_eq!(shown("it's 文件 \"x\"", 40), "it's 文件 \"x\"");
        assert_eq!(shown("a\u{1b}[2J\n\u{202e}b", 40), "a\\u{1b}[2J\\n\\u{202e}b");
        assert_eq!(shown("abcdef", 3), "abc…");
        assert_eq!(shown("abc", 3), "abc");
    }
}
