//! A file on its way from a store to one of the tutorial's programs.

use std::sync::Arc;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::chunk::{encode_chunk, encode_size};
use super::pace::{STALL, chunk_len, settle};
use super::{ClassicError, Outgoing};
use crate::content::Pool;
use crate::path::RemotePath;
use crate::store::{Source, Store};

/// A file opened to be sent.
pub(super) struct Outbound<S: Store> {
    source: Arc<S::Source>,
    pool: Arc<Pool>,
    name: Arc<str>,
    size: u64,
    announcement: [u8; 4],
}

impl<S: Store> Outbound<S> {
    /// Opens the file at `path`, which the peer calls `name`.
    pub(super) async fn open(
        store: &Arc<S>,
        pool: &Arc<Pool>,
        path: RemotePath,
        name: &str,
    ) -> Result<Self, ClassicError> {
        let store = Arc::clone(store);
        let source = Arc::new(pool.run(move || store.open(&path)).await?);
        let size = source.entry().size;
        let announcement = encode_size(size)?;
        Ok(Self { source, pool: Arc::clone(pool), name: name.into(), size, announcement })
    }

    /// The size of the file in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Sends the size and the content, and tells `moved` how much of that went.
    pub(super) async fn send<T>(
        &self,
        stream: &mut T,
        moved: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), ClassicError>
    where
        T: AsyncWrite + Outgoing + Unpin,
    {
        let step = chunk_len(&self.name) as u64;
        let mut wire = self.announcement.to_vec();
        let mut offset = 0;
        while offset < self.size {
            let len = step.min(self.size - offset);
            wire = self.append_chunk(wire, offset, len).await?;
            write(stream, &wire).await?;
            moved(len);
            wire.clear();
            offset += len;
            if offset < self.size {
                settle(stream).await?;
            }
        }
        write(stream, &wire).await
    }

    /// Reads and digests a chunk where that may block.
    async fn append_chunk(
        &self,
        mut wire: Vec<u8>,
        offset: u64,
        len: u64,
    ) -> Result<Vec<u8>, ClassicError> {
        let (source, name) = (Arc::clone(&self.source), Arc::clone(&self.name));
        let is_last = offset + len == self.size;
        let read = move || {
            let mut content = vec![0; len as usize];
            let mut filled = 0;
            while filled < content.len() {
                match source.read_at(&mut content[filled..], offset + filled as u64)? {
                    0 => return Err(ClassicError::Changed),
                    read => filled += read,
                }
            }
            // The peer can be told of a change only by being denied the end.
            if is_last && source.revision_now()? != source.entry().revision {
                return Err(ClassicError::Changed);
            }
            encode_chunk(&name, &content, &mut wire);
            Ok(wire)
        };
        self.pool.run(read).await
    }
}

/// Writes all of `wire`, unless the peer takes nothing for too long.
pub(super) async fn write<T>(stream: &mut T, wire: &[u8]) -> Result<(), ClassicError>
where
    T: AsyncWrite + Unpin,
{
    let all = async {
        stream.write_all(wire).await?;
        stream.flush().await
    };
    match timeout(STALL, all).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(ClassicError::Stalled { after: STALL }),
    }
}
