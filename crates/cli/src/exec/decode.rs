//! What a command writes, as text of this machine; pure.
//!
//! Output comes in pieces that end anywhere, in the middle of a character too. A [`Decoder`] keeps
//! the beginning of such a character back until the rest of it has come.

use std::borrow::Cow;
use std::str::FromStr;

use encoding_rs::{Encoding, GB18030};

/// What is done with the bytes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoding {
    /// They stay as they are.
    Raw,
    /// They are text in this encoding.
    Named(&'static Encoding),
    /// They are UTF-8 where they can be, else GBK or GB18030 where they can be that.
    Auto,
}

impl FromStr for Decoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "raw" => Ok(Self::Raw),
            _ => super::args::encoding(name).map(Self::Named),
        }
    }
}

/// Decodes one stream.
pub(super) struct Decoder(State);

enum State {
    Raw,
    /// Raw, but no piece ends within a character of UTF-8. What was kept back of one is here.
    Whole(Vec<u8>),
    Named(encoding_rs::Decoder),
    Auto(Guess),
}

/// What is known of a stream whose encoding nobody told.
#[derive(Default)]
struct Guess {
    /// The beginning of a character.
    kept: Vec<u8>,
    /// Something was GB18030 already, so that what could be either is that.
    seems_chinese: bool,
}

impl Decoder {
    pub(super) fn new(decoding: Decoding) -> Self {
        Self(match decoding {
            Decoding::Raw => State::Raw,
            Decoding::Named(encoding) => State::Named(encoding.new_decoder()),
            Decoding::Auto => State::Auto(Guess::default()),
        })
    }

    /// Leaves all bytes as they are, but keeps together what is a character of UTF-8.
    pub(super) fn whole_characters() -> Self {
        Self(State::Whole(Vec::new()))
    }

    /// What a piece comes to; at the `end` nothing is kept back.
    pub(super) fn decode<'a>(&mut self, piece: &'a [u8], end: bool) -> Cow<'a, [u8]> {
        match &mut self.0 {
            State::Raw => piece.into(),
            State::Whole(kept) => whole(kept, piece, end),
            State::Named(decoder) => {
                let most = decoder.max_utf8_buffer_length(piece.len()).unwrap_or_default();
                let mut text = String::with_capacity(most);
                // Pieces are a megabyte at most, so that there is room for all of it.
                let _ = decoder.decode_to_string(piece, &mut text, end);
                text.into_bytes().into()
            }
            State::Auto(guess) => guess.decode(piece, end),
        }
    }
}

/// A piece without the beginning of a character at its end, and with what was kept of the last.
fn whole<'a>(kept: &mut Vec<u8>, piece: &'a [u8], end: bool) -> Cow<'a, [u8]> {
    let mut bytes = match kept.is_empty() {
        true => Cow::Borrowed(piece),
        false => [&std::mem::take(kept)[..], piece].concat().into(),
    };
    if let Err(error) = str::from_utf8(&bytes)
        && error.error_len().is_none()
        && !end
    {
        *kept = bytes[error.valid_up_to()..].to_vec();
        bytes.to_mut().truncate(error.valid_up_to());
    }
    bytes
}

impl Guess {
    fn decode<'a>(&mut self, piece: &'a [u8], end: bool) -> Cow<'a, [u8]> {
        if self.kept.is_empty() && piece.is_ascii() {
            return piece.into();
        }
        let bytes = [&std::mem::take(&mut self.kept)[..], piece].concat();
        let mut text = String::with_capacity(bytes.len());
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            let more = lines.peek().is_none() && !end;
            self.decode_line(line, more, &mut text);
        }
        text.into_bytes().into()
    }

    /// Decodes a line, or the part of one; `more` of it may come.
    fn decode_line(&mut self, line: &[u8], more: bool, text: &mut String) {
        let utf8 = match str::from_utf8(line) {
            Ok(valid) => Some((valid, &[][..])),
            Err(error) if more && error.error_len().is_none() => {
                let (valid, rest) = line.split_at(error.valid_up_to());
                Some((str::from_utf8(valid).expect("it was just found valid"), rest))
            }
            Err(_) => None,
        };
        if let Some((valid, rest)) = utf8 {
            // Two bytes that are UTF-8 by accident are not rare in GBK; three in a row are.
            let is_sure = valid.chars().any(|c| c.len_utf8() > 2);
            if valid.is_ascii() && rest.is_empty() || !self.seems_chinese || is_sure {
                self.seems_chinese &= !is_sure;
                text.push_str(valid);
                self.kept = rest.to_vec();
                return;
            }
        }
        // The decoder of GB18030 is that of GBK, too.
        let kept = if more { unfinished(line) } else { 0 };
        let (whole, rest) = line.split_at(line.len() - kept);
        match GB18030.decode_without_bom_handling_and_without_replacement(whole) {
            Some(chinese) => {
                self.seems_chinese = true;
                text.push_str(&chinese);
                self.kept = rest.to_vec();
            }
            None => text.push_str(&String::from_utf8_lossy(line)),
        }
    }
}

