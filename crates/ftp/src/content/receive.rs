//! The receiver: says what it wants, proves what comes, writes it.

use std::sync::Arc;

use proto::Algorithm;
use tokio::io::{AsyncRead, AsyncWrite};

use super::blocks::{head_len, reuse, store_segment};
use super::pool::Pool;
use super::{Arriving, Chain, Piece, Progress};
use crate::line::{Incoming, Line, LineError};
use crate::resume::{Plan, TooDamaged};
use crate::store::{StoreError, Upload};
use crate::wire::{
    Digests, End, Failure, Frame, MAX_DIGEST_BLOCKS, MAX_SEGMENT_LEN, Offer, Range, RangeList,
    Segment, Sent, Want,
};

/// What is received.
pub(crate) struct Receiving<'a, U> {
    pub(crate) offer: &'a Offer,
    pub(crate) upload: &'a Arc<U>,
    pub(crate) algorithm: Algorithm,
    pub(crate) pool: &'a Arc<Pool>,
    pub(crate) plan: Plan,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The size of the whole content.
    pub(crate) size: u64,
    /// Bytes of content that came over the line.
    pub(crate) moved: u64,
    /// Bytes that were here already.
    pub(crate) reused: u64,
    /// Blocks that came damaged and were asked for again.
    pub(crate) mended: u64,
}

/// Why content was not received to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sender says that it cannot go on.
    #[error(transparent)]
    Sender(Failure),
    /// The other side ended the request.
    #[error("the request was ended")]
    Ended(Box<End>),
    #[error("the request was cancelled")]
    Cancelled,
    #[error(transparent)]
    Damaged(#[from] TooDamaged),
    /// Every block was right, but not everything said about them.
    #[error("the proof over what was sent does not match what arrived")]
    Proof,
    /// The sender does not keep to the rules.
    #[error("{0}")]
    Rules(String),
}

