//! The sender of a tree: announces what there is, serves what is wanted.

mod hear;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use proto::{Algorithm, Hasher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, sleep_until};

use super::announced::Announced;
use super::progress::Told;
use super::reader::Reader;
use super::small::{MAX_CHANGES, Sendable};
use super::walk::{Batch, WalkRules};
use crate::content::{Outbox, Pool, Ready, Sending, Teller, ask_whether_unchanged, next_job};
use crate::line::{Line, LineError, SIGN_OF_LIFE};
use crate::path::RemotePath;
use crate::store::{Entry, Kind, Source, Store, StoreError};
use crate::wire::{
    End, Failure, Frame, MAX_OPEN, MAX_SEGMENT_LEN, Offer, Status, TreeEntries, Walked,
};

/// How much content of small files is read at a time.
const SMALL_AT_ONCE: u64 = 1024 * 1024;

/// How many small files are read at a time.
const FILES_AT_ONCE: usize = 256;

/// The receiver always has so many entries to decide on, if there are any.
const UNDECIDED: u64 = 4096;

/// How much may be queued when more is read: the receiver is not to wait for our disk.
const LOW_WATER: usize = 256 * 1024;

/// What is sent.
pub(crate) struct SendingTree<'a, S: Store> {
    pub(crate) id: u64,
    pub(crate) reader: ReaderOf<S>,
    pub(crate) algorithm: Algorithm,
    pub(crate) pool: &'a Arc<Pool>,
    /// Whether the other side tells what became of each entry.
    pub(crate) until_settled: bool,
}

/// What walks a tree of a store and reads its files.
pub(crate) struct ReaderOf<S: Store>(Reader<S::Folder>);

/// Finds the root of a tree. It blocks.
pub(crate) fn open_reader<S: Store>(
    store: &S,
    path: &RemotePath,
    rules: WalkRules,
) -> Result<ReaderOf<S>, StoreError> {
    Reader::open(store, path, rules).map(ReaderOf)
}

/// How sending a tree ended.
#[derive(Debug)]
pub(crate) enum TreeEnd {
    /// The receiver has all that it wants.
    Got,
    /// The other side has ended the request.
    End(Box<End>),
    /// The other side wants it to end.
    Cancelled,
    /// The receiver does not keep to the rules.
    BadRequest(String),
}

/// Sends a tree until the receiver, or the server, says that it is over.
pub(crate) async fn send_tree<T, S>(
    line: &mut Line<T>,
    sending: SendingTree<'_, S>,
    told: &mut (dyn FnMut(Told<'_>) + Send),
) -> Result<TreeEnd, LineError>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Store,
{
    let SendingTree { id, reader, algorithm, pool, until_settled } = sending;
    let mut sender = Sender::<S> {
        id,
        algorithm,
        pool,
        reader: Some(reader.0),
        walked: false,
        pruned: Vec::new(),
        announced: Announced::new(until_settled),
        small: VecDeque::new(),
        large: VecDeque::new(),
        open: Vec::new(),
        told,
        known: (0, 0),
        not_before: Instant::now(),
    };
    let mut job: Option<Job<S>> = None;
    loop {
        let due = Instant::now() >= sender.not_before;
        if job.is_none() && due && line.queued() <= LOW_WATER {
            job = sender.next_job(line);
        }
        let room = (job.is_none() && line.queued() > LOW_WATER).then_some(LOW_WATER);
        tokio::select! {
            biased;
            done = wait_for(&mut job), if job.is_some() => {
                job = None;
                sender.done(line, done);
            }
            () = sleep_until(sender.not_before), if !due && job.is_none() => {}
            incoming = line.incoming_or_room(id, room) => {
                if let Some(incoming) = incoming?
                    && let Some(end) = sender.hear(line, incoming).await?
                {
                    return Ok(end);
                }
            }
            () = sleep(SIGN_OF_LIFE) => line.sign_of_life(),
        }
    }
}

/// Work on its way.
type Job<S> = Pin<Box<dyn Future<Output = Made<S>> + Send>>;

/// What came of work.
enum Made<S: Store> {
    Walked(Box<Reader<S::Folder>>, Batch, String),
    Small(Box<Reader<S::Folder>>, Sendable),
    Opened(Box<Reader<S::Folder>>, (u64, u8), Result<S::Source, Failure>),
    Piece(u64, Result<Ready, Failure>),
}

async fn wait_for<S: Store>(job: &mut Option<Job<S>>) -> Made<S> {
    match job {
        Some(job) => job.await,
        None => std::future::pending().await,
    }
}

struct Sender<'a, 'p, S: Store> {
    id: u64,
    algorithm: Algorithm,
    pool: &'a Arc<Pool>,
    /// Away while it works.
    reader: Option<Reader<S::Folder>>,
    walked: bool,
    pruned: Vec<u64>,
    announced: Announced,
    /// Small files that are wanted.
    small: VecDeque<u64>,
    /// Files that are to be offered, and how often each was already.
    large: VecDeque<(u64, u8)>,
    open: Vec<OpenFile<S::Source>>,
    told: &'p mut (dyn FnMut(Told<'_>) + Send),
    /// Files announced, and their lengths.
    known: (u64, u64),
    not_before: Instant,
}

