//! What a command writes to and reads from: pipes, or a terminal.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use rustix::io::Errno;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{Receiver, Sender};

use super::readiness::Watched;
use super::terminal;

/// How much is read at a time, and how large a pipe becomes that is always full.
const READ_LEN: usize = 1024 * 1024;

/// How much is read from a terminal at a time: the kernel keeps no more.
const TERMINAL_LEN: usize = 4096;

/// As much as a pipe holds before it is made larger.
const SMALL_PIPE: usize = 64 * 1024;

/// Where a command's output comes out.
#[derive(Debug)]
pub(crate) struct Outlet {
    source: Source,
    buffer: BytesMut,
    enlarged: bool,
}

#[derive(Debug)]
enum Source {
    Pipe(Receiver),
    Terminal(Arc<Watched>),
}

impl Outlet {
    pub(super) fn pipe(ours: OwnedFd) -> io::Result<Self> {
        Ok(Self::new(Source::Pipe(Receiver::from_owned_fd(ours)?)))
    }

    pub(super) fn terminal(ours: Arc<Watched>) -> Self {
        Self::new(Source::Terminal(ours))
    }

    fn new(source: Source) -> Self {
        Self { source, buffer: BytesMut::new(), enlarged: false }
    }

    /// The next piece, of at most `most` bytes; nothing at the end. Cancel-safe.
    pub(crate) async fn read(&mut self, most: usize) -> io::Result<Bytes> {
        match &mut self.source {
            Source::Pipe(pipe) => {
                if self.buffer.capacity() < SMALL_PIPE {
                    self.buffer.reserve(READ_LEN);
                }
                let most = most.min(self.buffer.capacity());
                let read = pipe.take(most as u64).read_buf(&mut self.buffer).await?;
                if read >= SMALL_PIPE && !self.enlarged {
                    enlarge(pipe);
                    self.enlarged = true;
                }
            }
            Source::Terminal(terminal) => {
                let mut bytes = [0; TERMINAL_LEN];
                let most = most.min(TERMINAL_LEN);
                let read = read_terminal(terminal, &mut bytes[..most]).await?;
                self.buffer.put_slice(&bytes[..read]);
            }
        }
        Ok(self.buffer.split().freeze())
    }

    /// Whether nobody can write any more and all was read. Asks the system, whatever the runtime
    /// has heard so far.
    pub(crate) fn is_at_end(&self) -> bool {
        let mut byte = [0];
        match &self.source {
            Source::Pipe(pipe) => rustix::io::read(pipe.as_fd(), &mut byte) == Ok(0),
            Source::Terminal(terminal) => {
                let read = rustix::io::read(terminal.get_ref(), &mut byte);
                matches!(read, Ok(0) | Err(Errno::IO))
            }
        }
    }

    /// How much has been written and not been read yet.
    pub(crate) fn backlog(&self) -> u64 {
        let backlog = match &self.source {
            Source::Pipe(pipe) => rustix::io::ioctl_fionread(pipe.as_fd()),
            Source::Terminal(terminal) => rustix::io::ioctl_fionread(terminal.get_ref()),
        };
        backlog.unwrap_or(0)
    }
}

/// A command that fills its pipe gets a larger one: fewer turns, more at a time. It is no more
/// than a wish, for the system bounds what all pipes of a user hold.
#[cfg(target_os = "linux")]
fn enlarge(pipe: &Receiver) {
    let _ = rustix::pipe::fcntl_setpipe_size(pipe.as_fd(), READ_LEN);
}

#[cfg(not(target_os = "linux"))]
fn enlarge(_: &Receiver) {}

async fn read_terminal(terminal: &Watched, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut ready = terminal.readable().await?;
        let read = ready.try_io(|terminal| Ok(rustix::io::read(terminal.get_ref(), &mut *bytes)?));
        match read {
            Ok(Ok(read)) => return Ok(read),
            // Nobody has the command's side open any more: its way to say the end.
            Ok(Err(error)) if Errno::from_io_error(&error) == Some(Errno::IO) => return Ok(0),
            Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
            Ok(Err(error)) => return Err(error),
            Err(_would_block) => {}
        }
    }
}

/// What an end of input is at a terminal: Ctrl-D.
const END_OF_TRANSMISSION: &[u8] = &[4];

/// Where a command's input goes in.
#[derive(Debug)]
pub(crate) enum Inlet {
    Pipe(Sender),
    Terminal(Arc<Watched>),
}

impl Inlet {
    pub(super) fn pipe(ours: OwnedFd) -> io::Result<Self> {
        Ok(Self::Pipe(Sender::from_owned_fd(ours)?))
    }

    /// Writes some of the bytes, and tells how many. Cancel-safe.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Pipe(pipe) => loop {
                pipe.writable().await?;
                match pipe.try_write(bytes) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    written => return written,
                }
            },
            Self::Terminal(terminal) => loop {
                let mut ready = terminal.writable().await?;
                let written =
                    ready.try_io(|terminal| Ok(rustix::io::write(terminal.get_ref(), bytes)?));
                if let Ok(written) = written {
                    return written;
                }
            },
        }
    }

    /// What is to be written at the end of the input.
    pub(crate) fn last_words(&self) -> &'static [u8] {
        match self {
            Self::Pipe(_) => &[],
            Self::Terminal(_) => END_OF_TRANSMISSION,
        }
    }

    /// Sets the size of the terminal, if it is one.
    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        if let Self::Terminal(ours) = self {
            // A terminal that is gone has no size.
            let _ = terminal::resize(ours.get_ref(), rows, cols);
        }
    }
}
