//! The work on blocks that reads, hashes and writes: it blocks, and runs on a [`Pool`](super::Pool).

use proto::{Algorithm, BLOCK_LEN, digest_blocks};

use crate::store::{Source, StoreError, Upload};
use crate::wire::{Failure, MAX_SEGMENT_BLOCKS, Range, Status, blocks};

/// The longest head of a segment: a full segment's digests of the longest kind.
pub(crate) const MAX_HEAD: usize = MAX_SEGMENT_BLOCKS * 32;

/// How many bytes the digests of so much content take.
pub(crate) fn head_len(algorithm: Algorithm, len: u64) -> u64 {
    blocks(len) * algorithm.digest_len() as u64
}

/// Fills `buf` from `offset`.
///
/// # Errors
/// [`Status::Changed`] when the source ends before.
pub(crate) fn read_full<S: Source>(source: &S, buf: &mut [u8], offset: u64) -> Result<(), Failure> {
    let found = fill(buf, |buf, offset| source.read_at(buf, offset), offset)?;
    if found == buf.len() {
        return Ok(());
    }
    let entry = source.entry();
    let message = format!(
        "`{}` was {} bytes long and became shorter while it was read",
        entry.path, entry.size
    );
    Err(Failure::new(Status::Changed, message))
}

/// The digests of all blocks in `range`; `scratch` is where the content is read to.
pub(crate) fn digest_range<S: Source>(
    source: &S,
    algorithm: Algorithm,
    range: Range,
    scratch: &mut [u8],
) -> Result<Vec<u8>, Failure> {
    let mut digests = Vec::with_capacity(head_len(algorithm, range.len()) as usize);
    for piece in pieces(range, scratch.len()) {
        let content = &mut scratch[..piece.len() as usize];
        read_full(source, content, piece.start)?;
        digest_blocks(algorithm, content, &mut digests);
    }
    Ok(digests)
}

/// The blocks of `content` (which begins at `offset`) that are not what `head` says.
pub(crate) fn check_blocks(
    algorithm: Algorithm,
    head: &[u8],
    content: &[u8],
    offset: u64,
) -> Vec<Range> {
    let mut found = Vec::with_capacity(head.len());
    digest_blocks(algorithm, content, &mut found);
    if found == head {
        return Vec::new();
    }
    let end = offset + content.len() as u64;
    let len = algorithm.digest_len();
    let differ = |(index, (found, told)): (usize, (&[u8], &[u8]))| {
        let start = offset + (index * BLOCK_LEN) as u64;
        (found != told).then(|| Range::new(start, end.min(start + BLOCK_LEN as u64)))
    };
    found.chunks(len).zip(head.chunks(len)).enumerate().filter_map(differ).collect()
}

/// Writes the blocks of `content` that are what `head` says, and returns those that are not.
pub(crate) fn store_segment<U: Upload>(
    upload: &U,
    algorithm: Algorithm,
    head: &[u8],
    content: &[u8],
    offset: u64,
) -> Result<Vec<Range>, StoreError> {
    let bad = check_blocks(algorithm, head, content, offset);
    let mut start = offset;
    let end = offset + content.len() as u64;
    for hole in bad.iter().copied().chain([Range::new(end, end)]) {
        let good = &content[(start - offset) as usize..(hole.start - offset) as usize];
        if !good.is_empty() {
            upload.write_at(good, start)?;
        }
        start = hole.end;
    }
    Ok(bad)
}

/// Compares what is here with the source's digests of `range`: what the upload holds already
/// stays, what the present content holds at the same place is copied over. Returns what is
/// missing.
pub(crate) fn reuse<U: Upload>(
    upload: &U,
    algorithm: Algorithm,
    range: Range,
    digests: &[u8],
    scratch: &mut [u8],
) -> Result<Vec<Range>, StoreError> {
    let mut missing = Vec::new();
    let mut heads = digests;
    for piece in pieces(range, scratch.len()) {
        let (head, rest) = heads.split_at(head_len(algorithm, piece.len()) as usize);
        heads = rest;
        let content = &mut scratch[..piece.len() as usize];
        let kept = fill(content, |buf, offset| upload.read_kept(buf, offset), piece.start)?;
        let mut unlike = unlike(algorithm, head, &content[..kept], piece);
        if let Some(present) = upload.present().filter(|_| !unlike.is_empty()) {
            unlike = copy_alike(upload, present, algorithm, head, piece, &unlike, content)?;
        }
        missing.extend(unlike);
    }
    Ok(missing)
}

