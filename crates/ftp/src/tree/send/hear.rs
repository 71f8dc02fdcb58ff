//! What the receiver says, frame by frame.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Sender, TreeEnd};
use crate::line::{Incoming, Line, LineError};
use crate::store::{Kind, Store};
use crate::tree::progress::{Place, Settling, Told};
use crate::tree::walk::Known;
use crate::wire::{Choose, Frame, MAX_LISTING_LEN, MAX_UNSETTLED, Settled, SettledLine};

impl<S: Store> Sender<'_, '_, S> {
    /// Takes in what the receiver says; it may mean the end.
    pub(super) async fn hear<T>(
        &mut self,
        line: &mut Line<T>,
        incoming: Incoming,
    ) -> Result<Option<TreeEnd>, LineError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let bad = |message: String| Ok(Some(TreeEnd::BadRequest(message)));
        match incoming {
            Incoming::Cancel => return Ok(Some(TreeEnd::Cancelled)),
            Incoming::Frame(Frame::End(end)) => return Ok(Some(TreeEnd::End(Box::new(end)))),
            Incoming::Want(want, ranges) => {
                // One that was given up meanwhile is passed over.
                if let Some(file) = self.open.iter_mut().find(|file| file.n == want.n) {
                    let known = file.outbox.reused().is_some();
                    if let Err(error) = file.outbox.want(&want, &ranges) {
                        return bad(error.to_string());
                    }
                    if let Some(bytes) = file.outbox.reused().filter(|_| !known) {
                        (self.told)(Told::Reused(bytes));
                    }
                }
            }
            Incoming::Frame(Frame::Choose(choose)) => return self.choose(line, choose).await,
            Incoming::Frame(Frame::Prune(prune)) => {
                if self.pruned.len() as u64 >= MAX_UNSETTLED {
                    return bad("more is to be left out than was announced".into());
                }
                self.pruned.push(prune.n);
            }
            Incoming::Frame(Frame::Got(got)) => {
                if self.walked && got.n == self.announced.count() {
                    return Ok(Some(TreeEnd::Got));
                }
                self.open.retain(|file| file.n != got.n);
                self.announced.served(got.n);
            }
            Incoming::Frame(Frame::Settled(settled)) => {
                return self.settle(line, settled).await;
            }
            // Frames that a later version may send are passed over.
            Incoming::Frame(_) => {}
        }
        Ok(None)
    }

    async fn choose<T>(
        &mut self,
        line: &mut Line<T>,
        choose: Choose,
    ) -> Result<Option<TreeEnd>, LineError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let count = u64::from(choose.whole) + u64::from(choose.compare);
        if count > MAX_UNSETTLED {
            let message =
                format!("{count} entries are wanted at once: {MAX_UNSETTLED} are allowed");
            return Ok(Some(TreeEnd::BadRequest(message)));
        }
        let mut body = vec![0; 8 * count as usize];
        line.read_exact(&mut body).await?;
        let numbers: Vec<u64> = body.as_chunks().0.iter().map(|n| u64::from_le_bytes(*n)).collect();
        let (whole, compare) = numbers.split_at(choose.whole as usize);
        match self.announced.choose(choose.upto, whole, compare) {
            Ok(chosen) => {
                self.small.extend(chosen.small);
                self.large.extend(chosen.large.into_iter().map(|n| (n, 0)));
                Ok(None)
            }
            Err(error) => Ok(Some(TreeEnd::BadRequest(error.to_string()))),
        }
    }

    /// What became of entries, as the server tells it.
    async fn settle<T>(
        &mut self,
        line: &mut Line<T>,
        settled: Settled,
    ) -> Result<Option<TreeEnd>, LineError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        if settled.body as usize > MAX_LISTING_LEN {
            let message = format!("{} bytes tell what became of entries", settled.body);
            return Ok(Some(TreeEnd::BadRequest(message)));
        }
        let mut body = vec![0; settled.body as usize];
        line.read_exact(&mut body).await?;
        for text in body.split_inclusive(|&byte| byte == b'\n') {
            let settling = serde_json::from_slice(text).map_err(|error| error.to_string());
            match settling.and_then(|line| self.settling(line)) {
                Ok(settling) => (self.told)(Told::Settled(settling)),
                Err(message) => return Ok(Some(TreeEnd::BadRequest(message))),
            }
        }
        Ok(None)
    }

    fn settling(&mut self, line: SettledLine) -> Result<Settling, String> {
        let (outcome, reused) = (line.outcome, line.reused);
        if let Some(path) = line.path {
            let (place, kind) = (Place::Path(path), line.kind.unwrap_or(Kind::Other));
            return Ok(Settling { place, kind, size: 0, outcome, moved: 0, reused });
        }
        let n = line.n.ok_or("something is settled that has no name")?;
        self.open.retain(|file| file.n != n);
        let (known, moved) =
            self.announced.settled(n).ok_or_else(|| format!("entry {n} is settled twice"))?;
        let Known { directory, name, kind, size } = known;
        let place = Place::Entry { n, directory, name };
        Ok(Settling { place, kind, size, outcome, moved, reused })
    }
}
