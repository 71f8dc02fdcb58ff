//! Where a server is.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::text::shown;

/// The longest name that the DNS allows.
const MAX_HOST_BYTES: usize = 253;

/// Where a server is: `HOST:PORT`, and `[ADDRESS]:PORT` for IPv6.
///
/// It is written in one way only: names in lower case, addresses as RFC 5952 has them.
///
/// ```
/// use identity::Place;
///
/// let place: Place = "[FE80:0::1]:8484".parse()?;
/// assert_eq!((place.host(), place.port()), ("fe80::1", 8484));
/// assert_eq!(place.to_string(), "[fe80::1]:8484");
/// # Ok::<(), identity::PlaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    host: String,
    port: u16,
}

impl Place {
    /// The place of a name, or of an address (IPv6 without brackets, `%ZONE` allowed).
    ///
    /// # Errors
    ///
    /// If `host` is neither.
    pub fn new(host: &str, port: u16) -> Result<Self, PlaceError> {
        let host = normal(host).ok_or_else(|| PlaceError { found: shown(host) })?;
        Ok(Self { host, port })
    }

    /// The name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl From<SocketAddr> for Place {
    fn from(addr: SocketAddr) -> Self {
        Self { host: addr.ip().to_string(), port: addr.port() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(word: &str) -> Result<Self, PlaceError> {
        let wrong = || PlaceError { found: shown(word) };
        let (host, port) = word.rsplit_once(':').ok_or_else(wrong)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // Without brackets one could not tell the port from the address.
        if bracketed.is_some_and(|host| !host.contains(':'))
            || (bracketed.is_none() && host.contains(':'))
            || !port.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(wrong());
        }
        let port = port.parse().map_err(|_| wrong())?;
        let host = normal(bracketed.unwrap_or(host)).ok_or_else(wrong)?;
        Ok(Self { host, port })
    }
}

/// A word that is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no address: it is HOST:PORT, or [ADDRESS]:PORT for IPv6")]
pub struct PlaceError {
    found: String,
}

/// The one way to write a host.
fn normal(host: &str) -> Option<String> {
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    let is_word = |text: &str, others: &str| {
        !text.is_empty()
            && text.len() <= MAX_HOST_BYTES
            && text.chars().all(|each| each.is_ascii_alphanumeric() || others.contains(each))
    };
    match (address.parse::<IpAddr>(), zone) {
        (Ok(address), None) => Some(address.to_string()),
        (Ok(IpAddr::V6(address)), Some(zone)) if is_word(zone, "-._") => {
            Some(format!("{address}%{zone}"))
        }
        (Err(_), None) if is_word(host, "-._") => Some(host.to_ascii_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_way_to_write_a_place() {
        let normal = |word: &str| word.parse::<Place>().unwrap().to_string();
        assert_eq!(normal("Example.ORG:80"), "example.org:80");
        assert_eq!(normal("[2001:DB8:0:0::1]:80"), "[2001:db8::1]:80");
        assert_eq!(normal("[fe80::1%eth0]:080"), "[fe80::1%eth0]:80");
        assert_eq!(Place::new("::1", 1).unwrap().to_string(), "[::1]:1");
        assert_eq!(Place::from(SocketAddr::from(([127, 0, 0, 1], 8))).to_string(), "127.0.0.1:8");
    }

    #[test]
    fn rejects_what_is_no_place() {
        let long = "a".repeat(300) + ":1";
        for word in [
            "",
            ":",
            "a",
            "a:",
            ":1",
            "a:65536",
            "a:+1",
            "a b:1",
            "a/b:1",
            "a#:1",
            "::1:1",
            "[::1]",
            "[]:1",
            "[a]:1",
            "[1.2.3.4]:1",
            "a%b:1",
            "u@a:1",
            "é:1",
            "[::1%]:1",
            &long,
        ] {
            assert!(word.parse::<Place>().is_err(), "{word}");
        }
        assert!(Place::new("[::1]", 1).is_err());
    }
}
