use crate::key::{Identity, PublicKey};

/// The longest native datagram: it fits every path without being cut into pieces below us.
pub(crate) const MAX_DATAGRAM_BYTES: usize = 1200;

/// What no text that was typed begins with.
const NATIVE: u8 = 0x00;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 59;
const SIGNATURE_BYTES: usize = 64;

/// All of a datagram but its body.
pub(crate) const OVERHEAD_BYTES: usize = HEADER_BYTES + SIGNATURE_BYTES;

/// The longest body.
pub(crate) const MAX_BODY_BYTES: usize = MAX_DATAGRAM_BYTES - OVERHEAD_BYTES;

/// Keeps our signatures from meaning anything elsewhere, and others' from meaning anything here.
const CONTEXT: &[u8] = b"seam chat datagram 1";

/// Whether a datagram is a native one; anything else is raw text.
pub(crate) fn is_native(datagram: &[u8]) -> bool {
    datagram.first() == Some(&NATIVE)
}

/// What a datagram is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// To a server that is not known yet: who are you, and may I have a cookie?
    Knock = 1,
    /// The answer: the server's key, and a cookie for the address that knocked.
    Cookie = 2,
    /// A cookie comes back, with the name to join under.
    Hello = 3,
    /// The session is open.
    Welcome = 4,
    /// It is not, and why.
    Refused = 5,
    /// There is no such session any more.
    Gone = 6,
    /// The next bytes of the sender's stream of frames.
    Data = 7,
    /// Which of them have come.
    Ack = 8,
}

/// Who sends: it is signed, so that a datagram that is sent back is not taken for an answer, even
/// where client and server have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Side {
    Client = 1,
    Server = 2,
}

/// What stands in front of every body, and what is not sent but signed.
///
/// ```text
///  0        1         2      3            35           43           51          59         n-64        n
///  +--------+---------+------+------------+------------+------------+-----------+----------+-----------+
///  | 0x00   | version | kind | sender's   | sender's   | receiver's | number    | body     | signature |
///  |        | 1       | u8   | key        | nonce, u64 | nonce, u64 | u64       |          |           |
///  +--------+---------+------+------------+------------+------------+-----------+----------+-----------+
///  signed: context, side, receiver's key, then everything up to the signature; integers LE
/// ```
///
/// The receiver's key makes a datagram worthless anywhere else; the nonces, which both sides draw
/// anew, make it worthless in any other session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) kind: Kind,
    /// The sender's nonce: a client's is drawn for each session, a server's for each start.
    pub(crate) from_nonce: u64,
    /// The receiver's, as far as it is known; else 0.
    pub(crate) to_nonce: u64,
    /// Of data: its place in the stream. Else 0.
    pub(crate) number: u64,
}

/// A datagram whose signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened<'a> {
    pub(crate) sender: PublicKey,
    pub(crate) envelope: Envelope,
    pub(crate) body: &'a [u8],
}

/// Why a native datagram is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    #[error("{found} bytes, where {OVERHEAD_BYTES} to {MAX_DATAGRAM_BYTES} are allowed")]
    Length { found: usize },
    #[error("version {found}, where {VERSION} is spoken")]
    Version { found: u8 },
    #[error("there is no kind {found}")]
    Kind { found: u8 },
    #[error("the signature is wrong, or for somebody else")]
    Forged,
    #[error("the body is not one of its kind")]
    Body,
}

/// Takes the header apart without looking at the signature: what can be dropped for less than a
/// verification is dropped first.
pub(crate) fn peek(datagram: &[u8]) -> Result<(PublicKey, Envelope), WireError> {
    let found = datagram.len();
    if !(OVERHEAD_BYTES..=MAX_DATAGRAM_BYTES).contains(&found) || !is_native(datagram) {
        return Err(WireError::Length { found });
    }
    if datagram[1] != VERSION {
        return Err(WireError::Version { found: datagram[1] });
    }
    let kind = Kind::from_byte(datagram[2]).ok_or(WireError::Kind { found: datagram[2] })?;
    let field = |at: usize| {
        u64::from_le_bytes(datagram[at..at + 8].try_into().expect("eight bytes were taken"))
    };
    let key = datagram[3..35].try_into().expect("32 bytes were taken");
    let (from_nonce, to_nonce, number) = (field(35), field(43), field(51));
    Ok((PublicKey(key), Envelope { kind, from_nonce, to_nonce, number }))
}

