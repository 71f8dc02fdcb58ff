//! The same rules on every kind of socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use netserver::{
    Datagram, DatagramLimits, DatagramServer, DatagramSocket, MemorySocket, Responder, Route,
    SendError, UdpEndpoint, bind_udp,
};

use crate::support::{Client, Echo, stop, until};

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Echoes of all sizes up to `longest`, in their order, and nothing of what is longer.
async fn keeps_the_rules(
    socket: impl DatagramSocket,
    longest: usize,
    mut clients: [Client; 2],
) -> String {
    let limits = DatagramLimits::default().max_payload_bytes(longest).batch_datagrams(4);
    let running = DatagramServer::new(socket, Echo).limits(limits).start();
    for client in &mut clients {
        for length in [0, 1, longest / 2, longest, 0] {
            client.hear_echo(&vec![b'x'; length]).await;
        }
    }
    for client in &mut clients {
        // No more than the shortest of queues holds, that of Unix sockets.
        for number in 0..8_u8 {
            client.send(&[number]).await;
        }
        if longest < 1000 {
            client.send(&vec![b'x'; longest + 1]).await;
            client.send(&[b'x'; 1000]).await;
        }
        client.send(b"end").await;
    }
    for client in &mut clients {
        for number in 0..8_u8 {
            assert_eq!(client.receive().await, [number]);
        }
        assert_eq!(client.receive().await, b"end");
    }
    let expected = 2 * (5 + 9);
    until(&running, |report| report.sent == expected).await;
    stop(running).await.to_string()
}

const WHOLE: &str = "28 received: 28 served; 28 sent";
const CUT: &str = "32 received: 28 served, 4 oversized; 28 sent";

async fn over_udp(bind: SocketAddr, prepare: impl Fn(UdpEndpoint) -> UdpEndpoint) {
    for (longest, expected) in [(65_507, WHOLE), (10, CUT)] {
        let socket = prepare(bind_udp(bind).unwrap());
        let addr = socket.local_addr().unwrap().ip().unwrap();
        let clients = [Client::udp(addr).await, Client::udp(addr).await];
        assert_eq!(keeps_the_rules(socket, longest, clients).await, expected);
    }
}

#[tokio::test]
async fn udp_in_batches_keeps_the_rules() {
    over_udp(LOOPBACK, |socket| socket).await;
}

#[tokio::test]
async fn udp_one_at_a_time_keeps_the_rules() {
    over_udp(LOOPBACK, UdpEndpoint::one_at_a_time).await;
}

