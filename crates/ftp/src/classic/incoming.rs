//! Takes a file apart that comes in chunks.

use bytes::{Bytes, BytesMut};
use proto::{Algorithm, Decoder, Hasher, Limits, Piece};

use super::ClassicError;
use super::chunk::ChunkHeader;

/// Takes the chunks of one file apart: bytes in, content and verdicts out.
#[derive(Debug)]
pub(super) struct Incoming {
    decoder: Decoder,
    /// How much of the file has been announced by no chunk yet.
    left: u64,
    /// How much of the file has come.
    offset: u64,
    chunk: Option<Chunk>,
}

/// The chunk at hand.
#[derive(Debug)]
struct Chunk {
    start: u64,
    md5: String,
    hasher: Hasher,
}

/// One thing that was found in the chunks of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The next bytes of the file.
    Content(Bytes),
    /// The chunk that begins at `offset` has ended, and is what its header said or not.
    Checked { offset: u64, intact: bool },
    /// The whole file has come.
    Done,
}

impl Incoming {
    /// Awaits the chunks of a file of `size` bytes.
    pub(super) fn new(size: u64) -> Self {
        let decoder = Decoder::new(Limits::default());
        Self { decoder, left: size, offset: 0, chunk: None }
    }

    /// Takes the next part from the front of `input`; `None` when more is needed. What follows the
    /// file stays in `input`.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Part>, ClassicError> {
        loop {
            if self.chunk.is_none() && self.left == 0 {
                return Ok(Some(Part::Done));
            }
            let mut rest = &input[..];
            let piece = self.decoder.decode::<ChunkHeader>(&mut rest)?;
            let taken = input.len() - rest.len();
            let (header, body_len, end) = match piece {
                Some(Piece::Header(header)) => (Some(header), 0, false),
                Some(Piece::Body(body)) => (None, body.len(), false),
                Some(Piece::End) => (None, 0, true),
                None => {
                    let _ = input.split_to(taken);
                    return Ok(None);
                }
            };
            let body = input.split_to(taken).split_off(taken - body_len).freeze();
            if let Some(header) = header {
                self.begin(header)?;
            } else if end {
                return Ok(self.check());
            } else {
                return Ok(Some(self.pass(body)));
            }
        }
    }

    fn begin(&mut self, header: ChunkHeader) -> Result<(), ClassicError> {
        let (found, left) = (header.file_size, self.left);
        if found > left {
            return Err(ClassicError::ChunkTooLong { found, left });
        }
        self.left -= found;
        let hasher = Hasher::new(Algorithm::Md5);
        self.chunk = Some(Chunk { start: self.offset, md5: header.md5, hasher });
        Ok(())
    }

    fn pass(&mut self, content: Bytes) -> Part {
        let chunk = self.chunk.as_mut().expect("a body follows its header");
        chunk.hasher.update(&content);
        self.offset += content.len() as u64;
        Part::Content(content)
    }

    fn check(&mut self) -> Option<Part> {
        let chunk = self.chunk.take()?;
        let intact = chunk.hasher.finalize().to_string().eq_ignore_ascii_case(&chunk.md5);
        Some(Part::Checked { offset: chunk.start, intact })
    }
}
