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
use crate::Error;

/// What an empty message stands for.
const DEFAULT_FORMAT: &[u8] = b"%Y-%m-%d %X";

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
        let time = python_strftime(format, &LocalTime::new(Timestamp::now(), &zone));
        socket.send_to(&time, peer).map(drop)
    })
}

/// `time.strftime(format, time.localtime(seconds))` in a zone, as Python would have it: by our own
/// `strftime`, with Python's room.
///
/// # Errors
///
/// If there is no such zone or moment.
pub fn strftime_at(zone: &str, seconds: i64, format: &[u8]) -> Result<Vec<u8>, Error> {
    let (zone, moment) = (TimeZone::get(zone)?, Timestamp::from_second(seconds)?);
    Ok(python_strftime(format, &LocalTime::new(moment, &zone)))
}

/// Where Python finds no room it gives an empty string. It begins with 1,024 characters, one of them
/// for C's zero, and tries twice as many until that is 256 times the format's length.
fn python_strftime(format: &[u8], time: &LocalTime<'_>) -> Vec<u8> {
    let mut room = 1024;
    while room < 256 * characters(format) {
        room *= 2;
    }
    // A character has four bytes at the most.
    let text = strftime(format, time, 4 * room).unwrap_or_default();
    if characters(&text) < room { text } else { Vec::new() }
}

fn characters(text: &[u8]) -> usize {
    String::from_utf8_lossy(text).chars().count()
}
