use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::driver::Driver;
use super::handle::DatagramHandle;
use super::handler::DatagramHandler;
use super::hooks::DatagramHooks;
use super::limits::{DatagramLimits, Dispatch};
use super::rate::RateLimit;
use super::service::Service;
use super::socket::DatagramSocket;
use crate::{Addr, Running};

/// A server for datagrams, ready to [`start`](Self::start).
///
/// ```
/// use netserver::{Datagram, DatagramServer, Responder, SendError, bind_udp};
/// use tokio::net::UdpSocket;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let upper = |datagram: Datagram<'_>, responder: Responder<'_>| -> Result<(), SendError> {
///     responder.send(&datagram.payload().to_ascii_uppercase())
/// };
/// let running = DatagramServer::new(bind_udp("127.0.0.1:0".parse()?)?, upper).start();
///
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// let server = running.local_addr().ip().expect("it was bound to an IP address");
/// client.send_to(b"hello", server).await?;
/// let mut heard = [0; 16];
/// let (count, from) = client.recv_from(&mut heard).await?;
/// assert_eq!((&heard[..count], from), (&b"HELLO"[..], server));
///
/// running.shutdown();
/// assert_eq!(running.wait().await?.to_string(), "1 received: 1 served; 1 sent");
/// # Ok(())
/// # }
/// ```
#[must_use = "a server does nothing until it is started"]
pub struct DatagramServer<S, H> {
    socket: S,
    handler: H,
    limits: DatagramLimits,
    dispatch: Dispatch,
    rate_limit: Option<RateLimit>,
    hooks: Box<dyn DatagramHooks>,
    tick_every: Option<Duration>,
}

impl<S: DatagramSocket, H: DatagramHandler> DatagramServer<S, H> {
    /// A server with default limits, in line, without a rate limit and hooks.
    pub fn new(socket: S, handler: H) -> Self {
        Self {
            socket,
            handler,
            limits: DatagramLimits::default(),
            dispatch: Dispatch::InLine,
            rate_limit: None,
            hooks: Box::new(()),
            tick_every: None,
        }
    }

    /// Replaces the limits.
    pub fn limits(mut self, limits: DatagramLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Says where handlers run; default [`Dispatch::InLine`].
    pub fn dispatch(mut self, dispatch: Dispatch) -> Self {
        self.dispatch = dispatch;
        self
    }

    /// Limits what each source may send; default unlimited, because what is much for one service
    /// is little for another.
    pub fn rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.rate_limit = limit.into();
        self
    }

    /// Asks and tells these hooks; default nobody.
    pub fn hooks(mut self, hooks: impl DatagramHooks) -> Self {
        self.hooks = Box::new(hooks);
        self
    }

    /// Calls [`DatagramHooks::tick`] this often; default never.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    pub fn tick_every(mut self, period: Duration) -> Self {
        assert!(!period.is_zero(), "the period between ticks must not be zero");
        self.tick_every = Some(period);
        self
    }

    /// Starts serving, in tasks of the current runtime.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled.
    pub fn start(self) -> Running<DatagramHandle> {
        let Self { socket, handler, limits, dispatch, rate_limit, hooks, tick_every } = self;
        // A socket that cannot say where it is can still be served.
        let local = socket.local_addr().unwrap_or_else(|_| Addr::named("an unnamed address"));
        let handle = DatagramHandle::new(local, limits, hooks);
        let service = Arc::new(Service { handler, server: handle.clone() });
        let driver = Driver::new(socket, service, dispatch, rate_limit);
        let task = tokio::spawn(driver.run(tick_every));
        Running { handle, task }
    }
}

impl<S, H> fmt::Debug for DatagramServer<S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramServer")
            .field("limits", &self.limits)
            .field("dispatch", &self.dispatch)
            .field("rate_limit", &self.rate_limit)
            .field("tick_every", &self.tick_every)
            .finish_non_exhaustive()
    }
}
