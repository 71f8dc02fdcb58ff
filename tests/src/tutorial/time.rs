//! The tutorial's time service: a format there, the time back.
//!
//! Its client is that of the echo: [`OriginalUdpClient`](super::echo::OriginalUdpClient).

use std::io;
use std::net::SocketAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use timesvc::{LocalTime, strftime};

use super::python::{RECV, recvfrom};
use super::service::Service;

/// What an empty message stands for.
const DEFAULT_FORMAT: &[u8] = b"%Y-%m-%d %X";

/// How much Python makes of a format at the most, in multiples of its length.
const GROWTH: usize = 256;

/// The original server, at an address.
///
/// # Errors
///
/// As [`UdpSocket::bind`](std::net::UdpSocket::bind).
pub fn server_at(addr: SocketAddr) -> io::Result<Service> {
    Service::udp_at(addr, |socket| {
        let (format, peer) = recvfrom(socket, RECV)?;
        let format = if format.is_empty() { DEFAULT_FORMAT } else { &format };
        let zone = TimeZone::system();
        let now = LocalTime::new(Timestamp::now(), &zone);
        // Where `time.strftime` finds no room it gives an empty string.
        let time = strftime(format, &now, GROWTH * format.len()).unwrap_or_default();
        socket.send_to(&time, peer).map(drop)
    })
}
