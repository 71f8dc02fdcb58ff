//! The key's file: PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.

use std::fmt::Write;

use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::Identity;
use crate::text::shown;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const LABEL: &str = "PRIVATE KEY";

/// What PKCS #8 has between its length and an Ed25519 key (RFC 8410, section 7): the version, and
/// the algorithm. The version is 0, or 1 where the public half is there too.
const ED25519: [u8; 7] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];

/// What is wrong with a key's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It is empty.
    #[error("the key file is empty")]
    Empty,
    /// It is not in PEM.
    #[error("this is no key file: it does not begin with `-----BEGIN PRIVATE KEY-----`")]
    NotPem,
    /// It has an end other than its own, or none.
    #[error("the key file is cut short: it does not end with `-----END {label}-----`")]
    CutShort {
        /// What the file begins as.
        label: String,
    },
    /// Something in it cannot be read.
    #[error("the key file is damaged")]
    Damaged,
    /// It holds something else.
    #[error("the key file holds {found}, and not an Ed25519 key")]
    WrongType {
        /// What was found.
        found: String,
    },
}

/// Makes a key, and what to write into its file.
pub(crate) fn generate() -> (Identity, Zeroizing<String>) {
    let pair = Ed25519KeyPair::generate().expect("the system gives randomness");
    let der = pair.to_pkcs8v1().expect("an Ed25519 key can be written");
    let base64 = Zeroizing::new(BASE64.encode(der.as_ref()));
    let mut pem = Zeroizing::new(String::with_capacity(128));
    write!(pem, "{BEGIN}{LABEL}{DASHES}\n{}\n{END}{LABEL}{DASHES}\n", *base64)
        .expect("a string takes everything");
    (Identity::new(pair), pem)
}

/// Reads what [`generate`] gave to write, or what OpenSSL wrote.
pub(crate) fn from_pem(bytes: Vec<u8>) -> Result<Identity, KeyFileError> {
    let bytes = Zeroizing::new(bytes);
    let text = str::from_utf8(&bytes).map_err(|_| KeyFileError::NotPem)?.trim();
    if text.is_empty() {
        return Err(KeyFileError::Empty);
    }
    // A beginning of the beginning is a file that was cut short, too.
    let cut_short = || KeyFileError::CutShort { label: LABEL.into() };
    let whole_beginning = "-----BEGIN PRIVATE KEY-----";
    if whole_beginning.starts_with(text) {
        return Err(cut_short());
    }
    let rest = text.strip_prefix(BEGIN).ok_or(KeyFileError::NotPem)?;
    let (label, rest) = rest.split_once(DASHES).ok_or_else(cut_short)?;
    let body = rest
        .strip_suffix(DASHES)
        .and_then(|rest| rest.strip_suffix(label))
        .and_then(|rest| rest.strip_suffix(END))
        .ok_or_else(|| KeyFileError::CutShort { label: shown(label) })?;
    if label != LABEL {
        return Err(KeyFileError::WrongType { found: format!("`{}`", shown(label)) });
    }
    let base64: Zeroizing<String> =
        Zeroizing::new(body.split_ascii_whitespace().collect::<String>());
    let der = Zeroizing::new(BASE64.decode(base64.as_bytes()).map_err(|_| KeyFileError::Damaged)?);
    if let Some(found) = other_kind(&der) {
        return Err(KeyFileError::WrongType { found });
    }
    Ed25519KeyPair::from_pkcs8(&der).map(Identity::new).map_err(|_| KeyFileError::Damaged)
}

/// What kind of key it is, if it is whole and not of our kind.
fn other_kind(der: &[u8]) -> Option<String> {
    // SEQUENCE, its length in one byte or in the bytes that the first one counts; INTEGER version.
    let (&[0x30, length], rest) = der.split_first_chunk::<2>()? else { return None };
    let (length, rest) = match usize::from(length) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(long & 0x7f)?;
            let length = bytes.iter().try_fold(0usize, |length, &byte| {
                Some(length.checked_mul(256)? + usize::from(byte))
            })?;
            (length, rest)
        }
    };
    let (_version, algorithm) = rest.split_first_chunk::<3>()?;
    let of_another_kind = length == rest.len() && !algorithm.starts_with(&ED25519);
    of_another_kind.then(|| "a private key of another algorithm".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `openssl genpkey -algorithm ed25519`, and its public half.
    const OPENSSL: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";

    fn failure(text: &str) -> KeyFileError {
        from_pem(text.into()).unwrap_err()
    }

    #[test]
    fn what_is_written_can_be_read() {
        let (key, pem) = generate();
        assert_eq!(pem.len(), OPENSSL.len());
        assert_eq!(from_pem(pem.as_bytes().to_vec()).unwrap().public(), key.public());
    }

    #[test]
    fn reads_what_openssl_wrote() {
        // The key of RFC 8410, section 10.3, whose public half is told there too.
        let public = from_pem(OPENSSL.into()).unwrap().public();
        let expected = BASE64.decode(b"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").unwrap();
        assert_eq!(public.as_bytes()[..], expected);
        from_pem(OPENSSL.replace('\n', "\r\n").into()).unwrap();
    }

    #[test]
    fn rejects_every_truncation() {
        let (_, pem) = generate();
        for end in 1..pem.len() - 1 {
            let error = failure(&pem[..end]);
            assert!(matches!(error, KeyFileError::CutShort { .. }), "{end}: {error}");
        }
        assert_eq!(failure(""), KeyFileError::Empty);
    }

    #[test]
    fn rejects_what_was_damaged_inside() {
        let without_a_line = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n";
        assert_eq!(failure(without_a_line), KeyFileError::Damaged);
        for end in 0..64 {
            let line = &OPENSSL[28..28 + end];
            let text = format!("-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----\n");
            assert_eq!(failure(&text), KeyFileError::Damaged, "{end}");
        }
        assert_eq!(failure(&OPENSSL.replace("MC4", "M-4")), KeyFileError::Damaged);
    }

    #[test]
    fn says_what_other_kind_of_key_it_is() {
        let found = |text: &str| match failure(text) {
            KeyFileError::WrongType { found } => found,
            other => panic!("{other}"),
        };
        let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n\
                   -----END OPENSSH PRIVATE KEY-----\n";
        assert_eq!(found(ssh), "`OPENSSH PRIVATE KEY`");
        let x25519 = OPENSSL.replace("K2VwBC", "K2VuBC");
        assert_eq!(found(&x25519), "a private key of another algorithm");
        assert_eq!(failure("ssh-ed25519 AAAA liu@host"), KeyFileError::NotPem);
        assert_eq!(from_pem(vec![0xff; 48]).unwrap_err(), KeyFileError::NotPem);
    }
}
