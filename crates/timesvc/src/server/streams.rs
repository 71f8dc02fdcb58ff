use std::io;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netserver::{Conn, StreamHandler};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::{daytime, seconds_since_1900};

/// RFC 867 over TCP: who connects gets the [`daytime`], and the end.
#[derive(Clone, Debug)]
pub struct DaytimeStream {
    zone: TimeZone,
}

impl DaytimeStream {
    /// Tells the time in that zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }
}

impl<S: AsyncWrite + Unpin + Send + 'static> StreamHandler<S> for DaytimeStream {
    type Error = io::Error;

    async fn handle(&self, stream: S, conn: Conn) -> io::Result<()> {
        tell(stream, &conn, &daytime(Timestamp::now(), &self.zone)).await
    }
}

/// RFC 868 over TCP: who connects gets the [`seconds_since_1900`], and the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecondsStream;

impl<S: AsyncWrite + Unpin + Send + 'static> StreamHandler<S> for SecondsStream {
    type Error = io::Error;

    async fn handle(&self, stream: S, conn: Conn) -> io::Result<()> {
        tell(stream, &conn, &seconds_since_1900(Timestamp::now())).await
    }
}

async fn tell<S: AsyncWrite + Unpin>(mut stream: S, conn: &Conn, answer: &[u8]) -> io::Result<()> {
    conn.admit().map_err(io::Error::other)?;
    stream.write_all(answer).await?;
    stream.shutdown().await
}
