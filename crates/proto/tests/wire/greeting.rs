use proto::stream::{Connection, GreetError, Greeted, Refusal, WelcomeError, greet, welcome};
use proto::{Algorithm, Hello, HelloAnswer, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

fn client(stream: DuplexStream, hello: &Hello) -> Connection<DuplexStream> {
    let mut conn = Connection::new(stream, Limits::default());
    conn.enqueue_encoded(hello.encode(&Limits::default()).unwrap());
    conn
}

/// Both sides of a greeting; the server decides by `decide`.
async fn meet(
    hello: Hello,
    decide: impl FnOnce(&Hello) -> Result<u8, Refusal>,
) -> (Result<Greeted<u8>, GreetError>, Result<Algorithm, WelcomeError>) {
    let (near, far) = duplex(64);
    let server = async {
        let mut conn = Connection::new(far, Limits::default());
        let greeted = greet(&mut conn, "ftp", decide).await;
        conn.flush().await.unwrap();
        greeted
    };
    let client = async { welcome(&mut client(near, &hello)).await };
    tokio::join!(server, client)
}

#[tokio::test]
async fn both_sides_agree_on_the_digest_that_the_client_likes_best() {
    let hello = Hello::new("ftp").digests([Algorithm::Blake3, Algorithm::Md5]);
    let (greeted, welcomed) = meet(hello, |_| Ok(7)).await;
    assert_eq!(greeted.unwrap(), Greeted { access: 7, algorithm: Algorithm::Blake3 });
    assert_eq!(welcomed.unwrap(), Algorithm::Blake3);
}

#[tokio::test]
async fn a_refusal_arrives_with_its_reason_and_is_followed_by_a_close() {
    let refusal = Refusal::new("denied", "no ticket\u{1b}[2J");
    let (greeted, welcomed) = meet(Hello::new("ftp"), |_| Err(refusal.clone())).await;
    assert!(matches!(greeted, Err(GreetError::Refused(said)) if said == refusal));
    let error = welcomed.unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
    assert!(matches!(error, WelcomeError::Refused(heard) if heard == refusal));
}

#[tokio::test]
async fn nobody_is_asked_about_a_client_of_another_service() {
    let (greeted, welcomed) = meet(Hello::new("exec"), |_| panic!("it was asked")).await;
    assert!(
        matches!(greeted, Err(GreetError::Refused(said)) if said.code == HelloAnswer::WRONG_SERVICE)
    );
    assert!(
        matches!(welcomed, Err(WelcomeError::Refused(heard)) if heard.message.contains("`exec`"))
    );
}

#[tokio::test]
async fn a_hello_that_is_cut_anywhere_is_no_greeting() {
    let wire = Hello::new("ftp").encode(&Limits::default()).unwrap();
    for cut in 0..wire.len() {
        let (mut near, far) = duplex(1024);
        near.write_all(&wire[..cut]).await.unwrap();
        drop(near);
        let mut conn = Connection::new(far, Limits::default());
        match greet(&mut conn, "ftp", |_| Ok(())).await {
            Err(GreetError::Closed) => assert_eq!(cut, 0),
            Err(GreetError::Connection(_)) => assert_ne!(cut, 0),
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_says_something_else_or_nothing_is_a_stranger() {
    for (said, found) in [("HTTP/1.1 400 \r\n\r\n", "header"), ("", "a close without a word")] {
        let (near, mut far) = duplex(1024);
        let stranger = async {
            far.write_all(said.as_bytes()).await.unwrap();
            far.shutdown().await.unwrap();
            far.read_to_end(&mut Vec::new()).await
        };
        let asking = async { welcome(&mut client(near, &Hello::new("ftp"))).await };
        let (welcomed, _) = tokio::join!(asking, stranger);
        let error = welcomed.unwrap_err();
        assert!(matches!(&error, WelcomeError::Stranger(what) if what.contains(found)), "{error}");
    }

    let (near, _silent) = duplex(1024);
    let error = welcome(&mut client(near, &Hello::new("ftp"))).await.unwrap_err();
    assert_eq!(error.to_string(), "silence for 10 s came instead of a welcome");
}
