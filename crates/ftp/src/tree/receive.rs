//! The receiver of a tree: says what it wants of it, and takes that in.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use proto::Algorithm;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::hand::{Begun, End as FileEnd, Finished, Hand, Present, Report, Target, Work, is_small};
use super::progress::{Place, Settling, Told};
use super::slots::{BadNumber, Slots, Wanted};
use super::turns::Turn;
use crate::content::{Pool, Progress, Receipt, ReceiveError, Receiver, Receiving};
use crate::line::{Incoming, Line, LineError, SIGN_OF_LIFE};
use crate::resume::Plan;
use crate::store::{Store, StoreError};
use crate::wire::{
    Choose, Digests, End, Failure, Frame, Got, MAX_LISTING_LEN, MAX_OPEN, Offer, Prune, Segment,
    Sent, SmallFile, TreeEntries, Walked,
};

/// How many bytes may wait to be worked on before no more is read.
const MAX_WAITING: usize = 2 * 1024 * 1024;

/// How many things may.
const MAX_WORK: usize = 1024;

/// What a thing that waits counts beside its content.
const WORK_LEN: usize = 256;

/// What is received.
pub(crate) struct ReceivingTree<'a, S: Store> {
    pub(crate) id: u64,
    pub(crate) target: Target<S>,
    pub(crate) algorithm: Algorithm,
    pub(crate) pool: &'a Arc<Pool>,
}

/// Why a tree was not received to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TreeError {
    #[error(transparent)]
    Line(#[from] LineError),
    /// There is no place for the root.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The other side ended the request.
    #[error("the request was ended")]
    Ended(Box<End>),
    #[error("the request was cancelled")]
    Cancelled,
    /// What came is not what was sent.
    #[error("{0}")]
    Corrupt(String),
    /// The sender does not keep to the rules.
    #[error("{0}")]
    Rules(String),
    /// The target is full.
    #[error(transparent)]
    Stopped(Failure),
}

impl From<BadNumber> for TreeError {
    fn from(error: BadNumber) -> Self {
        Self::Rules(error.to_string())
    }
}

/// Receives a tree, and returns how many entries it had. The sender waits to be told that it is
/// over.
pub(crate) async fn receive_tree<T, S>(
    line: &mut Line<T>,
    receiving: ReceivingTree<'_, S>,
    told: &mut (dyn FnMut(&mut Line<T>, Told<'_>) + Send),
) -> Result<u64, TreeError>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Store,
{
    let ReceivingTree { id, target, algorithm, pool } = receiving;
    let turn = Arc::clone(&target.turn);
    let open = pool.run(move || Hand::open(target, algorithm));
    let hand = line.patiently(open).await??;
    let mut receiver = TreeReceiver {
        id,
        algorithm,
        pool,
        hand: Some(hand),
        turn,
        job: None,
        work: VecDeque::new(),
        waiting: 0,
        slots: Slots::default(),
        open: HashMap::new(),
        offered: HashSet::new(),
        known: (0, 0),
        ending: Ending::Walking,
        told,
    };
    let received = receiver.run(line).await;
    if let (Err(_), Some(job)) = (&received, receiver.job.take()) {
        // What is under way is not to meet with a further try.
        job.await;
    }
    received.map(|()| receiver.slots.count())
}

type Job<S> = Pin<Box<dyn Future<Output = (Box<Hand<S>>, Report<S>)> + Send>>;

struct TreeReceiver<'a, 'p, T, S: Store> {
    id: u64,
    algorithm: Algorithm,
    pool: &'a Arc<Pool>,
    /// Away while it works.
    hand: Option<Hand<S>>,
    turn: Turn,
    job: Option<Job<S>>,
    work: VecDeque<Work<S>>,
    /// How much waits to be worked on, or is being.
    waiting: usize,
    slots: Slots,
    open: HashMap<u64, Open<S>>,
    /// Files that the sender holds open for us.
    offered: HashSet<u64>,
    /// Files that came, and their lengths.
    known: (u64, u64),
    ending: Ending,
    told: &'p mut (dyn FnMut(&mut Line<T>, Told<'_>) + Send),
}

