//! Where a server is: `HOST`, `HOST:PORT`, `[::1]:PORT`, `::1`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A host, and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    host: String,
    port: Option<u16>,
}

/// Why a text is no [`Address`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("an address is HOST or HOST:PORT; nothing was given")]
    Empty,
    #[error(
        "`{found}` is no address: HOST or HOST:PORT is one, such as 127.0.0.1:8484 or [::1]:8484"
    )]
    Malformed { found: String },
    #[error("`{found}` is no port: 0 to 65535 are allowed")]
    Port { found: String },
}

impl Address {
    /// This machine, at the port that the service usually has.
    pub(crate) fn local() -> Self {
        Self { host: "127.0.0.1".into(), port: None }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, or the one that the service usually has.
    pub(crate) fn port_or(&self, default: u16) -> u16 {
        self.port.unwrap_or(default)
    }

    /// As `HOST:PORT`, the way connectors take it.
    pub(crate) fn with_default_port(&self, default: u16) -> String {
        let port = self.port_or(default);
        match self.host.contains(':') {
            true => format!("[{}]:{port}", self.host),
            false => format!("{}:{port}", self.host),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => f.write_str(&self.with_default_port(port)),
            None => f.write_str(&self.host),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed { found: text.to_owned() };
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        // An IPv6 address may stand bare, and then has no port.
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self { host: text.to_owned(), port: None });
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(malformed)?;
                host.parse::<Ipv6Addr>().map_err(|_| malformed())?;
                let port = match rest {
                    "" => None,
                    _ => Some(rest.strip_prefix(':').ok_or_else(malformed)?),
                };
                (host, port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let ill = |c: char| c.is_whitespace() || c.is_control() || "/:@[]#?".contains(c);
        let bracketed = text.starts_with('[');
        if host.is_empty() || (!bracketed && host.contains(ill)) {
            return Err(malformed());
        }
        let number = |port: &str| match port.parse() {
            Ok(number) if port.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
            _ if port.contains(ill) || port.is_empty() => Err(malformed()),
            _ => Err(AddressError::Port { found: port.to_owned() }),
        };
        Ok(Self { host: host.to_owned(), port: port.map(number).transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_without_a_port_gets_the_default_one() {
        let cases = [
            ("127.0.0.1", "127.0.0.1:8484"),
            ("127.0.0.1:9", "127.0.0.1:9"),
            ("localhost", "localhost:8484"),
            ("files.example:0", "files.example:0"),
            ("::1", "[::1]:8484"),
            ("[::1]", "[::1]:8484"),
            ("[::1]:65535", "[::1]:65535"),
            ("fe80::1:2", "[fe80::1:2]:8484"),
        ];
        for (text, expected) in cases {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.with_default_port(8484), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_address_and_says_why() {
        let malformed = |found: &str| AddressError::Malformed { found: found.into() };
        assert_eq!("".parse::<Address>(), Err(AddressError::Empty));
        for text in [":8484", "a b", "host:", "[::1", "[nonsense]:1", "[::1]8484", "seam://h:1/#k"]
        {
            assert_eq!(text.parse::<Address>(), Err(malformed(text)), "{text}");
        }
        for (text, port) in [("host:65536", "65536"), ("host:ftp", "ftp"), ("host:+1", "+1")] {
            let expected = AddressError::Port { found: port.into() };
            assert_eq!(text.parse::<Address>(), Err(expected), "{text}");
        }
    }
}
