//! Framed messages over any byte stream: a length, a JSON header, a body, and the digests that
//! prove it arrived.
//!
//! TCP carries bytes and no messages: what one side sent in two pieces may arrive in one, or in
//! five. This crate puts a seam between messages. In front of each stands a JSON object, the
//! header, with its own length in front of it; the header tells how long the body is that follows.
//! Any serde type that can tell that is a [`Header`].
//!
//! At the core is a [`Decoder`] that is fed bytes and gives back headers, pieces of bodies and
//! ends. It knows no socket, no clock and no runtime, checks every [limit](Limits) before it
//! allocates, and never holds a body. Around it are two thin shells: [`blocking`] over `std::io`
//! and [`stream`] over tokio. Beside it stand what a connection says first ([`Hello`]), the
//! digests of what it carries ([`digest_blocks`]), and packing of fixed layouts ([`Packer`]).
//!
//! ```text
//! +-----------------+----------------------+---------------------------+
//! | i32 LE: length  | JSON object, UTF-8   | body                      |
//! | of the header   | (the header)         | (its length: the header's)|
//! +-----------------+----------------------+---------------------------+
//!
//!            bytes --> Decoder --> Header(H), Body(&[u8]), ..., End
//! header and body --> encode_header --> bytes, then the body as it is
//! ```
//!
//! # Example
//!
//! ```
//! use proto::{Decoder, Header, Limits, Piece, encode_header};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Note {
//!     from: String,
//!     size: u64,
//! }
//!
//! impl Header for Note {
//!     fn body_len(&self) -> u64 {
//!         self.size
//!     }
//! }
//!
//! // On the wire, two messages are one run of bytes.
//! let limits = Limits::default();
//! let mut wire = Vec::new();
//! for text in ["good morning", "good night"] {
//!     let note = Note { from: "liu".into(), size: text.len() as u64 };
//!     wire.extend_from_slice(&encode_header(&note, &limits)?);
//!     wire.extend_from_slice(text.as_bytes());
//! }
//!
//! // However they are cut on the way, they come out as they were sent.
//! let mut decoder = Decoder::new(limits);
//! let mut texts = Vec::new();
//! for mut packet in wire.chunks(7) {
//!     while let Some(piece) = decoder.decode::<Note>(&mut packet)? {
//!         match piece {
//!             Piece::Header(_) => texts.push(Vec::new()),
//!             Piece::Body(bytes) => texts.last_mut().unwrap().extend_from_slice(bytes),
//!             Piece::End => {}
//!         }
//!     }
//! }
//! decoder.finish()?;
//! assert_eq!(texts, [&b"good morning"[..], b"good night"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decoder;
mod digest;
mod encode;
mod error;
mod header;
mod hello;
mod incoming;
mod json;
mod knock;
mod limits;
mod opening;
mod pack;
mod safe;

pub mod blocking;
#[cfg(feature = "tokio")]
pub mod stream;

pub use decoder::{Decoder, Piece};
pub use digest::{
    Algorithm, BLOCK_LEN, ContentDigest, Digest, Hasher, UnknownAlgorithm, digest_blocks,
};
pub use encode::{encode_header, encode_padded};
pub use error::{ConnectionError, DecodeError, EncodeError, Part, SendError};
pub use header::Header;
pub use hello::{Hello, HelloAnswer, PROTOCOL_VERSION};
pub use knock::{Knock, WebRequest};
pub use limits::Limits;
pub use opening::Opening;
pub use pack::{Alignment, Packer, RangeError, hex, pack_i32_le, pack_u32_le};
pub use safe::{Safe, is_unsafe, safe};
#[cfg(feature = "tokio")]
pub use stream::{Connection, Turn};

/// Keeps the README's example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
