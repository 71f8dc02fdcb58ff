//! Whole trees: sent, received, removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::session::{Answer, Session, cancelled};
use crate::line::{Incoming, Line};
use crate::path::RemotePath;
use crate::store::{Folder, Kind, Store, StoreError};
use crate::tree::{
    Done, Outcome, Place, ReceivingTree, Removal, SendingTree, Settling, Target, Told, TreeEnd,
    TreeError, WalkRules, open_reader, receive_tree, send_tree,
};
use crate::wire::{
    End, Extras, Failure, Frame, GetTree, MAX_LISTING_LEN, PutTree, RemoveTree, Settled,
    SettledLine, Status,
};

/// A piece of what became of entries is sent when it has this many bytes: the longest still fits.
const SETTLED_PIECE: usize = MAX_LISTING_LEN / 4;

impl<T, S> Session<'_, T, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
    S: Store,
{
    pub(super) async fn get_tree(&mut self, get: GetTree) -> Answer {
        let GetTree { id, path, digests } = get;
        let (algorithm, pool) = (self.algorithm, self.pool);
        let digests = digests.then_some(algorithm);
        let rules = WalkRules { filter: None, tell_apart: false, digests, done: Arc::default() };
        let store = match self.readable(&path).await? {
            Ok(store) => store,
            Err(error) => return Ok(End::failed(id, error.into())),
        };
        let open = pool.run(move || open_reader(&*store, &path, rules));
        let reader = match self.line.patiently(open).await? {
            Ok(reader) => reader,
            Err(error) => return Ok(End::failed(id, error.into())),
        };
        let sending = SendingTree::<S> { id, reader, algorithm, pool, until_settled: false };
        Ok(match send_tree(&mut self.line, sending, &mut |_| ()).await? {
            TreeEnd::Got => End::ok(id),
            TreeEnd::Cancelled => End::failed(id, cancelled()),
            TreeEnd::BadRequest(message) => {
                End::failed(id, Failure::new(Status::BadRequest, message))
            }
            TreeEnd::End(_) => {
                let message = "only a server ends a request: a client cancels it";
                End::failed(id, Failure::new(Status::BadRequest, message))
            }
        })
    }

    pub(super) async fn put_tree(&mut self, put: PutTree) -> Answer {
        let PutTree { id, path, session, rules } = put;
        if rules.extras != Extras::Leave && !self.access.may_read(&path) {
            let message = "what is here is told only to who may read it";
            return Ok(End::failed(id, Failure::new(Status::Denied, message)));
        }
        let turn = self.turns.of(format!("{}\0{session}", self.access.owner));
        let target = Target {
            store: Arc::clone(self.store),
            path,
            rules,
            owner: self.access.owner.clone(),
            session,
            filter: None,
            done: Arc::<Done>::default(),
            turn,
        };
        let (algorithm, pool) = (self.algorithm, self.pool);
        let receiving = ReceivingTree { id, target, algorithm, pool };
        let mut lines = Lines { id, piece: Vec::new() };
        let mut told = |line: &mut Line<T>, told: Told<'_>| match told {
            Told::Settled(settling) => lines.push(line, settling),
            Told::Pause => lines.send(line),
            _ => {}
        };
        let failed = |status, message: String| Ok(End::failed(id, Failure::new(status, message)));
        match receive_tree(&mut self.line, receiving, &mut told).await {
            Ok(_) => Ok(End::ok(id)),
            Err(TreeError::Line(error)) => Err(error),
            Err(TreeError::Store(error)) => Ok(End::failed(id, error.into())),
            Err(TreeError::Stopped(failure)) => Ok(End::failed(id, failure)),
            Err(TreeError::Cancelled) => Ok(End::failed(id, cancelled())),
            Err(TreeError::Corrupt(message)) => failed(Status::Corrupt, message),
            Err(TreeError::Rules(message)) => failed(Status::BadRequest, message),
            Err(error @ TreeError::Ended(_)) => failed(Status::BadRequest, error.to_string()),
        }
    }

    /// Removes a whole tree; what became of it is told as it goes.
    pub(super) async fn remove_tree(&mut self, remove: RemoveTree) -> Answer {
        let RemoveTree { id, path } = remove;
        let (tell, mut told) = mpsc::channel(64);
        let stopped = Stopped(Arc::default());
        let (store, stop) = (Arc::clone(self.store), Arc::clone(&stopped.0));
        // Not on the pool, whose threads are few: this one waits for the client.
        let removing =
            tokio::task::spawn_blocking(move || remove_all(&*store, &path, &tell, &stop));
        let mut lines = Lines { id, piece: Vec::new() };
        while let Some(settling) = self.line.patiently(told.recv()).await? {
            lines.push(&mut self.line, settling);
            if told.is_empty() {
                lines.send(&mut self.line);
                while let Some(incoming) = self.line.incoming_or_room(id, Some(0)).await? {
                    if matches!(incoming, Incoming::Cancel) {
                        return Ok(End::failed(id, cancelled()));
                    }
                }
            }
        }
        lines.send(&mut self.line);
        Ok(match removing.await {
            Ok(Ok(())) => End::ok(id),
            Ok(Err(error)) => End::failed(id, error.into()),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        })
    }
}

/// Stops a removal when nobody waits for it any more.
struct Stopped(Arc<AtomicBool>);

impl Drop for Stopped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn remove_all<S: Store>(
    store: &S,
    path: &RemotePath,
    tell: &mpsc::Sender<Settling>,
    stop: &AtomicBool,
) -> Result<(), StoreError> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(StoreError::Denied { path: path.clone() });
    };
    let folder = Arc::new(store.folder(&above, true)?);
    let kind = folder.entry(name)?.kind;
    let mut each = |path, kind: Kind, outcome: Outcome| {
        let (place, outcome) = (Place::Path(path), Some(outcome));
        let settling = Settling { place, kind, size: 0, outcome, moved: 0, reused: 0 };
        // Nobody being there any more is seen at the next step.
        let _ = tell.blocking_send(settling);
    };
    let mut removal = Removal {
        base: RemotePath::root(),
        filter: None,
        dry_run: false,
        tell_each: true,
        each: &mut each,
        is_stopped: &|| stop.load(Ordering::Relaxed),
    };
    removal.remove(&folder, name, kind);
    Ok(())
}

/// What became of entries, gathered into frames.
struct Lines {
    id: u64,
    piece: Vec<u8>,
}

impl Lines {
    fn push<T>(&mut self, line: &mut Line<T>, settling: Settling)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let Settling { place, kind, outcome, reused, .. } = settling;
        let settled = match place {
            Place::Entry { n, .. } => {
                SettledLine { n: Some(n), path: None, kind: None, outcome, reused }
            }
            Place::Path(path) => {
                SettledLine { n: None, path: Some(path), kind: Some(kind), outcome, reused }
            }
        };
        serde_json::to_writer(&mut self.piece, &settled)
            .expect("lines are JSON, and memory takes them");
        self.piece.push(b'\n');
        if self.piece.len() >= SETTLED_PIECE {
            self.send(line);
        }
    }

    fn send<T>(&mut self, line: &mut Line<T>)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        if !self.piece.is_empty() {
            let piece = std::mem::take(&mut self.piece);
            let settled = Settled { id: self.id, body: piece.len() as u32 };
            line.say_with(&Frame::Settled(settled), piece.into());
        }
    }
}
