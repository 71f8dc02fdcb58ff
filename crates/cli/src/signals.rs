//! Ctrl-C, and the signal that asks a program to end.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for Ctrl-C and, on Unix, for `SIGTERM`. From its making on, neither ends the process.
pub(crate) struct Signals {
    #[cfg(unix)]
    kinds: Option<(Signal, Signal)>,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(unix)]
            kinds: signal(SignalKind::interrupt())
                .and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)))
                .ok(),
        }
    }

    /// The next of them. Dropped before it came, none is lost.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        let Some((interrupt, terminate)) = &mut self.kinds else {
            // Without handlers the system ends the process by itself.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    /// The next of them.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
