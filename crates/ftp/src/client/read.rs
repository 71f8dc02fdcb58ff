//! `read`: a remote file, or a part of it, goes to a writer; and the digests of its blocks.

use std::sync::Arc;

use proto::BLOCK_LEN;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::session::Session;
use super::tries::{Repeat, Tries, attempt};
use super::{Client, ClientError, Connect, Event, Observer, Transfer};
use crate::content::{Arriving, Chain, Piece, check_blocks, head_len};
use crate::path::RemotePath;
use crate::resume::Plan;
use crate::store::Revision;
use crate::wire::{
    Digests, Frame, Get, MAX_DIGEST_BLOCKS, MAX_SEGMENT_LEN, Offer, Range, RangeList, Segment, Want,
};

impl<C: Connect> Client<C> {
    /// Writes the content of a remote file, or of a part of it, to `writer`, in order.
    ///
    /// When the connection is lost it goes on at the same place, as long as the file is the same.
    ///
    /// # Errors
    /// [`ClientError`]; what was written until then is right.
    pub async fn read<W: AsyncWrite + Unpin + Send>(
        &mut self,
        remote: &RemotePath,
        part: Option<Range>,
        writer: &mut W,
        observer: &dyn Observer,
    ) -> Result<Transfer, ClientError> {
        let mut reading = Reading { part, next: part.map_or(0, |part| part.start), revision: None };
        let start = reading.next;
        let mut transfer = Transfer::new(remote);
        let mut tries = 0;
        let read: Result<u64, ClientError> = async {
            attempt!(self, Repeat::Always, observer, |session| {
                tries += 1;
                session.read(remote, &mut reading, writer, observer)
            })
        }
        .await;
        transfer.size = read?;
        writer.flush().await.map_err(ClientError::Stream)?;
        (transfer.moved, transfer.retries) = (reading.next - start, tries - 1);
        Ok(transfer)
    }

    /// The digests of the blocks in `range` of a remote file, one after the other.
    ///
    /// # Errors
    /// [`ClientError`]; also when the range does not begin and end on blocks, or at the end.
    pub async fn digests(
        &mut self,
        remote: &RemotePath,
        range: Range,
    ) -> Result<Vec<u8>, ClientError> {
        attempt!(self, Repeat::Always, &(), |session| session.digests(remote, range))
    }
}

/// How far reading has come.
struct Reading {
    part: Option<Range>,
    /// The next byte to be written.
    next: u64,
    /// The revision that all of it must come from.
    revision: Option<Revision>,
}

