//! The digest of a stream that comes in pieces of any length.

use proto::{Algorithm, BLOCK_LEN, ContentDigest, digest_blocks};

use crate::wire::StreamSum;

/// How much is hashed at a time: as many blocks as the fastest way takes side by side.
const BATCH_LEN: usize = 16 * BLOCK_LEN;

/// Counts a stream and digests its blocks. The same code on both sides proves that nothing is
/// missing.
///
/// Pieces are gathered, because hashing many blocks at once is several times faster than hashing
/// each as it comes.
#[derive(Debug)]
pub(crate) struct StreamDigest {
    algorithm: Algorithm,
    whole: ContentDigest,
    /// What has not been hashed yet: less than a batch.
    gathered: Vec<u8>,
    digests: Vec<u8>,
    bytes: u64,
}

impl StreamDigest {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let whole = ContentDigest::new(algorithm);
        Self { algorithm, whole, gathered: Vec::new(), digests: Vec::new(), bytes: 0 }
    }

    pub(crate) fn update(&mut self, mut piece: &[u8]) {
        self.bytes += piece.len() as u64;
        while !piece.is_empty() {
            if self.gathered.is_empty() && piece.len() >= BATCH_LEN {
                let (batch, rest) = piece.split_at(piece.len() - piece.len() % BATCH_LEN);
                self.hash(batch);
                piece = rest;
                continue;
            }
            let (taken, rest) = piece.split_at(piece.len().min(BATCH_LEN - self.gathered.len()));
            self.gathered.extend_from_slice(taken);
            piece = rest;
            if self.gathered.len() == BATCH_LEN {
                self.hash_gathered();
            }
        }
    }

    /// The sum of all that was added.
    pub(crate) fn finish(mut self) -> StreamSum {
        self.hash_gathered();
        StreamSum { bytes: self.bytes, digest: self.whole.finalize().to_string() }
    }

    fn hash_gathered(&mut self) {
        let mut gathered = std::mem::take(&mut self.gathered);
        self.hash(&gathered);
        gathered.clear();
        self.gathered = gathered;
    }

    fn hash(&mut self, blocks: &[u8]) {
        self.digests.clear();
        digest_blocks(self.algorithm, blocks, &mut self.digests);
        self.whole.push(&self.digests);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(pieces: &[&[u8]]) -> StreamSum {
        let mut digest = StreamDigest::new(Algorithm::Md5);
        pieces.iter().for_each(|piece| digest.update(piece));
        digest.finish()
    }

    #[test]
    fn nothing_has_the_digest_of_no_bytes() {
        let nothing = sum(&[]);
        assert_eq!(nothing.bytes, 0);
        assert_eq!(nothing.digest, "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(sum(&[b""]), nothing);
    }

    #[test]
    fn however_a_stream_is_cut_its_sum_is_the_same() {
        let content: Vec<u8> =
            (0..3 * BATCH_LEN + BLOCK_LEN + 7).map(|i| (i / 251) as u8).collect();
        let mut blocks = Vec::new();
        digest_blocks(Algorithm::Md5, &content, &mut blocks);
        let mut whole = ContentDigest::new(Algorithm::Md5);
        whole.push(&blocks);
        let whole = whole.finalize().to_string();

        for len in [4096, 4097, BLOCK_LEN, BATCH_LEN - 1, BATCH_LEN, BATCH_LEN + 1, content.len()] {
            let pieces: Vec<_> = content.chunks(len).collect();
            let sum = sum(&pieces);
            assert_eq!((sum.bytes, sum.digest), (content.len() as u64, whole.clone()), "{len}");
        }
    }
}
