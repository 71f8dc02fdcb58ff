//! Sizes, chunk headers, and a piece of a file as one chunk.

use proto::{Algorithm, Hasher, Limits};
use serde::{Deserialize, Serialize};

use super::ClassicError;

/// The largest file that can be announced: the size is an `i32`.
pub(super) const MAX_FILE_BYTES: u64 = i32::MAX as u64;

/// What stands in front of each chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChunkHeader {
    /// The name of the file.
    pub(super) file_name: String,
    /// The length of this chunk, not of the file.
    pub(super) file_size: u64,
    /// The MD5 of this chunk, in hexadecimal digits.
    pub(super) md5: String,
}

impl proto::Header for ChunkHeader {
    fn body_len(&self) -> u64 {
        self.file_size
    }
}

impl ChunkHeader {
    fn of(name: &str, content: &[u8]) -> Self {
        let file_size = content.len() as u64;
        Self { file_name: name.into(), file_size, md5: md5(content) }
    }
}

/// A size as it is announced.
pub(super) fn encode_size(size: u64) -> Result<[u8; 4], ClassicError> {
    let too_large = |_| ClassicError::TooLarge { size, allowed: MAX_FILE_BYTES };
    Ok(i32::try_from(size).map_err(too_large)?.to_le_bytes())
}

/// A size as it was announced.
pub(super) fn decode_size(bytes: [u8; 4]) -> Result<u64, ClassicError> {
    let found = i32::from_le_bytes(bytes);
    u64::try_from(found).map_err(|_| ClassicError::NegativeSize { found })
}

/// Appends a chunk, header and all.
pub(super) fn encode_chunk(name: &str, content: &[u8], out: &mut Vec<u8>) {
    let header = proto::encode_header(&ChunkHeader::of(name, content), &Limits::default());
    out.extend_from_slice(&header.expect("names are bounded, and six times that fits a header"));
    out.extend_from_slice(content);
}

/// The MD5 of some bytes, in hexadecimal digits.
pub(super) fn md5(content: &[u8]) -> String {
    let mut hasher = Hasher::new(Algorithm::Md5);
    hasher.update(content);
    hasher.finalize().to_string()
}
