use std::io::{ErrorKind, IoSlice};

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::tap::Drip;
use crate::{Pair, ROOM};

#[tokio::test]
async fn each_side_learns_the_key_of_the_other() {
    let pair = Pair::new();
    let (near, far) = duplex(ROOM);
    let (accepted, connected) = pair.shake(near, far).await;
    assert_eq!(accepted.unwrap().1, pair.client_key);
    assert_eq!(connected.unwrap().1, pair.server_key);
}

#[tokio::test]
async fn bytes_may_arrive_one_at_a_time() {
    let pair = Pair::new();
    let (near, far) = duplex(ROOM);
    let (accepted, connected) = pair.shake(Drip(near), Drip(far)).await;
    let (mut server, mut client) = (accepted.unwrap().0, connected.unwrap().0);
    let mut heard = String::new();
    let talk = async {
        client.write_all("你好".as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
    };
    tokio::join!(talk, async { server.read_to_string(&mut heard).await.unwrap() });
    assert_eq!(heard, "你好");
}

#[tokio::test]
async fn both_directions_carry_much_at_the_same_time() {
    let (server, client) = Pair::new().connected().await;
    let content: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    let talk = |stream| {
        let content = &content;
        async move {
            let (mut reader, mut writer) = tokio::io::split(stream);
            let write = async {
                let mut left = &content[..];
                while !left.is_empty() {
                    let (head, tail) = left.split_at(left.len() / 2);
                    let slices = [IoSlice::new(head), IoSlice::new(tail)];
                    let count = writer.write_vectored(&slices).await.unwrap();
                    left = &left[count..];
                }
                writer.shutdown().await.unwrap();
            };
            let mut heard = Vec::new();
            let (_, count) = tokio::join!(write, reader.read_to_end(&mut heard));
            count.unwrap();
            assert!(heard == *content);
        }
    };
    tokio::join!(talk(server), talk(client));
}

#[tokio::test]
async fn an_end_is_told_from_a_broken_line() {
    let (mut server, mut client) = Pair::new().connected().await;
    client.write_all(b"all of it").await.unwrap();
    client.shutdown().await.unwrap();
    let mut heard = Vec::new();
    server.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"all of it");

    let (mut server, mut client) = Pair::new().connected().await;
    client.write_all(b"a part of it").await.unwrap();
    client.flush().await.unwrap();
    drop(client);
    let error = server.read_to_end(&mut heard).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn one_side_may_end_while_the_other_goes_on() {
    let (mut server, mut client) = Pair::new().connected().await;
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    server.write_all(b"and one more thing").await.unwrap();
    server.shutdown().await.unwrap();
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"and one more thing");
}

#[test]
#[should_panic(expected = "`f tp` is not a service's name")]
fn a_service_has_a_plain_name() {
    let _ = identity::ServerTls::new(&identity::Identity::generate(), "f tp");
}
