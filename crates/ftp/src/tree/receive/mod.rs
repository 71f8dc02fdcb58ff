//! The receiver of a tree: says what it wants of it, and takes that in.

mod hear;

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use proto::Algorithm;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use super::hand::{Begun, End as FileEnd, Finished, Hand, Present, Report, Target, Work};
use super::progress::{Place, Settling, Told};
use super::slots::{BadNumber, Slots, Wanted};
use super::turns::Turn;
use crate::content::{Pool, Receipt, ReceiveError, Receiver, Receiving};
use crate::line::{Line, LineError, SIGN_OF_LIFE};
use crate::resume::Plan;
use crate::store::{Store, StoreError};
use crate::wire::{Choose, End, Failure, Frame, Got, Offer, Prune};

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
