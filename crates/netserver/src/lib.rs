//! Serves many peers at once, over TCP, Unix sockets or anything else that accepts connections.
//!
//! You write what is done with one connection: a [`StreamHandler`]. A [`StreamServer`] does the
//! rest, which is more than a loop around `accept`: it survives running out of descriptors, drops
//! peers that send nothing, keeps strangers from crowding out those who are let in, contains
//! panics, and stops when asked to, without cutting off whoever is being served. At the end it
//! [reports](Report) what became of each connection.
//!
//! A connection is accepted as a **newcomer**, is [upgraded](Upgrade) if need be, and handed to
//! the handler, which **admits** the peer with [`Conn::admit`] once it knows enough of it (or at
//! once: [`StreamServer::admit_at_once`]). Of the newcomers the oldest gives way when there are too
//! many; the admitted stay until they end, are idle for too long, or the server stops. All of it is
//! bounded by [`Limits`]; [`Hooks`] can watch and veto.
//!
//! ```text
//!  Listener ──accept──▶ newcomers ──Conn::admit──▶ admitted ──▶ Report
//!     ▲          │      oldest out     │ full: refused    │
//!  TCP, Unix,  verify   10 s to be     ▼                  ▼
//!  memory      hook     admitted    Upgrade, then StreamHandler::handle(Guarded<S>, Conn)
//!                                   one task each: panics, deadlines, StopSignal
//! ```
//!
//! An echo service, which runs unchanged on every transport:
//!
//! ```
//! use std::io;
//! use std::net::Ipv4Addr;
//!
//! use netserver::{Conn, StreamHandler, StreamServer, bind_tcp};
//! use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
//! use tokio::net::TcpStream;
//!
//! struct Echo;
//!
//! impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> StreamHandler<S> for Echo {
//!     type Error = io::Error;
//!
//!     async fn handle(&self, mut stream: S, conn: Conn) -> io::Result<()> {
//!         conn.admit()?;
//!         let mut bytes = [0; 1024];
//!         loop {
//!             let count = tokio::select! {
//!                 count = stream.read(&mut bytes) => count?,
//!                 () = conn.stop().stopped() => 0,
//!             };
//!             if count == 0 {
//!                 return Ok(());
//!             }
//!             stream.write_all(&bytes[..count]).await?;
//!         }
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let listener = bind_tcp((Ipv4Addr::LOCALHOST, 0).into())?;
//!     let addr = listener.local_addr()?;
//!     let running = StreamServer::new(listener, Echo).start();
//!
//!     let mut client = TcpStream::connect(addr).await?;
//!     client.write_all(b"hello").await?;
//!     let mut heard = [0; 5];
//!     client.read_exact(&mut heard).await?;
//!     assert_eq!(&heard, b"hello");
//!
//!     running.shutdown();
//!     let report = running.wait().await?;
//!     assert_eq!(report.to_string(), "1 accepted: 1 drained");
//!     Ok(())
//! }
//! ```
//!
//! # Coming from Python's `socketserver`
//!
//! | there | here |
//! |---|---|
//! | `TCPServer`, `UnixStreamServer` and their `Threading*` pairs | [`StreamServer`] on any [`Listener`]; connections always run side by side, each in a task |
//! | `StreamRequestHandler.handle` | [`StreamHandler::handle`] |
//! | `setup`, `finish` | the beginning and the end of `handle`; `Drop` for what must happen in any case |
//! | `request`, `rfile`, `wfile` | the stream: [`Guarded`] |
//! | `client_address` | [`Conn::peer`] |
//! | `server` (in a handler) | [`Conn::server`] |
//! | `server_address` | [`Running::local_addr`] |
//! | `bind_and_activate`, `server_bind`, `server_activate` | done by the caller: [`bind_tcp`], or any tokio listener |
//! | `address_family` | the address that is bound to |
//! | `allow_reuse_address`, `allow_reuse_port`, `request_queue_size` | set by [`bind_tcp`]: on, off, and 1,024 |
//! | `disable_nagle_algorithm` | always: accepted TCP streams have `TCP_NODELAY` |
//! | `get_request` | [`Listener::accept`] |
//! | `process_request`, `finish_request`, `shutdown_request`, `close_request` | the connection's task; the stream closes when it is dropped |
//! | `verify_request` | [`Hooks::verify`] |
//! | `handle_error` | [`Hooks::failure`], [`Hooks::panic`] |
//! | `service_actions` | [`Hooks::tick`] with [`StreamServer::tick_every`] |
//! | `timeout`, `handle_timeout` | the deadlines in [`Limits`], one connection at a time |
//! | `serve_forever` | [`StreamServer::start`], then [`Running::wait`] |
//! | `shutdown` | [`ServerHandle::shutdown`]; it does not wait, so a handler may call it |
//! | `server_close`, `block_on_close`, `daemon_threads` | [`Running::wait`] with [`Limits::drain_deadline`] |
//! | the context manager | dropping [`Running`] |
//! | `max_children` | [`Limits::max_admitted`] and [`Limits::max_newcomers`] |
//! | `ForkingMixIn` and its servers | none: a panic is contained without a process of its own |
//! | `UDPServer` and the other datagram classes | none yet: this version serves streams |

mod addr;
mod listener;
mod memory;

mod conn;
mod guarded;
mod handler;
mod hooks;
mod limits;
mod report;
mod stop;

mod accept;
mod connection;
mod contained;
mod pools;
mod running;
mod shared;
mod stream_server;
mod ticker;
mod watch;

mod datagram;

pub use accept::AcceptFailure;
pub use addr::Addr;
pub use conn::{AdmitError, Conn};
pub use datagram::{
    Datagram, DatagramCounters, DatagramEvent, DatagramHandle, DatagramHandler, DatagramHooks,
    DatagramLimits, DatagramReport, DatagramServer, DatagramSocket, Dispatch, Incoming, MemoryNet,
    MemoryPeer, MemorySocket, Outgoing, RateLimit, RateLimiter, RateVerdict, Responder, Route,
    SendError, UdpEndpoint, bind_udp,
};
pub use guarded::Guarded;
pub use handler::{NoUpgrade, StreamHandler, Upgrade};
pub use hooks::{Deadline, Ending, Event, Hooks};
pub use limits::Limits;
pub use listener::{BindError, Listener, bind_tcp};
pub use memory::{MemoryDialer, MemoryListener};
pub use report::{Counters, Report};
pub use running::{Handle, Running, ServeError, ServerHandle};
pub use stop::StopSignal;
pub use stream_server::StreamServer;
