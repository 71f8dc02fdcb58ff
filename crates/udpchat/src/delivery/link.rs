use std::time::Instant;

use proto::{DecodeError, Decoder, EncodeError, Header, Piece, encode_header};

use super::incoming::{Fresh, Incoming};
use super::outgoing::{AckError, Outgoing};
use crate::message::MAX_TEXT_BYTES;
use crate::wire::{Ack, Kind, Opened, WireError, frame_limits};

/// Two streams of frames between us and one peer, in one session.
///
/// What is pushed here comes out there, once and in order, or not at all if the session ends. The
/// session's owner seals what [`transmit`](Self::transmit) gives, and calls it again at the
/// [`deadline`](Self::deadline) or when something has come.
#[derive(Debug)]
pub(crate) struct Link<H> {
    outgoing: Outgoing,
    incoming: Incoming,
    decoder: Decoder,
    /// The frame whose body is on its way.
    open: Option<(H, Vec<u8>)>,
    /// The fragment that the decoder is in, and how much of it has been decoded.
    fragment: Box<[u8]>,
    used: usize,
    ack_due: bool,
    /// When the peer last said something that it had not said before.
    heard_at: Instant,
}

/// Why a session cannot go on: the peer does not keep to the protocol.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LinkError {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Ack(#[from] AckError),
    #[error("the stream holds what is no frame: {0}")]
    Frame(#[from] DecodeError),
    #[error("a text of {found} bytes, where {MAX_TEXT_BYTES} are allowed")]
    TooLong { found: u64 },
}

impl<H: Header> Link<H> {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            outgoing: Outgoing::new(),
            incoming: Incoming::default(),
            decoder: Decoder::new(frame_limits()),
            open: None,
            fragment: Box::default(),
            used: 0,
            ack_due: false,
            heard_at: now,
        }
    }

    /// Queues a frame.
    ///
    /// # Errors
    ///
    /// If the header is longer than the peer takes; nothing is queued then.
    pub(crate) fn push<T: Header>(&mut self, header: &T, body: &[u8]) -> Result<(), EncodeError> {
        debug_assert_eq!(header.body_len(), body.len() as u64);
        let head = encode_header(header, &frame_limits())?;
        self.outgoing.push(&head);
        self.outgoing.push(body);
        Ok(())
    }

    /// How many bytes have been pushed and not been acknowledged.
    pub(crate) fn queued(&self) -> usize {
        self.outgoing.len()
    }

    /// Takes a datagram of data or of an acknowledgement.
    pub(crate) fn receive(&mut self, opened: &Opened<'_>, now: Instant) -> Result<(), LinkError> {
        let news = match opened.envelope.kind {
            Kind::Data => {
                // What has come before is acknowledged again: the acknowledgement may be lost.
                self.ack_due = true;
                self.incoming.accept(opened.envelope.number, opened.body) == Fresh::New
            }
            Kind::Ack => self.outgoing.acknowledge(Ack::decode(opened.body)?, now)?,
            _ => return Err(WireError::Body.into()),
        };
        if news {
            self.heard_at = now;
        }
        Ok(())
    }

    /// The next frame that is complete.
    pub(crate) fn next_frame(&mut self) -> Result<Option<(H, Vec<u8>)>, LinkError> {
        loop {
            let mut input = &self.fragment[self.used..];
            let before = input.len();
            let piece = self.decoder.decode::<H>(&mut input)?;
            self.used += before - input.len();
            match piece {
                Some(Piece::Header(header)) => {
                    let found = header.body_len();
                    if found > MAX_TEXT_BYTES as u64 {
                        return Err(LinkError::TooLong { found });
                    }
                    self.open = Some((header, Vec::new()));
                }
                Some(Piece::Body(bytes)) => {
                    let (_, body) = self.open.as_mut().expect("a body follows its header");
                    body.extend_from_slice(bytes);
                }
                Some(Piece::End) => return Ok(self.open.take()),
                None => match self.incoming.take() {
                    Some(fragment) => (self.fragment, self.used) = (fragment, 0),
                    None => return Ok(None),
                },
            }
        }
    }

    /// The next datagram to send now: its envelope is yet to be addressed.
    pub(crate) fn transmit(&mut self, now: Instant) -> Option<(Kind, u64, Vec<u8>)> {
        if let Some((number, bytes)) = self.outgoing.next(now) {
            return Some((Kind::Data, number, bytes.to_vec()));
        }
        if std::mem::take(&mut self.ack_due) {
            return Some((Kind::Ack, 0, self.incoming.ack().encode().to_vec()));
        }
        None
    }

    /// When to transmit again if nothing comes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.outgoing.deadline()
    }

    /// When the peer last said anything new.
    pub(crate) fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// Since when the peer has left everything unanswered; `None` if nothing is.
    pub(crate) fn unanswered_since(&self) -> Option<Instant> {
        self.outgoing.unanswered_since().map(|since| since.max(self.heard_at))
    }

    /// The peer is found on another path, or again.
    pub(crate) fn new_path(&mut self, now: Instant) {
        self.outgoing.start_over();
        self.heard_at = now;
    }
}
