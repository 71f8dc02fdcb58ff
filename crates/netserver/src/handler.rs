use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use crate::{Addr, Conn};

/// What a service does with each of its connections.
///
/// One handler serves all of them at the same time, through `&self`. Written for any `S` that can
/// be read and written, it runs on TCP, Unix sockets, TLS and memory alike. A closure
/// `Fn(S, Conn) -> impl Future` is a handler too, and so is an `Arc` of one.
///
/// The connection closes when the future ends, because the stream is dropped with it. The future
/// is itself dropped at any `await` when the connection is cut off: what must not be left half
/// done belongs into a task of its own.
pub trait StreamHandler<S>: Send + Sync + 'static {
    /// Why a connection went wrong; it is shown to the hooks.
    type Error: Display + Send + 'static;

    /// Serves one connection to its end.
    ///
    /// The peer is a newcomer until [`Conn::admit`] is called, and is cut off if that does not
    /// happen within the admission deadline.
    fn handle(&self, stream: S, conn: Conn)
    -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<S, F, Fut, E> StreamHandler<S> for F
where
    F: Fn(S, Conn) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send,
    E: Display + Send + 'static,
{
    type Error = E;

    fn handle(&self, stream: S, conn: Conn) -> impl Future<Output = Result<(), E>> + Send {
        self(stream, conn)
    }
}

impl<S, H: StreamHandler<S>> StreamHandler<S> for Arc<H> {
    type Error = H::Error;

    fn handle(
        &self,
        stream: S,
        conn: Conn,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        H::handle(self, stream, conn)
    }
}

/// What is done to a connection before its handler sees it: a TLS handshake, for one.
///
/// It runs in the connection's own task, so that a slow peer delays nobody, and counts against
/// the admission deadline.
pub trait Upgrade<T>: Send + Sync + 'static {
    /// What the handler gets.
    type Stream: Send + 'static;
    /// Why it failed; it is shown to the hooks.
    type Error: Display + Send + 'static;

    /// Turns the transport into the stream.
    fn upgrade(
        &self,
        transport: T,
        peer: &Addr,
    ) -> impl Future<Output = Result<Self::Stream, Self::Error>> + Send;
}

/// The upgrade that changes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoUpgrade;

impl<T: Send + 'static> Upgrade<T> for NoUpgrade {
    type Stream = T;
    type Error = Infallible;

    async fn upgrade(&self, transport: T, _peer: &Addr) -> Result<T, Infallible> {
        Ok(transport)
    }
}
