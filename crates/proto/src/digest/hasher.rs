use std::fmt;

use md5::{Digest as _, Md5};

use super::Algorithm;
use crate::pack::write_hex;

/// The longest digest, in bytes.
const MAX_LEN: usize = 32;

/// A finished digest. It is shown as hex, as `md5sum` and `b3sum` do.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    /// Zero beyond `len`, so that comparing all of them is right.
    bytes: [u8; MAX_LEN],
    len: u8,
}

impl Digest {
    fn new(digest: &[u8]) -> Self {
        let mut bytes = [0; MAX_LEN];
        bytes[..digest.len()].copy_from_slice(digest);
        Self { bytes, len: digest.len() as u8 }
    }

    /// The digest's bytes, as many as its algorithm has.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.as_bytes())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Makes one digest of a stream of bytes.
///
/// ```
/// use proto::{Algorithm, Hasher};
///
/// let mut hasher = Hasher::new(Algorithm::Md5);
/// hasher.update(b"message ");
/// hasher.update(b"digest");
/// assert_eq!(hasher.finalize().to_string(), "f96b697d7cb7938d525a2f31aaf161d0");
/// ```
#[derive(Clone, Debug)]
pub struct Hasher(State);

#[derive(Clone, Debug)]
enum State {
    Md5(Md5),
    /// Boxed, because its state is twenty times that of MD5.
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::Blake3 => State::Blake3(Box::default()),
        })
    }

    /// Adds bytes to the stream.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            State::Md5(md5) => md5.update(data),
            State::Blake3(blake3) => {
                blake3.update(data);
            }
        }
    }

    /// The digest of all that was added.
    #[must_use]
    pub fn finalize(self) -> Digest {
        match self.0 {
            State::Md5(md5) => Digest::new(&md5.finalize()),
            State::Blake3(blake3) => Digest::new(blake3.finalize().as_bytes()),
        }
    }
}

/// Makes the digest of a longer thing: the digest of its blocks' digests, in their order.
///
/// That is so for a thing of one block too; of nothing at all, it is the digest of no bytes.
///
/// ```
/// use proto::{Algorithm, BLOCK_LEN, ContentDigest, digest_blocks};
///
/// let content = vec![7; 3 * BLOCK_LEN + 1];
/// let mut digests = Vec::new();
/// digest_blocks(Algorithm::Md5, &content, &mut digests);
/// assert_eq!(digests.len(), 4 * 16);
///
/// let mut whole = ContentDigest::new(Algorithm::Md5);
/// whole.push(&digests);
/// let mut piecewise = ContentDigest::new(Algorithm::Md5);
/// piecewise.push(&digests[..16]);
/// piecewise.push(&digests[16..]);
/// assert_eq!(whole.finalize(), piecewise.finalize());
/// ```
#[derive(Clone, Debug)]
pub struct ContentDigest(Hasher);

impl ContentDigest {
    /// The digest of no blocks, so far.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(Hasher::new(algorithm))
    }

    /// Adds the digests of the next blocks, as [`digest_blocks`](super::digest_blocks) gives them.
    pub fn push(&mut self, digests: &[u8]) {
        self.0.update(digests);
    }

    /// The digest of the whole.
    #[must_use]
    pub fn finalize(self) -> Digest {
        self.0.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(algorithm: Algorithm, data: &[u8]) -> Digest {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(data);
        hasher.finalize()
    }

    #[test]
    fn gives_the_published_digests() {
        let cases = [
            (Algorithm::Md5, &b""[..], "d41d8cd98f00b204e9800998ecf8427e"),
            (Algorithm::Md5, b"abc", "900150983cd24fb0d6963f7d28e17f72"),
            (
                Algorithm::Blake3,
                b"",
                "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            ),
        ];
        for (algorithm, data, expected) in cases {
            let digest = digest_of(algorithm, data);
            assert_eq!(digest.to_string(), expected);
            assert_eq!(format!("{digest:?}"), format!("Digest({expected})"));
            assert_eq!(digest.as_bytes().len(), algorithm.digest_len());
        }
    }

    #[test]
    fn a_stream_in_pieces_has_the_digest_of_the_whole() {
        for algorithm in Algorithm::ALL {
            let data: Vec<u8> = (0..=255).cycle().take(5000).collect();
            let mut hasher = Hasher::new(*algorithm);
            for piece in data.chunks(77) {
                hasher.update(piece);
            }
            assert_eq!(hasher.finalize(), digest_of(*algorithm, &data));
        }
    }

    #[test]
    fn the_digest_of_content_is_that_of_its_blocks_digests() {
        for algorithm in Algorithm::ALL {
            let block = digest_of(*algorithm, b"one block");
            let mut content = ContentDigest::new(*algorithm);
            content.push(block.as_bytes());
            assert_eq!(content.finalize(), digest_of(*algorithm, block.as_bytes()));
            assert_ne!(digest_of(*algorithm, block.as_bytes()), block);

            let nothing = ContentDigest::new(*algorithm).finalize();
            assert_eq!(nothing, digest_of(*algorithm, b""));
        }
    }
}
