//! Serves many peers at once, over TCP, UDP, Unix sockets or anything like them.
//!
//! You write what is done with one connection: a [`StreamHandler`]; or with one datagram: a
//! [`DatagramHandler`], of which [below](#datagrams). A [`StreamServer`] does the rest, which is
//! more than a loop around `accept`: it survives running out of descriptors, drops
//! peers that send nothing, keeps strangers from crowding out those who are let in, contains
//! panics, and stops when asked to, without cutting off whoever is being served. At the end it
//! [reports](Report) what became of each connection.
//!
//! A connection is accepted as a **newcomer**, is [upgraded](Upgrade) if need be, and handed to
//! the handler, which **admits** the peer with [`Conn::admit`] once it knows enough of it (or at
//! once: [`StreamServer::admit_at_once`]). Of the newcomers the oldest gives way when there are too
//! many; the admitted stay until they end, are idle for too long, or the server stops. All of it is
//! bounded by [`Limits`]; sources that waste connections pay [`Penalties`]; [`Hooks`] can watch and
//! veto.
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
//! # Datagrams
//!
//! A [`DatagramServer`] receives a batch of messages by one system call, hands each to its handler
//! and sends all the replies by another. Nothing is allocated for each of them. What becomes of a
//! datagram is counted and [reported](DatagramReport) as for connections, and the server stops in
//! the same three steps.
//!
//! ```text
//!  DatagramSocket ──batch──▶ RateLimit ──▶ verify ──▶ Dispatch: in line, sharded by peer,
//!     ▲        ▲             over: counted   hook     spawned, blocking; a bounded queue
//!  UDP, Unix,  │                                          │ full: dropped, counted
//!  memory      └──batch── reply queue ◀── Responder ◀─────▼
//!                         full: an error                DatagramHandler::handle
//! ```
//!
//! Here is what a loop around `recv_from` sooner or later meets:
//!
//! - **The host has several addresses.** A reply must leave from the one that was asked, and on
//!   Linux it does: [`bind_udp`] on `0.0.0.0` or `[::]` asks the kernel for each datagram's. The
//!   [`Route`] remembers it; keep one to [send](DatagramHandle::send) later, or unasked.
//! - **Errors that are about somebody else.** A peer that has gone answers a reply with an ICMP
//!   message, which some systems report as an error of the next `recv`. It is counted, and ends
//!   nothing; neither does a reply that the system refuses.
//! - **Messages that were cut.** What is longer than
//!   [`max_payload_bytes`](DatagramLimits#structfield.max_payload_bytes) is dropped and counted,
//!   instead of passing for a shorter message. An empty datagram is a message like any other.
//! - **Handlers that take their time.** In line they would keep everybody waiting; [`Dispatch`]
//!   gives them shards (a peer's datagrams stay in order), tasks or threads.
//! - **Floods.** Queues are bounded in datagrams and bytes. A [`RateLimit`] holds each source to
//!   its share with a table of fixed size, however many sources are forged, and lets a few of the
//!   excess through at random, so that nobody is silenced by forging the address.
//!
//! Sources of datagrams are forged easily. A service whose replies are longer than the questions
//! can be turned against others: answer only whom you know, or no longer than you were asked.
//!
//! ```
//! use netserver::{Datagram, DatagramHandler, DatagramServer, Dispatch, MemorySocket, RateLimit};
//! use netserver::{Responder, SendError};
//!
//! struct Upper;
//!
//! impl DatagramHandler for Upper {
//!     type Error = SendError;
//!
//!     async fn handle(&self, datagram: Datagram<'_>, to: Responder<'_>) -> Result<(), SendError> {
//!         to.send(&datagram.payload().to_ascii_uppercase())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Without a network, for a test; `bind_udp(addr)?` gives a port.
//! let (socket, net) = MemorySocket::new();
//! let running = DatagramServer::new(socket, Upper)
//!     .dispatch(Dispatch::sharded(4))
//!     .rate_limit(RateLimit::per_second(1000))
//!     .start();
//!
//! let mut peer = net.join();
//! assert!(peer.send(b"hello"));
//! assert_eq!(peer.receive().await, b"HELLO");
//! running.shutdown();
//! assert_eq!(running.wait().await?.sent, 1);
//! # Ok(())
//! # }
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
//!
//! And for datagrams:
//!
//! | there | here |
//! |---|---|
//! | `UDPServer` | [`DatagramServer`] on [`bind_udp`], in line |
//! | `ThreadingUDPServer` | the same with [`Dispatch::blocking`], which has a limit; [`Dispatch::spawned`] for handlers that `await` |
//! | `UnixDatagramServer`, `ThreadingUnixDatagramServer` | the same on a [`tokio::net::UnixDatagram`] |
//! | `DatagramRequestHandler.handle` | [`DatagramHandler::handle`], or a closure |
//! | `request` (the datagram and the socket) | [`Datagram::payload`] and the [`Responder`] |
//! | `rfile`, `wfile` (one reply, sent at the end) | [`Responder::send`], as often as there are replies |
//! | `client_address` | [`Datagram::peer`]; [`Datagram::route`] to keep |
//! | `server` (in a handler) | [`Responder::server`] |
//! | `max_packet_size` (8,192, and what is longer is cut) | [`DatagramLimits::max_payload_bytes`](DatagramLimits#structfield.max_payload_bytes) (65,535, and what is longer is dropped) |
//! | `server_bind`, `allow_reuse_address`, `allow_reuse_port` | [`bind_udp`], which shares the port with nobody; [`UdpEndpoint::from_std`] for a socket with options of its own |
//! | `get_request` | [`DatagramSocket::receive`] |
//! | `verify_request`, `handle_error`, `service_actions` | [`DatagramHooks`]: `verify`, `failure` and `panic`, `tick` |
//! | `max_children` | the number in [`Dispatch`]; [`DatagramLimits::queue_datagrams`](DatagramLimits#structfield.queue_datagrams) |
//! | `serve_forever`, `shutdown`, `server_close`, `block_on_close` | [`Running`], the same as for connections |

mod addr;
mod listener;
mod memory;

mod conn;
mod guarded;
mod handler;
mod hooks;
mod limits;
mod penalties;
mod report;
mod stop;

mod accept;
mod connection;
mod contained;
mod pools;
mod running;
mod shared;
mod sources;
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
pub use penalties::Penalties;
pub use report::{Counters, Report};
pub use running::{Handle, Running, ServeError, ServerHandle};
pub use stop::StopSignal;
pub use stream_server::StreamServer;
