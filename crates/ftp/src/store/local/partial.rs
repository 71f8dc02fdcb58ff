//! The files that unfinished uploads are kept in, beside their targets.
//!
//! Such a file is named `.{name}.{digest of owner and name}.seam-part`, so that an owner finds it
//! again and no two owners share one. Others may be able to write to the directory, so nothing is
//! taken on trust: what is found under the name is used only if it is a regular file of this
//! account with no other name, and is replaced otherwise.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::time::{Duration, SystemTime};

use cap_std::fs::Dir;
use proto::{Algorithm, Hasher};

use super::sys;
use crate::path::RemotePath;
use crate::store::{Kind, PARTIAL_DAYS, PARTIAL_SUFFIX, Timestamp};

/// The mode of what is not published yet: nobody else is to see it.
pub(super) const MODE: u32 = 0o600;
/// Hex digits of the digest in a partial's name.
const DIGEST_DIGITS: usize = 16;
/// How often another process may get in between before the name counts as busy.
const ATTEMPTS: usize = 16;

/// The name of the file in which `owner`'s upload of `name` is kept.
pub(super) fn partial_name(owner: &str, name: &[u8]) -> Vec<u8> {
    // The length in front keeps owner and name apart.
    let mut hasher = Hasher::new(Algorithm::Blake3);
    hasher.update(&(owner.len() as u64).to_le_bytes());
    hasher.update(owner.as_bytes());
    hasher.update(name);
    let digest = hasher.finalize().to_string();
    let end = format!(".{}{PARTIAL_SUFFIX}", &digest[..DIGEST_DIGITS]);
    let stem = shortened(name, RemotePath::MAX_COMPONENT_BYTES - 1 - end.len());
    [b".", stem, end.as_bytes()].concat()
}

/// The beginning of a name, cut between characters if it is UTF-8.
pub(super) fn shortened(name: &[u8], max_bytes: usize) -> &[u8] {
    if name.len() <= max_bytes {
        return name;
    }
    match std::str::from_utf8(name) {
        Ok(text) => &name[..text.floor_char_boundary(max_bytes)],
        Err(_) => &name[..max_bytes],
    }
}

/// Whether a name is reserved for partials; in any case, for file systems that tell no cases apart.
pub(super) fn is_reserved(name: &[u8]) -> bool {
    name.len()
        .checked_sub(PARTIAL_SUFFIX.len())
        .is_some_and(|stem| name[stem..].eq_ignore_ascii_case(PARTIAL_SUFFIX.as_bytes()))
}

/// Whether a name is one that [`partial_name`] gives: only such files are ever removed unasked.
fn is_partial_name(name: &[u8]) -> bool {
    let stem =
        name.strip_prefix(b".").and_then(|name| name.strip_suffix(PARTIAL_SUFFIX.as_bytes()));
    let Some((digest, rest)) = stem.and_then(|stem| {
        stem.split_last_chunk::<DIGEST_DIGITS>().map(|(rest, digest)| (digest, rest))
    }) else {
        return false;
    };
    rest.ends_with(b".") && digest.iter().all(u8::is_ascii_hexdigit)
}

/// The length of the partial that [`open`] would find.
pub(super) fn kept_len(dir: &Dir, name: &[u8]) -> u64 {
    sys::stat(dir, name).ok().filter(sys::Meta::is_private).map_or(0, |meta| meta.len())
}

/// Takes the partial over from an upload that was fenced, or opens it, or makes it.
///
/// It is locked then; `None` while another process has it.
pub(super) fn reopen(fenced: Option<File>, dir: &Dir, name: &[u8]) -> io::Result<Option<File>> {
    match fenced {
        Some(file) if is_at(&file, dir, name)? => Ok(Some(file)),
        _ => open(dir, name),
    }
}