#[tokio::test]
async fn udp_with_timestamps_keeps_the_rules() {
    over_udp(LOOPBACK, |socket| socket.with_timestamps().unwrap()).await;
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets_keep_the_rules() {
    let dir = tempfile::tempdir().unwrap();
    for (longest, expected) in [(65_507, WHOLE), (10, CUT)] {
        let path = |name: &str| dir.path().join(format!("{name}.{longest}"));
        let server = path("server");
        let socket = tokio::net::UnixDatagram::bind(&server).unwrap();
        let clients = [Client::unix(&path("one"), &server), Client::unix(&path("two"), &server)];
        assert_eq!(keeps_the_rules(socket, longest, clients).await, expected);
    }
}

#[tokio::test]
async fn memory_keeps_the_rules() {
    for (longest, expected) in [(65_507, WHOLE), (10, CUT)] {
        let (socket, net) = MemorySocket::new();
        let clients = [net.join(), net.join()].map(Client::Memory);
        assert_eq!(keeps_the_rules(socket, longest, clients).await, expected);
    }
}

/// A connected client hears only the address it asked. On loopback all of 127.0.0.0/8 is ours.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn replies_leave_from_the_address_that_was_asked() {
    let tell_local = |datagram: Datagram<'_>, to: Responder<'_>| {
        to.send(format!("{:?}", datagram.route().local()).as_bytes())
    };
    for bind in ["0.0.0.0:0", "[::]:0"] {
        let socket = match bind_udp(bind.parse().unwrap()) {
            Ok(socket) => socket,
            // A machine may be without IPv6.
            Err(error) if bind.contains("::") => {
                assert_eq!(error.source.kind(), std::io::ErrorKind::Unsupported);
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let port = socket.local_addr().unwrap().ip().unwrap().port();
        let running = DatagramServer::new(socket, tell_local).start();
        let mut hosts = vec!["127.0.0.1", "127.0.0.2", "127.9.8.7"];
        let mapped = if bind.contains("::") {
            hosts.push("::1");
            "::ffff:"
        } else {
            ""
        };
        for host in &hosts {
            let host: IpAddr = host.parse().unwrap();
            let mut client = Client::udp((host, port).into()).await;
            client.send(b"?").await;
            let told = String::from_utf8(client.receive().await).unwrap();
            let expected = if host.is_ipv4() {
                format!("Some({mapped}{host})")
            } else {
                format!("Some({host})")
            };
            assert_eq!(told, expected);
        }
        assert_eq!(stop(running).await.sent, hosts.len() as u64);
    }
}

#[tokio::test]
async fn a_socket_on_one_address_has_no_need_to_ask_which() {
    let socket = bind_udp(LOOPBACK).unwrap();
    let addr = socket.local_addr().unwrap().ip().unwrap();
    let tell_local = |datagram: Datagram<'_>, to: Responder<'_>| {
        assert_eq!(datagram.received_at(), None);
        assert_eq!(datagram.route(), to.route());
        assert_eq!(to.server().local_addr().ip().unwrap().ip(), Ipv4Addr::LOCALHOST);
        to.send(format!("{:?}", datagram.route().local()).as_bytes())
    };
    let running = DatagramServer::new(socket, tell_local).start();
    let mut client = Client::udp(addr).await;
    client.send(b"?").await;
    assert_eq!(client.receive().await, b"None");
    stop(running).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_kernel_tells_when_a_datagram_came() {
    // With both kinds of control messages at once.
    let socket = bind_udp(([0, 0, 0, 0], 0).into()).unwrap().with_timestamps().unwrap();
    let port = socket.local_addr().unwrap().ip().unwrap().port();
    let came = Mutex::new(None);
    let came = std::sync::Arc::new(came);
    let note = {
        let came = std::sync::Arc::clone(&came);
        move |datagram: Datagram<'_>, to: Responder<'_>| {
            *came.lock().unwrap() = datagram.received_at();
            to.send(b"noted")
        }
    };
    let running = DatagramServer::new(socket, note).start();
    let mut client = Client::udp((Ipv4Addr::LOCALHOST, port).into()).await;
    client.send(b"?").await;
    assert_eq!(client.receive().await, b"noted");
    let came = came.lock().unwrap().expect("the kernel notes it");
    let distance =
        SystemTime::now().duration_since(came).unwrap_or_else(|behind| behind.duration());
    assert!(distance < Duration::from_secs(3600), "{distance:?}");
    stop(running).await;
}

#[tokio::test]
async fn the_server_may_speak_first_and_later() {
    let (socket, net) = MemorySocket::new();
    let keep_route = |datagram: Datagram<'_>, to: Responder<'_>| -> Result<(), SendError> {
        let (server, route) = (to.server().clone(), datagram.route().clone());
        tokio::spawn(async move { server.send(b"later", &route).unwrap() });
        to.send(b"at once")
    };
    let running = DatagramServer::new(socket, keep_route).start();
    let mut client = net.join();
    let route = Route::to(client.addr().clone());
    running.handle().send(b"unasked", &route).unwrap();
    assert_eq!(client.receive().await, b"unasked");
    assert!(client.send(b"?"));
    assert_eq!(client.receive().await, b"at once");
    assert_eq!(client.receive().await, b"later");
    let handle = running.handle();
    assert_eq!(stop(running).await.to_string(), "1 received: 1 served; 3 sent");
    assert_eq!(handle.send(b"too late", &route), Err(SendError::Stopped));
}

#[tokio::test]
async fn a_port_that_is_held_is_not_shared() {
    let first = bind_udp(LOOPBACK).unwrap();
    let addr = first.local_addr().unwrap().ip().unwrap();
    let error = bind_udp(addr).unwrap_err();
    assert_eq!(error.source.kind(), std::io::ErrorKind::AddrInUse);
    drop(first);
    bind_udp(addr).unwrap();
}
