//! What proves that bytes arrived as they were sent.
//!
//! Content is blocks of [`BLOCK_LEN`], each with a digest of its own, and the digest of a longer
//! thing is the digest of its blocks' digests. So one wrong block is found and asked for again by
//! itself, and blocks can be hashed side by side: MD5 of one stream cannot be made faster, but
//! sixteen independent blocks fit into the lanes of a SIMD register.

mod algorithm;
mod blocks;
mod hasher;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use blocks::{BLOCK_LEN, digest_blocks};
pub use hasher::{ContentDigest, Digest, Hasher};
