//! One connection as a conversation: frames of the request at hand, everything else kept in order.
//!
//! The other side may at any time send what belongs to another request: the next ones, a cancel,
//! frames of one that is over, a sign of life. [`Line`] sorts these, so that the code for one
//! request sees only its own.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use proto::stream::{Connection, Turn};
use proto::{ConnectionError, EncodeError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};

use crate::pace::Pacer;
use crate::wire::{
    Cancel, End, Failure, Frame, MAX_IN_FLIGHT, MAX_WANT_RANGES, Ping, RangeList, RangesError,
    Status, Want,
};

/// After how long a side that is busy, and silent because of it, gives a sign of life.
pub(crate) const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// How many bytes of answers may wait to be taken before more requests are read: whoever asks
/// without listening must not fill our memory.
const MAX_UNHEARD: usize = 256 * 1024;

/// With more than so many bytes queued a ping is not answered: what is queued is a sign of life
/// too, and a peer that pings without listening must not fill our memory.
const MAX_UNHEARD_PONGS: usize = 1024;

/// How much of a body is read at a time while the rate is limited: one block.
const PACED_LEN: usize = proto::BLOCK_LEN;

/// A connection that speaks [`Frame`]s.
#[derive(Debug)]
pub(crate) struct Line<S> {
    conn: Connection<S>,
    requests: VecDeque<Waiting>,
    /// A want whose body is on its way.
    want: Option<(Want, Vec<u8>)>,
    /// Why something could not be said; whoever waits for its answer is told.
    unsaid: Option<EncodeError>,
    stall_after: Option<Duration>,
    pacer: Option<Pacer>,
}

/// A request that came while another was at hand.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) frame: Frame,
    pub(crate) cancelled: bool,
}

/// What came for the request at hand.
pub(crate) enum Incoming {
    /// A want, with the ranges of its body.
    Want(Want, RangeList),
    /// It is to end.
    Cancel,
    /// Anything else; its body has not been read.
    Frame(Frame),
}

