//! `list_tree`: all that is in a remote tree.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::session::Session;
use crate::client::tries::{Repeat, Tries, attempt};
use crate::client::{Client, ClientError, Connect};
use crate::path::RemotePath;
use crate::store::Kind;
use crate::tree::TreeEntry;
use crate::wire::{Choose, Frame, GetTree, Got, MAX_LISTING_LEN, TreeEntries, TreeLine};

impl<C: Connect> Client<C> {
    /// Lists all of a remote tree: parents before what is in them, names in the order of their
    /// bytes. What cannot be described, and directories that cannot be listed, are told as
    /// [problems](TreeEntry::problem).
    ///
    /// # Errors
    /// [`ClientError`]. Entries told before an error are right.
    pub async fn list_tree(
        &mut self,
        path: &RemotePath,
        each: &mut (dyn FnMut(TreeEntry) + Send),
    ) -> Result<(), ClientError> {
        attempt!(self, Repeat::Always, &(), |session| session.list_tree(path, each))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Session<T> {
    async fn list_tree(
        &mut self,
        path: &RemotePath,
        each: &mut (dyn FnMut(TreeEntry) + Send),
    ) -> Result<(), ClientError> {
        let mut listing = Listing { way: Vec::new(), count: 0, each };
        let listed = self.list_from_root(path, &mut listing).await;
        // Nothing is told twice: once something was told, the call is not made again.
        let told = listing.count > 0;
        listed.map_err(|error| match told && error.ends_the_session() {
            true => ClientError::BrokenOff { last: Box::new(error) },
            false => error,
        })
    }

    async fn list_from_root(
        &mut self,
        path: &RemotePath,
        listing: &mut Listing<'_>,
    ) -> Result<(), ClientError> {
        let id = self.next_id();
        self.line.say(&Frame::GetTree(GetTree { id, path: path.clone(), digests: false }));
        loop {
            match self.incoming(id).await? {
                Frame::TreeEntries(entries) => {
                    self.piece(&entries, listing).await?;
                    let upto = listing.count;
                    self.line.say(&Frame::Choose(Choose { id, upto, whole: 0, compare: 0 }));
                }
                Frame::Walked(walked) if walked.count == listing.count => {
                    self.line.say(&Frame::Got(Got { id, n: listing.count }));
                    return self.end(id).await.map(drop);
                }
                frame => return Err(self.unexpected(&frame)),
            }
        }
    }

    async fn piece(
        &mut self,
        entries: &TreeEntries,
        listing: &mut Listing<'_>,
    ) -> Result<(), ClientError> {
        if entries.body as usize > MAX_LISTING_LEN || entries.n != listing.count {
            let message = format!("a piece of a listing has {} bytes", entries.body);
            return Err(ClientError::protocol(&self.peer, message));
        }
        let mut body = vec![0; entries.body as usize];
        self.line.read_exact(&mut body).await.map_err(|error| self.lost(error))?;
        for text in body.split_inclusive(|&byte| byte == b'\n') {
            let line = serde_json::from_slice(text).map_err(|error| error.to_string());
            let taken = line.and_then(|line| listing.take(line));
            taken.map_err(|message| ClientError::protocol(&self.peer, message))?;
        }
        Ok(())
    }
}

/// A listing, as far as it has come.
struct Listing<'a> {
    /// The directories down to where the last entry was.
    way: Vec<RemotePath>,
    count: u64,
    each: &'a mut (dyn FnMut(TreeEntry) + Send),
}

impl Listing<'_> {
    fn take(&mut self, line: TreeLine) -> Result<(), String> {
        let depth = line.depth as usize;
        let is_root = self.count == 0;
        self.count += 1;
        if line.apart {
            return Ok(());
        }
        let path = match (is_root, line.incomplete) {
            (true, _) if depth == 0 => RemotePath::root(),
            (false, true) if depth < self.way.len() => self.way[depth].clone(),
            (false, false) if depth > 0 && depth <= self.way.len() => {
                self.way[depth - 1].join(&line.name.0).map_err(|error| error.to_string())?
            }
            _ => return Err(format!("an entry came at depth {depth}, where none can be")),
        };
        if !line.incomplete {
            self.way.truncate(depth);
            if line.kind == Kind::Directory {
                self.way.push(path.clone());
            }
        }
        (self.each)(TreeEntry {
            path,
            kind: line.kind,
            size: line.size,
            mode: line.mode,
            modified: line.modified,
            target: line.target,
            problem: line.problem,
        });
        Ok(())
    }
}
