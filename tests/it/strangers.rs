//! Peers that are none of ours, at an encrypted port and at a plain one: both sides are told.

use std::net::SocketAddr;

use identity::{ClientTls, Expect, Home};
use it::{Place, RawPeer, Served, within};
use proto::{Hello, Limits};
use tokio::net::TcpStream;

/// A server that encrypts, over one file.
async fn encrypted() -> (Place, Served) {
    let place = Place::new().unwrap().encrypted();
    place.give_there("a", b"content").unwrap();
    let server = place.serve(false).await.unwrap();
    (place, server)
}

/// Ends the server, and checks what it has noted.
async fn assert_noted(server: Served, why: &str) {
    let log = server.stop().await.unwrap().stderr;
    assert!(log.contains("turned away") && log.contains(why), "{why}: {log}");
}

/// A greeting of TLS by somebody else: RFC 8446, section 4.1.2.
fn client_hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let with_len =
        |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let extensions: Vec<u8> = extensions
        .iter()
        .flat_map(|(kind, body)| [&kind.to_be_bytes()[..], &with_len(body)].concat())
        .collect();
    let suites: &[u8] = &[0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2b, 0xc0, 0x2f];
    let body = [&[3, 3][..], &[7; 32], &[0], &with_len(suites), &[1, 0], &with_len(&extensions)];
    let body = body.concat();
    let handshake = [&[1, 0][..], &with_len(&body)].concat();
    [&[0x16, 3, 1][..], &with_len(&handshake)].concat()
}

/// What every client of TLS offers: groups and ways to sign.
const GROUPS: (u16, &[u8]) = (10, &[0, 2, 0, 0x1d]);
const SIGNATURES: (u16, &[u8]) = (13, &[0, 4, 8, 7, 4, 3]);

/// Sends a greeting, and gives back the alert that answers it.
async fn alert(addr: SocketAddr, hello: &[u8]) -> u8 {
    let mut peer = RawPeer::connect(addr).await.unwrap();
    peer.send(hello).await.unwrap();
    let heard = peer.hear_out().await.unwrap();
    match heard[..] {
        [0x15, 3, _, 0, 2, 2, description] => description,
        ref other => panic!("{other:x?} instead of an alert"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_tls_1_2_is_told_the_version() {
    let (_place, server) = encrypted().await;
    let hello = client_hello(&[GROUPS, SIGNATURES]);
    assert_eq!(alert(server.addr, &hello).await, 70, "protocol_version");
    assert_noted(server, "a version of TLS that is too old").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_client_is_told_that_this_is_another_service() {
    let (_place, server) = encrypted().await;
    let share = [&[0, 36, 0, 0x1d, 0, 32][..], &[9; 32]].concat();
    let hello = client_hello(&[
        GROUPS,
        SIGNATURES,
        (43, &[2, 3, 4]),
        (51, &share),
        (16, b"\0\x0c\x02h2\x08http/1.1"),
    ]);
    let mut peer = RawPeer::connect(server.addr).await.unwrap();
    peer.send(&hello).await.unwrap();
    // The alert itself is sealed already: who has sent this greeting could read it.
    let heard = peer.hear_out().await.unwrap();
    assert!(heard.starts_with(&[0x16, 3, 3]) && heard.len() < 300, "{heard:x?}");
    assert_noted(server, "the client asks for `h2, http/1.1`, this server is `seam-ftp/1`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_another_service_of_ours_is_told_so() {
    let (place, server) = encrypted().await;
    let key = Home::at(place.home()).key().unwrap();
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let tls = ClientTls::new(&key, "exec");
    let expect = Expect::only(key.public());
    let connected = within("the handshake", tls.connect(stream, &expect)).await;
    let error = connected.map(drop).unwrap_err().to_string();
    assert_eq!(error, "the server is not `exec`, but another service");
    assert_noted(server, "the client asks for `seam-exec/1`, this server is `seam-ftp/1`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_at_an_encrypted_port_is_answered_in_its_own_words() {
    let (_place, server) = encrypted().await;
    let mut peer = RawPeer::connect(server.addr).await.unwrap();
    peer.send(b"GET /secret HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let heard = String::from_utf8(peer.hear_out().await.unwrap()).unwrap();
    assert!(heard.starts_with("HTTP/1.1 4") && heard.contains("encrypted"), "{heard}");
    assert_noted(server, "speaks neither TLS nor our protocol").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_client_at_an_encrypted_port_is_told_to_encrypt() {
    let (_place, server) = encrypted().await;
    let plain = Place::new().unwrap();
    let ended = plain.client(server.addr, &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(ended.complaint().contains("leave out --plain"), "{ended:?}");
    assert_noted(server, "does not encrypt, as if started with --plain").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypting_client_at_a_plain_port_is_told_and_does_not_fall_back() {
    let plain = Place::new().unwrap();
    plain.give_there("a", b"content").unwrap();
    let server = plain.serve(true).await.unwrap();
    let laptop = Place::new().unwrap().encrypted();
    let ended = laptop.client(server.addr, &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(6), "{ended:?}");
    let complaint = ended.complaint();
    assert!(complaint.contains("does not encrypt") && complaint.contains("--plain"), "{ended:?}");
    assert!(!laptop.here().join("a").exists());
    assert_noted(server, "the client wants TLS where plain connections are served").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_client_of_another_service_is_told_at_a_plain_port() {
    let plain = Place::new().unwrap();
    let server = plain.serve(false).await.unwrap();
    let mut peer = RawPeer::connect(server.addr).await.unwrap();
    peer.send(&Hello::new("chat").encode(&Limits::default()).unwrap()).await.unwrap();
    let heard = String::from_utf8_lossy(&peer.hear_out().await.unwrap()).into_owned();
    assert!(heard.contains("the client asks for"), "{heard}");
    assert_noted(server, "the hello was refused").await;
}
