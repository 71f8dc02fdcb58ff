//! Bytes as words of lower-case letters and digits, which a double click takes whole.

use std::fmt;

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

/// RFC 4648's base32, in lower case and without padding. There is one way to write each value.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().expect("there are 32 different symbols")
});

/// Shows bytes in base32.
#[derive(Clone, Copy)]
pub(crate) struct Base32<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Base32<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        BASE32.encode_display(self.0).fmt(f)
    }
}

/// The `N` bytes of a word in base32, if that is what it is.
pub(crate) fn decode<const N: usize>(word: &str) -> Option<[u8; N]> {
    // Checked first, because words come from strangers and may be long.
    if word.len() != (N * 8).div_ceil(5) {
        return None;
    }
    BASE32.decode(word.as_bytes()).ok()?.try_into().ok()
}