impl Reading {
    /// What of a file of this size is still to be written.
    fn rest(&self, size: u64) -> Range {
        let end = self.part.map_or(size, |part| part.end.min(size));
        Range::new(self.next.min(end), end)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Session<T> {
    /// Writes what is left to be written, and returns the file's size.
    async fn read<W: AsyncWrite + Unpin>(
        &mut self,
        remote: &RemotePath,
        reading: &mut Reading,
        writer: &mut W,
        observer: &dyn Observer,
    ) -> Result<u64, ClientError> {
        let id = self.next_id();
        let (path, revision) = (remote.clone(), reading.revision.clone());
        self.line.say(&Frame::Get(Get { id, path, eager: 0, revision }));
        let offer = self.offer(id, remote).await?;
        let size = offer.entry.size;
        reading.revision = Some(offer.entry.revision.clone());
        let rest = reading.rest(size);
        observer.event(Event::Begun { path: remote, size: Some(rest.len()) });
        if rest.is_empty() {
            self.got(id).await;
            return Ok(size);
        }
        let mut reader = PartReader {
            plan: Plan::fetch(aligned(rest, size)),
            chain: Chain::new(self.algorithm().await?, &offer),
            offer,
            rest,
        };
        reader.run(self, reading, writer, observer).await?;
        self.got(id).await;
        Ok(size)
    }

    async fn digests(&mut self, remote: &RemotePath, range: Range) -> Result<Vec<u8>, ClientError> {
        let id = self.next_id();
        self.line.say(&Frame::Get(Get { id, path: remote.clone(), eager: 0, revision: None }));
        let offer = self.offer(id, remote).await?;
        let algorithm = self.algorithm().await?;
        let want = Want { id, n: 0, digests: 1, content: 0, last: true };
        self.line.say_with(&Frame::Want(want), RangeList(vec![range]).encode());
        let mut chain = Chain::new(algorithm, &offer);
        let mut digests = Vec::new();
        let mut next = range.start;
        loop {
            match self.incoming(id).await? {
                Frame::Digests(Digests { offset, length, body, .. }) => {
                    let most = (MAX_DIGEST_BLOCKS * BLOCK_LEN) as u64;
                    let right = offset == next
                        && length <= range.end.saturating_sub(next).min(most)
                        && u64::from(body) == head_len(algorithm, length);
                    if !right {
                        return Err(ClientError::protocol(&self.peer, "digests nobody asked for"));
                    }
                    let start = digests.len();
                    digests.resize(start + body as usize, 0);
                    let piece = &mut digests[start..];
                    self.line.read_exact(piece).await.map_err(|error| ClientError::Lost {
                        peer: self.peer.clone(),
                        source: error,
                    })?;
                    chain.digests(Range::new(offset, offset + length), piece);
                    next += length;
                }
                Frame::Sent(sent) if sent.failure.is_some() => {}
                Frame::Sent(sent) => {
                    let right = next == range.end && sent.chain == chain.proof(offer.entry.size);
                    self.got(id).await;
                    return match right {
                        true => Ok(digests),
                        false => Err(corrupt(remote, "the proof does not match")),
                    };
                }
                frame => return Err(self.unexpected(&frame)),
            }
        }
    }
}

/// One try to read what is left.
struct PartReader {
    offer: Offer,
    plan: Plan,
    chain: Chain,
    rest: Range,
}

impl PartReader {
    async fn run<T, W>(
        &mut self,
        session: &mut Session<T>,
        reading: &mut Reading,
        writer: &mut W,
        observer: &dyn Observer,
    ) -> Result<(), ClientError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
        W: AsyncWrite + Unpin,
    {
        let id = self.offer.id;
        if let Some(wanted) = self.plan.next_want() {
            let content = wanted.content.len() as u32;
            let want = Want { id, n: 0, digests: 0, content, last: wanted.last };
            session.line.say_with(&Frame::Want(want), RangeList(wanted.content).encode());
        }
        loop {
            match session.incoming(id).await? {
                Frame::Segment(segment) => {
                    self.segment(session, segment, reading, writer, observer).await?;
                }
                Frame::Sent(sent) => {
                    if let Some(failure) = sent.failure {
                        return Err(ClientError::Remote(failure));
                    }
                    let proven = sent.chain == self.chain.proof(self.offer.entry.size);
                    return match proven && self.plan.is_complete() {
                        true => Ok(()),
                        false => Err(corrupt(&self.offer.entry.path, "the proof does not match")),
                    };
                }
                frame => return Err(session.unexpected(&frame)),
            }
        }
    }

    /// Checks a segment and writes what of it is wanted.
    async fn segment<T, W>(
        &mut self,
        session: &mut Session<T>,
        frame: Segment,
        reading: &mut Reading,
        writer: &mut W,
        observer: &dyn Observer,
    ) -> Result<(), ClientError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
        W: AsyncWrite + Unpin,
    {
        let algorithm = session.algorithm().await?;
        let len = u64::from(frame.length);
        let range = Range::new(frame.offset, frame.offset.saturating_add(len));
        let fits = len <= MAX_SEGMENT_LEN as u64
            && range.is_aligned(self.offer.entry.size)
            && u64::from(frame.head) == head_len(algorithm, len);
        let taken = self.plan.take_content(range);
        if !fits || taken.is_err() {
            return Err(ClientError::protocol(&session.peer, "a segment nobody asked for"));
        }
        let lost = |source| ClientError::Lost { peer: session.peer.clone(), source };
        let begun = Arriving::begin(&mut session.line, algorithm, &frame).await;
        let mut arriving = begun.map_err(lost)?;
        self.chain.segment(range, arriving.head());
        let pool = Arc::clone(&session.pool);
        while let Some(piece) = arriving.piece(&mut session.line, &pool).await.map_err(lost)? {
            let Range { start, end } = piece.range;
            let len = (end - start) as usize;
            let check = move || {
                let Piece { head, mut buffer, .. } = piece;
                (check_blocks(algorithm, &head, &buffer.content()[..len], start), buffer)
            };
            let (bad, mut buffer) = pool.run(check).await;
            // Only what stands before a damaged block can be written: the rest comes again.
            let good = Range::new(start, bad.first().map_or(end, |block| block.start));
            let due = Range::new(good.start.max(self.rest.start), good.end.min(self.rest.end));
            if !due.is_empty() {
                let place = (due.start - start) as usize..(due.end - start) as usize;
                let write = writer.write_all(&buffer.content()[place]);
                let written = match arriving.is_broken() {
                    true => write.await,
                    false => session.line.patiently(write).await.map_err(lost)?,
                };
                written.map_err(ClientError::Stream)?;
                reading.next = due.end;
                session.reached = reading.next;
                observer.event(Event::Moved { bytes: due.len() });
            }
            if let Some(block) = bad.first() {
                observer.event(Event::Mended { offset: block.start });
                return Err(corrupt(&self.offer.entry.path, "a block is damaged"));
            }
        }
        Ok(())
    }
}

/// The smallest range of whole blocks that holds `range`.
fn aligned(range: Range, size: u64) -> Range {
    let block = BLOCK_LEN as u64;
    Range::new(range.start / block * block, range.end.next_multiple_of(block).min(size))
}

fn corrupt(path: &RemotePath, reason: &str) -> ClientError {
    ClientError::Corrupt { path: path.clone(), reason: reason.into() }
}
