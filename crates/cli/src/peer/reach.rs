//! Who can reach a server, and under which address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// An address that other machines can use for a server bound to `bound`.
///
/// A server bound to all addresses has none of its own: then it is the one by which this machine
/// reaches others. `None` where it has no network.
pub(crate) fn address_for_others(bound: SocketAddr) -> Option<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return Some(bound);
    }
    let outward = match bound.ip() {
        IpAddr::V4(_) => outward_v4(),
        // Such a socket usually takes both.
        IpAddr::V6(_) => outward_v4().or_else(outward_v6),
    };
    Some(SocketAddr::new(outward?, bound.port()))
}

fn outward_v4() -> Option<IpAddr> {
    // A documentation address (RFC 5737): whatever leads to other networks leads there.
    local_address_towards((Ipv4Addr::UNSPECIFIED, 0).into(), ([192, 0, 2, 1], 9).into())
}

fn outward_v6() -> Option<IpAddr> {
    // The same for IPv6 (RFC 3849).
    let there = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    local_address_towards((Ipv6Addr::UNSPECIFIED, 0).into(), (there, 9).into())
}

/// Asks the routing table; to connect a datagram socket sends nothing.
fn local_address_towards(from: SocketAddr, to: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    let found = socket.local_addr().ok()?.ip();
    (!found.is_unspecified()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_with_an_address_of_its_own_has_that() {
        for text in ["192.0.2.7:8484", "127.0.0.1:1", "[::1]:8484"] {
            let bound = text.parse().unwrap();
            assert_eq!(address_for_others(bound), Some(bound));
        }
    }

    #[test]
    fn a_server_on_all_addresses_has_none_that_is_unspecified() {
        for text in ["0.0.0.0:8484", "[::]:8484"] {
            // Whether there is a network to reach depends on the machine.
            if let Some(found) = address_for_others(text.parse().unwrap()) {
                assert!(!found.ip().is_unspecified() && found.port() == 8484, "{found}");
            }
        }
    }
}