/// A file that is offered.
struct OpenFile<C> {
    n: u64,
    offer: Offer,
    source: Arc<C>,
    outbox: Outbox,
    teller: Teller,
    /// For how many wants the end has been told.
    ended: Option<u32>,
    /// How often it was offered anew because it changed.
    changes: u8,
}

impl<S: Store> Sender<'_, '_, S> {
    /// What to do next, if anything.
    fn next_job<T>(&mut self, line: &Line<T>) -> Option<Job<S>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let hungry = self.announced.undecided() < UNDECIDED;
        if hungry && let Some(job) = self.walk_job() {
            return Some(job);
        }
        if let Some(job) = self.piece_job(line.piece_len(MAX_SEGMENT_LEN as u64)) {
            return Some(job);
        }
        self.small_job().or_else(|| self.open_job()).or_else(|| self.walk_job())
    }

    fn walk_job(&mut self) -> Option<Job<S>> {
        let room = self.announced.room();
        if self.walked || room == 0 {
            return None;
        }
        let mut reader = self.reader.take()?;
        let (pool, algorithm) = (Arc::clone(self.pool), self.algorithm);
        let pruned = std::mem::take(&mut self.pruned);
        let work = move || {
            pruned.into_iter().for_each(|n| reader.walk.prune(n));
            let batch = reader.walk.batch(room);
            let mut hasher = Hasher::new(algorithm);
            hasher.update(&batch.body);
            (reader, batch, hasher.finalize().to_string())
        };
        Some(Box::pin(async move {
            let (reader, batch, digest) = pool.run(work).await;
            Made::Walked(Box::new(reader), batch, digest)
        }))
    }

    /// A piece of an open file, or the question whether it is still the same at its end.
    fn piece_job(&mut self, most: u64) -> Option<Job<S>> {
        for file in &mut self.open {
            let sending = Sending {
                offer: &file.offer,
                source: &file.source,
                algorithm: self.algorithm,
                pool: self.pool,
                eager: false,
            };
            let mut job = next_job(&mut file.outbox, &sending, most);
            if job.is_none() && file.outbox.is_finished() && file.ended != Some(file.outbox.wants())
            {
                file.ended = Some(file.outbox.wants());
                job = Some(ask_whether_unchanged(&sending));
            }
            if let Some(job) = job {
                let n = file.n;
                return Some(Box::pin(async move { Made::Piece(n, job.await) }));
            }
        }
        None
    }

    fn small_job(&mut self) -> Option<Job<S>> {
        if self.small.is_empty() {
            return None;
        }
        let mut reader = self.reader.take()?;
        let (mut wanted, mut len) = (Vec::new(), 0);
        while wanted.len() < FILES_AT_ONCE
            && len < SMALL_AT_ONCE
            && let Some(n) = self.small.pop_front()
        {
            if let Some(known) = self.announced.get(n) {
                len += known.size;
                wanted.push((n, known.clone()));
            }
        }
        let (pool, id, algorithm) = (Arc::clone(self.pool), self.id, self.algorithm);
        let work = move || {
            let sendable = reader.small(id, algorithm, &wanted);
            (reader, sendable)
        };
        Some(Box::pin(async move {
            let (reader, sendable) = pool.run(work).await;
            Made::Small(Box::new(reader), sendable)
        }))
    }

    fn open_job(&mut self) -> Option<Job<S>> {
        if self.open.len() >= MAX_OPEN {
            return None;
        }
        let mut reader = self.reader.take()?;
        let next = self
            .large
            .pop_front()
            .and_then(|(n, changes)| Some((n, changes, self.announced.get(n)?.clone())));
        let Some((n, changes, known)) = next else {
            self.reader = Some(reader);
            return None;
        };
        let pool = Arc::clone(self.pool);
        let work = move || {
            let source = reader.source(&known);
            (reader, source)
        };
        Some(Box::pin(async move {
            let (reader, source) = pool.run(work).await;
            Made::Opened(Box::new(reader), (n, changes), source)
        }))
    }

    /// Sends what work has made.
    fn done<T>(&mut self, line: &mut Line<T>, made: Made<S>)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        match made {
            Made::Walked(reader, batch, digest) => {
                self.reader = Some(*reader);
                self.announce(line, batch, digest);
            }
            Made::Small(reader, sendable) => {
                self.reader = Some(*reader);
                self.send_small(line, sendable);
            }
            Made::Opened(reader, (n, changes), source) => {
                self.reader = Some(*reader);
                match source {
                    Ok(source) => self.offer(line, n, source, changes),
                    Err(failure) => self.void(line, n, failure),
                }
            }
            Made::Piece(n, ready) => self.send_piece(line, n, ready),
        }
    }

    fn announce<T>(&mut self, line: &mut Line<T>, batch: Batch, digest: String)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let (id, n) = (self.id, self.announced.count());
        let (count, body) = (batch.entries.len() as u32, batch.body.len() as u32);
        if count > 0 {
            let frame = Frame::TreeEntries(TreeEntries { id, n, count, body, digest });
            line.say_with(&frame, batch.body.into());
        }
        for known in batch.entries {
            if known.kind == Kind::File {
                self.known.0 += 1;
                self.known.1 += known.size;
            }
            self.announced.announce(known);
        }
        if batch.ended {
            self.walked = true;
            line.say(&Frame::Walked(Walked { id, count: self.announced.count() }));
        }
        let (files, bytes) = self.known;
        (self.told)(Told::Known { files, bytes, complete: self.walked });
    }

    fn send_small<T>(&mut self, line: &mut Line<T>, sendable: Sendable)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        line.say_encoded(sendable.frames.into());
        let mut moved = 0;
        for (n, len) in sendable.files {
            moved += len;
            self.announced.moved(n, len);
            self.announced.served(n);
        }
        self.large.extend(sendable.grown.into_iter().map(|n| (n, 0)));
        self.charge(line, moved);
    }

    fn charge<T>(&mut self, line: &mut Line<T>, moved: u64)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        self.not_before = line.charge(moved as usize);
        if moved > 0 {
            (self.told)(Told::Moved(moved));
        }
    }

    /// Offers a file that is open.
    fn offer<T>(&mut self, line: &mut Line<T>, n: u64, source: S::Source, changes: u8)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(known) = self.announced.get(n) else { return };
        // A path may be longer than a header: the number says which entry it is.
        let path = RemotePath::parse(&known.name).expect("what has a name can be told");
        let entry = Entry { path, ..source.entry().clone() };
        (self.told)(Told::Moving {
            directory: &known.directory,
            name: &known.name,
            size: entry.size,
        });
        let offer = Offer { id: self.id, n, entry, open_ended: false };
        line.say(&Frame::Entry(offer.clone()));
        let (outbox, teller) = (Outbox::new(offer.entry.size), Teller::new(self.algorithm, &offer));
        let source = Arc::new(source);
        self.open.push(OpenFile { n, offer, source, outbox, teller, ended: None, changes });
    }

    /// Tells that there is no content.
    fn void<T>(&mut self, line: &mut Line<T>, n: u64, failure: Failure)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        if let Some(known) = self.announced.get(n) {
            let mut sendable = Sendable::default();
            sendable.add_failure(self.id, n, &known.name, failure);
            self.send_small(line, sendable);
        }
    }

    fn send_piece<T>(&mut self, line: &mut Line<T>, n: u64, ready: Result<Ready, Failure>)
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(index) = self.open.iter().position(|file| file.n == n) else { return };
        let file = &mut self.open[index];
        let (size, wants) = (file.offer.entry.size, file.outbox.wants());
        match ready {
            Ok(Ready::Unchanged) => file.teller.sent(line, size, wants, None),
            Ok(ready) => {
                let moved = file.teller.piece(line, ready) as u64;
                self.announced.moved(n, moved);
                self.charge(line, moved);
                // The others are not to wait until all of this one has moved.
                let file = self.open.remove(index);
                self.open.push(file);
            }
            // It is read anew, from the beginning as far as the receiver has not got it.
            Err(failure) if failure.status == Status::Changed && file.changes < MAX_CHANGES => {
                let file = self.open.remove(index);
                self.large.push_front((n, file.changes + 1));
            }
            Err(failure) => {
                file.teller.sent(line, size, wants, Some(failure));
                self.open.remove(index);
                self.announced.served(n);
            }
        }
    }
}