/// How many bytes at the end of some GB18030 are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let left = bytes.len() - at;
        let length = match (bytes[at], bytes.get(at + 1)) {
            (0x81..=0xfe, Some(b'0'..=b'9')) => 4,
            (0x81..=0xfe, _) => 2,
            _ => 1,
        };
        if length > left {
            return left;
        }
        at += length;
    }
    0
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, SHIFT_JIS};
    use proptest::prelude::*;

    use super::*;

    /// Decodes in pieces of one length.
    fn decode(decoding: Decoding, bytes: &[u8], length: usize) -> String {
        let mut decoder = Decoder::new(decoding);
        let mut decoded = Vec::new();
        for piece in bytes.chunks(length) {
            decoded.extend_from_slice(&decoder.decode(piece, false));
        }
        decoded.extend_from_slice(&decoder.decode(b"", true));
        String::from_utf8(decoded).unwrap()
    }

    #[test]
    fn utf8_and_gbk_are_told_apart_however_they_are_cut() {
        let text = "总用量 8\n-rw-r--r-- 报告.txt\nplain\n";
        let gbk = GBK.encode(text).0;
        for length in 1..=gbk.len() {
            assert_eq!(decode(Decoding::Auto, text.as_bytes(), length), text, "{length}");
            assert_eq!(decode(Decoding::Auto, &gbk, length), text, "{length}");
        }
    }

    #[test]
    fn each_line_may_be_of_its_own_encoding() {
        let mixed = [&GBK.encode("中文\n").0, "也是中文 🦀\n".as_bytes(), b"caf\xe9 au lait\n"];
        let text = decode(Decoding::Auto, &mixed.concat(), 1000);
        assert_eq!(text, "中文\n也是中文 🦀\ncaf\u{fffd} au lait\n");
    }

    #[test]
    fn what_seems_to_be_utf8_is_gbk_after_gbk() {
        let text = "中文\n目录\n";
        assert_eq!(decode(Decoding::Auto, &GBK.encode(text).0, 1000), text);
    }

    #[test]
    fn a_named_encoding_is_not_guessed_and_raw_bytes_stay() {
        let (bytes, text) = (SHIFT_JIS.encode("日本語").0, "日本語");
        for length in 1..=bytes.len() {
            assert_eq!(decode(Decoding::Named(SHIFT_JIS), &bytes, length), text);
        }
        let mut raw = Decoder::new(Decoding::Raw);
        assert_eq!(&*raw.decode(b"\xff\x00\xe4", false), b"\xff\x00\xe4");
        assert_eq!("auto".parse(), Ok(Decoding::Auto));
        assert_eq!("gb2312".parse(), Ok(Decoding::Named(GBK)));
        "nonsense".parse::<Decoding>().unwrap_err();
    }

    #[test]
    fn characters_stay_whole_and_bytes_stay_bytes() {
        let mut decoder = Decoder::whole_characters();
        let pieces = [&b"a\xe6\x8a"[..], b"\xa5b", b"\xff\xe6", b""];
        let decoded = pieces.map(|piece| decoder.decode(piece, piece.is_empty()).into_owned());
        assert_eq!(decoded, [&b"a"[..], "报b".as_bytes(), b"\xff\xe6", b""]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_text_stays_text(bytes: Vec<u8>, text: String, length in 1..9_usize) {
            decode(Decoding::Auto, &bytes, length);
            decode(Decoding::Named(GB18030), &bytes, length);
            prop_assert_eq!(decode(Decoding::Auto, text.as_bytes(), text.len().max(1)), text);
        }

        #[test]
        fn only_the_beginning_of_a_character_is_kept(bytes: Vec<u8>) {
            let mut guess = Guess::default();
            guess.decode(&bytes, false);
            prop_assert!(guess.kept.len() <= 3);
        }
    }
}
