use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where a peer calls from, or where a server listens, whatever the transport.
///
/// Listeners have address types of their own; a server keeps them in this one, so that handlers
/// and hooks need not be generic over the transport. It prints as `127.0.0.1:8484`,
/// `unix:/run/seam.sock` (`unix:unnamed` for a socket without a path) or as the name it was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Addr {
    /// An IPv4 or IPv6 address with its port.
    Ip(SocketAddr),
    /// A Unix-domain socket; connecting sockets usually have no path.
    Unix(Option<PathBuf>),
    /// Anything else, by name: an in-memory pipe, a simulated host.
    Named(Box<str>),
}

impl Addr {
    /// An address that is only a name.
    #[must_use]
    pub fn named(name: impl Into<Box<str>>) -> Self {
        Self::Named(name.into())
    }

    /// The IP address and port, if it has one.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            Self::Unix(_) | Self::Named(_) => None,
        }
    }

    /// The path of the Unix socket, if it has one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => path.as_deref(),
            Self::Ip(_) | Self::Named(_) => None,
        }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(addr) => addr.fmt(f),
            // Quoted like a string, because a path may hold anything, line ends included.
            Self::Unix(Some(path)) => {
                write!(f, "unix:{}", path.to_string_lossy().escape_debug())
            }
            Self::Unix(None) => f.write_str("unix:unnamed"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl From<SocketAddr> for Addr {
    fn from(addr: SocketAddr) -> Self {
        Self::Ip(addr)
    }
}

#[cfg(unix)]
impl From<tokio::net::unix::SocketAddr> for Addr {
    fn from(addr: tokio::net::unix::SocketAddr) -> Self {
        Self::Unix(addr.as_pathname().map(Path::to_path_buf))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_every_kind_on_one_line() {
        let ip = Addr::from(SocketAddr::from(([127, 0, 0, 1], 8484)));
        assert_eq!(ip.to_string(), "127.0.0.1:8484");
        let unix = Addr::Unix(Some(PathBuf::from("/run/a\nb")));
        assert_eq!(unix.to_string(), "unix:/run/a\\nb");
        assert_eq!(Addr::Unix(None).to_string(), "unix:unnamed");
        assert_eq!(Addr::named("memory:3").to_string(), "memory:3");
    }
}
