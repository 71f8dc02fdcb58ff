//! Whoever reads along, cuts the line, or puts himself in the server's place.

use identity::{Expect, Identity, PublicKey, ServerTls, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::tap::Tap;
use crate::{Pair, ROOM};

/// A TLS record's type, and where it ends.
fn first_record(bytes: &[u8]) -> (u8, usize) {
    (bytes[0], 5 + usize::from(u16::from_be_bytes([bytes[3], bytes[4]])))
}

#[tokio::test]
async fn a_server_with_another_key_gets_nothing_but_the_first_greeting() {
    let pair = Pair::new();
    let other = Identity::generate();
    let (near, far) = duplex(ROOM);
    let (far, sent) = Tap::new(far);
    let expect: Expect = [pair.client_key, pair.server_key].into_iter().collect();
    let server = ServerTls::new(&other, "ftp");
    let (accepted, connected) =
        tokio::join!(server.accept(near), pair.client.connect(far, &expect));
    match connected.unwrap_err() {
        TlsError::WrongServer { found, expected } => {
            assert_eq!(found, other.public());
            assert_eq!(expected, [pair.client_key, pair.server_key]);
        }
        error => panic!("{error}"),
    }
    assert!(matches!(accepted.unwrap_err().error, TlsError::Distrusted));
    // The greeting, a record without meaning that TLS 1.3 sends for old middle boxes, the alert.
    let sent = sent.bytes();
    let (kind, end) = first_record(&sent);
    assert_eq!(kind, 22);
    assert!(sent.len() - end <= 6 + 5 + 2 + 1 + 16, "{} bytes", sent.len() - end);
    let key: &[u8] = pair.client_key.as_bytes();
    assert!(!sent.windows(key.len()).any(|window| window == key));
}

#[tokio::test]
async fn a_changed_key_is_shown_beside_the_one_that_was_expected() {
    let (found, expected) = (PublicKey::from_bytes([1; 32]), PublicKey::from_bytes([2; 32]));
    let error = TlsError::WrongServer { found, expected: vec![expected] };
    let text = error.to_string();
    assert!(
        text.contains(&found.fingerprint()) && text.contains(&expected.fingerprint()),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_nobody_knows_is_told_from_one_that_has_changed() {
    let pair = Pair::new();
    let (near, far) = duplex(ROOM);
    let expect = Expect::default();
    let (accepted, connected) =
        tokio::join!(pair.server.accept(near), pair.client.connect(far, &expect));
    assert!(matches!(accepted.unwrap_err().error, TlsError::Distrusted));
    let error = connected.unwrap_err();
    assert!(matches!(error, TlsError::UnknownServer { found } if found == pair.server_key));
}

#[tokio::test]
async fn recorded_traffic_shows_neither_keys_nor_content() {
    let pair = Pair::new();
    let (near, far) = duplex(ROOM);
    let ((near, answers), (far, requests)) = (Tap::new(near), Tap::new(far));
    let (accepted, connected) = pair.shake(near, far).await;
    let (mut server, mut client) = (accepted.unwrap().0, connected.unwrap().0);
    let words: [&[u8]; 2] = [br#"{"type":"hello","token":"abc"}"#, "床前明月光".as_bytes()];
    client.write_all(words[0]).await.unwrap();
    client.shutdown().await.unwrap();
    server.read_to_end(&mut Vec::new()).await.unwrap();
    server.write_all(words[1]).await.unwrap();
    server.shutdown().await.unwrap();
    client.read_to_end(&mut Vec::new()).await.unwrap();

    for tape in [requests, answers] {
        assert!(tape.bytes().len() > 500);
        for secret in words.into_iter().chain([
            &pair.server_key.as_bytes()[..],
            &pair.client_key.as_bytes()[..],
            b"hello",
        ]) {
            assert!(!tape.contains(secret));
        }
    }
}

#[tokio::test]
async fn a_line_that_is_cut_at_any_byte_is_a_closed_one() {
    let pair = Pair::new();
    let (near, far) = duplex(ROOM);
    let ((near, answers), (far, requests)) = (Tap::new(near), Tap::new(far));
    let (accepted, connected) = pair.shake(near, far).await;
    drop((accepted.unwrap(), connected.unwrap()));
    let (requests, answers) = (requests.bytes().len(), answers.bytes().len());

    // Every byte of the records' heads and of the ends, and some of the long keys between them.
    let points = |len: usize| (0..len).filter(move |at| *at < 64 || len - at < 400 || at % 16 == 0);
    for cut in points(requests) {
        let (near, far) = duplex(ROOM);
        let (far, _) = Tap::cut_after(cut, far);
        let (accepted, _) = pair.shake(near, far).await;
        let error = accepted.map(drop).unwrap_err().error;
        assert!(matches!(error, TlsError::Closed), "after {cut} of {requests} bytes: {error}");
    }
    for cut in points(answers) {
        let (near, far) = duplex(ROOM);
        let (near, _) = Tap::cut_after(cut, near);
        let (_, connected) = pair.shake(near, far).await;
        let error = connected.map(drop).unwrap_err();
        assert!(matches!(error, TlsError::Closed), "after {cut} of {answers} bytes: {error}");
    }
}
