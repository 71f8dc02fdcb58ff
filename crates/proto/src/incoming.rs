use bytes::{Buf, Bytes, BytesMut};

use crate::{decoder::Decoder, error::DecodeError, header::Header, limits::Limits};

/// How much the shells read at a time when they do not read a body straight to its place, in bytes.
pub(crate) const READ_AHEAD: usize = 16 * 1024;

/// What has been read from a transport and not yet been asked for, and the decoder that knows what
/// it is. Both shells stand on this.
///
/// It holds no memory while it is empty.
#[derive(Debug)]
pub(crate) struct Incoming {
    decoder: Decoder,
    ahead: BytesMut,
}

impl Incoming {
    pub(crate) fn new(limits: Limits, prefix: Bytes) -> Self {
        Self { decoder: Decoder::new(limits), ahead: BytesMut::from(prefix) }
    }

    /// Takes in bytes that the transport gave.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.ahead.extend_from_slice(bytes);
    }

    /// How many bytes are here and not yet asked for.
    #[cfg(feature = "tokio")]
    pub(crate) fn len(&self) -> usize {
        self.ahead.len()
    }

    /// The next header, if it is here.
    pub(crate) fn next_header<H: Header>(&mut self) -> Result<Option<H>, DecodeError> {
        let mut input = &self.ahead[..];
        let header = self.decoder.decode_header(&mut input);
        let used = self.ahead.len() - input.len();
        self.consume(used);
        header
    }

    pub(crate) fn body_remaining(&self) -> u64 {
        self.decoder.body_remaining()
    }

    /// How much of the body a destination of `length` bytes can take.
    pub(crate) fn body_wanted(&self, length: usize) -> usize {
        usize::try_from(self.body_remaining()).map_or(length, |remaining| remaining.min(length))
    }

    /// Copies what is here of the body; 0 if none of it is.
    pub(crate) fn take_body(&mut self, buf: &mut [u8]) -> usize {
        let length = self.body_wanted(buf.len()).min(self.ahead.len());
        buf[..length].copy_from_slice(&self.ahead[..length]);
        self.consume(length);
        self.advance_body(length);
        length
    }

    /// Notes that part of the body went straight to its place.
    pub(crate) fn advance_body(&mut self, length: usize) {
        self.decoder.advance_body(length as u64);
    }

    /// Tells whether the transport may end here.
    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        self.decoder.finish()
    }

    /// All that was read and belongs to no frame that was given out.
    pub(crate) fn into_unread(self) -> Bytes {
        let mut unread = self.decoder.into_gathered();
        if unread.is_empty() {
            return self.ahead.freeze();
        }
        unread.extend_from_slice(&self.ahead);
        unread.into()
    }

    fn consume(&mut self, length: usize) {
        self.ahead.advance(length);
        if self.ahead.is_empty() {
            self.ahead = BytesMut::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Empty {}

    impl Header for Empty {}

    #[test]
    fn holds_no_memory_while_it_is_empty() {
        let mut incoming = Incoming::new(Limits::default(), Bytes::new());
        assert_eq!(incoming.ahead.capacity(), 0);
        incoming.feed(b"\x02\0\0\0{}\x02\0\0\0{}");
        assert!(incoming.next_header::<Empty>().unwrap().is_some());
        assert!(incoming.ahead.capacity() > 0);
        assert!(incoming.next_header::<Empty>().unwrap().is_some());
        assert_eq!(incoming.ahead.capacity(), 0);
        assert!(incoming.next_header::<Empty>().unwrap().is_none());
    }
}
