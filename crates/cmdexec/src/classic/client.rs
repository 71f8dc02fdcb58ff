//! The client for the tutorial's servers.

use std::time::Duration;

use proto::stream::Connection;
use proto::{ConnectionError, DecodeError, Limits};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::reply::Announcement;
use super::{ClassicError, ClassicMode, MAX_COMMAND_BYTES, MAX_OUTPUT_BYTES, READY};
use crate::client::Connect;

/// How much the naive client reads.
const NAIVE_READ: usize = 1024;

/// The longest run of digits that is a length.
const MAX_DIGITS: usize = 20;

/// Runs commands on one of the tutorial's servers.
///
/// It is as good as the way allows: see [the module](super). In the naive way what is left of one
/// answer comes with the next, as the tutorial shows. The original server of the third way takes
/// one command per connection, so that each gets one of its own there.
#[derive(Debug)]
pub struct ClassicClient<C: Connect> {
    connector: C,
    mode: ClassicMode,
    answer_within: Duration,
    stream: Option<C::Stream>,
}

impl<C: Connect> ClassicClient<C> {
    /// A client that is not connected yet.
    pub fn new(connector: C, mode: ClassicMode) -> Self {
        Self { connector, mode, answer_within: Duration::from_secs(10), stream: None }
    }

    /// Sets how long an answer may take. Default: 10 s. There has to be an end: a naive server says
    /// nothing if its command wrote nothing, and the originals hang for ever on a command that
    /// fills the pipe they do not read.
    #[must_use]
    pub fn answer_within(mut self, limit: Duration) -> Self {
        self.answer_within = limit;
        self
    }

    /// Runs a command, and gives what the server sends as its output, in the server's encoding.
    ///
    /// # Errors
    ///
    /// [`ClassicError`]; the next command gets a new connection.
    pub async fn run(&mut self, command: &str) -> Result<Vec<u8>, ClassicError> {
        check(command)?;
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connector.connect().await.map_err(|source| ClassicError::Connect {
                peer: self.connector.peer().to_owned(),
                source,
            })?,
        };
        let after = self.answer_within;
        let running = async {
            stream.write_all(command.as_bytes()).await?;
            stream.flush().await?;
            match self.mode {
                ClassicMode::Naive => Ok((naive(&mut stream).await?, Some(stream))),
                ClassicMode::Low => Ok((low(&mut stream).await?, Some(stream))),
                ClassicMode::Header => Ok((header(stream).await?, None)),
            }
        };
        let ran = timeout(after, running).await.unwrap_or(Err(ClassicError::NoAnswer { after }));
        let (output, stream) = ran?;
        self.stream = stream;
        Ok(output)
    }
}

fn check(command: &str) -> Result<(), ClassicError> {
    if command.len() > MAX_COMMAND_BYTES {
        let (found, allowed) = (command.len(), MAX_COMMAND_BYTES);
        return Err(ClassicError::CommandTooLong { found, allowed });
    }
    // To send nothing is to wait for ever.
    if command.trim().is_empty() { Err(ClassicError::Empty) } else { Ok(()) }
}

/// What one read gives. Nobody can know whether it is all.
async fn naive<T: AsyncRead + Unpin>(stream: &mut T) -> Result<Vec<u8>, ClassicError> {
    let mut output = Vec::with_capacity(NAIVE_READ);
    match stream.take(NAIVE_READ as u64).read_buf(&mut output).await? {
        0 => Err(ClassicError::Closed),
        _ => Ok(output),
    }
}

async fn low<T>(stream: &mut T) -> Result<Vec<u8>, ClassicError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    // The digits have no end either, but nothing follows them before the word.
    let mut digits = Vec::new();
    if stream.take(MAX_DIGITS as u64 + 1).read_buf(&mut digits).await? == 0 {
        return Err(ClassicError::Closed);
    }
    let text = String::from_utf8_lossy(&digits).into_owned();
    let is_length = text.bytes().all(|byte| byte.is_ascii_digit());
    let length = text.parse::<u64>().ok().filter(|_| is_length);
    let length = check_length(length.ok_or(ClassicError::NoLength { found: text })?)?;
    stream.write_all(READY).await?;
    stream.flush().await?;
    let mut output = Vec::new();
    match stream.take(length).read_to_end(&mut output).await? as u64 == length {
        true => Ok(output),
        false => Err(ClassicError::Closed),
    }
}

async fn header<T>(stream: T) -> Result<Vec<u8>, ClassicError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut conn = Connection::new(stream, Limits::default());
    let announcement = conn.next::<Announcement>().await.map_err(error)?;
    let announcement = announcement.ok_or(ClassicError::Closed)?;
    let mut left = check_length(announcement.total_size)?;
    let mut output = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    while left > 0 {
        let read = conn.read_body(&mut piece).await.map_err(error)?;
        output.extend_from_slice(&piece[..read]);
        left -= read as u64;
    }
    Ok(output)
}

fn check_length(found: u64) -> Result<u64, ClassicError> {
    // A little more than our own server sends: originals have no limit.
    let allowed = 16 * MAX_OUTPUT_BYTES as u64;
    if found > allowed { Err(ClassicError::OutputTooLong { found, allowed }) } else { Ok(found) }
}

fn error(error: ConnectionError) -> ClassicError {
    match error {
        ConnectionError::Io(error) => ClassicError::Io(error),
        ConnectionError::Decode(DecodeError::Truncated { .. }) => ClassicError::Closed,
        ConnectionError::Decode(error) => ClassicError::Header(error),
        error => ClassicError::Io(std::io::Error::other(error)),
    }
}
