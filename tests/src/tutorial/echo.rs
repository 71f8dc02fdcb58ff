//! The tutorial's upper-case echoes: over UDP, and by `socketserver` over TCP and UDP.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use super::PATIENCE;
use super::python::{RECV, recv, recvfrom};
use super::service::Service;

/// What `socketserver.UDPServer` receives at the most: its `max_packet_size`.
const MAX_PACKET_SIZE: usize = 8192;

/// The original clients over UDP: `sendto`, then `recvfrom`.
#[derive(Debug)]
pub struct OriginalUdpClient {
    socket: UdpSocket,
    server: SocketAddr,
}

impl OriginalUdpClient {
    /// A client of a server, which need not be there yet.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::bind`].
    pub fn new(server: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket, server })
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// Where the original would raise an exception.
    pub fn send(&self, message: &[u8]) -> io::Result<()> {
        self.socket.send_to(message, self.server).map(drop)
    }

    /// `recvfrom(most)`: what it keeps of the next message.
    ///
    /// # Errors
    ///
    /// When nothing comes.
    pub fn receive(&self, most: usize) -> io::Result<Vec<u8>> {
        recvfrom(&self.socket, most).map(|(data, _)| data)
    }

    /// Sends a message, and receives with `recvfrom(1024)`.
    ///
    /// # Errors
    ///
    /// As for the two.
    pub fn ask(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        self.send(message)?;
        self.receive(RECV)
    }
}

/// The original client of the TCP server: `send`, then `recv(1024)`.
#[derive(Debug)]
pub struct OriginalTcpClient {
    socket: TcpStream,
}

impl OriginalTcpClient {
    /// Connects.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::connect`].
    pub fn connect(server: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(server)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket })
    }

    /// Sends a message, and receives what one read gives.
    ///
    /// # Errors
    ///
    /// Where the original would raise an exception.
    pub fn ask(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        self.socket.write_all(message)?;
        recv(&self.socket, RECV)
    }
}

/// The original UDP server: one datagram after the other.
///
/// # Errors
///
/// As [`UdpSocket::bind`].
pub fn udp_server() -> io::Result<Service> {
    Service::udp(|socket| {
        let (data, peer) = recvfrom(socket, RECV)?;
        socket.send_to(&data.to_ascii_uppercase(), peer).map(drop)
    })
}

/// The original `ThreadingUDPServer`: a thread for each datagram.
///
/// # Errors
///
/// As [`UdpSocket::bind`].
pub fn threading_udp_server() -> io::Result<Service> {
    Service::udp(|socket| {
        let (data, peer) = recvfrom(socket, MAX_PACKET_SIZE)?;
        let socket = socket.try_clone()?;
        // An exception ends a request and nothing else.
        thread::spawn(move || socket.send_to(&data.to_ascii_uppercase(), peer));
        Ok(())
    })
}

/// The original `ThreadingTCPServer`: a thread for each connection.
///
/// # Errors
///
/// As [`TcpListener::bind`].
pub fn threading_tcp_server() -> io::Result<Service> {
    Service::tcp(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, |mut socket| {
        socket.set_read_timeout(Some(PATIENCE))?;
        loop {
            let data = recv(&socket, RECV)?;
            if data.is_empty() {
                return Ok(());
            }
            socket.write_all(&data.to_ascii_uppercase())?;
        }
    })
}