/// A file that is not small, on its way in.
enum Open<S: Store> {
    /// It was offered, and a place is being made for it. What comes of it meanwhile is nothing.
    Begun(Offer),
    Verify(Wanted, Receiver<Present<S::Source>>),
    /// It differs after all.
    Reopening(Receiver<Present<S::Source>>),
    Upload(Wanted, Receiver<S::Upload>),
}

/// How far the whole has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Walking,
    Walked,
    /// What the source does not have is being cleared.
    Clearing,
    Cleared,
}

impl<T, S> TreeReceiver<'_, '_, T, S>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Store,
{
    async fn run(&mut self, line: &mut Line<T>) -> Result<(), TreeError> {
        loop {
            self.start_job();
            if self.is_over() {
                return Ok(());
            }
            if self.waiting > MAX_WAITING || self.work.len() > MAX_WORK {
                let done = line.patiently(wait_for(&mut self.job)).await?;
                self.report(line, done)?;
                continue;
            }
            tokio::select! {
                biased;
                done = wait_for(&mut self.job), if self.job.is_some() => self.report(line, done)?,
                incoming = line.incoming(self.id) => self.hear(line, incoming?).await?,
                () = sleep(SIGN_OF_LIFE) => line.sign_of_life(),
            }
        }
    }

    fn start_job(&mut self) {
        if self.hand.is_some() && self.work.is_empty() {
            self.go_on();
        }
        if self.work.is_empty() {
            return;
        }
        let Some(mut hand) = self.hand.take() else { return };
        let (pool, turn) = (Arc::clone(self.pool), Arc::clone(&self.turn));
        let work = self.work.drain(..).collect();
        self.waiting = 0;
        self.job = Some(Box::pin(async move {
            let turn = turn.lock_owned().await;
            pool.run(move || {
                let report = hand.work(work);
                drop(turn);
                (Box::new(hand), report)
            })
            .await
        }));
    }

    /// Once all is settled, what is not in the source is cleared.
    fn go_on(&mut self) {
        let settled = self.slots.is_empty() && self.open.is_empty();
        match self.ending {
            Ending::Walked if settled => {
                self.ending = Ending::Clearing;
                self.work.push_back(Work::Extras);
            }
            Ending::Clearing => self.work.push_back(Work::Extras),
            _ => {}
        }
    }

    fn is_over(&self) -> bool {
        self.ending == Ending::Cleared && self.hand.is_some()
    }

    fn push(&mut self, work: Work<S>, len: usize) {
        self.waiting += WORK_LEN + len;
        self.work.push_back(work);
    }

    /// Takes in what work has come to.
    fn report(
        &mut self,
        line: &mut Line<T>,
        (hand, report): (Box<Hand<S>>, Report<S>),
    ) -> Result<(), TreeError> {
        self.hand = Some(*hand);
        let (files, bytes) = report.known;
        if files > 0 || report.left {
            self.known.0 += files;
            self.known.1 = self.known.1.saturating_add(bytes);
            self.tell_known(line, report.left);
        }
        for settling in report.settled {
            self.settle(line, settling);
        }
        (self.told)(line, Told::Pause);
        if let Some(corrupt) = report.corrupt {
            return Err(TreeError::Corrupt(corrupt));
        }
        if let Some(broken) = report.broken {
            return Err(TreeError::Rules(broken));
        }
        if let Some(failure) = report.stopped {
            return Err(TreeError::Stopped(failure));
        }
        for n in report.pruned {
            line.say(&Frame::Prune(Prune { id: self.id, n }));
        }
        if let Some(upto) = report.upto {
            self.choose(line, upto, report.wanted);
        }
        for (n, begun) in report.begun {
            self.begun(line, n, begun);
        }
        if report.cleared {
            self.ending = Ending::Cleared;
        }
        Ok(())
    }

    fn tell_known(&mut self, line: &mut Line<T>, complete: bool) {
        let (files, bytes) = self.known;
        (self.told)(line, Told::Known { files, bytes, complete });
    }

