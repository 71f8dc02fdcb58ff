//! Threads on which a machine may wait for its disk, with timers of their own.

use std::future::Future;
use std::io;
use std::thread;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::time::sleep_until;

/// Why a worker goes on.
pub(crate) enum Turn {
    /// Something has come.
    Batch,
    /// It is time.
    Deadline,
    /// Nothing will come any more.
    Closed,
}

/// Runs a future on a thread of that name.
pub(crate) fn spawn(name: &str, work: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name(name.to_owned()).spawn(move || runtime.block_on(work))?;
    Ok(())
}

/// Waits for something to come, and takes all that has, up to `most`.
pub(crate) async fn next<T>(
    arrivals: &mut mpsc::Receiver<T>,
    batch: &mut Vec<T>,
    most: usize,
    deadline: Option<Instant>,
) -> Turn {
    tokio::select! {
        biased;
        count = arrivals.recv_many(batch, most) => {
            if count == 0 { Turn::Closed } else { Turn::Batch }
        }
        () = until(deadline) => Turn::Deadline,
    }
}

/// Waits for that time; for ever if there is none.
pub(crate) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
