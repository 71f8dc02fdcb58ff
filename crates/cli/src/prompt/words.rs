//! A typed line, split into words the way shells do; pure.
//!
//! ```text
//! typed:  get "my file.txt" 'a[1].txt' *.md          # a comment
//! words:  get   my file.txt   a\[1\].txt   *.md
//! ```
//!
//! A word that comes out may still be a pattern. So what was quoted is told apart by a backslash
//! in front of it: `unescape` gives the name, and the pattern matcher understands it as well.

/// What means something in a pattern, and therefore carries a backslash when it does not.
pub(crate) const META: &[u8] = b"*?[]{}\\";

/// A quotation mark was opened and never closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {} is opened and never closed", char::from(*quote))]
pub(crate) struct UnclosedQuote {
    quote: u8,
}

/// Splits a line into its words.
pub(crate) fn split(line: &[u8]) -> Result<Vec<Vec<u8>>, UnclosedQuote> {
    let scan = Scan::new(line);
    match scan.quote {
        Some(quote) => Err(UnclosedQuote { quote }),
        None => Ok(scan.words.into_iter().map(|(_, word)| word).collect()),
    }
}

/// A line that is still being typed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// The words before the last one.
    pub(crate) before: Vec<Vec<u8>>,
    /// Where the last word begins.
    pub(crate) start: usize,
    /// What of the last word is there; nothing after a space.
    pub(crate) word: Vec<u8>,
}

/// Splits a line at the word that the cursor stands in; `None` within a comment.
pub(crate) fn unfinished(line: &[u8]) -> Option<Unfinished> {
    let mut scan = Scan::new(line);
    if scan.in_comment {
        return None;
    }
    let last = if scan.in_word { scan.words.pop() } else { None };
    let (start, word) = last.unwrap_or((line.len(), Vec::new()));
    let before = scan.words.into_iter().map(|(_, word)| word).collect();
    Some(Unfinished { before, start, word })
}

/// The name that a word stands for when it is no pattern.
pub(crate) fn unescape(word: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(word.len());
    let mut bytes = word.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = bytes.next_if(|next| byte == b'\\' && META.contains(next));
        name.push(escaped.unwrap_or(byte));
    }
    name
}

/// A name as it can be typed: the word that it is split into stands for it again.
pub(crate) fn quote(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii() && is_special(c as u8) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// Whether a backslash before it takes its meaning away. Before anything else a backslash is one.
fn is_special(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"'\"#".contains(&byte) || META.contains(&byte)
}

/// All that one pass over the line finds out.
#[derive(Default)]
struct Scan {
    /// Each word and where it begins.
    words: Vec<(usize, Vec<u8>)>,
    /// The line ends within a word, perhaps an empty quoted one.
    in_word: bool,
    in_comment: bool,
    /// The quotation mark that is open at the end.
    quote: Option<u8>,
}

impl Scan {
    fn new(line: &[u8]) -> Self {
        let mut scan = Self::default();
        let mut bytes = line.iter().copied().enumerate().peekable();
        while let Some((at, byte)) = bytes.next() {
            let next = bytes.peek().map(|&(_, next)| next);
            match (scan.quote, byte) {
                (Some(quote), _) if byte == quote => scan.quote = None,
                (Some(b'"'), b'\\') if matches!(next, Some(b'"' | b'\\')) => {
                    bytes.next();
                    scan.literal(at, next.unwrap_or(byte));
                }
                (Some(_), _) => scan.literal(at, byte),
                (None, b'\'' | b'"') => {
                    scan.word(at);
                    scan.quote = Some(byte);
                }
                (None, b'\\') => match next.filter(|&next| is_special(next)) {
                    Some(next) => {
                        bytes.next();
                        scan.literal(at, next);
                    }
                    None => scan.literal(at, byte),
                },
                (None, b'#') if !scan.in_word => {
                    scan.in_comment = true;
                    break;
                }
                (None, _) if byte.is_ascii_whitespace() => scan.in_word = false,
                (None, _) => scan.word(at).push(byte),
            }
        }
        scan
    }

    /// The word that is being read.
    fn word(&mut self, at: usize) -> &mut Vec<u8> {
        if !self.in_word {
            self.in_word = true;
            self.words.push((at, Vec::new()));
        }
        &mut self.words.last_mut().expect("one has just been begun").1
    }

    /// A byte that stands for itself.
    fn literal(&mut self, at: usize, byte: u8) {
        let word = self.word(at);
        if META.contains(&byte) {
            word.push(b'\\');
        }
        word.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        let words = split(line.as_bytes()).unwrap();
        words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect()
    }

    #[test]
    fn splits_as_shells_do_and_marks_what_was_quoted() {
        let cases: [(&str, &[&str]); 12] = [
            ("", &[]),
            ("  ls   -l ", &["ls", "-l"]),
            ("get 'my file.txt'", &["get", "my file.txt"]),
            (r#"get "a b"c\ d"#, &["get", "a bc d"]),
            ("get 报告 🦀.txt", &["get", "报告", "🦀.txt"]),
            ("get *.md '*.md'", &["get", "*.md", r"\*.md"]),
            (r"get a\[1\].txt", &["get", r"a\[1\].txt"]),
            (r#"put C:\dir "C:\dir""#, &["put", r"C:\\dir", r"C:\\dir"]),
            (r#"rm "say \"hi\"" '' "#, &["rm", r#"say "hi""#, ""]),
            ("ls # all of it", &["ls"]),
            ("get c#.txt", &["get", "c#.txt"]),
            ("# nothing", &[]),
        ];
        for (line, expected) in cases {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn an_open_quote_is_an_error() {
        assert_eq!(split(b"get 'a b"), Err(UnclosedQuote { quote: b'\'' }));
        let message = split(b"get \"a").unwrap_err().to_string();
        assert_eq!(message, "a \" is opened and never closed");
    }

    #[test]
    fn an_unfinished_line_tells_the_word_under_the_cursor() {
        let at = |line: &str| unfinished(line.as_bytes()).unwrap();
        assert_eq!(at("").start, 0);
        let unfinished_word = at("get a 'my f");
        assert_eq!(unfinished_word.before, [b"get".to_vec(), b"a".to_vec()]);
        assert_eq!((unfinished_word.start, &*unfinished_word.word), (6, &b"my f"[..]));
        let next_word = at("get a ");
        assert_eq!((next_word.before.len(), next_word.start), (2, 6));
        assert!(next_word.word.is_empty());
        assert_eq!(unfinished(b"ls # a"), None);
    }

    proptest! {
        #[test]
        fn a_quoted_name_is_one_word_and_stands_for_itself(name in "[^\\x00-\\x1f]{1,40}") {
            let line = format!("get {} x", quote(&name));
            let words = split(line.as_bytes()).unwrap();
            prop_assert_eq!(words.len(), 3);
            prop_assert_eq!(unescape(&words[1]), name.as_bytes());
        }

        #[test]
        fn any_bytes_can_be_split_and_unescaped(line: Vec<u8>) {
            if let Ok(words) = split(&line) {
                for word in words {
                    unescape(&word);
                }
            }
            unfinished(&line);
        }
    }
}
