use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::MAX_FORMAT_BYTES;
use crate::sntp::{Query, ReplyError, Sample};
use crate::stamped::StampedSocket;

/// A datagram has no more.
const MAX_DATAGRAM_BYTES: usize = 65_535;

/// Asks a time server, over UDP.
///
/// Datagrams get lost, and a server may be started after its clients: a question is asked again
/// until it is answered or time is up. Each is asked from a port of its own, so that a late answer
/// to an earlier one cannot be taken for the answer to this one.
#[derive(Clone, Debug)]
#[must_use = "a client asks nothing by itself"]
pub struct Client {
    server: SocketAddr,
    deadline: Duration,
    ask_again: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The format is longer than servers take.
    #[error("the format has {found} bytes; a server takes {MAX_FORMAT_BYTES}")]
    FormatTooLong {
        /// Its length.
        found: usize,
    },
    /// Nothing came, or nothing that answers the question.
    #[error("no answer from {server} within {within:?}{hint}")]
    NoAnswer {
        /// Who was asked.
        server: SocketAddr,
        /// How long was waited.
        within: Duration,
        /// What came instead.
        hint: Hint,
    },
    /// The server answered that it has no answer.
    #[error("{server}: {reason}")]
    Refused {
        /// Who was asked.
        server: SocketAddr,
        /// What it says.
        reason: ReplyError,
    },
    /// The socket failed.
    #[error("cannot ask {server}: {source}")]
    Io {
        /// Who was to be asked.
        server: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// What came instead of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// Nothing at all: the datagrams are lost, or the server keeps silent.
    #[default]
    Nothing,
    /// The machine says that nobody listens there.
    NobodyListens,
    /// Something that is no answer.
    Stranger(ReplyError),
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::NobodyListens => f.write_str(": nobody listens there"),
            Self::Stranger(error) => write!(f, "; what came was {error}"),
        }
    }
}

impl Client {
    /// A client of the server at that address: it waits 5 s, and asks each second.
    pub fn new(server: SocketAddr) -> Self {
        Self { server, deadline: Duration::from_secs(5), ask_again: Duration::from_secs(1) }
    }

    /// How long to wait for an answer in all; default 5 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long to wait before asking again; default 1 s. On a line that is slower than that the
    /// server is asked more than once, which does no harm.
    pub fn ask_again(mut self, period: Duration) -> Self {
        self.ask_again = period;
        self
    }

    /// Asks for the time in a format of `strftime`, perhaps with `TZ=Area/City ` in front.
    ///
    /// The answer is what the server sent: bytes that nobody has looked at.
    ///
    /// # Errors
    ///
    /// If the format is too long, or no answer comes in time.
    pub async fn ask(&self, format: &[u8]) -> Result<Vec<u8>, AskError> {
        if format.len() > MAX_FORMAT_BYTES {
            return Err(AskError::FormatTooLong { found: format.len() });
        }
        self.exchange(format, |datagram, _, _| Ok(datagram.to_vec())).await
    }

    /// Asks by SNTP for the time and for how far our clock is off.
    ///
    /// # Errors
    ///
    /// If the server refuses, or no answer comes in time.
    pub async fn query(&self) -> Result<Sample, AskError> {
        let query = Query::new(RandomState::new().hash_one(self.server));
        let datagram = query.encode();
        self.exchange(&datagram, |reply, sent, arrived| query.judge(reply, sent, arrived)).await
    }

    /// Sends the question until `judge` has taken an answer, or has been refused one.
    async fn exchange<T>(
        &self,
        question: &[u8],
        judge: impl Fn(&[u8], Timestamp, Timestamp) -> Result<T, ReplyError>,
    ) -> Result<T, AskError> {
        let failed = |source| AskError::Io { server: self.server, source };
        let socket = self.connect().await.map_err(failed)?;
        let end = Instant::now() + self.deadline;
        let mut hint = Hint::default();
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
        while Instant::now() < end {
            let sent = Timestamp::now();
            let again = end.min(Instant::now() + self.ask_again);
            match socket.send(question).await {
                // An earlier one was refused, and this one was not sent.
                Err(error) if is_refusal(&error) => hint = Hint::NobodyListens,
                other => other.map_err(failed)?,
            }
            while let Ok(received) = timeout_at(again, socket.recv(&mut buffer)).await {
                let (length, arrived) = match received {
                    Err(error) if is_refusal(&error) => {
                        hint = Hint::NobodyListens;
                        continue;
                    }
                    other => other.map_err(failed)?,
                };
                match judge(&buffer[..length], sent, arrived) {
                    Ok(answer) => return Ok(answer),
                    Err(reason @ (ReplyError::Refused { .. } | ReplyError::NoTime)) => {
                        return Err(AskError::Refused { server: self.server, reason });
                    }
                    Err(error) => hint = Hint::Stranger(error),
                }
            }
        }
        Err(AskError::NoAnswer { server: self.server, within: self.deadline, hint })
    }

    async fn connect(&self) -> io::Result<StampedSocket> {
        let any: SocketAddr = match self.server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        StampedSocket::connect(any, self.server).await
    }
}

/// Whether the system passes on that nobody listens at the other end.
fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        // Windows calls it a reset.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}
