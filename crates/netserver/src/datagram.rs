//! The datagram half. A [`DatagramServer`] drives a [`DatagramSocket`]: it receives in batches into
//! `Incoming`, asks the hooks and the rate limit, hands each datagram to the handler (in line or
//! through a `Lane`), and sends what handlers left in the `Outbox`.

mod message;
mod socket;

mod memory;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod mmsg;
mod udp;
#[cfg(unix)]
mod unix;

mod handler;
mod hooks;
mod limits;
mod rate;
mod report;

mod driver;
mod handle;
mod lane;
mod outbox;
mod server;
mod service;

pub use handle::DatagramHandle;
pub use handler::{DatagramHandler, Responder};
pub use hooks::{DatagramEvent, DatagramHooks};
pub use limits::{DatagramLimits, Dispatch};
pub use memory::{MemoryNet, MemoryPeer, MemorySocket};
pub use message::{Datagram, Route};
pub use outbox::SendError;
pub use rate::{RateLimit, RateLimiter, RateVerdict};
pub use report::{DatagramCounters, DatagramReport};
pub use server::DatagramServer;
pub use socket::{DatagramSocket, Incoming, Outgoing};
pub use udp::{UdpEndpoint, bind_udp};
