//! Datagram servers from outside: over UDP, Unix sockets and memory, with the clock paused
//! wherever time matters.

mod dispatch;
mod failures;
mod rate;
mod shutdown;
mod sockets;
mod support;
