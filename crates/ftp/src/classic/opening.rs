//! Tells the name of a `put` from the size that follows it without anything in between.
//!
//! ```text
//! put NAME | i32: size | i32: length of the header | {"file_name": ...} | chunk ...
//!          n           n+4                          n+8
//! ```
//!
//! A name holds no NUL, while either the size or the length does: the longest header is 64 KiB, so
//! the highest byte of its length is one. The first NUL therefore leaves eight places where the
//! name may end, and the header shows which of them it is. An empty file has no header, but its
//! size is four NULs.

use super::chunk::{ChunkHeader, decode_size};
use super::{ClassicError, MAX_COMMAND_BYTES};

/// The length of each of the two integers.
const INT: usize = size_of::<i32>();

/// The longest header that is looked at, as everywhere else.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// The verbs, as a client sends them.
pub(super) const GET: &[u8] = b"get ";
pub(super) const PUT: &[u8] = b"put ";

/// What stands behind the verb of a `put`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// A name of so many bytes, then its size.
    File { name_len: usize, size: u64 },
    /// A name of so many bytes, then the next command: the client has no such file.
    Abandoned { name_len: usize },
}

/// Where a name may end, looked at more closely.
#[derive(Debug, PartialEq, Eq)]
enum Candidate {
    /// What follows is no size and header.
    Wrong,
    /// More has to come before that can be said.
    Open,
    /// A size of nothing.
    Empty,
    /// A size and a header; `named` if the header names the same file.
    Header { size: u64, named: bool },
}

/// Finds the end of the name in `bytes`, which begin behind the verb and of which `first_read` came
/// together with it. `None` when more is needed.
///
/// # Errors
///
/// [`ClassicError::CommandTooLong`], or [`ClassicError::NoSize`] when nothing fits.
pub(super) fn find(bytes: &[u8], first_read: usize) -> Result<Option<Opening>, ClassicError> {
    let allowed = MAX_COMMAND_BYTES - PUT.len();
    let nul = bytes.iter().position(|&byte| byte == 0);
    if nul.is_none_or(|nul| nul >= first_read) {
        let next = &bytes[first_read..];
        if next.starts_with(GET) || next.starts_with(PUT) {
            return Ok(Some(Opening::Abandoned { name_len: first_read }));
        }
    }
    let Some(nul) = nul else {
        let found = PUT.len() + bytes.len();
        return match bytes.len() > allowed + 2 * INT {
            true => Err(ClassicError::CommandTooLong { found, allowed: MAX_COMMAND_BYTES }),
            false => Ok(None),
        };
    };
    choose(bytes, first_read, nul, allowed)
}

/// Chooses among the places where the name may end, given the first NUL.
fn choose(
    bytes: &[u8],
    first_read: usize,
    nul: usize,
    allowed: usize,
) -> Result<Option<Opening>, ClassicError> {
    let (mut open, mut empty, mut unnamed) = (false, false, None);
    for name_len in nul.saturating_sub(2 * INT - 1).max(1)..=nul.min(allowed) {
        match examine(bytes, name_len) {
            Candidate::Wrong => {}
            Candidate::Open => open = true,
            Candidate::Empty => empty = true,
            Candidate::Header { size, named: true } => {
                return Ok(Some(Opening::File { name_len, size }));
            }
            Candidate::Header { size, named: false } => {
                unnamed = unnamed.or(Some((name_len, size)));
            }
        }
    }
    // The four NULs may also be the end of a small size and the first byte of a header's length.
    // Nobody sends that byte by itself, unless the reads themselves say that the name ended before.
    let cut_before = (nul.saturating_sub(2)..nul).contains(&first_read);
    let all_here = bytes.len() == nul + INT && !cut_before;
    if empty && (!open || all_here) {
        return Ok(Some(Opening::File { name_len: nul, size: 0 }));
    }
    match unnamed {
        _ if open => Ok(None),
        Some((name_len, size)) => Ok(Some(Opening::File { name_len, size })),
        None => Err(ClassicError::NoSize),
    }
}

/// What follows, if the name ends at `name_len`.
fn examine(bytes: &[u8], name_len: usize) -> Candidate {
    let rest = &bytes[name_len..];
    let Some((size, rest)) = rest.split_first_chunk::<INT>() else {
        return Candidate::Open;
    };
    let Ok(size) = decode_size(*size) else {
        return Candidate::Wrong;
    };
    if size == 0 {
        return Candidate::Empty;
    }
    let Some((header_len, rest)) = rest.split_first_chunk::<INT>() else {
        // Of what is longer than the limit, already the third byte tells.
        return if rest.get(2).is_some_and(|&byte| byte > 1) {
            Candidate::Wrong
        } else {
            Candidate::Open
        };
    };
    let header_len = u32::from_le_bytes(*header_len) as usize;
    if !(1..=MAX_HEADER_BYTES).contains(&header_len) || rest.first().is_some_and(|&b| b != b'{') {
        return Candidate::Wrong;
    }
    let Some(header) = rest.get(..header_len) else {
        return Candidate::Open;
    };
    match serde_json::from_slice::<ChunkHeader>(header) {
        Ok(header) if header.file_size <= size => {
            Candidate::Header { size, named: is_name_of(&header.file_name, &bytes[..name_len]) }
        }
        _ => Candidate::Wrong,
    }
}

/// Whether a header names the file of a command: by its name, or without the directories.
fn is_name_of(file_name: &str, command: &[u8]) -> bool {
    last(file_name.as_bytes()) == last(command)
}

/// What stands behind the last slash.
fn last(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'/').next().unwrap_or(name)
}
