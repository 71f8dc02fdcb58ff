//! Where the output of a command goes: standard output and error, as fast as they take it.

use std::io::{self, Write};

use bytes::Bytes;
use cmdexec::Outcome;
use serde::Serialize;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use super::decode::{Decoder, Decoding};
use super::event::{End, ExecEvent, Written};
use crate::report::Report;

/// How many pieces wait to be written. With those on their way to us it is all that is ever kept.
const WAITING: usize = 4;

/// One of the two ways out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// The output of commands on its way out, in the order in which it came.
///
/// It is written on a thread of its own, so that a reader who is slow holds up neither the
/// connection nor what is sent the other way.
pub(super) struct Output {
    json: bool,
    decoding: Option<Decoding>,
    terminals: [bool; 2],
    decoders: [Decoder; 2],
    writer: Option<Writer>,
}

struct Writer {
    pieces: Sender<(Stream, Bytes)>,
    thread: JoinHandle<io::Result<()>>,
}

/// Somebody closed the stream, or it takes no more for another reason: [`Output::finish`] tells.
#[derive(Debug)]
pub(super) struct Closed;

impl Output {
    /// Decodes as was asked for; if nothing was, only what a person looks at.
    pub(super) fn new(decoding: Option<Decoding>, report: &Report) -> Self {
        let terminal = report.terminal();
        let mut output = Self {
            json: report.is_json(),
            decoding,
            terminals: [terminal.output, terminal.errors],
            decoders: [Decoding::Raw; 2].map(Decoder::new),
            writer: None,
        };
        output.begin();
        output
    }

    /// Begins with a new command, of whose encoding nothing is known.
    pub(super) fn begin(&mut self) {
        self.decoders = self.terminals.map(|is_terminal| match self.decoding {
            Some(decoding) => Decoder::new(decoding),
            None if self.json => Decoder::whole_characters(),
            None if is_terminal => Decoder::new(Decoding::Auto),
            None => Decoder::new(Decoding::Raw),
        });
    }

    /// Takes a piece. Cancelled, it may be lost.
    pub(super) async fn put(&mut self, stream: Stream, piece: Bytes) -> Result<(), Closed> {
        let decoded = match self.decoders[stream as usize].decode(&piece, false) {
            // The piece itself, most of the time: it is not copied.
            std::borrow::Cow::Borrowed(_) => piece,
            std::borrow::Cow::Owned(text) => text.into(),
        };
        self.put_decoded(stream, decoded).await
    }

    /// What was kept back comes out: no more will come.
    pub(super) async fn end(&mut self) -> Result<(), Closed> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let rest = self.decoders[stream as usize].decode(b"", true).into_owned();
            self.put_decoded(stream, rest.into()).await?;
        }
        Ok(())
    }

    /// Tells programs something between the pieces.
    pub(super) async fn tell(&mut self, event: &ExecEvent<'_>) -> Result<(), Closed> {
        if !self.json {
            return Ok(());
        }
        self.write(Stream::Stdout, line(event)).await
    }

    /// Tells programs how a command ended.
    pub(super) async fn tell_end(&mut self, outcome: &Outcome, status: u8) -> Result<(), Closed> {
        self.tell(&ExecEvent::End(End::new(outcome, status))).await
    }

    async fn put_decoded(&mut self, stream: Stream, piece: Bytes) -> Result<(), Closed> {
        if piece.is_empty() {
            return Ok(());
        }
        if !self.json {
            return self.write(stream, piece).await;
        }
        let written = Written::from(&piece[..]);
        let event = match stream {
            Stream::Stdout => ExecEvent::Stdout(written),
            Stream::Stderr => ExecEvent::Stderr(written),
        };
        self.write(Stream::Stdout, line(&event)).await
    }

    async fn write(&mut self, stream: Stream, piece: Bytes) -> Result<(), Closed> {
        let writer = self.writer.get_or_insert_with(Writer::start);
        writer.pieces.send((stream, piece)).await.map_err(|_| Closed)
    }

    /// Waits until all of it is written.
    ///
    /// # Errors
    ///
    /// What the system says, if not all of it could be written.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        match self.writer.take() {
            Some(Writer { pieces, thread }) => {
                drop(pieces);
                thread.await.map_err(io::Error::other)?
            }
            None => Ok(()),
        }
    }
}

impl Writer {
    fn start() -> Self {
        let (pieces, mut waiting) = channel::<(Stream, Bytes)>(WAITING);
        let thread = tokio::task::spawn_blocking(move || {
            let mut outlets = [None, None];
            while let Some((stream, piece)) = waiting.blocking_recv() {
                let outlet = match &mut outlets[stream as usize] {
                    Some(outlet) => outlet,
                    empty => empty.insert(outlet(stream)?),
                };
                outlet.write_all(&piece)?;
                outlet.flush()?;
            }
            Ok(())
        });
        Self { pieces, thread }
    }
}

/// The stream itself. What the library has in front of it looks through everything for line ends.
#[cfg(unix)]
fn outlet(stream: Stream) -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    let owned = match stream {
        Stream::Stdout => io::stdout().as_fd().try_clone_to_owned(),
        Stream::Stderr => io::stderr().as_fd().try_clone_to_owned(),
    };
    owned.map(Into::into)
}

#[cfg(not(unix))]
fn outlet(stream: Stream) -> io::Result<Box<dyn Write + Send>> {
    Ok(match stream {
        Stream::Stdout => Box::new(io::stdout()),
        Stream::Stderr => Box::new(io::stderr()),
    })
}

fn line(event: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(event).expect("events hold nothing but JSON has");
    line.push(b'\n');
    line.into()
}
