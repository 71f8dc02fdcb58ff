use std::fmt::Display;
use std::future::{self, Future};
use std::sync::Arc;

use super::handle::DatagramHandle;
use super::message::{Datagram, Route};
use super::outbox::SendError;
use crate::StopSignal;

/// What a service does with each datagram.
///
/// One handler serves all of them through `&self`, at the same time if
/// [`Dispatch`](crate::Dispatch) says so. A closure `Fn(Datagram, Responder) -> Result` is a
/// handler too, for what needs no `await`, and so is an `Arc` of one.
///
/// The future is dropped at any `await` when the server is cut off at its drain deadline.
pub trait DatagramHandler: Send + Sync + 'static {
    /// Why a datagram could not be served; it is shown to the hooks.
    type Error: Display + Send + 'static;

    /// Serves one datagram: answers it once, several times or not at all.
    fn handle(
        &self,
        datagram: Datagram<'_>,
        responder: Responder<'_>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<F, E> DatagramHandler for F
where
    F: Fn(Datagram<'_>, Responder<'_>) -> Result<(), E> + Send + Sync + 'static,
    E: Display + Send + 'static,
{
    type Error = E;

    fn handle(
        &self,
        datagram: Datagram<'_>,
        responder: Responder<'_>,
    ) -> impl Future<Output = Result<(), E>> + Send {
        future::ready(self(datagram, responder))
    }
}

impl<H: DatagramHandler> DatagramHandler for Arc<H> {
    type Error = H::Error;

    fn handle(
        &self,
        datagram: Datagram<'_>,
        responder: Responder<'_>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        H::handle(self, datagram, responder)
    }
}

/// Answers one datagram. To answer later than the handler returns, keep the
/// [route](Self::route) and the [server](Self::server).
#[derive(Clone, Copy, Debug)]
pub struct Responder<'a> {
    server: &'a DatagramHandle,
    route: &'a Route,
    /// Whether the server must be woken to send. In line it looks by itself.
    wake: bool,
}

impl<'a> Responder<'a> {
    pub(crate) fn new(server: &'a DatagramHandle, route: &'a Route, wake: bool) -> Self {
        Self { server, route, wake }
    }

    /// Sends this to the peer, from the address that it asked. It does not wait: the reply is
    /// queued, and leaves with others.
    ///
    /// As with all datagrams, nobody learns whether it arrives.
    ///
    /// # Errors
    ///
    /// If it is too long for a datagram, or the queue is full.
    pub fn send(&self, payload: &[u8]) -> Result<(), SendError> {
        self.server.queue(payload, self.route, self.wake)
    }

    /// The way back to the peer.
    #[must_use]
    pub fn route(&self) -> &'a Route {
        self.route
    }

    /// The server that received the datagram, to send by, to look at or to stop.
    #[must_use]
    pub fn server(&self) -> &'a DatagramHandle {
        self.server
    }

    /// Raised when the server is asked to stop; for handlers that wait for something.
    #[must_use]
    pub fn stop(&self) -> &'a StopSignal {
        self.server.stop_signal()
    }
}
