//! The server for the tutorial's clients.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use encoding_rs::Encoding;
use proto::{Algorithm, Hasher, Limits, WebRequest, encode_header};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::reply::Announcement;
use super::{ClassicError, ClassicMode, MAX_COMMAND_BYTES, MAX_OUTPUT_BYTES, READY};
use crate::policy::Policy;
use crate::run::{Plan, Process};
use crate::server::{self, Access, Audit, Places, collect};
use crate::wire::{EndedBy, Failure, Proof, Run, Status, What};

/// What a browser is told.
const WHAT_LIVES_HERE: &str = "This is a command server of Seam, not a web site.\n\
    Its commands are run by: exec-cli -s HOST:PORT --plain run COMMAND\n";

/// How long a web client's rest is read after its answer.
const LINGER: Duration = Duration::from_secs(1);

/// Serves the tutorial's clients.
#[derive(Debug)]
pub(crate) struct ClassicService<'a> {
    pub(crate) mode: ClassicMode,
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) policy: &'a Policy,
    pub(crate) places: &'a Arc<Places>,
    pub(crate) access: &'a Access,
    pub(crate) peer: String,
}

/// What a command wrote.
#[derive(Debug, Default)]
struct Written {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl ClassicService<'_> {
    /// Serves one client, from which `opening` was read already, until it has no more commands.
    /// Once `stop` is ready, no further command is waited for.
    ///
    /// # Errors
    ///
    /// [`ClassicError`] when the connection broke or the client sent what is no command.
    pub(crate) async fn serve<T>(
        &self,
        stream: &mut T,
        opening: Bytes,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ClassicError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut stop = std::pin::pin!(stop);
        let mut read = BytesMut::from(opening);
        loop {
            if let Some(request) = WebRequest::suspected(&read) {
                return refuse_web_client(stream, &request.answer(WHAT_LIVES_HERE)).await;
            }
            if let Err(error) = check(&read) {
                let message = format!("{error}\n").into_bytes();
                let refusal = Written { stderr: message, ..Written::default() };
                self.reply(stream, refusal, &mut BytesMut::new()).await?;
                let _ = stream.shutdown().await;
                return Err(error);
            }
            let command = read.split().freeze();
            let Some(written) = self.run(stream, &command, &mut read).await? else {
                return Ok(());
            };
            self.reply(stream, written, &mut read).await?;
            let count = tokio::select! {
                biased;
                () = &mut stop => 0,
                count = read_some(stream, &mut read), if read.is_empty() => count?,
                // It came while the last command ran.
                () = std::future::ready(()), if !read.is_empty() => read.len(),
            };
            if count == 0 {
                return Ok(stream.shutdown().await?);
            }
        }
    }

    /// Runs a command; `None` if the client went away meanwhile, which ends it. What the client
    /// says before it has its answer is kept in `ahead`.
    async fn run<T: AsyncRead + Unpin>(
        &self,
        stream: &mut T,
        command: &Bytes,
        ahead: &mut BytesMut,
    ) -> Result<Option<Written>, ClassicError> {
        let audit = Audit::new(&self.peer, &self.access.owner, &what(command));
        let executing = self.execute(command);
        let mut executing = std::pin::pin!(executing);
        loop {
            tokio::select! {
                (written, result) = &mut executing => {
                    audit.log(&Ok(result));
                    return Ok(Some(written));
                }
                count = read_some(stream, ahead), if ahead.is_empty() => if count? == 0 {
                    return Ok(None);
                },
            }
        }
    }

    async fn execute(&self, command: &Bytes) -> (Written, Result<Proof, Failure>) {
        let run = request(command);
        let process = match self.plan(&run) {
            Ok((plan, place)) => Process::spawn(plan).await.map(|process| (process, place)),
            Err(refusal) => Err(refusal),
        };
        let (process, _place) = match process {
            Ok(process) => process,
            Err(failure) => {
                let stderr = format!("{failure}\n").into_bytes();
                return (Written { stderr, ..Written::default() }, Err(failure));
            }
        };
        let mut limits = server::Limits::new(&run, self.policy);
        let most = limits.max_output.unwrap_or(u64::MAX).min(MAX_OUTPUT_BYTES as u64);
        limits.max_output = Some(most);
        let collected = collect(process, limits).await;
        let mut written = Written { stdout: collected.stdout, stderr: collected.stderr };
        if collected.proof.ended_by == Some(EndedBy::Output) {
            // Half an output would pass for a whole one.
            let stderr = format!("the output is longer than the {most} bytes that fit an answer\n");
            written = Written { stderr: stderr.into_bytes(), ..Written::default() };
        }
        (written, Ok(collected.proof))
    }