/// Copies those of the `wanted` blocks that the present content has; returns the others.
fn copy_alike<U: Upload>(
    upload: &U,
    present: &U::Basis,
    algorithm: Algorithm,
    head: &[u8],
    piece: Range,
    wanted: &[Range],
    content: &mut [u8],
) -> Result<Vec<Range>, StoreError> {
    let there = fill(content, |buf, offset| present.read_at(buf, offset), piece.start)?;
    let unlike = unlike(algorithm, head, &content[..there], piece);
    let (missing, alike): (Vec<_>, Vec<_>) =
        wanted.iter().copied().partition(|block| unlike.contains(block));
    for block in alike {
        let place = (block.start - piece.start) as usize..(block.end - piece.start) as usize;
        upload.write_at(&content[place], block.start)?;
    }
    Ok(missing)
}

/// The blocks of `piece` whose digests `content`, which may end early, does not have.
fn unlike(algorithm: Algorithm, head: &[u8], content: &[u8], piece: Range) -> Vec<Range> {
    let known = head_len(algorithm, content.len() as u64) as usize;
    let mut unlike = check_blocks(algorithm, &head[..known], content, piece.start);
    let mut start = piece.start + blocks(content.len() as u64) * BLOCK_LEN as u64;
    while start < piece.end {
        let end = piece.end.min(start + BLOCK_LEN as u64);
        unlike.push(Range::new(start, end));
        start = end;
    }
    // A block that ends early has another digest, but is as long as its whole place.
    for block in &mut unlike {
        block.end = piece.end.min(block.start + BLOCK_LEN as u64);
    }
    unlike
}

/// Reads until `buf` is full or there is no more.
fn fill(
    buf: &mut [u8],
    read: impl Fn(&mut [u8], u64) -> Result<usize, StoreError>,
    offset: u64,
) -> Result<usize, StoreError> {
    let mut filled = 0;
    while filled < buf.len() {
        match read(&mut buf[filled..], offset + filled as u64)? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

/// `range` in pieces of at most `most` bytes.
fn pieces(range: Range, most: usize) -> impl Iterator<Item = Range> {
    let starts = (range.start..range.end).step_by(most);
    starts.map(move |start| Range::new(start, range.end.min(start + most as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = BLOCK_LEN as u64;

    fn digests(content: &[u8]) -> Vec<u8> {
        let mut digests = Vec::new();
        digest_blocks(Algorithm::Md5, content, &mut digests);
        digests
    }

    #[test]
    fn names_exactly_the_blocks_that_differ() {
        let mut content = vec![7; 4 * BLOCK_LEN + 9];
        let head = digests(&content);
        assert_eq!(check_blocks(Algorithm::Md5, &head, &content, 0), []);
        content[BLOCK_LEN] ^= 1;
        *content.last_mut().unwrap() ^= 1;
        let bad = check_blocks(Algorithm::Md5, &head, &content, BLOCK);
        let last = Range::new(5 * BLOCK, 5 * BLOCK + 9);
        assert_eq!(bad, [Range::new(2 * BLOCK, 3 * BLOCK), last]);
    }

    #[test]
    fn content_that_ends_early_lacks_its_last_blocks() {
        let content = vec![7; 3 * BLOCK_LEN];
        let head = digests(&content);
        let piece = Range::new(0, 3 * BLOCK);
        let missing = unlike(Algorithm::Md5, &head, &content[..BLOCK_LEN + 1], piece);
        assert_eq!(missing, [Range::new(BLOCK, 2 * BLOCK), Range::new(2 * BLOCK, 3 * BLOCK)]);
        assert_eq!(unlike(Algorithm::Md5, &head, &[], piece).len(), 3);
    }
}
