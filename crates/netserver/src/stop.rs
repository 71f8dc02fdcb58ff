use tokio_util::sync::CancellationToken;

/// Tells handlers that the server has been asked to stop.
///
/// A handler that sees it finishes what it is doing, takes nothing new, and returns; at the drain
/// deadline it is cut off. Clones watch the same server.
#[derive(Clone, Debug)]
pub struct StopSignal(CancellationToken);

impl StopSignal {
    pub(crate) fn new() -> Self {
        Self(CancellationToken::new())
    }

    pub(crate) fn raise(&self) {
        self.0.cancel();
    }

    /// Whether the server has been asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the server is asked to stop; cancel-safe, and at once if it has been.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }
}
