//! The client for the tutorial's server.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::timeout;

use super::chunk::decode_size;
use super::incoming::{Incoming, Part};
use super::opening::{GET, PUT};
use super::pace::{STALL, settle_for};
use super::send::{Outbound, write};
use super::upload::Upload;
use super::{ClassicError, MAX_COMMAND_BYTES, Outgoing, STORED};
use crate::client::{Event, How, Local, Observer};
use crate::content::Pool;
use crate::store::{Published, Store};

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// How long the server is given to read a command before anything follows: what arrives together
/// with the name, it takes for a part of it.
const COMMAND_PAUSE: Duration = Duration::from_millis(200);

/// How long the confirmation of an upload is waited for. A server that found a chunk wrong gives
/// none.
const CONFIRMATION_PATIENCE: Duration = Duration::from_secs(10);

/// A client of the tutorial's own server.
///
/// One connection carries any number of calls in turn. After an error it is over, as it is after
/// a call that was dropped half-way: connect again. Content is checked as it comes, but cannot be
/// resumed. On TCP, switch `TCP_NODELAY` on.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use ftp::{ClassicClient, How, Local, LocalStore, RemotePath};
///
/// let store = Arc::new(LocalStore::open("downloads", true)?);
/// let path = RemotePath::parse("notes.txt")?;
/// let stream = tokio::net::TcpStream::connect("127.0.0.1:8484").await?;
/// stream.set_nodelay(true)?;
///
/// let mut client = ClassicClient::new(stream);
/// let local = Local { store: &store, path: &path };
/// let published = client.get("notes.txt", local, &How::default(), &()).await?;
/// println!("{} is here", published.path);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ClassicClient<T> {
    stream: T,
    pool: Arc<Pool>,
    /// What was read and not yet used.
    input: BytesMut,
}

impl<T> ClassicClient<T>
where
    T: AsyncRead + AsyncWrite + Outgoing + Unpin + Send,
{
    /// A client on a connection that has said nothing yet.
    pub fn new(stream: T) -> Self {
        Self { stream, pool: Pool::shared(), input: BytesMut::new() }
    }

    /// The threads to work with. Default: [`Pool::shared`].
    #[must_use]
    pub fn pool(mut self, pool: Arc<Pool>) -> Self {
        self.pool = pool;
        self
    }

    /// Fetches the file that the server calls `name`. The observer is told of the local path.
    ///
    /// # Errors
    ///
    /// [`ClassicError`]; nothing of the file is kept then.
    pub async fn get<S: Store>(
        &mut self,
        name: &str,
        local: Local<'_, S>,
        how: &How,
        observer: &dyn Observer,
    ) -> Result<Published, ClassicError> {
        self.command(GET, name).await?;
        let size = self.size(name).await?;
        observer.event(Event::Begun { path: local.path, size: Some(size) });
        let path = local.path.clone();
        let upload = Upload::begin(local.store, &self.pool, path, size, &how.publish).await?;
        let mut upload = upload;
        match self.receive(size, &mut upload, observer).await {
            Ok(()) => Ok(upload.commit(&how.publish, how.durable).await?),
            Err(error) => {
                upload.discard().await;
                Err(error)
            }
        }
    }

    /// Sends a local file under `name`, and returns what the server said to it: the name with which
    /// it was stored, and that it was. The observer is told of the local path.
    ///
    /// The original server appends to a file that exists. Files of 2 GiB and more are refused
    /// before anything is sent.
    ///
    /// # Errors
    ///
    /// [`ClassicError`]; unless it is [`Unconfirmed`](ClassicError::Unconfirmed), part of the file
    /// may be on the server.
    pub async fn put<S: Store>(
        &mut self,
        local: Local<'_, S>,
        name: &str,
        observer: &dyn Observer,
    ) -> Result<String, ClassicError> {
        let path = local.path.clone();
        let file = Outbound::open(local.store, &self.pool, path, name).await?;
        self.command(PUT, name).await?;
        settle_for(&mut self.stream, COMMAND_PAUSE).await?;
        observer.event(Event::Begun { path: local.path, size: Some(file.size()) });
        let mut moved = |bytes| observer.event(Event::Moved { bytes });
        file.send(&mut self.stream, &mut moved).await?;
        self.confirmation().await
    }

    async fn command(&mut self, verb: &[u8], name: &str) -> Result<(), ClassicError> {
        let command = [verb, name.as_bytes()].concat();
        let (found, allowed) = (command.len(), MAX_COMMAND_BYTES);
        if found > allowed {
            return Err(ClassicError::CommandTooLong { found, allowed });
        }
        write(&mut self.stream, &command).await
    }

    /// The size that the server announces; it closes the connection if there is no such file.
    async fn size(&mut self, name: &str) -> Result<u64, ClassicError> {
        loop {
            if let Some(size) = self.input.first_chunk::<{ size_of::<i32>() }>() {
                let size = decode_size(*size)?;
                let _ = self.input.split_to(size_of::<i32>());
                return Ok(size);
            }
            if !self.read().await? {
                return Err(match self.input.is_empty() {
                    true => ClassicError::NotFound { name: name.into() },
                    false => ClassicError::Closed,
                });
            }
        }
    }

    async fn receive<S: Store>(
        &mut self,
        size: u64,
        upload: &mut Upload<S>,
        observer: &dyn Observer,
    ) -> Result<(), ClassicError> {
        let mut incoming = Incoming::new(size);
        loop {
            match incoming.next(&mut self.input)? {
                Some(Part::Content(content)) => {
                    upload.write(&content).await?;
                    observer.event(Event::Moved { bytes: content.len() as u64 });
                }
                Some(Part::Checked { intact: true, .. }) => {}
                Some(Part::Checked { offset, intact: false }) => {
                    return Err(ClassicError::Corrupt { offset });
                }
                Some(Part::Done) => return Ok(()),
                None if self.read().await? => {}
                None => return Err(ClassicError::Closed),
            }
        }
    }

    /// Waits for the server to say that it stored the file.
    async fn confirmation(&mut self) -> Result<String, ClassicError> {
        let said = async {
            while !self.input.ends_with(STORED.as_bytes()) && self.input.len() < MAX_COMMAND_BYTES {
                if !self.read().await? {
                    break;
                }
            }
            Ok::<_, ClassicError>(())
        };
        if let Ok(said) = timeout(CONFIRMATION_PATIENCE, said).await {
            said?;
        }
        let said = String::from_utf8_lossy(&self.input.split()).into_owned();
        if said.ends_with(STORED) { Ok(said) } else { Err(ClassicError::Unconfirmed { said }) }
    }

    /// Reads some more; `false` at the end.
    async fn read(&mut self) -> Result<bool, ClassicError> {
        self.input.reserve(READ_BYTES);
        match timeout(STALL, self.stream.read_buf(&mut self.input)).await {
            Ok(len) => Ok(len? > 0),
            Err(_) => Err(ClassicError::Stalled { after: STALL }),
        }
    }
}
