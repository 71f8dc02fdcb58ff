//! The proof over everything that was sent for one entry.

use proto::{Algorithm, Hasher};

use crate::wire::{Offer, Range};

/// A digest over the entry and the heads of all frames sent for it, in their order.
///
/// Block digests prove content but not its place: a bit that flips in an offset, a size or a
/// modification time would go unnoticed. Sender and receiver both keep this chain, and nothing is
/// published before they agree.
#[derive(Clone)]
pub(crate) struct Chain(Hasher);

impl Chain {
    /// Begins with what the entry says of itself.
    pub(crate) fn new(algorithm: Algorithm, offer: &Offer) -> Self {
        let entry = &offer.entry;
        let mut hasher = Hasher::new(algorithm);
        hasher.update(&offer.n.to_le_bytes());
        hasher.update(&[u8::from(offer.open_ended)]);
        hasher.update(&entry.size.to_le_bytes());
        hasher.update(&entry.mode.map_or(u32::MAX, |mode| mode).to_le_bytes());
        if let Some(modified) = entry.modified {
            hasher.update(&modified.seconds().to_le_bytes());
            hasher.update(&modified.nanoseconds().to_le_bytes());
        }
        hasher.update(entry.path.as_bytes());
        hasher.update(&[0]);
        hasher.update(entry.revision.as_str().as_bytes());
        Self(hasher)
    }

    /// Adds the head of a frame of digests.
    pub(crate) fn digests(&mut self, range: Range, digests: &[u8]) {
        self.frame(b'd', range, digests);
    }

    /// Adds the head of a segment.
    pub(crate) fn segment(&mut self, range: Range, head: &[u8]) {
        self.frame(b's', range, head);
    }

    /// The proof so far, in hex, for content of this size.
    pub(crate) fn proof(&self, size: u64) -> String {
        let mut hasher = self.0.clone();
        hasher.update(&size.to_le_bytes());
        hasher.finalize().to_string()
    }

    fn frame(&mut self, kind: u8, range: Range, head: &[u8]) {
        self.0.update(&[kind]);
        self.0.update(&range.start.to_le_bytes());
        self.0.update(&range.end.to_le_bytes());
        self.0.update(head);
    }
}
