//! Frames for the tests, and how they look on the wire.

use std::sync::LazyLock;

use proptest::prelude::*;
use proto::{Decoder, Header, Limits, Piece, encode_header};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Message {
    Ping { id: u64 },
    Content { id: u64, name: String, size: u64 },
}

impl Header for Message {
    fn body_len(&self) -> u64 {
        match self {
            Self::Ping { .. } => 0,
            Self::Content { size, .. } => *size,
        }
    }
}

/// A header and its body.
pub(crate) type Frame = (Message, Vec<u8>);

pub(crate) fn content(id: u64, body: &[u8]) -> Frame {
    let size = body.len() as u64;
    let name = "文件 😀 \"\\{[".to_owned();
    (Message::Content { id, name, size }, body.to_vec())
}

pub(crate) fn ping(id: u64) -> Frame {
    (Message::Ping { id }, Vec::new())
}

/// Frames one after the other, as they go over the wire.
pub(crate) fn wire(frames: &[Frame]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (header, body) in frames {
        wire.extend_from_slice(&encode_header(header, &Limits::default()).unwrap());
        wire.extend_from_slice(body);
    }
    wire
}

/// A header that is written by hand, in front of nothing.
pub(crate) fn framed(json: &[u8]) -> Vec<u8> {
    let mut wire = i32::try_from(json.len()).unwrap().to_le_bytes().to_vec();
    wire.extend_from_slice(json);
    wire
}

/// What the decoder makes of a wire that is cut after each of the given lengths in turn.
pub(crate) fn decode_in_cuts(wire: &[u8], cuts: &[usize]) -> Vec<Frame> {
    let mut decoder = Decoder::new(Limits::default());
    let mut frames = Vec::new();
    let mut current: Option<Frame> = None;
    for mut input in chunks(wire, cuts) {
        while let Some(piece) = decoder.decode(&mut input).unwrap() {
            match piece {
                Piece::Header(header) => {
                    assert!(current.is_none(), "a frame began inside another");
                    current = Some((header, Vec::new()));
                }
                Piece::Body(bytes) => {
                    assert!(!bytes.is_empty());
                    current.as_mut().unwrap().1.extend_from_slice(bytes);
                }
                Piece::End => frames.push(current.take().unwrap()),
            }
        }
        assert!(input.is_empty(), "the decoder left input behind");
    }
    decoder.finish().unwrap();
    assert!(current.is_none(), "the last frame has no end");
    frames
}

/// The bytes in chunks of the given lengths, over and over.
pub(crate) fn chunks<'a>(bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*length).clamp(1, rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// What bodies are cut from; its period is no power of two, so that no shift goes unnoticed.
static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| (0..251).cycle().take(41_000).collect());

prop_compose! {
    /// Any frame: usually small, sometimes larger than what the shells read at a time.
    fn any_content()(
        id in any::<u64>(),
        name in any::<String>(),
        length in prop_oneof![6 => 0..40_usize, 3 => 0..3_000_usize, 1 => 16_000..40_000_usize],
        start in 0..251_usize,
    ) -> Frame {
        let body = PATTERN[start..start + length].to_vec();
        (Message::Content { id, name, size: length as u64 }, body)
    }
}

pub(crate) fn any_frames() -> impl Strategy<Value = Vec<Frame>> {
    let frame = prop_oneof![any::<u64>().prop_map(ping), any_content()];
    prop::collection::vec(frame, 0..6)
}

/// Lengths to cut a wire into.
pub(crate) fn any_cuts() -> impl Strategy<Value = Vec<usize>> {
    let cut = prop_oneof![3 => 1..8_usize, 2 => 1..400_usize, 1 => 1..50_000_usize];
    prop::collection::vec(cut, 1..8)
}