    fn settle(&mut self, line: &mut Line<T>, settling: Settling) {
        if let Place::Entry { n, .. } = settling.place {
            self.slots.settle(n);
            self.open.remove(&n);
            if self.offered.remove(&n) {
                line.say(&Frame::Got(Got { id: self.id, n }));
            }
        }
        (self.told)(line, Told::Settled(settling));
    }

    /// Tells what is wanted of the entries below `upto`.
    fn choose(&mut self, line: &mut Line<T>, upto: u64, wanted: Vec<Wanted>) {
        let (compare, whole): (Vec<_>, Vec<_>) = wanted.into_iter().partition(Wanted::is_compared);
        let frame =
            Choose { id: self.id, upto, whole: whole.len() as u32, compare: compare.len() as u32 };
        let mut body = Vec::with_capacity(8 * (whole.len() + compare.len()));
        for wanted in whole.into_iter().chain(compare) {
            body.extend_from_slice(&wanted.n.to_le_bytes());
            self.slots.want(wanted);
        }
        line.say_with(&Frame::Choose(frame), body.into());
    }

    /// A place was made for a file, or there was no need.
    fn begun(&mut self, line: &mut Line<T>, n: u64, begun: Begun<S>) {
        let (algorithm, pool) = (self.algorithm, self.pool);
        let open = match (self.open.remove(&n), begun) {
            (Some(Open::Begun(offer)), Begun::Upload { wanted, upload, basis }) => {
                let plan = Plan::compare(offer.entry.size, basis);
                let offer = &offer;
                let receiving = Receiving { offer, upload: &upload, algorithm, pool, plan };
                Open::Upload(wanted, Receiver::new(receiving))
            }
            (Some(Open::Begun(offer)), Begun::Verify { wanted, present }) => {
                let plan = Plan::compare(offer.entry.size, offer.entry.size);
                let offer = &offer;
                let receiving = Receiving { offer, upload: &present, algorithm, pool, plan };
                Open::Verify(wanted, Receiver::new(receiving))
            }
            (Some(Open::Reopening(receiver)), Begun::Upload { wanted, upload, basis }) => {
                let plan = Plan::compare(receiver.offer.entry.size, basis);
                Open::Upload(wanted, receiver.go_on_in(upload, plan))
            }
            // It was settled before this came.
            _ => return,
        };
        self.open.insert(n, open);
        self.say_wants(line, n);
    }

    fn say_wants(&mut self, line: &mut Line<T>, n: u64) {
        match self.open.get_mut(&n) {
            Some(Open::Upload(_, receiver)) => receiver.say_wants(line),
            Some(Open::Verify(_, receiver)) if receiver.differs() != Some(true) => {
                receiver.say_wants(line);
            }
            Some(Open::Verify(..)) => {
                let Some(Open::Verify(wanted, receiver)) = self.open.remove(&n) else { return };
                let offer = receiver.offer.clone();
                self.open.insert(n, Open::Reopening(receiver));
                self.push(Work::Begin { wanted, offer, verify: false }, 0);
            }
            Some(Open::Begun(_) | Open::Reopening(_)) | None => {}
        }
    }

    async fn hear(&mut self, line: &mut Line<T>, incoming: Incoming) -> Result<(), TreeError> {
        match incoming {
            Incoming::Cancel => Err(TreeError::Cancelled),
            Incoming::Frame(Frame::End(end)) => Err(TreeError::Ended(Box::new(end))),
            Incoming::Frame(Frame::TreeEntries(entries)) => self.entries(line, entries).await,
            Incoming::Frame(Frame::Walked(walked)) => self.walked(walked),
            Incoming::Frame(Frame::File(file)) => self.file(line, file).await,
            Incoming::Frame(Frame::Entry(offer)) => self.offer(line, offer),
            Incoming::Frame(Frame::Segment(segment)) => self.segment(line, segment).await,
            Incoming::Frame(Frame::Digests(digests)) => self.digests(line, digests).await,
            Incoming::Frame(Frame::Sent(sent)) => self.sent(line, &sent),
            // Frames that a later version may send are passed over.
            Incoming::Want(..) | Incoming::Frame(_) => Ok(()),
        }
    }

