//! One stream of a command's output, on its way to its end.

use std::future::pending;
use std::io;

use bytes::Bytes;

use crate::run::Outlet;
use crate::wire::MAX_CHUNK_LEN;

/// One stream of output.
pub(crate) struct Channel {
    /// None once it has been read to its end, or no further.
    outlet: Option<Outlet>,
    /// How much of it is still taken, once that is decided.
    left: Option<u64>,
    /// Whether it was read to its end.
    whole: bool,
}

impl Channel {
    /// A stream; without an outlet, one that is empty and whole.
    pub(crate) fn new(outlet: Option<Outlet>) -> Self {
        let whole = outlet.is_none();
        Self { outlet, left: None, whole }
    }

    /// Whether more of it is taken.
    pub(crate) fn is_open(&self) -> bool {
        self.outlet.is_some()
    }

    /// Whether it was read to its end.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The next piece; waits for ever once it is closed. What it gives goes to
    /// [`took`](Self::took). Cancel-safe.
    pub(crate) async fn read(&mut self) -> io::Result<Bytes> {
        let most = self.left.map_or(MAX_CHUNK_LEN, |left| left.min(MAX_CHUNK_LEN as u64) as usize);
        match &mut self.outlet {
            Some(outlet) => outlet.read(most).await,
            None => pending().await,
        }
    }

    /// Takes what was read, and closes at the end.
    pub(crate) fn took(&mut self, read: io::Result<Bytes>) -> Bytes {
        // A pipe does not fail; were it to, not all would have come.
        let failed = read.is_err();
        let bytes = read.unwrap_or_default();
        if bytes.is_empty() {
            self.outlet = None;
            self.whole = !failed;
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(bytes.len() as u64);
            self.close_if_done();
        }
        bytes
    }

    /// Takes only what has been written already: the command wrote its last before that.
    pub(crate) fn cut(&mut self) {
        if let Some(outlet) = &self.outlet {
            self.left = Some(outlet.backlog());
            self.close_if_done();
        }
    }

    /// Takes no more of it.
    pub(crate) fn abandon(&mut self) {
        self.outlet = None;
        self.whole = false;
    }

    fn close_if_done(&mut self) {
        if self.left == Some(0)
            && let Some(outlet) = self.outlet.take()
        {
            self.whole = outlet.is_at_end();
        }
    }
}
