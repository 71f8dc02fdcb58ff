//! The calls that move no content of files.

use std::collections::VecDeque;

use proto::Algorithm;
use tokio::io::{AsyncRead, AsyncWrite};

use super::session::Session;
use super::tries::{Repeat, Tries, attempt};
use super::{Client, ClientError, Connect};
use crate::path::RemotePath;
use crate::store::{Entry, Publish, Published};
use crate::wire::{Frame, List, MAX_IN_FLIGHT, MakeDirectory, Remove, Rename, Stat};

impl<C: Connect> Client<C> {
    /// Tells what is known of one name. A link is described, not followed.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stat(&mut self, path: &RemotePath) -> Result<Entry, ClientError> {
        attempt!(self, Repeat::Always, &(), |session| session.stat(path))
    }

    /// Tells what is known of a file, and the digest of its whole content as one stream: with
    /// MD5 what `md5sum` prints. The server reads all of the file for it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stat_digest(
        &mut self,
        path: &RemotePath,
        algorithm: Algorithm,
    ) -> Result<(Entry, String), ClientError> {
        attempt!(self, Repeat::Always, &(), |session| session.stat_digest(path, algorithm))
    }

    /// Describes everything in a directory, in the server's order.
    ///
    /// # Errors
    /// [`ClientError`]; `each` has been called for what had come until then.
    pub async fn list(
        &mut self,
        path: &RemotePath,
        each: &mut (dyn FnMut(Entry) + Send),
    ) -> Result<(), ClientError> {
        attempt!(self, Repeat::Always, &(), |session| session.list(path, each))
    }

    /// Makes a directory; with `parents` also those above it, and it may be there already.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn make_directory(
        &mut self,
        path: &RemotePath,
        parents: bool,
    ) -> Result<(), ClientError> {
        attempt!(self, Repeat::UnlessLost, &(), |session| session.make_directory(path, parents))
    }

    /// Removes a file, a link or an empty directory.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove(&mut self, path: &RemotePath) -> Result<(), ClientError> {
        let mut removed = self.remove_all(std::slice::from_ref(path)).await;
        removed.pop().unwrap_or(Ok(()))
    }

    /// Removes several, in their order, without waiting for each before the next is asked for.
    /// When the connection is lost the outcomes end with that error: of the paths beyond it is
    /// not known.
    pub async fn remove_all(&mut self, paths: &[RemotePath]) -> Vec<Result<(), ClientError>> {
        let mut done = Vec::with_capacity(paths.len());
        let repeat = Repeat::UnlessLost;
        let outcome: Result<(), _> =
            async { attempt!(self, repeat, &(), |session| session.remove_all(paths, &mut done)) }
                .await;
        done.extend(outcome.err().map(Err));
        done
    }

    /// Gives a file, link or directory another name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rename(
        &mut self,
        from: &RemotePath,
        to: &RemotePath,
        publish: Publish,
    ) -> Result<Published, ClientError> {
        attempt!(self, Repeat::UnlessLost, &(), |session| session.rename(from, to, &publish))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Session<T> {
    async fn stat(&mut self, path: &RemotePath) -> Result<Entry, ClientError> {
        let id = self.next_id();
        self.line.say(&Frame::Stat(Stat { id, path: path.clone(), digest: None }));
        let entry = self.end(id).await?.entry;
        entry.ok_or_else(|| ClientError::protocol(&self.peer, "a stat without an entry"))
    }

    async fn stat_digest(
        &mut self,
        path: &RemotePath,
        algorithm: Algorithm,
    ) -> Result<(Entry, String), ClientError> {
        let id = self.next_id();
        let (path, digest) = (path.clone(), Some(algorithm));
        self.line.say(&Frame::Stat(Stat { id, path, digest }));
        let end = self.end(id).await?;
        let both = end.entry.zip(end.digest);
        both.ok_or_else(|| ClientError::protocol(&self.peer, "a stat without a digest"))
    }

    async fn make_directory(
        &mut self,
        path: &RemotePath,
        parents: bool,
    ) -> Result<(), ClientError> {
        let id = self.next_id();
        self.line.say(&Frame::Mkdir(MakeDirectory { id, path: path.clone(), parents }));
        self.end(id).await.map(drop)
    }

    async fn rename(
        &mut self,
        from: &RemotePath,
        to: &RemotePath,
        publish: &Publish,
    ) -> Result<Published, ClientError> {
        let id = self.next_id();
        let (path, to, publish) = (from.clone(), to.clone(), publish.clone());
        self.line.say(&Frame::Rename(Rename { id, path, to, publish }));
        let published = self.end(id).await?.published;
        published.ok_or_else(|| ClientError::protocol(&self.peer, "a rename without a name"))
    }

    async fn list(
        &mut self,
        path: &RemotePath,
        each: &mut (dyn FnMut(Entry) + Send),
    ) -> Result<(), ClientError> {
        let mut told = false;
        let listed = self.list_from_start(path, each, &mut told).await;
        // Nothing is told twice: once something was told, the call is not made again.
        listed.map_err(|error| match told && error.ends_the_session() {
            true => ClientError::BrokenOff { last: Box::new(error) },
            false => error,
        })
    }

    async fn list_from_start(
        &mut self,
        path: &RemotePath,
        each: &mut (dyn FnMut(Entry) + Send),
        told: &mut bool,
    ) -> Result<(), ClientError> {
        let id = self.next_id();
        self.line.say(&Frame::List(List { id, path: path.clone() }));
        loop {
            match self.incoming(id).await? {
                Frame::Entries(entries) => {
                    *told = true;
                    self.entries(path, entries.body, each).await?;
                }
                Frame::End(end) => return end.failure().map_or(Ok(()), |f| Err(f.into())),
                frame => return Err(self.unexpected(&frame)),
            }
        }
    }

    /// Reads a piece of the listing of `directory`.
    async fn entries(
        &mut self,
        directory: &RemotePath,
        len: u32,
        each: &mut (dyn FnMut(Entry) + Send),
    ) -> Result<(), ClientError> {
        if len as usize > crate::wire::MAX_LISTING_LEN {
            let message = format!("a piece of a listing has {len} bytes");
            return Err(ClientError::protocol(&self.peer, message));
        }
        let mut piece = vec![0; len as usize];
        self.line.read_exact(&mut piece).await.map_err(|error| self.lost(error))?;
        for line in piece.split_inclusive(|&byte| byte == b'\n') {
            let entry: Entry = serde_json::from_slice(line)
                .map_err(|error| ClientError::protocol(&self.peer, error.to_string()))?;
            if entry.path.parent().as_ref() != Some(directory) {
                let message = format!("`{}` came in the listing of `{directory}`", entry.path);
                return Err(ClientError::protocol(&self.peer, message));
            }
            each(entry);
        }
        Ok(())
    }

    /// Removes `paths`, with several requests under way at once.
    async fn remove_all(
        &mut self,
        paths: &[RemotePath],
        done: &mut Vec<Result<(), ClientError>>,
    ) -> Result<(), ClientError> {
        let mut waiting = VecDeque::new();
        let mut paths = paths[done.len()..].iter();
        loop {
            while waiting.len() < MAX_IN_FLIGHT
                && let Some(path) = paths.next()
            {
                let id = self.next_id();
                self.line.say(&Frame::Remove(Remove { id, path: path.clone() }));
                waiting.push_back(id);
            }
            let Some(id) = waiting.pop_front() else {
                return Ok(());
            };
            match self.end(id).await {
                Ok(_) => done.push(Ok(())),
                Err(error) if !error.ends_the_session() => done.push(Err(error)),
                Err(error) => return Err(error),
            }
        }
    }
}