    async fn entries(&mut self, line: &mut Line<T>, frame: TreeEntries) -> Result<(), TreeError> {
        let TreeEntries { n, count, body, digest, .. } = frame;
        if body as usize > MAX_LISTING_LEN || self.ending != Ending::Walking {
            let message = format!("a piece of a listing of {body} bytes came, or came too late");
            return Err(TreeError::Rules(message));
        }
        self.slots.announce(n, count)?;
        let mut lines = vec![0; body as usize];
        line.read_exact(&mut lines).await?;
        self.push(Work::Entries { n, count, body: lines, digest }, body as usize);
        Ok(())
    }

    fn walked(&mut self, walked: Walked) -> Result<(), TreeError> {
        if walked.count != self.slots.count() || self.ending != Ending::Walking {
            let (found, expected) = (walked.count, self.slots.count());
            return Err(BadNumber::Order { found, expected }.into());
        }
        if walked.count == 0 {
            return Err(TreeError::Rules("a tree without a root came".into()));
        }
        self.ending = Ending::Walked;
        self.push(Work::Leave, 0);
        Ok(())
    }

    async fn file(&mut self, line: &mut Line<T>, file: SmallFile) -> Result<(), TreeError> {
        if file.failure.is_none() && !is_small(self.algorithm, &file) {
            let found = format!("{} bytes with {} of digests", file.length, file.head);
            return Err(TreeError::Rules(format!("a small file has {found}")));
        }
        let n = file.n;
        let Some(wanted) = self.slots.take(n)? else {
            let failure = file.failure.filter(|_| self.open.contains_key(&n));
            return failure.map_or(Ok(()), |failure| self.give_up(n, failure));
        };
        let mut body = match file.failure {
            Some(_) => Vec::new(),
            None => vec![0; file.head as usize + file.length as usize],
        };
        line.read_exact(&mut body).await?;
        if !body.is_empty() {
            (self.told)(line, Told::Moved(u64::from(file.length)));
        }
        let len = body.len();
        self.push(Work::File { wanted, file, body }, len);
        Ok(())
    }

    /// A file that is not small is offered, perhaps anew because it changed.
    fn offer(&mut self, line: &mut Line<T>, offer: Offer) -> Result<(), TreeError> {
        let n = offer.n;
        let wanted = match self.slots.take(n)? {
            Some(wanted) => wanted,
            None => match self.open.remove(&n) {
                Some(Open::Upload(wanted, _) | Open::Verify(wanted, _)) => wanted,
                // What was said of the former offer still comes; a further change is told again.
                Some(open @ (Open::Begun(_) | Open::Reopening(_))) => {
                    let message = "a file was offered twice before any of it was wanted";
                    self.open.insert(n, open);
                    return Err(TreeError::Rules(message.into()));
                }
                None => return Ok(()),
            },
        };
        if offer.entry.path.as_bytes() != &*wanted.name || offer.open_ended {
            let message = format!("`{}` was offered as entry {n}", offer.entry.path);
            return Err(TreeError::Rules(message));
        }
        self.offered.insert(n);
        // A file that failed is closed there before it is settled here.
        if self.offered.len() > 2 * MAX_OPEN {
            let message = format!("{} files were offered at once", self.offered.len());
            return Err(TreeError::Rules(message));
        }
        let size = offer.entry.size;
        let (directory, name) = (&wanted.directory, &wanted.name);
        (self.told)(line, Told::Moving { directory, name, size });
        self.open.insert(n, Open::Begun(offer.clone()));
        let verify = wanted.verify;
        self.push(Work::Begin { wanted, offer, verify }, 0);
        Ok(())
    }

    async fn segment(&mut self, line: &mut Line<T>, segment: Segment) -> Result<(), TreeError> {
        let n = segment.n;
        let mut moved = 0;
        let received = match self.open.get_mut(&n) {
            Some(Open::Upload(_, receiver)) => {
                let mut progress = |progress| {
                    if let Progress::Moved(bytes) = progress {
                        moved += bytes;
                    }
                };
                receiver.segment(line, segment, &mut progress).await
            }
            Some(_) => return Err(BadNumber::Unwanted { n }.into()),
            None => return Ok(self.slots.pass_over(n)?),
        };
        (self.told)(line, Told::Moved(moved));
        self.received(line, n, received)
    }

