use std::fmt;
use std::sync::Arc;

/// A public key: who somebody is, whatever name and address they use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// Signs datagrams: the secret half of a key, wherever it is kept.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public(&self) -> [u8; 32];

    /// The signature of a message.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// Checks signatures, of anybody.
pub trait Verifier: Send + Sync {
    /// Whether the owner of that key has signed that message.
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;
}

/// A key and the means to check others': what a client or a server needs to be somebody.
#[derive(Clone)]
pub struct Identity {
    signer: Arc<dyn Signer>,
    verifier: Arc<dyn Verifier>,
}

impl Identity {
    /// Signs with the one and checks with the other.
    pub fn new(signer: impl Signer + 'static, verifier: impl Verifier + 'static) -> Self {
        Self { signer: Arc::new(signer), verifier: Arc::new(verifier) }
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.signer.public())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signer.sign(message)
    }

    pub(crate) fn verify(&self, key: PublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
        self.verifier.verify(&key.0, message, signature)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("public", &self.public()).finish_non_exhaustive()
    }
}

/// In hexadecimal.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
