use super::datagram::{MAX_BODY_BYTES, WireError};
use crate::message::JoinRefusal;
use crate::name::{MAX_NAME_BYTES, Name};

/// What an address has to send back to show that it is its own.
pub(crate) type Cookie = [u8; COOKIE_BYTES];

/// The length of a cookie.
pub(crate) const COOKIE_BYTES: usize = 16;

/// The longest token that a hello carries.
pub(crate) const MAX_TOKEN_BYTES: usize = 256;

/// A knock is longer than its answer: whoever forges its source gains nothing by it.
pub(crate) fn knock_body() -> [u8; 128] {
    [0; 128]
}

/// Who wants to join, and as what.
///
/// ```text
/// +---------+----------+----------------+------+-----------------+-------+
/// | cookie  | receives | length of name | name | length of token | token |
/// | 16      | 0 or 1   | u8             |      | u16 LE          |       |
/// +---------+----------+----------------+------+-----------------+-------+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) cookie: Cookie,
    /// Whether messages for the name are to be sent to this session; one that only sends does not
    /// take them from the one that receives.
    pub(crate) receives: bool,
    pub(crate) name: Name,
    pub(crate) token: Vec<u8>,
}

impl Hello {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let name = self.name.as_str().as_bytes();
        let length = u8::try_from(name.len()).expect("a name has at most 64 bytes");
        let token_length = u16::try_from(self.token.len()).expect("a token has at most 256 bytes");
        let mut body = Vec::with_capacity(MAX_BODY_BYTES);
        body.extend_from_slice(&self.cookie);
        body.extend_from_slice(&[u8::from(self.receives), length]);
        body.extend_from_slice(name);
        body.extend_from_slice(&token_length.to_le_bytes());
        body.extend_from_slice(&self.token);
        body
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, WireError> {
        Self::parse(body).ok_or(WireError::Body)
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let (cookie, rest) = body.split_first_chunk()?;
        let (&[receives, length], rest) = rest.split_first_chunk()?;
        if receives > 1 || usize::from(length) > MAX_NAME_BYTES {
            return None;
        }
        let (name, rest) = rest.split_at_checked(length.into())?;
        let (token_length, token) = rest.split_first_chunk()?;
        let token_length = usize::from(u16::from_le_bytes(*token_length));
        if token_length > MAX_TOKEN_BYTES || token.len() != token_length {
            return None;
        }
        let name = Name::try_from(String::from_utf8(name.to_vec()).ok()?).ok()?;
        Some(Self { cookie: *cookie, receives: receives == 1, name, token: token.to_vec() })
    }
}

/// The session is open. The server's nonce for it is in the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Welcome {
    /// What the server's store is known by, u64 LE: the numbers of a mailbox mean something within
    /// one store only.
    pub(crate) store: u64,
}

impl Welcome {
    pub(crate) fn encode(self) -> [u8; 8] {
        self.store.to_le_bytes()
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, WireError> {
        let store = body.try_into().map_err(|_| WireError::Body)?;
        Ok(Self { store: u64::from_le_bytes(store) })
    }
}

/// Why a session is not opened: one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) JoinRefusal);

impl Refused {
    pub(crate) fn encode(self) -> [u8; 1] {
        [match self.0 {
            JoinRefusal::NameTaken => 1,
            JoinRefusal::NotAdmitted => 2,
            JoinRefusal::Full => 3,
        }]
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, WireError> {
        match body {
            [1] => Ok(Self(JoinRefusal::NameTaken)),
            [2] => Ok(Self(JoinRefusal::NotAdmitted)),
            [3] => Ok(Self(JoinRefusal::Full)),
            _ => Err(WireError::Body),
        }
    }
}

/// Which data has come: everything before `next`, and of the 64 after `next` those whose bit is
/// set. Two u64 LE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) next: u64,
    pub(crate) beyond: u64,
}

impl Ack {
    pub(crate) fn encode(self) -> [u8; 16] {
        let mut body = [0; 16];
        body[..8].copy_from_slice(&self.next.to_le_bytes());
        body[8..].copy_from_slice(&self.beyond.to_le_bytes());
        body
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, WireError> {
        let (&next, rest) = body.split_first_chunk().ok_or(WireError::Body)?;
        let beyond = rest.try_into().map_err(|_| WireError::Body)?;
        Ok(Self { next: u64::from_le_bytes(next), beyond: u64::from_le_bytes(beyond) })
    }

    /// Whether the data of this number has come.
    pub(crate) fn has(self, number: u64) -> bool {
        match number.checked_sub(self.next) {
            None => true,
            Some(0) => false,
            Some(ahead) => ahead <= 64 && self.beyond & 1 << (ahead - 1) != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_comes_back_and_no_part_of_it_does() {
        let name = Name::parse(&"雪".repeat(21)).unwrap();
        let hello =
            Hello { cookie: [7; 16], receives: true, name, token: vec![1; MAX_TOKEN_BYTES] };
        let body = hello.encode();
        assert!(body.len() <= MAX_BODY_BYTES);
        assert_eq!(Hello::decode(&body), Ok(hello));
        for length in 0..body.len() {
            assert_eq!(Hello::decode(&body[..length]), Err(WireError::Body), "{length}");
        }
        assert_eq!(Hello::decode(&[&body[..], b"x"].concat()), Err(WireError::Body));
    }

    #[test]
    fn a_hello_has_a_name_that_keeps_the_rules() {
        let body = |name: &[u8]| {
            let length = u8::try_from(name.len()).unwrap();
            [&[0; 16][..], &[1, length], name, &[0, 0]].concat()
        };
        assert!(Hello::decode(&body(b"liu")).is_ok());
        for name in [&b""[..], b"\x1b[2J", b"\xff", b"e\xcc\x81", b"#x", &[b'x'; 65]] {
            assert_eq!(Hello::decode(&body(name)), Err(WireError::Body), "{name:?}");
        }
        let neither_yes_nor_no = [&[0; 16][..], &[2, 1], b"x", &[0, 0]].concat();
        assert_eq!(Hello::decode(&neither_yes_nor_no), Err(WireError::Body));
    }

    #[test]
    fn an_acknowledgement_speaks_of_what_came_and_of_64_after_the_next() {
        let ack = Ack { next: 5, beyond: 1 << 63 | 1 };
        let body = ack.encode();
        assert_eq!(Ack::decode(&body), Ok(ack));
        let has: Vec<_> = (0..100).filter(|&number| ack.has(number)).collect();
        assert_eq!(has, [0, 1, 2, 3, 4, 6, 69]);
        assert!(!Ack { next: u64::MAX, beyond: u64::MAX }.has(u64::MAX));
        for length in 0..body.len() {
            assert_eq!(Ack::decode(&body[..length]), Err(WireError::Body));
        }
    }

    #[test]
    fn every_refusal_comes_back() {
        use JoinRefusal::{Full, NameTaken, NotAdmitted};
        for refusal in [Full, NameTaken, NotAdmitted] {
            assert_eq!(Refused::decode(&Refused(refusal).encode()), Ok(Refused(refusal)));
        }
        for body in [&[][..], &[0], &[4], &[1, 1]] {
            assert_eq!(Refused::decode(body), Err(WireError::Body));
        }
    }
}
