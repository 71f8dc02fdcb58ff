//! One connection as a conversation: frames of the request at hand, everything else kept in order.
//!
//! The other side may at any time send what belongs to another request: the next ones, a cancel,
//! frames of one that is over, a sign of life. [`Line`] sorts these, so that the code for one
//! request sees only its own.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proto::stream::{Connection, Turn};
use proto::{ConnectionError, EncodeError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::wire::{End, Failure, Frame, MAX_IN_FLIGHT, Of, Ping, Room, Run, Status};

/// After how long a side that has nothing to say gives a sign of life.
pub(crate) const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// How many bytes of answers may wait to be taken before more requests are read: whoever asks
/// without listening must not fill our memory.
const MAX_UNHEARD: usize = 256 * 1024;

/// With more than so many bytes queued a ping is not answered: what is queued is a sign of life
/// too, and a peer that pings without listening must not fill our memory.
const MAX_UNHEARD_PONGS: usize = 1024;

/// The most of a body that is taken in one piece.
const PIECE_LEN: usize = 512 * 1024;

/// A piece is looked for room of its own if what is left of the last one's is smaller than this.
const MIN_PIECE_LEN: usize = 32 * 1024;

/// A connection that speaks [`Frame`]s.
#[derive(Debug)]
pub(crate) struct Line<S> {
    conn: Connection<S>,
    requests: VecDeque<Waiting>,
    /// The stream to which the body on its way belongs, if it is of the request at hand.
    body: Option<Stream>,
    /// Where bodies are read into: all of it is initialised.
    space: BytesMut,
    /// How much input the other side may still send for the request at hand.
    window: u64,
    /// Why something could not be said; whoever waits for its answer is told.
    unsaid: Option<EncodeError>,
    silent_for: Option<Duration>,
}

/// A request that came while another was at hand.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) run: Run,
    pub(crate) cancelled: bool,
}

/// The streams that are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdin,
    Stdout,
    Stderr,
}