    fn plan(&self, run: &Run) -> Result<(Plan, server::Place), Failure> {
        if !self.access.exec {
            return Err(Failure::new(Status::Denied, "you may not run commands here"));
        }
        let argv = self.policy.admit(run)?;
        Ok((Plan::new(argv, run), self.places.take(&self.access.owner)?))
    }

    /// Answers in the way that was chosen.
    async fn reply<T>(
        &self,
        stream: &mut T,
        written: Written,
        ahead: &mut BytesMut,
    ) -> Result<(), ClassicError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let Written { mut stdout, stderr } = written;
        match self.mode {
            ClassicMode::Naive => {
                stdout.extend_from_slice(&stderr);
                stream.write_all(&self.encode(stdout)).await?;
            }
            ClassicMode::Low => {
                let output = self.encode(if stderr.is_empty() { stdout } else { stderr });
                stream.write_all(output.len().to_string().as_bytes()).await?;
                stream.flush().await?;
                if !await_ready(stream, ahead).await? {
                    return Ok(());
                }
                stream.write_all(&output).await?;
            }
            ClassicMode::Header => {
                stdout.extend_from_slice(&stderr);
                let output = self.encode(stdout);
                let mut answer = BytesMut::from(announce(&output));
                answer.extend_from_slice(&output);
                stream.write_all(&answer).await?;
            }
        }
        Ok(stream.flush().await?)
    }

    /// Text in the encoding that was chosen; what is no text stays as it is.
    fn encode(&self, output: Vec<u8>) -> Vec<u8> {
        match (self.encoding, std::str::from_utf8(&output)) {
            (Some(encoding), Ok(text)) => encoding.encode(text).0.into_owned(),
            _ => output,
        }
    }
}

fn announce(output: &[u8]) -> Bytes {
    let mut md5 = Hasher::new(Algorithm::Md5);
    md5.update(output);
    let announcement = Announcement {
        file_name: "output".into(),
        total_size: output.len() as u64,
        md5: md5.finalize().to_string(),
    };
    encode_header(&announcement, &Limits::default()).expect("it is shorter than any limit")
}

fn what(command: &Bytes) -> What {
    What::Shell { line: command.as_ref().into(), shell: None }
}

fn request(command: &Bytes) -> Run {
    Run {
        id: 0,
        command: what(command),
        dir: None,
        env: Default::default(),
        timeout_ms: None,
        stdin: false,
        pty: None,
    }
}

/// Whether what one read gave is a command.
fn check(command: &[u8]) -> Result<(), ClassicError> {
    if command.len() > MAX_COMMAND_BYTES {
        let (found, allowed) = (command.len(), MAX_COMMAND_BYTES);
        return Err(ClassicError::CommandTooLong { found, allowed });
    }
    if let Some(&found) = command.iter().find(|byte| byte.is_ascii_control()) {
        return Err(ClassicError::ControlCharacter { found });
    }
    if command.trim_ascii().is_empty() {
        return Err(ClassicError::Empty);
    }
    Ok(())
}

/// One read, of one byte more than a command may have.
async fn read_some<T: AsyncRead + Unpin>(
    stream: &mut T,
    read: &mut BytesMut,
) -> Result<usize, ClassicError> {
    read.reserve(MAX_COMMAND_BYTES + 1);
    Ok(stream.take(MAX_COMMAND_BYTES as u64 + 1).read_buf(read).await?)
}

/// Waits until the client has read the length; `false` if it has gone. What follows its word in
/// the same read is its next command.
async fn await_ready<T: AsyncRead + Unpin>(
    stream: &mut T,
    ahead: &mut BytesMut,
) -> Result<bool, ClassicError> {
    while ahead.len() < READY.len() && READY.starts_with(ahead) {
        if read_some(stream, ahead).await? == 0 {
            return Ok(false);
        }
    }
    if !ahead.starts_with(READY) {
        let found = String::from_utf8_lossy(&ahead[..ahead.len().min(64)]).into_owned();
        return Err(ClassicError::NotReady { found });
    }
    let _ = ahead.split_to(READY.len());
    Ok(true)
}

async fn refuse_web_client<T>(stream: &mut T, answer: &[u8]) -> Result<(), ClassicError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(answer).await?;
    // Closed with something unread, the connection would be reset and the answer lost.
    let _ = stream.shutdown().await;
    let rest = async { while stream.read(&mut [0; 1024]).await.is_ok_and(|len| len > 0) {} };
    let _ = timeout(LINGER, rest).await;
    Ok(())
}
