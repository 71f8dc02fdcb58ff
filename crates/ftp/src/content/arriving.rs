//! A segment on its way in, taken in pieces of whole blocks.

use std::time::Duration;

use proto::{Algorithm, BLOCK_LEN};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::blocks::head_len;
use super::pool::{Buffer, Pool};
use crate::line::{Line, LineError};
use crate::wire::{Range, Segment};

/// How long is waited for the rest of a segment before what has come of it is handed on: on a slow
/// line little is lost when it breaks, and people see it move.
const PATIENCE: Duration = Duration::from_millis(200);

/// A segment whose digests have come, and whose content is on its way.
pub(crate) struct Arriving {
    algorithm: Algorithm,
    /// What has not been handed on yet.
    rest: Range,
    /// The digests of that.
    head: Vec<u8>,
    /// The beginning of the next block, which came with the last piece.
    carry: Vec<u8>,
    /// The line broke; told once all whole blocks that came before are handed on.
    broken: Option<LineError>,
}

/// Whole blocks, and what they should be.
pub(crate) struct Piece {
    pub(crate) range: Range,
    pub(crate) head: Vec<u8>,
    pub(crate) buffer: Buffer,
}

impl Arriving {
    /// Reads the digests of a segment whose lengths have been checked.
    pub(crate) async fn begin<S>(
        line: &mut Line<S>,
        algorithm: Algorithm,
        segment: &Segment,
    ) -> Result<Self, LineError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut head = vec![0; segment.head as usize];
        line.read_exact(&mut head).await?;
        let rest = Range::new(segment.offset, segment.offset + u64::from(segment.length));
        Ok(Self { algorithm, rest, head, carry: Vec::new(), broken: None })
    }

    /// The digests of all that has not been handed on.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the line broke: there is nobody any more to be told anything.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// The next whole blocks; `None` after the last.
    pub(crate) async fn piece<S>(
        &mut self,
        line: &mut Line<S>,
        pool: &std::sync::Arc<Pool>,
    ) -> Result<Option<Piece>, LineError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let mut buffer = pool.buffer(self.rest.len());
        let most = self.rest.len().min(buffer.room() as u64) as usize;
        let content = &mut buffer.content()[..most];
        let mut filled = self.carry.len();
        content[..filled].copy_from_slice(&self.carry);
        let since = Instant::now();
        while filled < most && (filled < BLOCK_LEN || since.elapsed() < PATIENCE) {
            match line.read_part(&mut content[filled..]).await {
                Ok(read) => filled += read,
                Err(error) => {
                    self.broken = Some(error);
                    break;
                }
            }
        }
        let whole = if filled == most { most } else { filled / BLOCK_LEN * BLOCK_LEN };
        if let Some(error) = self.broken.take_if(|_| whole == 0) {
            return Err(error);
        }
        self.carry.clear();
        self.carry.extend_from_slice(&content[whole..filled]);
        let range = Range::new(self.rest.start, self.rest.start + whole as u64);
        self.rest.start = range.end;
        let later = self.head.split_off(head_len(self.algorithm, range.len()) as usize);
        let head = std::mem::replace(&mut self.head, later);
        Ok(Some(Piece { range, head, buffer }))
    }
}
