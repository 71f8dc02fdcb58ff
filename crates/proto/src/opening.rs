/// How a peer begins to talk, told by its first byte.
///
/// ```
/// use proto::Opening;
///
/// assert_eq!(Opening::detect(0x00), Opening::Native);
/// assert_eq!(Opening::detect(0x16), Opening::Tls);
/// assert_eq!(Opening::detect(b'g'), Opening::Raw);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opening {
    /// A [`Hello`](crate::Hello): its header is padded to a multiple of 256 bytes, so that the
    /// lowest byte of its length, the first on the wire, is 0x00.
    Native,
    /// A TLS handshake record (RFC 8446, section 5.1: content type 22).
    Tls,
    /// Anything else: raw text, HTTP, or a stray peer.
    Raw,
}

impl Opening {
    /// What tells a TLS client that there is no TLS here: a fatal alert, protocol_version
    /// (RFC 8446, section 6). The client's own message says the rest.
    pub const TLS_ALERT: [u8; 7] = [0x15, 3, 1, 0, 2, 2, 70];

    /// Tells from the first byte on the wire which it is. One byte is enough, as a raw command
    /// may be as short as two and its sender then waits.
    #[must_use]
    pub fn detect(first_byte: u8) -> Self {
        match first_byte {
            0x00 => Self::Native,
            0x16 => Self::Tls,
            _ => Self::Raw,
        }
    }
}