fn open(dir: &Dir, name: &[u8]) -> io::Result<Option<File>> {
    for _ in 0..ATTEMPTS {
        let file = match open_once(dir, name) {
            Ok(Some(file)) => file,
            Ok(None) => continue,
            // Somebody removed or made it between two calls.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        if !sys::try_lock(&file)? {
            return Ok(None);
        }
        // What was looked at need not be what was opened.
        if is_at(&file, dir, name)? {
            if sys::stat_file(&file)?.mode().is_some_and(|mode| mode != MODE) {
                sys::set_mode(&file, MODE)?;
            }
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Opens the partial or makes it; `None` if there was something that had to be removed before.
fn open_once(dir: &Dir, name: &[u8]) -> io::Result<Option<File>> {
    match sys::stat(dir, name) {
        Ok(meta) if meta.is_private() => match sys::open_private(dir, name) {
            // Ours, but already with the mode it was to be published with when that was cut off.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
            opened => return opened.map(Some),
        },
        // Planted. A directory stays, and is the error.
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return sys::create_private(dir, name).map(Some);
        }
        Err(error) => return Err(error),
    }
    sys::remove_file(dir, name)?;
    Ok(None)
}

/// Whether `file` is still the one with this name, and has no other.
pub(super) fn is_at(file: &File, dir: &Dir, name: &[u8]) -> io::Result<bool> {
    let held = sys::stat_file(file)?;
    match sys::stat(dir, name) {
        Ok(named) => Ok(named.is_private() && named.is_same_file(&held)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the partials in a directory that nobody has written to for too long.
///
/// It is housekeeping for others: what cannot be read or removed is left alone.
pub(super) fn sweep(dir: &Dir) {
    let Ok(entries) = dir.entries() else { return };
    for entry in entries.flatten() {
        if let Some(name) = sys::remote(entry.file_name()) {
            let _ = remove_if_expired(dir, &name);
        }
    }
}

/// Removes a partial that has expired and is not in use, if `name` is one at all.
pub(super) fn remove_if_expired(dir: &Dir, name: &[u8]) -> io::Result<()> {
    if !is_partial_name(name) || !is_expired(&sys::stat(dir, name)?) {
        return Ok(());
    }
    let file = sys::open_private(dir, name)?;
    if sys::try_lock(&file)? && is_expired(&sys::stat_file(&file)?) && is_at(&file, dir, name)? {
        sys::remove_file(dir, name)?;
    }
    Ok(())
}

fn is_expired(meta: &sys::Meta) -> bool {
    let age = Duration::from_secs(PARTIAL_DAYS * 24 * 60 * 60);
    let oldest = SystemTime::now().checked_sub(age).map(Timestamp::from);
    meta.kind() == Kind::File && meta.modified().is_some_and(|modified| Some(modified) < oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partials_name_fits_whatever_its_targets_length() {
        for name in ["a", "报告.txt", &"n".repeat(255), &"报".repeat(85), &"🦀".repeat(63)] {
            let partial = partial_name("owner", name.as_bytes());
            assert!(partial.len() <= 255, "{}", partial.len());
            assert!(std::str::from_utf8(&partial).is_ok());
            assert!(is_reserved(&partial) && is_partial_name(&partial));
        }
        assert_eq!(partial_name("", &[0xff; 255]).len(), 255);
    }

    #[test]
    fn owners_and_long_names_are_told_apart() {
        let long = |end: &str| format!("{}{end}", "n".repeat(250)).into_bytes();
        let names = [
            partial_name("a", b"bc"),
            partial_name("ab", b"c"),
            partial_name("", b"abc"),
            partial_name("a", &long("1")),
            partial_name("a", &long("2")),
        ];
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name));
        }
    }

    #[test]
    fn only_names_of_this_form_are_ever_removed_unasked() {
        for name in
            ["notes.seam-part", ".seam-part", ".a.seam-part", ".a.0123456789abcdeg.seam-part"]
        {
            assert!(is_reserved(name.as_bytes()) && !is_partial_name(name.as_bytes()), "{name}");
        }
        assert!(is_reserved(b"X.SEAM-Part") && !is_reserved(b"seam-part.txt") && !is_reserved(b""));
    }
}
