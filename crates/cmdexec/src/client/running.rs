//! A command that runs.

use std::convert::Infallible;
use std::future::pending;
use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;

use super::session::Session;
use super::{ClientError, Command, Connect, Control, Event, Outcome};
use crate::digest::StreamDigest;
use crate::line::{Incoming, LineError, SIGN_OF_LIFE, Stream};
use crate::wire::{End, Frame, Of, STDIN_WINDOW, Stdin, StreamSum};

/// How much input is read at a time.
const INPUT_LEN: usize = 256 * 1024;

/// A command that runs, or is about to.
///
/// It moves while [`next`](Self::next) or [`copy`](Self::copy) are awaited, and no faster than
/// what comes is taken: a caller that is slow makes the command wait. Who drops it before its end
/// drops the connection with it, and the server ends the command.
#[derive(Debug)]
pub struct Running<'c, C: Connect, I> {
    /// Where the session goes when the command is over.
    home: &'c mut Option<Session<C::Stream>>,
    /// None once the command is over.
    session: Option<Session<C::Stream>>,
    input: Input<I>,
    control: Control,
    controls: UnboundedReceiver<Frame>,
    id: u64,
    /// What came of stdout and stderr; none before the welcome.
    came: Option<[StreamDigest; 2]>,
}

/// What is sent to the command.
#[derive(Debug)]
struct Input<I> {
    /// None once its end was sent, or is not wanted any more.
    source: Option<I>,
    buffer: BytesMut,
    window: u64,
}

/// Something to be said to the server.
enum Word {
    Frame(Frame),
    Input(io::Result<Bytes>),
}

impl<'c, C: Connect, I: AsyncRead + Unpin + Send> Running<'c, C, I> {
    pub(super) fn begin(
        home: &'c mut Option<Session<C::Stream>>,
        mut session: Session<C::Stream>,
        command: &Command,
        stdin: I,
    ) -> Result<Self, ClientError> {
        let id = session.next_id();
        let request = Frame::Run(command.request(id));
        if let Err(error) = session.line.try_say(&request) {
            *home = Some(session);
            return Err(ClientError::TooLong(error));
        }
        let source = command.stdin.then_some(stdin);
        let input = Input { source, buffer: BytesMut::new(), window: STDIN_WINDOW };
        let (control, controls) = Control::new(id);
        Ok(Self { home, session: Some(session), input, control, controls, id, came: None })
    }

