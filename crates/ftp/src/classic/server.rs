//! The server for the tutorial's clients.

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proto::Knock;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tracing::{debug, info};

use super::parser::{Event, Parser};
use super::send::{self, Outbound};
use super::upload::Upload;
use super::{ClassicError, MAX_COMMAND_BYTES, Outgoing, STORED};
use crate::content::Pool;
use crate::path::{RemotePath, safe};
use crate::server::Access;
use crate::store::{Publish, Store, StoreError};

/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// What a browser is told.
const WHAT_LIVES_HERE: &str = "This is a file server of Seam, not a web site.\n\
    Its files are listed by: ftp-cli -s HOST:PORT --plain ls\n";

/// How long the rest of a first line is waited for that looks like a web client's.
const KNOCK_PATIENCE: Duration = Duration::from_secs(1);

/// Serves the tutorial's clients.
///
/// What a client is refused (a missing file, a path out of the root, a file too large, writing
/// where nothing may be written) is logged and closes the connection without a byte, as the
/// original server does.
#[derive(Debug)]
pub(crate) struct ClassicService<'a, S> {
    pub(crate) store: &'a Arc<S>,
    pub(crate) access: &'a Access,
    pub(crate) pool: &'a Arc<Pool>,
}

impl<S: Store> ClassicService<'_, S> {
    /// Serves one client, from which `opening` was read already, until it has no more commands.
    /// Once `stop` is ready, no further command is waited for.
    ///
    /// # Errors
    ///
    /// [`ClassicError`] when the connection broke or the client sent what has no meaning.
    pub(crate) async fn serve<T>(
        &self,
        stream: &mut T,
        opening: Bytes,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ClassicError>
    where
        T: AsyncRead + AsyncWrite + Outgoing + Unpin + Send,
    {
        if let ControlFlow::Continue(opening) = knock(stream, opening.into()).await? {
            let mut parser = Parser::default();
            parser.feed(&opening);
            let mut session = Session { stream, service: self, parser, receiving: None };
            let served = session.run(stop).await;
            if let Some(receiving) = session.receiving.take() {
                receiving.upload.discard().await;
            }
            served?;
        }
        // The peer may be gone already, which is the end just as well.
        let _ = stream.shutdown().await;
        Ok(())
    }

    async fn open(&self, name: &[u8]) -> Result<Outbound<S>, ClassicError> {
        let path = RemotePath::parse(name)?;
        let store = match self.access.readable_base(&path) {
            None => return Err(StoreError::Denied { path }.into()),
            Some(base) if base.is_root() => Arc::clone(self.store),
            Some(base) => {
                let (store, base) = (Arc::clone(self.store), base.clone());
                Arc::new(self.pool.run(move || store.beneath(&base)).await?)
            }
        };
        Outbound::open(&store, self.pool, path, &String::from_utf8_lossy(name)).await
    }
}

/// One connection.
struct Session<'a, T, S: Store> {
    stream: &'a mut T,
    service: &'a ClassicService<'a, S>,
    parser: Parser,
    receiving: Option<Receiving<S>>,
}

/// The file that a client is sending.
struct Receiving<S: Store> {
    upload: Upload<S>,
    intact: bool,
}

