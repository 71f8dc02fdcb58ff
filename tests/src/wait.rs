//! Waiting, but not for ever.

use std::time::Duration;

use crate::Error;

/// How long anything is waited for. Only what has gone wrong takes as long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what has a name, and no longer than [`PATIENCE`].
///
/// # Errors
///
/// What the future gives, or that it gave nothing in time.
pub async fn within<T, E>(
    what: &str,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, Error>
where
    E: Into<Error>,
{
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(format!("waited {} s for {what}", PATIENCE.as_secs()).into()),
    }
}