/// Why a conversation cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The bytes no longer come or go, or mean nothing.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The other side closed the connection in the middle of a request.
    #[error("the connection was closed before the request was answered")]
    Closed,
    /// Nothing came or went for too long.
    #[error("nothing came or went for {} s", .after.as_secs())]
    Stalled {
        /// For how long.
        after: Duration,
    },
    /// A want that names too many ranges.
    #[error("a want names {found} ranges where {MAX_WANT_RANGES} are allowed")]
    TooManyRanges {
        /// How many it names.
        found: usize,
    },
    /// A want whose body is no list of ranges.
    #[error(transparent)]
    Ranges(#[from] RangesError),
    /// What was to be said does not fit a frame: a path can be longer than a header.
    #[error("the request cannot be sent: {0}")]
    Unsayable(#[from] EncodeError),
    /// More requests at once than are allowed.
    #[error("more than {MAX_IN_FLIGHT} requests are unanswered")]
    TooManyRequests,
}

/// Does something with the connection, unless nothing comes or goes for too long.
macro_rules! attend {
    ($line:ident, $deed:expr) => {
        match $line.stall_after {
            None => $deed.await?,
            Some(after) => loop {
                let traffic = $line.conn.traffic();
                match timeout(after, $deed).await {
                    Ok(done) => break done?,
                    Err(_) if $line.conn.traffic() != traffic => {}
                    Err(_) => return Err(LineError::Stalled { after }),
                }
            },
        }
    };
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// A conversation over a connection whose hellos are said or on their way.
    pub(crate) fn new(conn: Connection<S>) -> Self {
        let requests = VecDeque::new();
        Self { conn, requests, want: None, unsaid: None, stall_after: None, pacer: None }
    }

    /// Gives up when nothing comes or goes for so long while something is waited for.
    pub(crate) fn stall_after(mut self, after: Duration) -> Self {
        self.stall_after = Some(after);
        self
    }

    /// Moves content no faster than this many bytes a second.
    pub(crate) fn limit_rate(mut self, rate: Option<u64>) -> Self {
        self.pacer = rate.map(|rate| Pacer::new(rate, Instant::now().into_std()));
        self
    }

    /// The connection itself, for the hellos.
    pub(crate) fn connection(&mut self) -> &mut Connection<S> {
        &mut self.conn
    }

    /// Queues a frame without a body.
    pub(crate) fn say(&mut self, frame: &Frame) {
        self.say_with(frame, Bytes::new());
    }

    /// Queues a frame with its body. If it does not fit a frame, whoever waits next is told.
    pub(crate) fn say_with(&mut self, frame: &Frame, body: Bytes) {
        self.unsaid = self.conn.enqueue(frame, body).err().or(self.unsaid.take());
    }

    /// Queues frames that are encoded already, with their bodies.
    pub(crate) fn say_encoded(&mut self, frames: Bytes) {
        self.conn.enqueue_encoded(frames);
    }

    /// Queues a frame without a body; nothing is queued if it does not fit a frame.
    pub(crate) fn try_say(&mut self, frame: &Frame) -> Result<(), EncodeError> {
        self.conn.enqueue(frame, Bytes::new())
    }

    /// Queues the end of a request. An end that tells too much for a header tells less.
    pub(crate) fn say_end(&mut self, end: End) {
        let id = end.id;
        let shorter = match (end.failure(), &end.entry) {
            (Some(failure), _) => {
                let message = "it failed on a path that is too long to be told again";
                End::failed(id, Failure::new(failure.status, message))
            }
            (None, Some(_)) => {
                let message = "the path is too long to be told again with what is known of it";
                End::failed(id, Failure::new(Status::BadPath, message))
            }
            (None, None) => End::ok(id),
        };
        if self.try_say(&Frame::End(end)).is_err() {
            self.say(&Frame::End(shorter));
        }
    }

    /// How many bytes are queued and not yet written.
    pub(crate) fn queued(&self) -> usize {
        self.conn.queued_bytes()
    }

    /// The next request; `None` at the clean end of the connection.
    pub(crate) async fn request(&mut self) -> Result<Option<Waiting>, LineError> {
        // A want whose body was still on its way when its request ended is passed over.
        self.want = None;
        loop {
            self.check_said()?;
            if self.queued() > MAX_UNHEARD {
                attend!(self, self.conn.flush());
            }
            if let Some(waiting) = self.requests.pop_front() {
                return Ok(Some(waiting));
            }
            attend!(self, self.conn.skip_body());
            match attend!(self, self.conn.next::<Frame>()) {
                Some(frame) => self.sort(frame, None)?,
                None => return Ok(None),
            };
        }
    }

    /// The next thing that came for request `id`. Nothing is lost when the future is dropped.
    pub(crate) async fn incoming(&mut self, id: u64) -> Result<Incoming, LineError> {
        loop {
            if let Some(incoming) = self.incoming_or_room(id, None).await? {
                return Ok(incoming);
            }
        }
    }

    /// The next thing that came for request `id`, or `None` once no more than `low_water` bytes
    /// are queued. Nothing is lost when the future is dropped.
    pub(crate) async fn incoming_or_room(
        &mut self,
        id: u64,
        low_water: Option<usize>,
    ) -> Result<Option<Incoming>, LineError> {
        loop {
            self.check_said()?;
            if let Some(want) = self.finish_want().await? {
                return Ok(Some(want));
            }
            attend!(self, self.conn.skip_body());
            let turn = match low_water {
                Some(low_water) => attend!(self, self.conn.next_or_room::<Frame>(low_water)),
                None => attend!(self, self.conn.next()).map_or(Turn::End, Turn::Frame),
            };
            match turn {
                Turn::Room => return Ok(None),
                Turn::End => return Err(LineError::Closed),
                Turn::Frame(frame) => {
                    if let Some(incoming) = self.sort(frame, Some(id))? {
                        return Ok(Some(incoming));
                    }
                }
            }
        }
    }

    /// Fills `buf` from the body of the frame at hand.
    pub(crate) async fn read_exact(&mut self, buf: &mut [u8]) -> Result<(), LineError> {
        let mut filled = 0;
        while filled < buf.len() {
            filled += self.read_part(&mut buf[filled..]).await?;
        }
        Ok(())
    }

    /// Reads some of the body of the frame at hand, under the rate limit.
    pub(crate) async fn read_part(&mut self, buf: &mut [u8]) -> Result<usize, LineError> {
        let most = if self.pacer.is_some() { PACED_LEN.min(buf.len()) } else { buf.len() };
        let read = self.read_some(&mut buf[..most]).await?;
        let not_before = self.charge(read);
        // A timer takes a millisecond even where nothing is to be waited for.
        if not_before > Instant::now() {
            sleep_until(not_before).await;
        }
        Ok(read)
    }

    /// Charges `len` bytes of content to the rate limit, and tells when the next may move.
    pub(crate) fn charge(&mut self, len: usize) -> Instant {
        let now = Instant::now();
        match &mut self.pacer {
            Some(pacer) => now + pacer.charge(len as u64, now.into_std()),
            None => now,
        }
    }

    /// The most content that may go in one piece under the rate limit.
    pub(crate) fn piece_len(&self, most: u64) -> u64 {
        self.pacer.as_ref().map_or(most, |pacer| pacer.piece_len().min(most))
    }

    /// Waits for work of our own; meanwhile what is queued is written, and the other side is told
    /// now and then that we live.
    pub(crate) async fn patiently<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, LineError> {
        let mut work = std::pin::pin!(work);
        loop {
            let idle = self.queued() == 0;
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                flushed = self.conn.flush(), if !idle => flushed?,
                () = tokio::time::sleep(SIGN_OF_LIFE), if idle => self.say(&Frame::Ping(Ping {})),
            }
        }
    }

    /// Tells the other side that we live, if it may have begun to doubt it.
    pub(crate) fn sign_of_life(&mut self) {
        if self.queued() == 0 {
            self.say(&Frame::Ping(Ping {}));
        }
    }

    /// Whether all that was to be said could be.
    fn check_said(&mut self) -> Result<(), LineError> {
        self.unsaid.take().map_or(Ok(()), |error| Err(error.into()))
    }

    async fn read_some(&mut self, buf: &mut [u8]) -> Result<usize, LineError> {
        match attend!(self, self.conn.read_body(buf)) {
            0 => Err(LineError::Closed),
            read => Ok(read),
        }
    }

    /// Keeps what is not for the request at hand, and returns what is.
    fn sort(&mut self, frame: Frame, at_hand: Option<u64>) -> Result<Option<Incoming>, LineError> {
        match frame {
            Frame::Ping(_) if self.queued() > MAX_UNHEARD_PONGS => {}
            Frame::Ping(_) => self.say(&Frame::Pong(Ping {})),
            Frame::Pong(_) => {}
            Frame::Cancel(Cancel { id }) if at_hand == Some(id) => {
                return Ok(Some(Incoming::Cancel));
            }
            Frame::Cancel(Cancel { id }) => {
                for waiting in &mut self.requests {
                    waiting.cancelled |= waiting.frame.id() == Some(id);
                }
            }
            frame if frame.is_request() => {
                if self.requests.len() >= MAX_IN_FLIGHT {
                    return Err(LineError::TooManyRequests);
                }
                self.requests.push_back(Waiting { frame, cancelled: false });
            }
            // What still comes for a request that is over is passed over.
            frame if frame.id() != at_hand => {}
            Frame::Want(want) => {
                let found = want.digests as usize + want.content as usize;
                if found > MAX_WANT_RANGES {
                    return Err(LineError::TooManyRanges { found });
                }
                self.want = Some((want, Vec::new()));
            }
            frame => return Ok(Some(Incoming::Frame(frame))),
        }
        Ok(None)
    }

    /// Reads what is left of the body of a want. It is kept in `self` while it comes, so that
    /// nothing is lost when the future is dropped.
    async fn finish_want(&mut self) -> Result<Option<Incoming>, LineError> {
        let mut piece = [0; 1024];
        while let Some((_, body)) = &mut self.want {
            if self.conn.body_remaining() == 0 {
                let ranges = RangeList::decode(body)?;
                return Ok(self.want.take().map(|(want, _)| Incoming::Want(want, ranges)));
            }
            let read = self.read_some(&mut piece).await?;
            if let Some((_, body)) = &mut self.want {
                body.extend_from_slice(&piece[..read]);
            }
        }
        Ok(None)
    }
}
