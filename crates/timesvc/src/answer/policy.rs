use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netserver::Addr;

/// The ports below this one belong to services, not to clients.
const FIRST_CLIENT_PORT: u16 = 1024;

/// Who is answered over UDP, whatever is asked.
///
/// A datagram may carry any source address, so that an answer can be made to hit somebody who has
/// not asked. Two things make that worth an attacker's while: an answer that is longer than its
/// question, and a victim that answers in its turn. Both are refused here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// How far answers go; default [`Reach::Private`].
    pub reach: Reach,
    /// The ports that this program itself answers on; default none.
    ///
    /// What comes from one of them, from whatever host, is no question: it was sent by this
    /// server, or by another one like it.
    pub own_ports: Vec<u16>,
}

impl Policy {
    /// Sets [`reach`](Self#structfield.reach).
    #[must_use]
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Adds to [`own_ports`](Self#structfield.own_ports).
    #[must_use]
    pub fn own_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.own_ports.extend(ports);
        self
    }

    /// Whether this source is answered at all. What has no IP address is on this machine.
    ///
    /// # Errors
    ///
    /// With the reason why not.
    pub fn check(&self, source: &Addr) -> Result<(), Silence> {
        let Some(source) = source.ip() else {
            return Ok(());
        };
        if source.port() < FIRST_CLIENT_PORT {
            return Err(Silence::ServicePort);
        }
        if self.own_ports.contains(&source.port()) {
            return Err(Silence::OwnPort);
        }
        if self.reach == Reach::Private && !is_private(source.ip()) {
            return Err(Silence::PublicSource);
        }
        Ok(())
    }
}

/// How far answers go that may be longer than their question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reach {
    /// To this machine, and to private and link-local addresses.
    #[default]
    Private,
    /// To every address. Who sets this makes sure by other means that sources are not forged.
    Everywhere,
}

/// Why a datagram is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Silence {
    /// It came from a port below 1024, where servers live.
    ServicePort,
    /// It came from a port that this program answers on.
    OwnPort,
    /// It came from a public address.
    PublicSource,
    /// It looks like the answer of another server, and came too often in a row.
    Echo,
    /// It is no request of the protocol.
    NotARequest,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServicePort => "it came from a port below 1024",
            Self::OwnPort => "it came from a port of our own",
            Self::PublicSource => "it came from a public address",
            Self::Echo => "it is what another server answers",
            Self::NotARequest => "it is no request",
        })
    }
}

fn is_private(ip: IpAddr) -> bool {
    let v4 = |ip: Ipv4Addr| ip.is_loopback() || ip.is_private() || ip.is_link_local();
    match ip {
        IpAddr::V4(ip) => v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => v4(mapped),
            None => is_private_v6(ip),
        },
    }
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &Policy, source: &str) -> Result<(), Silence> {
        policy.check(&Addr::Ip(source.parse().unwrap()))
    }

    #[test]
    fn answers_go_to_private_addresses_unless_more_is_asked() {
        let policy = Policy::default();
        for source in [
            "127.0.0.1:40000",
            "127.9.9.9:1024",
            "10.0.0.1:5000",
            "172.31.255.255:5000",
            "192.168.7.7:65535",
            "169.254.0.1:5000",
            "[::1]:5000",
            "[fd00::1]:5000",
            "[fe80::1]:5000",
            "[::ffff:10.0.0.1]:5000",
        ] {
            assert_eq!(check(&policy, source), Ok(()), "{source}");
        }
        let everywhere = policy.clone().reach(Reach::Everywhere);
        for source in [
            "8.8.8.8:5000",
            "172.32.0.1:5000",
            "0.0.0.0:5000",
            "255.255.255.255:5000",
            "[2001:db8::1]:5000",
            "[::]:5000",
            "[::ffff:8.8.8.8]:5000",
        ] {
            assert_eq!(check(&policy, source), Err(Silence::PublicSource), "{source}");
            assert_eq!(check(&everywhere, source), Ok(()), "{source}");
        }
    }

    #[test]
    fn services_and_servers_of_our_own_are_never_answered() {
        let policy = Policy::default().reach(Reach::Everywhere).own_ports([9000, 9013]);
        for port in [0, 7, 13, 123, 1023] {
            let source = format!("127.0.0.1:{port}");
            assert_eq!(check(&policy, &source), Err(Silence::ServicePort));
        }
        assert_eq!(check(&policy, "127.0.0.1:9000"), Err(Silence::OwnPort));
        assert_eq!(check(&policy, "192.168.1.2:9013"), Err(Silence::OwnPort));
        assert_eq!(check(&policy, "127.0.0.1:9001"), Ok(()));
        assert_eq!(policy.check(&Addr::Unix(None)), Ok(()));
    }
}
