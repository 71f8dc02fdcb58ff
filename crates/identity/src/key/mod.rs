//! Keys: the public half that others see, and the pair that proves it is us.

mod identity;
mod pem;

pub use identity::Identity;
pub use pem::KeyFileError;
pub(crate) use pem::{from_pem, generate};

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use crate::text::shown;
use crate::word::Base32;

/// What stands before a key in words, so that there can be other kinds one day.
const PREFIX: &str = "ed25519:";

/// What stands before an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4), which is how
/// TLS carries raw keys.
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Somebody's public key (Ed25519): who they are.
///
/// As a word it is `ed25519:` and 52 lower-case letters and digits.
///
/// ```
/// use identity::PublicKey;
///
/// let key = PublicKey::from_bytes([7; 32]);
/// let word = key.to_string();
/// assert_eq!(word, "ed25519:a4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4dq");
/// assert_eq!(word.parse::<PublicKey>()?, key);
/// # Ok::<(), identity::PublicKeyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A short form for people to compare, of 80 bits: `rx4a-2kfy-77qd-m3ei`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, &self.0);
        let short = Base32(&hash.as_ref()[..10]).to_string();
        [&short[..4], &short[4..8], &short[8..12], &short[12..]].join("-")
    }

    /// Whether the owner of this key signed `message`.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }

    /// The key as TLS carries it.
    pub(crate) fn to_spki(self) -> [u8; 44] {
        let mut spki = [0; 44];
        spki[..12].copy_from_slice(&SPKI_PREFIX);
        spki[12..].copy_from_slice(&self.0);
        spki
    }

    /// The key that TLS carried; `None` for keys of other kinds.
    pub(crate) fn from_spki(spki: &[u8]) -> Option<Self> {
        let key = spki.strip_prefix(&SPKI_PREFIX)?;
        key.try_into().ok().map(Self)
    }

    /// As in a ticket, where its kind is understood.
    pub(crate) fn bare(&self) -> Base32<'_> {
        Base32(&self.0)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.bare())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(word: &str) -> Result<Self, PublicKeyError> {
        let Some(bare) = word.strip_prefix(PREFIX) else {
            return Err(PublicKeyError::Kind { found: shown(word) });
        };
        crate::word::decode(bare)
            .map(Self)
            .ok_or_else(|| PublicKeyError::Damaged { found: shown(word) })
    }
}

/// A word that is no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// It does not begin as one.
    #[error("`{found}` is no key: a key begins with `ed25519:`")]
    Kind {
        /// What was found.
        found: String,
    },
    /// It begins as one.
    #[error("`{found}` is no key: 52 lower-case letters and digits 2 to 7 follow `ed25519:`")]
    Damaged {
        /// What was found.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_comes_back_from_its_word(bytes: [u8; 32]) {
            let key = PublicKey::from_bytes(bytes);
            prop_assert_eq!(key.to_string().parse(), Ok(key));
            prop_assert_eq!(PublicKey::from_spki(&key.to_spki()), Some(key));
        }
    }

    #[test]
    fn words_that_are_no_keys_are_told_apart() {
        let word = PublicKey::from_bytes([7; 32]).to_string();
        let kind =
            |word: &str| matches!(word.parse::<PublicKey>(), Err(PublicKeyError::Kind { .. }));
        assert!(kind(""));
        assert!(kind("ssh-ed25519"));
        assert!(kind(&word[1..]));
        let damaged =
            |word: &str| matches!(word.parse::<PublicKey>(), Err(PublicKeyError::Damaged { .. }));
        assert!(damaged(&word[..word.len() - 1]));
        assert!(damaged(&format!("{word}a")));
        assert!(damaged(&word.replace('4', "1")));
        assert!(damaged(&format!("{}{}", &word[..8], word[8..].to_uppercase())));
        // The last letter carries one bit of the key: there is one way to write a key, not 16.
        assert!(damaged(&format!("{}r", &word[..word.len() - 1])));
    }

    #[test]
    fn keys_of_other_kinds_are_not_taken_for_ours() {
        let spki = PublicKey::from_bytes([7; 32]).to_spki();
        assert_eq!(PublicKey::from_spki(&spki[..43]), None);
        assert_eq!(PublicKey::from_spki(&[&spki[..], &[0]].concat()), None);
        let mut x25519 = spki;
        x25519[8] = 0x6e;
        assert_eq!(PublicKey::from_spki(&x25519), None);
    }

    #[test]
    fn a_fingerprint_is_short_and_tells_keys_apart() {
        let one = PublicKey::from_bytes([1; 32]).fingerprint();
        assert_eq!(one.len(), 19);
        assert_ne!(one, PublicKey::from_bytes([2; 32]).fingerprint());
    }
}
