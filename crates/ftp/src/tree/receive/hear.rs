//! What the sender says, frame by frame.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Ending, Open, TreeError, TreeReceiver};
use crate::content::Progress;
use crate::line::{Incoming, Line};
use crate::store::Store;
use crate::tree::hand::{Work, is_small};
use crate::tree::progress::Told;
use crate::tree::slots::BadNumber;
use crate::wire::{
    Digests, Frame, MAX_LISTING_LEN, MAX_OPEN, Offer, Segment, Sent, SmallFile, TreeEntries, Walked,
};

impl<T, S> TreeReceiver<'_, '_, T, S>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Store,
{
    pub(super) async fn hear(
        &mut self,
        line: &mut Line<T>,
        incoming: Incoming,
    ) -> Result<(), TreeError> {
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
}
