#[cfg(feature = "lanes")]
use std::sync::LazyLock;

use md5::{Digest as _, Md5};

use super::Algorithm;

/// The length of a block, in bytes: 64 KiB. The last block of a content may be shorter.
pub const BLOCK_LEN: usize = 64 * 1024;

/// How many blocks are hashed side by side, at most.
const BATCH: usize = 32;

/// The bytes of an MD5 digest.
type Md5Digest = [u8; Algorithm::Md5.digest_len()];

/// Appends to `out` one digest for each block of [`BLOCK_LEN`] bytes of `data`; the last block may
/// be shorter, and no data has no blocks.
///
/// Nothing is allocated but what `out` needs to grow. Give it as much data as there is, up to 32
/// blocks at a time: MD5 of many blocks is several times faster than of each alone.
pub fn digest_blocks(algorithm: Algorithm, data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len().div_ceil(BLOCK_LEN) * algorithm.digest_len());
    match algorithm {
        Algorithm::Md5 => md5_blocks(fastest(), data, out),
        Algorithm::Blake3 => {
            for block in data.chunks(BLOCK_LEN) {
                out.extend_from_slice(blake3::hash(block).as_bytes());
            }
        }
    }
}

/// Computes MD5 of several blocks, side by side if it can.
trait BlockHasher: Sync {
    /// Puts the digest of each block in the place of the same index.
    fn hash(&self, blocks: &[&[u8]], digests: &mut [Md5Digest]);
}

/// One block after the other, on every machine.
struct Portable;

impl BlockHasher for Portable {
    fn hash(&self, blocks: &[&[u8]], digests: &mut [Md5Digest]) {
        for (block, digest) in blocks.iter().zip(digests) {
            *digest = Md5::digest(block).into();
        }
    }
}

/// As many blocks at once as the machine's SIMD registers have lanes.
#[cfg(feature = "lanes")]
struct Lanes(md5_many::Md5Many);

#[cfg(feature = "lanes")]
impl Lanes {
    /// Finds out what the processor can do; `None` if it has no such registers.
    fn detect() -> Option<Self> {
        let engine = md5_many::Md5Many::new();
        (engine.lanes() > 1).then_some(Self(engine))
    }
}

#[cfg(feature = "lanes")]
impl BlockHasher for Lanes {
    fn hash(&self, blocks: &[&[u8]], digests: &mut [Md5Digest]) {
        self.0.hash_many(blocks, digests);
    }
}

/// The fastest way there is on this machine, which is found out once.
fn fastest() -> &'static dyn BlockHasher {
    #[cfg(feature = "lanes")]
    {
        static LANES: LazyLock<Option<Lanes>> = LazyLock::new(Lanes::detect);
        if let Some(lanes) = &*LANES {
            return lanes;
        }
    }
    &Portable
}

fn md5_blocks(hasher: &dyn BlockHasher, data: &[u8], out: &mut Vec<u8>) {
    for batch in data.chunks(BATCH * BLOCK_LEN) {
        let mut blocks = [&[][..]; BATCH];
        let mut digests = [Md5Digest::default(); BATCH];
        let mut used = 0;
        for (place, block) in blocks.iter_mut().zip(batch.chunks(BLOCK_LEN)) {
            *place = block;
            used += 1;
        }
        hasher.hash(&blocks[..used], &mut digests[..used]);
        out.extend_from_slice(digests[..used].as_flattened());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes that repeat neither within a block nor from block to block.
    fn content(length: usize) -> Vec<u8> {
        let mut content = vec![0; length];
        blake3::Hasher::new().finalize_xof().fill(&mut content);
        content
    }

    fn portable(data: &[u8]) -> Vec<u8> {
        let mut digests = Vec::new();
        md5_blocks(&Portable, data, &mut digests);
        digests
    }

    fn blocks(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
        let mut digests = Vec::new();
        digest_blocks(algorithm, data, &mut digests);
        digests
    }

    #[test]
    fn the_portable_way_gives_the_digests_of_rfc_1321() {
        assert!(portable(b"").is_empty());
        assert_eq!(
            crate::hex(&portable(b"abc")),
            "90 01 50 98 3c d2 4f b0 d6 96 3f 7d 28 e1 7f 72"
        );
    }

    #[test]
    fn the_fastest_way_gives_the_same_for_every_number_of_blocks() {
        let data = content((BATCH + 3) * BLOCK_LEN);
        let expected = portable(&data);
        for count in 0..=BATCH + 3 {
            let digests = blocks(Algorithm::Md5, &data[..count * BLOCK_LEN]);
            assert_eq!(digests, expected[..count * 16], "{count} blocks");
        }
    }

    #[test]
    fn the_fastest_way_gives_the_same_around_the_padding_of_md5() {
        let data = content(18 * BLOCK_LEN);
        for count in [0, 1, 7, 17] {
            for short in [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 128, BLOCK_LEN - 1] {
                let data = &data[..count * BLOCK_LEN + short];
                assert_eq!(blocks(Algorithm::Md5, data), portable(data), "{count} and {short}");
            }
        }
    }

    #[test]
    fn digests_are_appended_to_what_is_there() {
        let data = content(BLOCK_LEN + 5);
        for algorithm in Algorithm::ALL {
            let mut digests = b"before".to_vec();
            digest_blocks(*algorithm, &data, &mut digests);
            let mut expected = b"before".to_vec();
            for block in data.chunks(BLOCK_LEN) {
                let mut hasher = crate::Hasher::new(*algorithm);
                hasher.update(block);
                expected.extend_from_slice(hasher.finalize().as_bytes());
            }
            assert_eq!(digests, expected, "{algorithm}");
            assert_eq!(digests.len(), 6 + 2 * algorithm.digest_len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_fastest_way_gives_the_same_for_any_length(
            length in 0..4_500_000_usize,
            start in 0..64_usize,
        ) {
            // At any alignment too.
            let data = content(start + length);
            let data = &data[start..];
            prop_assert_eq!(blocks(Algorithm::Md5, data), portable(data));
        }
    }
}