/// Receives one entry's content into an upload; to publish it is left to the caller.
pub(crate) async fn receive<S, U>(
    line: &mut Line<S>,
    receiving: Receiving<'_, U>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Receipt, ReceiveError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    U: Upload,
{
    let mut receiver = Receiver::new(receiving);
    loop {
        receiver.say_wants(line);
        match line.incoming(receiver.offer.id).await? {
            Incoming::Cancel => return Err(ReceiveError::Cancelled),
            Incoming::Frame(Frame::End(end)) => return Err(ReceiveError::Ended(Box::new(end))),
            Incoming::Frame(Frame::Segment(segment)) => {
                receiver.segment(line, segment, progress).await?;
            }
            Incoming::Frame(Frame::Digests(digests)) => {
                receiver.digests(line, digests, progress).await?;
            }
            Incoming::Frame(Frame::Sent(sent)) => {
                if receiver.is_complete(&sent)? {
                    return Ok(receiver.receipt);
                }
            }
            // Frames that a later version may send are passed over.
            Incoming::Want(..) | Incoming::Frame(_) => {}
        }
    }
}

/// One entry's content on its way in.
pub(crate) struct Receiver<U> {
    pub(crate) offer: Offer,
    upload: Arc<U>,
    algorithm: Algorithm,
    pool: Arc<Pool>,
    plan: Plan,
    chain: Chain,
    pub(crate) receipt: Receipt,
}

impl<U: Upload> Receiver<U> {
    pub(crate) fn new(receiving: Receiving<'_, U>) -> Self {
        let Receiving { offer, upload, algorithm, pool, plan } = receiving;
        let chain = Chain::new(algorithm, offer);
        let (offer, upload, pool) = (offer.clone(), Arc::clone(upload), Arc::clone(pool));
        Self { offer, upload, algorithm, pool, plan, chain, receipt: Receipt::default() }
    }

    /// Goes on in another upload, by another plan; the proof is still over all that came.
    pub(crate) fn go_on_in<V: Upload>(self, upload: Arc<V>, plan: Plan) -> Receiver<V> {
        let Self { offer, algorithm, pool, chain, .. } = self;
        Receiver { offer, upload, algorithm, pool, plan, chain, receipt: Receipt::default() }
    }

    /// Where the content goes.
    pub(crate) fn upload(&self) -> &Arc<U> {
        &self.upload
    }

    /// Whether all that may be here already has been compared, and some of it is missing.
    pub(crate) fn differs(&self) -> Option<bool> {
        self.plan.differs()
    }

    /// Says what is wanted by now.
    pub(crate) fn say_wants<S>(&mut self, line: &mut Line<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Offer { id, n, .. } = self.offer;
        while let Some(wanted) = self.plan.next_want() {
            let (digests, content) = (wanted.digests.len() as u32, wanted.content.len() as u32);
            let want = Want { id, n, digests, content, last: wanted.last };
            let ranges = RangeList([wanted.digests, wanted.content].concat());
            line.say_with(&Frame::Want(want), ranges.encode());
        }
    }

    /// A part of the content: what is right of it is written, what is not is wanted again.
    pub(crate) async fn segment<S>(
        &mut self,
        line: &mut Line<S>,
        frame: Segment,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), ReceiveError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let algorithm = self.algorithm;
        let range = self.range(frame.offset, u64::from(frame.length))?;
        let allowed = head_len(algorithm, range.len());
        if range.len() > MAX_SEGMENT_LEN as u64 || u64::from(frame.head) != allowed {
            let found = format!("{} bytes with {} of digests", frame.length, frame.head);
            return Err(ReceiveError::Rules(format!("a segment has {found}")));
        }
        self.plan.take_content(range).map_err(rules)?;
        let mut arriving = Arriving::begin(line, algorithm, &frame).await?;
        self.chain.segment(range, arriving.head());
        while let Some(piece) = arriving.piece(line, &self.pool).await? {
            let len = piece.range.len();
            let upload = Arc::clone(&self.upload);
            let work = self.pool.run(move || store_piece(&*upload, algorithm, piece));
            let bad = match arriving.is_broken() {
                true => work.await?,
                false => line.patiently(work).await??,
            };
            self.arrived(len, &bad, progress)?;
        }
        Ok(())
    }

    /// Counts what arrived, and wants the damaged blocks again.
    fn arrived(
        &mut self,
        len: u64,
        bad: &[Range],
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), ReceiveError> {
        let lost: u64 = bad.iter().map(Range::len).sum();
        self.receipt.moved += len - lost;
        self.receipt.mended += bad.len() as u64;
        progress(Progress::Moved(len - lost));
        for &block in bad {
            if self.offer.open_ended {
                return Err(TooDamaged { offset: block.start, tries: 1 }.into());
            }
            progress(Progress::Mended(block.start));
            self.plan.damaged(block)?;
        }
        Ok(())
    }

    /// Digests of what may be here already: what is right stays, the rest is wanted.
    pub(crate) async fn digests<S>(
        &mut self,
        line: &mut Line<S>,
        frame: Digests,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), ReceiveError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let algorithm = self.algorithm;
        let range = self.range(frame.offset, frame.length)?;
        let allowed = head_len(algorithm, range.len());
        let most = (MAX_DIGEST_BLOCKS * proto::BLOCK_LEN) as u64;
        if range.len() > most || u64::from(frame.body) != allowed {
            let found = format!("{} bytes for {} of content", frame.body, frame.length);
            return Err(ReceiveError::Rules(format!("a frame of digests has {found}")));
        }
        self.plan.take_digests(range).map_err(rules)?;
        let mut digests = vec![0; frame.body as usize];
        line.read_exact(&mut digests).await?;
        self.chain.digests(range, &digests);
        let upload = Arc::clone(&self.upload);
        let mut buffer = self.pool.buffer(range.len());
        let work = move || reuse(&*upload, algorithm, range, &digests, buffer.content());
        let missing = line.patiently(self.pool.run(work)).await??;
        let lacking: u64 = missing.iter().map(Range::len).sum();
        for block in missing {
            self.plan.miss(block);
        }
        self.receipt.reused += range.len() - lacking;
        progress(Progress::Reused(range.len() - lacking));
        Ok(())
    }

    /// Whether all has come, and the proof is right.
    pub(crate) fn is_complete(&mut self, sent: &Sent) -> Result<bool, ReceiveError> {
        if let Some(failure) = &sent.failure {
            return Err(ReceiveError::Sender(failure.clone()));
        }
        let arrived = self.receipt.moved + self.receipt.reused;
        let offer = &self.offer;
        let size = if offer.open_ended { arrived } else { offer.entry.size };
        if sent.size != size || sent.chain != self.chain.proof(size) {
            return Err(ReceiveError::Proof);
        }
        self.receipt.size = size;
        if offer.open_ended || self.plan.is_complete() {
            return Ok(true);
        }
        match sent.wants >= self.plan.wants() {
            true => Err(ReceiveError::Rules("the end came before all that was wanted".into())),
            false => Ok(false),
        }
    }

    /// A range as a frame tells it, checked against the entry.
    fn range(&self, start: u64, len: u64) -> Result<Range, ReceiveError> {
        let offer = &self.offer;
        // The size of a stream is not known: any of its segments may be the last.
        let size = |end| {
            if offer.open_ended { end } else { offer.entry.size }
        };
        let fits = |range: &Range| {
            !range.is_empty() && range.end <= size(range.end) && range.is_aligned(size(range.end))
        };
        let range = start.checked_add(len).map(|end| Range::new(start, end)).filter(fits);
        let found = || format!("{len} bytes at {start} came of {} bytes", offer.entry.size);
        range.ok_or_else(|| ReceiveError::Rules(found()))
    }
}

/// Writes what is right of a piece, and returns what is not.
fn store_piece<U: Upload>(
    upload: &U,
    algorithm: Algorithm,
    mut piece: Piece,
) -> Result<Vec<Range>, StoreError> {
    let Range { start, .. } = piece.range;
    let content = &piece.buffer.content()[..piece.range.len() as usize];
    store_segment(upload, algorithm, &piece.head, content, start)
}

fn rules(unwanted: impl std::fmt::Display) -> ReceiveError {
    ReceiveError::Rules(unwanted.to_string())
}