/// What came for the request at hand.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A piece of a stream.
    Piece(Stream, Bytes),
    /// Anything without a body.
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
    #[error("the connection was closed before the command had ended")]
    Closed,
    /// Nothing came for too long.
    #[error("nothing came for {} s", .after.as_secs())]
    Silent {
        /// For how long.
        after: Duration,
    },
    /// More input than the window has room for.
    #[error("{found} bytes of input were announced where {allowed} are allowed")]
    TooMuchInput {
        /// How many were announced.
        found: u64,
        /// How many the window had room for.
        allowed: u64,
    },
    /// Input for a request that has not begun.
    #[error("input came for the request {found}, which has not begun")]
    EarlyInput {
        /// The request.
        found: u64,
    },
    /// What was to be said does not fit a frame.
    #[error("it cannot be sent: {0}")]
    Unsayable(#[from] EncodeError),
    /// More requests at once than are allowed.
    #[error("more than {MAX_IN_FLIGHT} requests are unanswered")]
    TooManyRequests,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// A conversation over a connection whose hellos are said or on their way.
    pub(crate) fn new(conn: Connection<S>) -> Self {
        Self {
            conn,
            requests: VecDeque::new(),
            body: None,
            space: BytesMut::new(),
            window: 0,
            unsaid: None,
            silent_for: None,
        }
    }

    /// Gives up when nothing comes for so long while something is waited for.
    pub(crate) fn silent_for(mut self, limit: Duration) -> Self {
        self.silent_for = Some(limit);
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

    /// Queues a frame without a body; nothing is queued if it does not fit a frame.
    pub(crate) fn try_say(&mut self, frame: &Frame) -> Result<(), EncodeError> {
        self.conn.enqueue(frame, Bytes::new())
    }

    /// Queues the end of a request. A failure that tells too much for a header tells less.
    pub(crate) fn say_end(&mut self, end: End) {
        let (id, status) = (end.id, end.status);
        if self.try_say(&Frame::End(end)).is_err() {
            let message = "it failed on something that is too long to be told again";
            self.say(&Frame::End(End::failed(id, Failure::new(status, message))));
        }
    }

    /// Lets the other side send so much input for the request that begins.
    pub(crate) fn open_window(&mut self, bytes: u64) {
        self.window = bytes;
    }

    /// Lets the other side send so much more input, and tells it.
    pub(crate) fn widen_window(&mut self, id: u64, bytes: u64) {
        self.window += bytes;
        self.say(&Frame::Room(Room { id, bytes }));
    }

    /// How many bytes are queued and not yet written.
    pub(crate) fn queued(&self) -> usize {
        self.conn.queued_bytes()
    }

    /// Tells the other side that we live, if nothing else is about to.
    pub(crate) fn sign_of_life(&mut self) {
        if self.queued() == 0 {
            self.say(&Frame::Ping(Ping {}));
        }
    }

    /// Writes what is queued. Nothing is lost when the future is dropped.
    pub(crate) async fn flush(&mut self) -> Result<(), LineError> {
        self.check_said()?;
        Ok(self.conn.flush().await?)
    }

    /// The next request; `None` at the clean end of the connection.
    pub(crate) async fn request(&mut self) -> Result<Option<Waiting>, LineError> {
        self.window = 0;
        self.body = None;
        loop {
            self.check_said()?;
            if self.queued() > MAX_UNHEARD {
                self.conn.flush().await?;
            }
            if let Some(waiting) = self.requests.pop_front() {
                return Ok(Some(waiting));
            }
            self.conn.skip_body().await?;
            match self.conn.next::<Frame>().await? {
                Some(frame) => self.sort(frame, None)?,
                None => return Ok(None),
            };
        }
    }

    /// The next thing that came for request `id`, or `None` once no more than `low_water` bytes
    /// are queued. Nothing is lost when the future is dropped.
    pub(crate) async fn incoming(
        &mut self,
        id: u64,
        low_water: Option<usize>,
    ) -> Result<Option<Incoming>, LineError> {
        loop {
            self.check_said()?;
            if let Some(stream) = self.body
                && let Some(piece) = self.piece().await?
            {
                return Ok(Some(Incoming::Piece(stream, piece)));
            }
            match self.turn(low_water).await? {
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

    /// The next frame, once the body of the last one is out of the way.
    async fn turn(&mut self, low_water: Option<usize>) -> Result<Turn<Frame>, LineError> {
        let conn = &mut self.conn;
        let turn = async {
            conn.skip_body().await?;
            match low_water {
                Some(low_water) => conn.next_or_room(low_water).await,
                None => Ok(conn.next().await?.map_or(Turn::End, Turn::Frame)),
            }
        };
        match self.silent_for {
            None => Ok(turn.await?),
            Some(after) => {
                Ok(timeout(after, turn).await.map_err(|_| LineError::Silent { after })??)
            }
        }
    }

    /// The next piece of the body on its way; `None` at its end.
    async fn piece(&mut self) -> Result<Option<Bytes>, LineError> {
        let remaining = self.conn.body_remaining();
        if remaining == 0 {
            self.body = None;
            return Ok(None);
        }
        let wanted = remaining.min(PIECE_LEN as u64) as usize;
        if self.space.len() < wanted.min(MIN_PIECE_LEN) {
            self.space.clear();
            self.space.reserve(wanted);
            self.space.resize(wanted, 0);
        }
        let wanted = wanted.min(self.space.len());
        let reading = self.conn.read_body(&mut self.space[..wanted]);
        let read = match self.silent_for {
            None => reading.await?,
            Some(after) => {
                timeout(after, reading).await.map_err(|_| LineError::Silent { after })??
            }
        };
        Ok(Some(self.space.split_to(read).freeze()))
    }

    /// Whether all that was to be said could be.
    fn check_said(&mut self) -> Result<(), LineError> {
        self.unsaid.take().map_or(Ok(()), |error| Err(error.into()))
    }

    /// Keeps what is not for the request at hand, and returns what is.
    fn sort(&mut self, frame: Frame, at_hand: Option<u64>) -> Result<Option<Incoming>, LineError> {
        match frame {
            Frame::Ping(_) if self.queued() > MAX_UNHEARD_PONGS => {}
            Frame::Ping(_) => self.say(&Frame::Pong(Ping {})),
            Frame::Pong(_) => {}
            Frame::Run(run) => {
                if self.requests.len() >= MAX_IN_FLIGHT {
                    return Err(LineError::TooManyRequests);
                }
                self.requests.push_back(Waiting { run, cancelled: false });
            }
            Frame::Cancel(Of { id }) if at_hand != Some(id) => {
                for waiting in &mut self.requests {
                    waiting.cancelled |= waiting.run.id == id;
                }
            }
            Frame::Stdin(stdin) if self.is_waiting(stdin.id) => {
                return Err(LineError::EarlyInput { found: stdin.id });
            }
            // What still comes for a request that is over is passed over.
            frame if frame.id() != at_hand => {}
            Frame::Stdin(stdin) => {
                let allowed = self.window;
                let left = allowed.checked_sub(stdin.body);
                self.window = left.ok_or(LineError::TooMuchInput { found: stdin.body, allowed })?;
                self.body = Some(Stream::Stdin);
            }
            Frame::Stdout(_) => self.body = Some(Stream::Stdout),
            Frame::Stderr(_) => self.body = Some(Stream::Stderr),
            frame => return Ok(Some(Incoming::Frame(frame))),
        }
        Ok(None)
    }

    fn is_waiting(&self, id: u64) -> bool {
        self.requests.iter().any(|waiting| waiting.run.id == id)
    }
}

/// The failure of a request that stands in the wrong place or means nothing.
pub(crate) fn bad_request(error: &LineError) -> Failure {
    Failure::new(Status::BadRequest, error.to_string())
}
