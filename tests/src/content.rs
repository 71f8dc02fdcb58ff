//! Content that is the same each time, and how two files are compared.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;

use proto::{Algorithm, Hasher};

use crate::Error;

/// How much of a file is held at a time, in bytes.
const PIECE: usize = 1 << 20;

/// A small generator of numbers, the same for the same seed: Knuth's MMIX constants.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// Begins a sequence.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut seeded = Self(seed);
        // Neighbouring seeds are told apart only after a step.
        seeded.number();
        seeded
    }

    /// The next number; its upper bits are the good ones.
    pub fn number(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.number() >> 11) % end.max(1)
    }
}

/// Bytes that no two blocks share.
#[must_use]
pub fn content(len: usize, seed: u64) -> Vec<u8> {
    let mut seeded = Seeded::new(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&seeded.number().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// What `md5sum` prints of a content.
#[must_use]
pub fn md5(content: &[u8]) -> String {
    let mut hasher = Hasher::new(Algorithm::Md5);
    hasher.update(content);
    hasher.finalize().to_string()
}

/// Writes a file of such bytes, piece by piece: it need not fit into memory.
///
/// # Errors
///
/// As [`File::create`] and writing to it.
pub fn write_content(path: &Path, len: u64, seed: u64) -> Result<(), Error> {
    let mut seeded = Seeded::new(seed);
    let mut file = BufWriter::with_capacity(PIECE, File::create(path)?);
    let mut left = len;
    while left > 0 {
        let bytes = seeded.number().to_le_bytes();
        let some = left.min(bytes.len() as u64);
        file.write_all(&bytes[..some as usize])?;
        left -= some;
    }
    Ok(file.flush()?)
}

/// Checks that two files have the same content, permission bits and modification time.
///
/// # Errors
///
/// In what they differ.
pub fn check_same(one: &Path, other: &Path) -> Result<(), Error> {
    let open = |path: &Path| {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        opened.map_err(|error| format!("{}: {error}", path.display()))
    };
    let ((about_first, mut first), (about_second, mut second)) = (open(one)?, open(other)?);
    let differ = |what: &str| Err(format!("{} differs in its {what}", other.display()).into());
    if about_first.len() != about_second.len() {
        return differ("size");
    }
    if about_first.permissions() != about_second.permissions() {
        return differ("permission bits");
    }
    if about_first.modified()? != about_second.modified()? {
        return differ("modification time");
    }
    let (mut here, mut there) = (vec![0; PIECE], vec![0; PIECE]);
    let mut left = about_first.len();
    while left > 0 {
        let len = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        first.read_exact(&mut here[..len])?;
        second.read_exact(&mut there[..len])?;
        if here[..len] != there[..len] {
            return differ("content");
        }
        left -= len as u64;
    }
    Ok(())
}

/// As [`check_same`], for tests.
///
/// # Panics
///
/// If they differ.
#[track_caller]
pub fn assert_same(one: &Path, other: &Path) {
    if let Err(difference) = check_same(one, other) {
        panic!("{difference}");
    }
}
