//! Servers that are played to a client of ours.

use std::io;
use std::sync::Arc;

use ftp::{ClientError, Connect};
use tokio::io::DuplexStream;

use super::Raw;

/// Each connection meets a server of its own, played by `serve`.
pub(crate) struct Played<F>(pub(crate) F);

impl<F, Fut> Connect for Played<F>
where
    F: Fn(DuplexStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    type Stream = DuplexStream;

    async fn connect(&self) -> io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn((self.0)(theirs));
        Ok(ours)
    }

    fn peer(&self) -> &str {
        "played"
    }
}

/// A server that lets its client in, hears one request, does `deed`, and listens until the end.
pub(crate) fn deed<F>(
    deed: F,
) -> Played<impl Fn(DuplexStream) -> ServedFuture + Send + Sync + 'static>
where
    F: Fn(&mut Raw) + Send + Sync + 'static,
{
    let deed = Arc::new(deed);
    Played(move |stream| {
        let deed = Arc::clone(&deed);
        let served: ServedFuture = Box::pin(async move {
            let Some(mut raw) = Raw::welcome(stream).await else { return };
            if raw.hear().await.is_some() {
                deed(&mut raw);
                raw.given_up().await;
            }
        });
        served
    })
}

/// What plays a server.
pub(crate) type ServedFuture = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Offers what is described for request 1.
pub(crate) fn offer(raw: &mut Raw, entry: &str) {
    raw.say(&format!(r#"{{"type":"entry","id":1,"entry":{entry}}}"#));
}

/// The server was found not to keep to the protocol.
pub(crate) fn is_protocol(error: &ClientError) -> bool {
    matches!(error, ClientError::Protocol { .. })
}
