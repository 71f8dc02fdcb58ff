//! Where a server listens, with failures that say what to do.

use std::io;
use std::net::{IpAddr, SocketAddr};

use netserver::bind_tcp;
use tokio::net::TcpListener;

use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::text;
use crate::settings::Address;

/// Finds the address of `--bind`.
pub(crate) async fn resolve(bind: &Address, default_port: u16) -> Result<SocketAddr, Problem> {
    let found = tokio::net::lookup_host((bind.host(), bind.port_or(default_port))).await;
    match found.map(|mut addrs| addrs.next()) {
        Ok(Some(addr)) => Ok(addr),
        Ok(None) => Err(Problem::new(Exit::Failed, "it has no address").on("--bind", bind)),
        Err(error) => Err(Problem::new(Exit::Failed, text::reason(&error)).on("--bind", bind)),
    }
}

/// Listens there.
pub(crate) fn listen(addr: SocketAddr) -> Result<TcpListener, Problem> {
    bind_tcp(addr).map_err(|error| match error.source.kind() {
        io::ErrorKind::AddrInUse => {
            let host = Host(addr.ip());
            let message =
                format!("{addr} is in use by another program; choose one with --bind {host}:PORT");
            Problem::new(Exit::Failed, message)
        }
        io::ErrorKind::PermissionDenied => {
            let message =
                format!("listening on {addr} is not permitted; ports below 1024 rarely are");
            Problem::new(Exit::Denied, message)
        }
        _ => Problem::new(Exit::Failed, &error),
    })
}

/// An address the way it is written before a port.
struct Host(IpAddr);

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => ip.fmt(f),
            IpAddr::V6(ip) => write!(f, "[{ip}]"),
        }
    }
}