    async fn digests(&mut self, line: &mut Line<T>, digests: Digests) -> Result<(), TreeError> {
        let n = digests.n;
        let mut reused = 0;
        let mut progress = |progress| {
            if let Progress::Reused(bytes) = progress {
                reused += bytes;
            }
        };
        let received = match self.open.get_mut(&n) {
            Some(Open::Upload(_, receiver)) => receiver.digests(line, digests, &mut progress).await,
            Some(Open::Verify(_, receiver)) => receiver.digests(line, digests, &mut |_| ()).await,
            Some(_) => return Err(BadNumber::Unwanted { n }.into()),
            None => return Ok(self.slots.pass_over(n)?),
        };
        (self.told)(line, Told::Reused(reused));
        self.received(line, n, received)
    }

    fn sent(&mut self, line: &mut Line<T>, sent: &Sent) -> Result<(), TreeError> {
        let n = sent.n;
        let complete = match self.open.get_mut(&n) {
            Some(Open::Upload(_, receiver)) => receiver.is_complete(sent),
            Some(Open::Verify(_, receiver)) => receiver.is_complete(sent),
            Some(_) => return Err(BadNumber::Unwanted { n }.into()),
            None => return Ok(self.slots.pass_over(n)?),
        };
        match complete {
            Ok(true) => self.finish(n, None),
            Ok(false) => Ok(()),
            Err(error) => self.received(line, n, Err(error)),
        }
    }

    /// Goes on with a file, or gives it up.
    fn received(
        &mut self,
        line: &mut Line<T>,
        n: u64,
        received: Result<(), ReceiveError>,
    ) -> Result<(), TreeError> {
        match received {
            Ok(()) => self.say_wants(line, n),
            Err(ReceiveError::Store(error)) => return self.give_up(n, error.into()),
            Err(ReceiveError::Sender(failure)) => return self.give_up(n, failure),
            Err(ReceiveError::Line(error)) => return Err(error.into()),
            Err(ReceiveError::Ended(end)) => return Err(TreeError::Ended(end)),
            Err(ReceiveError::Cancelled) => return Err(TreeError::Cancelled),
            Err(error @ (ReceiveError::Damaged(_) | ReceiveError::Proof)) => {
                return Err(TreeError::Corrupt(error.to_string()));
            }
            Err(error @ ReceiveError::Rules(_)) => {
                return Err(TreeError::Rules(error.to_string()));
            }
        }
        Ok(())
    }

    fn give_up(&mut self, n: u64, failure: Failure) -> Result<(), TreeError> {
        self.finish(n, Some(failure))
    }

    /// All of a file is there, or will never be.
    fn finish(&mut self, n: u64, failure: Option<Failure>) -> Result<(), TreeError> {
        let (wanted, end, receipt) = match self.open.remove(&n) {
            Some(Open::Upload(wanted, receiver)) => {
                let (upload, receipt) = (Arc::clone(receiver.upload()), receiver.receipt);
                (wanted, FileEnd::Upload(receiver.offer, upload), receipt)
            }
            Some(Open::Verify(wanted, _)) => (wanted, FileEnd::Same, Receipt::default()),
            // While a place is made for it, nothing of it is wanted that could end.
            Some(Open::Begun(_) | Open::Reopening(_)) | None => {
                return Err(BadNumber::Unwanted { n }.into());
            }
        };
        let end = failure.map_or(end, FileEnd::Failed);
        let Receipt { moved, reused, .. } = receipt;
        self.push(Work::Finish(Box::new(Finished { wanted, end, moved, reused })), 0);
        Ok(())
    }
}

async fn wait_for<S: Store>(job: &mut Option<Job<S>>) -> (Box<Hand<S>>, Report<S>) {
    let Some(running) = job else { std::future::pending().await };
    let done = running.await;
    *job = None;
    done
}
