//! Addresses and sockets, with failures that say what to do.

use std::io;
use std::net::SocketAddr;

use netserver::{BindError, UdpEndpoint, bind_tcp, bind_udp};
use tokio::net::TcpListener;

use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::text;
use crate::settings::Address;

/// How often another port is tried where the system chose one that is free for TCP only.
const TRIES: usize = 8;

/// The first address of a host; `option` is where it was named.
pub(crate) async fn resolve(
    address: &Address,
    port: u16,
    option: &str,
) -> Result<SocketAddr, Problem> {
    let found = tokio::net::lookup_host((address.host(), address.port_or(port))).await;
    match found.map(|mut addrs| addrs.next()) {
        Ok(Some(addr)) => Ok(addr),
        Ok(None) => Err(Problem::new(Exit::Failed, "it has no address").on(option, address)),
        Err(error) => Err(Problem::new(Exit::Failed, text::reason(&error)).on(option, address)),
    }
}

/// A port for datagrams.
pub(crate) fn bind_datagrams(addr: SocketAddr, option: &str) -> Result<UdpEndpoint, Problem> {
    bind_udp(addr).map_err(|error| refused(&error, option))
}

/// The same port for connections and for datagrams.
pub(crate) fn bind_both(
    addr: SocketAddr,
    option: &str,
) -> Result<(TcpListener, UdpEndpoint), Problem> {
    let mut tries = if addr.port() == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        let listener = bind_tcp(addr).map_err(|error| refused(&error, option))?;
        let local = listener.local_addr().map_err(|error| unknown(&error, option))?;
        match bind_udp(local) {
            Ok(socket) => return Ok((listener, socket)),
            Err(error) if tries == 0 => return Err(refused(&error, option)),
            Err(_) => {}
        }
    }
}

/// Where a socket is.
pub(crate) fn local(socket: &UdpEndpoint, option: &str) -> Result<SocketAddr, Problem> {
    socket.get_ref().local_addr().map_err(|error| unknown(&error, option))
}

fn unknown(error: &io::Error, option: &str) -> Problem {
    Problem::new(Exit::Failed, text::reason(error)).on("serve", option)
}

fn refused(error: &BindError, option: &str) -> Problem {
    let addr = error.addr;
    match error.source.kind() {
        io::ErrorKind::AddrInUse => {
            let other = SocketAddr::new(addr.ip(), 0).to_string();
            let host = other.trim_end_matches('0');
            let message = format!(
                "{addr} is in use by another program; choose another one with {option} {host}PORT"
            );
            Problem::new(Exit::Failed, message)
        }
        io::ErrorKind::PermissionDenied => Problem::new(
            Exit::Denied,
            format!("listening on {addr} is not permitted; ports below 1024 rarely are"),
        ),
        _ => Problem::new(Exit::Failed, error),
    }
}
