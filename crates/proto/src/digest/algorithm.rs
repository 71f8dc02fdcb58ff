use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A digest algorithm, by the name it has on the wire.
///
/// Both prove that nothing was changed by accident. MD5 proves nothing against somebody who wants
/// to change it; that is the transport's part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Algorithm {
    /// MD5 (RFC 1321), what `md5sum` prints: 16 bytes. The default.
    #[default]
    Md5,
    /// BLAKE3: 32 bytes.
    Blake3,
}

impl Algorithm {
    /// All of them, the one that is liked best first.
    pub const ALL: &'static [Self] = &[Self::Md5, Self::Blake3];

    /// The length of a digest, in bytes.
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Blake3 => 32,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Md5 => "md5",
            Self::Blake3 => "blake3",
        })
    }
}

/// The name of no digest algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown digest algorithm {found:?}: expected md5 or blake3")]
pub struct UnknownAlgorithm {
    /// The name that was found.
    pub found: String,
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "md5" => Ok(Self::Md5),
            "blake3" => Ok(Self::Blake3),
            _ => Err(UnknownAlgorithm { found: name.to_owned() }),
        }
    }
}
