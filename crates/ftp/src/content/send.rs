//! The sender: serves wants in their order.

use std::pin::Pin;
use std::sync::Arc;

use proto::{Algorithm, digest_blocks};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep, sleep_until};

use super::blocks::{digest_range, read_full};
use super::outbox::{Outbox, Piece};
use super::pool::{Buffer, Pool};
use super::{Chain, Progress};
use crate::line::{Incoming, Line, LineError, SIGN_OF_LIFE};
use crate::store::Source;
use crate::wire::{
    Digests, End, Failure, Frame, MAX_SEGMENT_LEN, Offer, Range, Segment, Sent, Status,
};

/// What is sent.
pub(crate) struct Sending<'a, C> {
    pub(crate) offer: &'a Offer,
    pub(crate) source: &'a Arc<C>,
    pub(crate) algorithm: Algorithm,
    pub(crate) pool: &'a Arc<Pool>,
    /// Begin without waiting for a want.
    pub(crate) eager: bool,
}

/// How sending ended.
#[derive(Debug)]
pub(crate) enum SendEnd {
    /// The receiver has published it.
    Got,
    /// The other side has ended the request.
    End(End),
    /// The other side wants it to end.
    Cancelled,
    /// The source cannot be read as it was offered, or was wanted in a way that makes no sense.
    Failed(Failure),
}

/// Work on its way: a piece that is being read and digested.
type Job = Pin<Box<dyn Future<Output = Result<Ready, Failure>> + Send>>;

/// A piece that can be sent.
pub(crate) enum Ready {
    Digests(Range, Vec<u8>),
    Content(Range, Vec<u8>, Buffer),
    /// The source was asked whether it still is what it was.
    Unchanged,
}