impl<'a> Opened<'a> {
    /// Takes a datagram that `side` has sent to `receiver`, if it is whole and really from whom it
    /// says.
    pub(crate) fn open(
        datagram: &'a [u8],
        side: Side,
        receiver: PublicKey,
        identity: &Identity,
    ) -> Result<Self, WireError> {
        let (sender, envelope) = peek(datagram)?;
        let (head, signature) = datagram.split_at(datagram.len() - SIGNATURE_BYTES);
        let signature = signature.try_into().expect("it was split off with that length");
        // Whoever knocks does not know the receiver yet.
        let receiver = if envelope.kind == Kind::Knock { NOBODY } else { receiver };
        if !identity.verify(sender, &signed(side, receiver, head), signature) {
            return Err(WireError::Forged);
        }
        Ok(Self { sender, envelope, body: &head[HEADER_BYTES..] })
    }
}

/// The receiver of a knock.
const NOBODY: PublicKey = PublicKey([0; 32]);

/// Makes a datagram from `side` to `receiver`.
///
/// # Panics
///
/// If the body is too long; whoever makes bodies knows their lengths.
pub(crate) fn seal(
    envelope: Envelope,
    body: &[u8],
    side: Side,
    receiver: PublicKey,
    identity: &Identity,
) -> Vec<u8> {
    assert!(body.len() <= MAX_BODY_BYTES, "{} bytes in a body", body.len());
    let Envelope { kind, from_nonce, to_nonce, number } = envelope;
    let mut datagram = Vec::with_capacity(OVERHEAD_BYTES + body.len());
    datagram.extend_from_slice(&[NATIVE, VERSION, kind as u8]);
    datagram.extend_from_slice(&identity.public().0);
    for field in [from_nonce, to_nonce, number] {
        datagram.extend_from_slice(&field.to_le_bytes());
    }
    datagram.extend_from_slice(body);
    let receiver = if kind == Kind::Knock { NOBODY } else { receiver };
    let signature = identity.sign(&signed(side, receiver, &datagram));
    datagram.extend_from_slice(&signature);
    datagram
}

fn signed(side: Side, receiver: PublicKey, head: &[u8]) -> Vec<u8> {
    [CONTEXT, &[side as u8], &receiver.0, head].concat()
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        use Kind::{Ack, Cookie, Data, Gone, Hello, Knock, Refused, Welcome};
        let all = [Knock, Cookie, Hello, Welcome, Refused, Gone, Data, Ack];
        all.into_iter().find(|&kind| kind as u8 == byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::key::identity;

    fn sealed(kind: Kind) -> Vec<u8> {
        let envelope = Envelope { kind, from_nonce: 1, to_nonce: 2, number: 3 };
        seal(envelope, b"body", Side::Client, identity(9).public(), &identity(8))
    }

    fn open(datagram: &[u8], side: Side, receiver: u8) -> Result<Opened<'_>, WireError> {
        Opened::open(datagram, side, identity(receiver).public(), &identity(receiver))
    }

    #[test]
    fn every_field_has_its_place() {
        let bytes = sealed(Kind::Data);
        assert_eq!(bytes[..3], [0, 1, 7]);
        assert_eq!(bytes[3..35], [8; 32]);
        assert_eq!(
            bytes[35..59],
            [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(&bytes[59..63], b"body");
        assert_eq!(bytes.len(), 63 + 64);
        let opened = open(&bytes, Side::Client, 9).unwrap();
        let envelope = Envelope { kind: Kind::Data, from_nonce: 1, to_nonce: 2, number: 3 };
        assert_eq!((opened.sender, opened.envelope), (identity(8).public(), envelope));
        assert_eq!(opened.body, b"body");
    }

    #[test]
    fn it_opens_in_one_direction_for_one_receiver() {
        let bytes = sealed(Kind::Data);
        assert_eq!(open(&bytes, Side::Server, 9), Err(WireError::Forged));
        assert_eq!(open(&bytes, Side::Client, 8), Err(WireError::Forged));
        // Whoever knocks does not know for whom, but does know that it is for a server.
        let knock = sealed(Kind::Knock);
        assert!(open(&knock, Side::Client, 8).is_ok());
        assert_eq!(open(&knock, Side::Server, 8), Err(WireError::Forged));
    }

    #[test]
    fn what_is_none_is_told_apart() {
        let bytes = sealed(Kind::Data);
        for length in 0..OVERHEAD_BYTES {
            assert_eq!(peek(&bytes[..length]), Err(WireError::Length { found: length }));
        }
        let with = |at: usize, byte| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            peek(&bytes).map(|_| ())
        };
        assert_eq!(with(0, b'h'), Err(WireError::Length { found: bytes.len() }));
        assert_eq!(with(1, 2), Err(WireError::Version { found: 2 }));
        assert_eq!(with(2, 0), Err(WireError::Kind { found: 0 }));
        assert_eq!(with(2, 9), Err(WireError::Kind { found: 9 }));
        let too_long = vec![0; MAX_DATAGRAM_BYTES + 1];
        assert_eq!(peek(&too_long), Err(WireError::Length { found: 1201 }));
    }
}
