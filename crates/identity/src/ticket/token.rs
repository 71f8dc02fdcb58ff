//! The secret in a ticket.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use zeroize::{Zeroize, Zeroizing};

use crate::word::{self, Base32};

/// The secret in a [`Ticket`](crate::Ticket), which says hello for its bearer: 128 random bits.
///
/// It is wiped from memory when it is dropped, `Debug` hides it, and there is no `Display`: ask
/// for it with [`reveal`](Self::reveal).
#[derive(Clone)]
pub struct Token([u8; Self::LEN]);

/// What a server keeps of a token, which lets nobody in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenHash([u8; 32]);

impl Token {
    pub(crate) const LEN: usize = 16;

    /// A new one.
    ///
    /// # Panics
    ///
    /// If the system has no randomness to give.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = [0; Self::LEN];
        rand::fill(&mut bytes).expect("the system gives randomness");
        Self(bytes)
    }

    /// The token as a word, to be said in a hello and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(Base32(&self.0).to_string())
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// A token has enough bits of its own to need neither salt nor a slow hash.
    pub(crate) fn hash(&self) -> TokenHash {
        let hash = digest(&SHA256, &self.0);
        TokenHash(hash.as_ref().try_into().expect("SHA-256 gives 32 bytes"))
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(word: &str) -> Result<Self, TokenError> {
        word::decode(word).map(Self).ok_or(TokenError)
    }
}

/// A word that is no token. It is not repeated: it may be one that was mistyped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no token: a token is 26 lower-case letters and digits 2 to 7")]
pub struct TokenError;

impl PartialEq for TokenHash {
    /// Takes the same time whatever is in them.
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for TokenHash {}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base32(&self.0).fmt(f)
    }
}

impl FromStr for TokenHash {
    type Err = HashError;

    fn from_str(word: &str) -> Result<Self, HashError> {
        word::decode(word).map(Self).ok_or(HashError)
    }
}

/// A word that is no token's hash.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a token's hash is 52 lower-case letters and digits 2 to 7")]
pub(crate) struct HashError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_its_word() {
        let token = Token::generate();
        assert_eq!(token.reveal().parse::<Token>().unwrap(), token);
        assert_ne!(token, Token::generate());
        for word in ["", "a", &token.reveal()[1..], &token.reveal().to_uppercase()] {
            assert_eq!(word.parse::<Token>(), Err(TokenError), "{word}");
        }
    }

    #[test]
    fn its_hash_knows_it() {
        let token = Token::generate();
        let hash: TokenHash = token.hash().to_string().parse().unwrap();
        assert_eq!(hash, token.hash());
        assert_ne!(hash, Token::generate().hash());
    }
}