impl<T, S> Session<'_, T, S>
where
    T: AsyncRead + AsyncWrite + Outgoing + Unpin + Send,
    S: Store,
{
    async fn run(&mut self, stop: impl Future<Output = ()> + Send) -> Result<(), ClassicError> {
        let mut stop = pin!(stop);
        let mut read = vec![0; READ_BYTES];
        loop {
            while let Some(event) = self.parser.next()? {
                if self.handle(event).await?.is_break() {
                    return Ok(());
                }
            }
            let len = tokio::select! {
                biased;
                len = self.stream.read(&mut read) => len?,
                () = &mut stop, if self.receiving.is_none() => 0,
            };
            match len {
                0 if self.receiving.is_some() => return Err(ClassicError::Closed),
                0 => return Ok(()),
                len => self.parser.feed(&read[..len]),
            }
        }
    }

    /// Does what the client wants; `Break` closes the connection.
    async fn handle(&mut self, event: Event) -> Result<ControlFlow<()>, ClassicError> {
        match event {
            Event::Get { name } => return self.get(&name).await,
            Event::Put if self.service.access.write.is_empty() => {
                info!("a put is refused: nothing may be written here");
                return Ok(ControlFlow::Break(()));
            }
            Event::Put => {}
            Event::File { name, size } => return Ok(self.begin(&name, size).await),
            Event::Abandoned { name } => debug!("no `{}` came: it is missing there", safe(&name)),
            Event::Unknown { text } => {
                let shown = &text[..text.len().min(MAX_COMMAND_BYTES)];
                debug!("no answer to `{}`", safe(shown));
            }
            Event::Content(content) => return self.write(&content).await,
            Event::Checked { offset, intact } => {
                let receiving = self.receiving.as_mut().expect("chunks follow a file's beginning");
                receiving.intact &= intact;
                if !intact {
                    info!("{}", ClassicError::Corrupt { offset });
                }
            }
            Event::Done => return self.finish().await,
        }
        Ok(ControlFlow::Continue(()))
    }

    async fn get(&mut self, name: &[u8]) -> Result<ControlFlow<()>, ClassicError> {
        let file = match self.service.open(name).await {
            Ok(file) => file,
            Err(error) => return Ok(refuse("get", name, &error)),
        };
        file.send(self.stream, &mut |_| ()).await?;
        info!("sent `{}`, {} bytes", safe(name), file.size());
        Ok(ControlFlow::Continue(()))
    }

    async fn begin(&mut self, name: &[u8], size: u64) -> ControlFlow<()> {
        let ClassicService { store, pool, access } = self.service;
        let begun = match RemotePath::parse(name) {
            Ok(path) if !access.may_write(&path) => Err(StoreError::Denied { path }),
            Ok(path) => Upload::begin(store, pool, path, size, &Publish::KeepBoth).await,
            Err(error) => return refuse("put", name, &error.into()),
        };
        match begun {
            Ok(upload) => {
                self.receiving = Some(Receiving { upload, intact: true });
                ControlFlow::Continue(())
            }
            Err(error) => refuse("put", name, &error.into()),
        }
    }

    async fn write(&mut self, content: &Bytes) -> Result<ControlFlow<()>, ClassicError> {
        let receiving = self.receiving.as_mut().expect("content follows a file's beginning");
        receiving.upload.write(content).await?;
        Ok(ControlFlow::Continue(()))
    }

    /// Publishes a file and says so; of one that is not intact, nothing is said.
    async fn finish(&mut self) -> Result<ControlFlow<()>, ClassicError> {
        let receiving = self.receiving.take().expect("a file ends that has begun");
        if !receiving.intact {
            receiving.upload.discard().await;
            return Ok(ControlFlow::Continue(()));
        }
        let path = receiving.upload.commit(&Publish::KeepBoth, false).await?.path;
        info!("stored `{path}`");
        send::write(self.stream, &reply(&path)).await?;
        Ok(ControlFlow::Continue(()))
    }
}

/// What the client is told when its file is stored: the name that the file has now. Of one that
/// would not fit into the client's one read, the directories are left out.
fn reply(path: &RemotePath) -> Vec<u8> {
    let end = format!(" {STORED}");
    let fits = path.as_bytes().len() + end.len() <= MAX_COMMAND_BYTES;
    let name = if fits { path.as_bytes() } else { path.file_name().unwrap_or_default() };
    [name, end.as_bytes()].concat()
}

fn refuse(verb: &str, name: &[u8], error: &ClassicError) -> ControlFlow<()> {
    info!("{verb} `{}` is refused: {error}", safe(name));
    ControlFlow::Break(())
}

/// Answers a web client, of whose first line the rest is waited for a little; gives back the
/// opening of anyone else.
async fn knock<T>(
    stream: &mut T,
    mut opening: BytesMut,
) -> Result<ControlFlow<(), BytesMut>, ClassicError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let line = async {
        loop {
            match Knock::detect(&opening) {
                Knock::Incomplete if stream.read_buf(&mut opening).await? > 0 => {}
                Knock::Incomplete | Knock::None => return Ok::<_, ClassicError>(None),
                Knock::Request(request) => return Ok(Some(request.answer(WHAT_LIVES_HERE))),
            }
        }
    };
    let response = timeout(KNOCK_PATIENCE, line).await;
    let Some(response) = response.unwrap_or(Ok(None))? else {
        return Ok(ControlFlow::Continue(opening));
    };
    send::write(stream, &response).await?;
    // Closed with something unread, the connection would be reset and the answer lost.
    let _ = stream.shutdown().await;
    let rest = async { while stream.read(&mut [0; 1024]).await.is_ok_and(|len| len > 0) {} };
    let _ = timeout(KNOCK_PATIENCE, rest).await;
    Ok(ControlFlow::Break(()))
}
