use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use super::PublicKey;

/// An account's key pair: with it we prove who we are. Clones share it.
///
/// [`Home::key`](crate::Home::key) gives the account's; [`generate`](Self::generate) one that
/// lives as long as the process.
#[derive(Clone)]
pub struct Identity {
    pair: Arc<Ed25519KeyPair>,
    public: PublicKey,
}

impl Identity {
    /// A new key that is kept nowhere.
    ///
    /// # Panics
    ///
    /// If the system has no randomness to give.
    #[must_use]
    pub fn generate() -> Self {
        Self::new(Ed25519KeyPair::generate().expect("the system gives randomness"))
    }

    pub(super) fn new(pair: Ed25519KeyPair) -> Self {
        let public = pair.public_key().as_ref().try_into().expect("Ed25519 keys have 32 bytes");
        Self { pair: Arc::new(pair), public: PublicKey::from_bytes(public) }
    }

    /// The half that others may see.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a message (Ed25519), for [`PublicKey::verify`].
    ///
    /// The same key signs TLS handshakes, whose texts begin with 64 spaces (RFC 8446, section
    /// 4.4.3): messages should begin with something of their own.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(message);
        signature.as_ref().try_into().expect("Ed25519 signatures have 64 bytes")
    }

    pub(crate) fn pair(&self) -> &Ed25519KeyPair {
        &self.pair
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_what_its_public_half_verifies() {
        let key = Identity::generate();
        let mut signature = key.sign(b"hello");
        assert!(key.public().verify(b"hello", &signature));
        assert!(!key.public().verify(b"hallo", &signature));
        assert!(!key.public().verify(b"hello", &signature[..63]));
        assert!(!Identity::generate().public().verify(b"hello", &signature));
        signature[10] ^= 1;
        assert!(!key.public().verify(b"hello", &signature));
    }

    #[test]
    fn shows_its_public_half_alone() {
        let key = Identity::generate();
        assert_eq!(format!("{key:?}"), format!("Identity {{ public: {:?}, .. }}", key.public()));
    }
}
