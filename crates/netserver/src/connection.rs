use std::any::Any;
use std::fmt::Display;
use std::future;
use std::pin::pin;
use std::thread;

use tokio::time::{Instant, sleep_until};

use crate::contained::{contained, panic_message};
use crate::watch::{Verdict, Watch};
use crate::{Conn, Deadline, Ending, Guarded, StreamHandler, Upgrade};

/// What a server does with a connection: the same for all, and shared by their tasks.
pub(crate) struct Service<H, U> {
    pub(crate) handler: H,
    pub(crate) upgrade: U,
    pub(crate) admit_at_once: bool,
}

/// A connection's place in the server. It is given back however the task ends: a panic while the
/// handler is being dropped and the end of the runtime included.
pub(crate) struct Seat {
    conn: Conn,
    ending: Ending,
}

impl Seat {
    pub(crate) fn new(conn: Conn) -> Self {
        Self { conn, ending: Ending::Aborted }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let ending = if thread::panicking() { Ending::Panicked } else { self.ending };
        self.conn.server().shared().close(&self.conn, ending);
    }
}

impl<H, U> Service<H, U> {
    /// The whole life of a connection, in its own task.
    pub(crate) async fn attend<T>(&self, mut seat: Seat, transport: T)
    where
        U: Upgrade<T>,
        H: StreamHandler<Guarded<U::Stream>>,
    {
        let conn = seat.conn.clone();
        seat.ending = tokio::select! {
            // The handler comes first: one that ends as its deadline passes has ended.
            biased;
            done = contained(self.upgrade_and_handle(&conn, transport)) => {
                done.unwrap_or_else(|panic| panicked(&conn, &*panic))
            }
            ending = conn.cut_off() => ending,
            deadline = overdue(&conn) => Ending::TimedOut(deadline),
        };
    }

    async fn upgrade_and_handle<T>(&self, conn: &Conn, transport: T) -> Ending
    where
        U: Upgrade<T>,
        H: StreamHandler<Guarded<U::Stream>>,
    {
        let upgraded = tokio::select! {
            biased;
            upgraded = self.upgrade.upgrade(transport, conn.peer()) => upgraded,
            // Nothing has been asked of us yet, so that there is nothing to finish.
            () = conn.stop().stopped() => return Ending::Drained,
        };
        let stream = match upgraded {
            Ok(stream) => Guarded::new(stream, conn.clone()),
            Err(error) => {
                failed(conn, &error);
                return Ending::UpgradeFailed;
            }
        };
        if self.admit_at_once && conn.admit().is_err() {
            return Ending::Refused;
        }
        match self.handler.handle(stream, conn.clone()).await {
            // A handler may report a refusal as its error; it is no failure of the handler's.
            _ if conn.was_refused() => Ending::Refused,
            Ok(()) if conn.stop().is_stopped() => Ending::Drained,
            Ok(()) => Ending::Served,
            Err(error) => {
                failed(conn, &error);
                Ending::Failed
            }
        }
    }
}

/// Waits until one of the connection's deadlines has passed.
async fn overdue(conn: &Conn) -> Deadline {
    let mut watch = Watch::new(conn.server().shared().limits.clone(), conn.accepted_at());
    let mut timer = pin!(sleep_until(Instant::now()));
    loop {
        match watch.check(Instant::now(), conn.progress_so_far(), conn.is_admitted()) {
            Verdict::AskAt(at) => timer.as_mut().reset(at),
            Verdict::NoDeadline => future::pending().await,
            Verdict::Over(deadline) => return deadline,
        }
        timer.as_mut().await;
    }
}

fn failed(conn: &Conn, error: &dyn Display) {
    tracing::debug!(id = conn.id(), %error, "failed");
    conn.server().shared().hook(|hooks| hooks.failure(conn, error));
}

fn panicked(conn: &Conn, panic: &(dyn Any + Send)) -> Ending {
    let message = panic_message(panic);
    tracing::debug!(id = conn.id(), message, "panicked");
    conn.server().shared().hook(|hooks| hooks.panic(conn, message));
    Ending::Panicked
}