/// Sends one entry's content until the receiver, or the server, says that it is over.
pub(crate) async fn send<S, C>(
    line: &mut Line<S>,
    sending: &Sending<'_, C>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<SendEnd, LineError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Source,
{
    let Offer { id, n, entry, .. } = sending.offer;
    let mut outbox = match sending.eager {
        true => Outbox::eager(entry.size),
        false => Outbox::new(entry.size),
    };
    let mut teller = Teller::new(sending.algorithm, sending.offer);
    let mut job: Option<Job> = None;
    let mut not_before = Instant::now();
    // For how many wants the end has been told.
    let mut told: Option<u32> = None;
    loop {
        let due = Instant::now() >= not_before;
        if job.is_none() && due && line.queued() == 0 {
            job = next_job(&mut outbox, sending, line.piece_len(MAX_SEGMENT_LEN as u64));
            if job.is_none() && outbox.is_finished() && told != Some(outbox.wants()) {
                told = Some(outbox.wants());
                job = Some(ask_whether_unchanged(sending));
            }
        }
        // Reading and writing take turns: with both at once two threads get into each other's way.
        let room = (job.is_none() && line.queued() > 0).then_some(0);
        tokio::select! {
            biased;
            ready = wait_for(&mut job), if job.is_some() => {
                job = None;
                match ready {
                    Ok(Ready::Unchanged) => teller.sent(line, entry.size, outbox.wants(), None),
                    Ok(ready) => {
                        let moved = teller.piece(line, ready);
                        not_before = line.charge(moved);
                        progress(Progress::Moved(moved as u64));
                    }
                    Err(failure) => {
                        teller.sent(line, entry.size, outbox.wants(), Some(failure.clone()));
                        return Ok(SendEnd::Failed(failure));
                    }
                }
            }
            () = sleep_until(not_before), if !due && job.is_none() => {}
            incoming = line.incoming_or_room(*id, room) => match incoming? {
                None => {}
                Some(Incoming::Want(want, ranges)) if want.n == *n => {
                    let known = outbox.reused().is_some();
                    if let Err(error) = outbox.want(&want, &ranges) {
                        let failure = Failure::new(Status::BadRequest, error.to_string());
                        return Ok(SendEnd::Failed(failure));
                    }
                    if let Some(bytes) = outbox.reused().filter(|_| !known) {
                        progress(Progress::Reused(bytes));
                    }
                }
                Some(incoming) => {
                    if let Some(end) = end_of(incoming) {
                        return Ok(end);
                    }
                }
            },
            () = sleep(SIGN_OF_LIFE), if job.is_some() => line.sign_of_life(),
        }
    }
}

async fn wait_for(job: &mut Option<Job>) -> Result<Ready, Failure> {
    match job {
        Some(job) => job.await,
        None => std::future::pending().await,
    }
}

/// Begins to read the next wanted piece, if there is one.
pub(crate) fn next_job<C: Source>(
    outbox: &mut Outbox,
    sending: &Sending<'_, C>,
    most: u64,
) -> Option<Job> {
    let mut buffer = sending.pool.buffer(outbox.next_len()?.min(most));
    let piece = outbox.next(buffer.room() as u64)?;
    let (pool, source) = (Arc::clone(sending.pool), Arc::clone(sending.source));
    let algorithm = sending.algorithm;
    Some(Box::pin(async move {
        let work = move || match piece {
            Piece::Digests(range) => {
                let digests = digest_range(&*source, algorithm, range, buffer.content())?;
                Ok(Ready::Digests(range, digests))
            }
            Piece::Content(range) => {
                let content = &mut buffer.content()[..range.len() as usize];
                read_full(&*source, content, range.start)?;
                let mut head = Vec::new();
                digest_blocks(algorithm, content, &mut head);
                Ok(Ready::Content(range, head, buffer))
            }
        };
        pool.run(work).await
    }))
}

/// Asks the source whether it still is what was offered.
pub(crate) fn ask_whether_unchanged<C: Source>(sending: &Sending<'_, C>) -> Job {
    let (pool, source) = (Arc::clone(sending.pool), Arc::clone(sending.source));
    Box::pin(async move {
        let work = move || {
            let entry = source.entry();
            if source.revision_now()? == entry.revision {
                return Ok(Ready::Unchanged);
            }
            let message = format!("`{}` changed while it was read", entry.path);
            Err(Failure::new(Status::Changed, message))
        };
        pool.run(work).await
    })
}

/// Sends what a reader gives until its end. Nothing can be asked for twice.
///
/// # Errors
/// The outer error is the line's, the inner one the reader's.
pub(crate) async fn send_stream<S, R>(
    line: &mut Line<S>,
    offer: &Offer,
    reader: &mut R,
    algorithm: Algorithm,
    pool: &Arc<Pool>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<std::io::Result<SendEnd>, LineError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    R: AsyncRead + Unpin,
{
    let mut teller = Teller::new(algorithm, offer);
    let mut offset = 0;
    loop {
        let mut buffer = pool.buffer(line.piece_len(MAX_SEGMENT_LEN as u64));
        let len = match fill(line, offer.id, reader, buffer.content()).await? {
            Filled::End(end) => return Ok(Ok(end)),
            Filled::Read(Err(error)) => return Ok(Err(error)),
            Filled::Read(Ok(0)) => break,
            Filled::Read(Ok(len)) => len,
        };
        let range = Range::new(offset, offset + len as u64);
        offset = range.end;
        let work = move || {
            let mut head = Vec::new();
            digest_blocks(algorithm, &buffer.content()[..len], &mut head);
            Ready::Content(range, head, buffer)
        };
        let ready = line.patiently(pool.run(work)).await?;
        let moved = teller.piece(line, ready);
        progress(Progress::Moved(moved as u64));
        let not_before = line.charge(moved);
        if let Some(end) = end_or_room(line, offer.id, not_before).await? {
            return Ok(Ok(end));
        }
    }
    teller.sent(line, offset, 0, None);
    loop {
        if let Some(end) = end_of(line.incoming(offer.id).await?) {
            return Ok(Ok(end));
        }
    }
}

/// How filling a buffer ended.
enum Filled {
    Read(std::io::Result<usize>),
    End(SendEnd),
}

/// Fills `buf` unless the reader ends before, or the other side ends the request.
async fn fill<S, R>(
    line: &mut Line<S>,
    id: u64,
    reader: &mut R,
    buf: &mut [u8],
) -> Result<Filled, LineError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    R: AsyncRead + Unpin,
{
    let read_all = async {
        let mut filled = 0;
        while filled < buf.len() {
            match reader.read(&mut buf[filled..]).await? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    };
    let mut read_all = std::pin::pin!(read_all);
    loop {
        tokio::select! {
            biased;
            incoming = line.incoming(id) => {
                if let Some(end) = end_of(incoming?) {
                    return Ok(Filled::End(end));
                }
            }
            read = &mut read_all => return Ok(Filled::Read(read)),
            () = sleep(SIGN_OF_LIFE) => line.sign_of_life(),
        }
    }
}

/// Waits until the next piece may go, unless the other side ends the request.
async fn end_or_room<S>(
    line: &mut Line<S>,
    id: u64,
    not_before: Instant,
) -> Result<Option<SendEnd>, LineError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let due = Instant::now() >= not_before;
        if due && line.queued() == 0 {
            return Ok(None);
        }
        let room = due.then_some(0);
        tokio::select! {
            biased;
            incoming = line.incoming_or_room(id, room) => {
                if let Some(end) = incoming?.and_then(end_of) {
                    return Ok(Some(end));
                }
            }
            () = sleep_until(not_before), if !due => {}
        }
    }
}

/// The end that a frame means, if it means one.
fn end_of(incoming: Incoming) -> Option<SendEnd> {
    match incoming {
        Incoming::Cancel => Some(SendEnd::Cancelled),
        Incoming::Frame(Frame::Got(_)) => Some(SendEnd::Got),
        Incoming::Frame(Frame::End(end)) => Some(SendEnd::End(end)),
        // Frames that a later version may send are passed over.
        Incoming::Want(..) | Incoming::Frame(_) => None,
    }
}

/// Says what is sent, and keeps the proof over it.
pub(crate) struct Teller {
    id: u64,
    n: u64,
    chain: Chain,
}

impl Teller {
    pub(crate) fn new(algorithm: Algorithm, offer: &Offer) -> Self {
        Self { id: offer.id, n: offer.n, chain: Chain::new(algorithm, offer) }
    }

    /// Queues a piece, and returns how much content it holds.
    pub(crate) fn piece<S>(&mut self, line: &mut Line<S>, ready: Ready) -> usize
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Self { id, n, .. } = *self;
        match ready {
            Ready::Digests(range, digests) => {
                self.chain.digests(range, &digests);
                let (offset, length) = (range.start, range.len());
                let body = digests.len() as u32;
                let frame = Frame::Digests(Digests { id, n, offset, length, body });
                line.say_with(&frame, digests.into());
                0
            }
            Ready::Content(range, head, buffer) => {
                self.chain.segment(range, &head);
                let (offset, length) = (range.start, range.len() as u32);
                let segment = Segment { id, n, offset, length, head: head.len() as u32 };
                let body = buffer.into_body(&head, length as usize);
                line.say_with(&Frame::Segment(segment), body);
                length as usize
            }
            Ready::Unchanged => 0,
        }
    }

    /// Queues the end of the entry.
    pub(crate) fn sent<S>(
        &self,
        line: &mut Line<S>,
        size: u64,
        wants: u32,
        failure: Option<Failure>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let chain = self.chain.proof(size);
        line.say(&Frame::Sent(Sent { id: self.id, n: self.n, size, wants, chain, failure }));
    }
}