    /// A hold on the command, for other tasks.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// What happens next; `None` after the end. Cancel-safe.
    ///
    /// # Errors
    ///
    /// [`ClientError`]: the command was not run, the connection was lost, or what came is not what
    /// was sent. The command is over then.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        while self.session.is_some() {
            match self.step().await {
                Ok(Some(event)) => return Ok(Some(event)),
                Ok(None) => {}
                Err(error) => {
                    // With the connection goes the command. One that was not run leaves it of use.
                    let session = self.session.take();
                    *self.home = session.filter(|_| matches!(error, ClientError::Remote(_)));
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Writes what comes to `stdout` and `stderr` until the command is over.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and [`ClientError::Local`] if something cannot be written.
    pub async fn copy(
        &mut self,
        stdout: &mut (impl AsyncWrite + Unpin + Send),
        stderr: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<Outcome, ClientError> {
        loop {
            match self.next().await? {
                Some(Event::Stdout(bytes)) => self.hand_on(&bytes, stdout).await?,
                Some(Event::Stderr(bytes)) => self.hand_on(&bytes, stderr).await?,
                Some(Event::Started { .. }) => {}
                Some(Event::End(outcome)) => return Ok(outcome),
                None => {
                    let over = "nothing more is told of a command that is over";
                    let source = io::Error::other(over);
                    return Err(ClientError::Local { what: "cannot write the output", source });
                }
            }
        }
    }

    /// Keeps the command going while the caller is busy: sends input and what is asked for through
    /// [`Control`], and gives signs of life. It takes no output and ends only with an error; await
    /// it in a `select!` beside whatever takes long. Cancel-safe.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn tend(&mut self) -> Result<Infallible, ClientError> {
        loop {
            let Some(session) = &mut self.session else { return pending().await };
            let queued = session.line.queued() > 0;
            tokio::select! {
                word = word(&mut self.controls, &mut self.input) => self.say(word)?,
                flushed = session.line.flush(), if queued => {
                    flushed.map_err(|error| self.lost(error))?;
                }
                () = tokio::time::sleep(SIGN_OF_LIFE) => session.line.sign_of_life(),
            }
        }
    }

    async fn hand_on(
        &mut self,
        bytes: &[u8],
        sink: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<(), ClientError> {
        let writing = async {
            sink.write_all(bytes).await?;
            sink.flush().await
        };
        let written = tokio::select! {
            biased;
            written = writing => written,
            failed = self.tend() => match failed? {},
        };
        written.map_err(|source| ClientError::Local { what: "cannot write the output", source })
    }

    /// Says or hears something.
    async fn step(&mut self) -> Result<Option<Event>, ClientError> {
        let session = self.session.as_mut().expect("the caller has looked");
        let algorithm = session.algorithm().await?;
        self.came
            .get_or_insert_with(|| [StreamDigest::new(algorithm), StreamDigest::new(algorithm)]);
        tokio::select! {
            incoming = session.line.incoming(self.id, None) => match incoming {
                Ok(Some(incoming)) => self.hear(incoming),
                Ok(None) => Ok(None),
                Err(error) => Err(self.lost(error)),
            },
            word = word(&mut self.controls, &mut self.input) => self.say(word).map(|()| None),
        }
    }

    fn hear(&mut self, incoming: Incoming) -> Result<Option<Event>, ClientError> {
        let [stdout, stderr] = self.came.as_mut().expect("nothing is heard before the welcome");
        let frame = match incoming {
            Incoming::Piece(Stream::Stderr, bytes) => {
                stderr.update(&bytes);
                return Ok(Some(Event::Stderr(bytes)));
            }
            Incoming::Piece(_, bytes) => {
                stdout.update(&bytes);
                return Ok(Some(Event::Stdout(bytes)));
            }
            Incoming::Frame(frame) => frame,
        };
        match frame {
            Frame::Started(started) => return Ok(Some(Event::Started { pid: started.pid })),
            Frame::Room(room) => {
                let window = self.input.window.checked_add(room.bytes);
                let Some(window) = window.filter(|window| *window <= STDIN_WINDOW) else {
                    let message = "it gives more room for input than there ever was";
                    return Err(self.session().protocol(message));
                };
                self.input.window = window;
            }
            Frame::StdinClosed(_) => self.input.source = None,
            Frame::End(end) => return self.end(end).map(|outcome| Some(Event::End(outcome))),
            _ => return Err(self.session().protocol("a frame came that only a client sends")),
        }
        Ok(None)
    }

    fn end(&mut self, end: End) -> Result<Outcome, ClientError> {
        let proof = end.into_result()?;
        let [stdout, stderr] = self.came.take().expect("nothing is heard before the welcome");
        verify("stdout", stdout.finish(), &proof.stdout)?;
        verify("stderr", stderr.finish(), &proof.stderr)?;
        *self.home = self.session.take();
        Ok(proof.into())
    }

    fn say(&mut self, word: Word) -> Result<(), ClientError> {
        let id = self.id;
        let Some(session) = &mut self.session else { return Ok(()) };
        match word {
            Word::Frame(frame) => session.line.say(&frame),
            Word::Input(Ok(bytes)) if bytes.is_empty() => {
                self.input.source = None;
                session.line.say(&Frame::StdinEnd(Of { id }));
            }
            Word::Input(Ok(bytes)) => {
                let body = bytes.len() as u64;
                self.input.window -= body;
                session.line.say_with(&Frame::Stdin(Stdin { id, body }), bytes);
            }
            Word::Input(Err(source)) => {
                return Err(ClientError::Local { what: "cannot read the input", source });
            }
        }
        Ok(())
    }

    fn session(&self) -> &Session<C::Stream> {
        self.session.as_ref().expect("the command is not over")
    }

    fn lost(&self, error: LineError) -> ClientError {
        self.session().lost(error)
    }
}

/// The next thing to be said to the server.
async fn word<I: AsyncRead + Unpin>(
    controls: &mut UnboundedReceiver<Frame>,
    input: &mut Input<I>,
) -> Word {
    tokio::select! {
        biased;
        Some(frame) = controls.recv() => Word::Frame(frame),
        read = input.read() => Word::Input(read),
    }
}

impl<I: AsyncRead + Unpin> Input<I> {
    /// The next piece; nothing at its end. Waits for ever while none may be sent.
    async fn read(&mut self) -> io::Result<Bytes> {
        let Some(source) = self.source.as_mut().filter(|_| self.window > 0) else {
            return pending().await;
        };
        self.buffer.reserve(INPUT_LEN.min(self.window as usize));
        let most = self.window.min(INPUT_LEN as u64);
        source.take(most).read_buf(&mut self.buffer).await?;
        Ok(self.buffer.split().freeze())
    }
}

/// Compares what came with what was sent.
fn verify(stream: &'static str, came: StreamSum, sent: &StreamSum) -> Result<(), ClientError> {
    if came == *sent {
        return Ok(());
    }
    Err(ClientError::Damaged {
        stream,
        found_bytes: came.bytes,
        found: came.digest,
        sent_bytes: sent.bytes,
        sent: sent.digest.clone(),
    })
}
