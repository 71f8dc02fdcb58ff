use std::{
    io::{self, ErrorKind},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use proptest::prelude::*;
use proto::{
    Connection, ConnectionError, DecodeError, EncodeError, Header, Hello, HelloAnswer, Limits,
    Part, Turn,
    stream::{FrameReader, FrameWriter},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex},
    net::{TcpListener, TcpStream},
};

use crate::{
    message::{Frame, Message, any_cuts, any_frames, chunks, content, ping, wire},
    transport::Choppy,
};

/// Runs a future to its end on a runtime of its own.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

fn connection<S>(io: S) -> Connection<S> {
    Connection::new(io, Limits::default())
}

fn pair(buffer: usize) -> (Connection<DuplexStream>, Connection<DuplexStream>) {
    let (here, there) = duplex(buffer);
    (connection(here), connection(there))
}

fn enqueue<S>(connection: &mut Connection<S>, (header, body): &Frame) {
    connection.enqueue(header, Bytes::from(body.clone())).unwrap();
}

async fn read_frame<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
) -> Result<Option<Frame>, ConnectionError> {
    let Some(header) = connection.next::<Message>().await? else {
        return Ok(None);
    };
    let mut body = vec![0; usize::try_from(header.body_len()).unwrap()];
    connection.read_body_exact(&mut body).await?;
    Ok(Some((header, body)))
}

/// Polls once: the result, or `None` if the future would wait.
fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn decode_error<T: std::fmt::Debug>(result: Result<T, ConnectionError>) -> DecodeError {
    match result {
        Err(ConnectionError::Decode(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn io_error_kind<T: std::fmt::Debug>(result: Result<T, ConnectionError>) -> ErrorKind {
    match result {
        Err(ConnectionError::Io(error)) => error.kind(),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_frames_survive_any_transport(
        there in any_frames(),
        back in any_frames(),
        cuts in any_cuts(),
        max_write in 1..5_000_usize,
    ) {
        let wire_there = wire(&there);
        let transport = Choppy::reading(&chunks(&wire_there, &cuts)).writing(max_write);
        let mut connection = connection(transport);
        for frame in &back {
            enqueue(&mut connection, frame);
        }
        prop_assert_eq!(connection.queued_bytes(), wire(&back).len());
        let (read, connection) = run(async move {
            let mut read = Vec::new();
            while let Some(frame) = read_frame(&mut connection).await.unwrap() {
                read.push(frame);
            }
            connection.shutdown().await.unwrap();
            (read, connection)
        });
        prop_assert_eq!(read, there);
        prop_assert_eq!(connection.queued_bytes(), 0);
        let (transport, unread) = connection.into_parts();
        prop_assert!(unread.is_empty());
        prop_assert_eq!(transport.output, wire(&back));
    }

    #[test]
    fn any_frames_survive_the_halves(
        frames in any_frames(),
        cuts in any_cuts(),
        max_write in 1..5_000_usize,
    ) {
        let output = run(async {
            let transport = Choppy::default().writing(max_write);
            let mut writer = FrameWriter::new(transport, Limits::default());
            for (header, body) in &frames {
                writer.enqueue(header, Bytes::from(body.clone())).unwrap();
            }
            writer.shutdown().await.unwrap();
            writer.into_inner().output
        });
        prop_assert_eq!(&output, &wire(&frames));

        let read = run(async {
            let transport = Choppy::reading(&chunks(&output, &cuts));
            let mut reader = FrameReader::new(transport, Limits::default());
            let mut read = Vec::new();
            while let Some(header) = reader.next::<Message>().await.unwrap() {
                let mut body = vec![0; usize::try_from(header.body_len()).unwrap()];
                reader.read_body_exact(&mut body).await.unwrap();
                read.push((header, body));
            }
            read
        });
        prop_assert_eq!(read, frames);
    }
}

#[test]
fn two_peers_with_much_to_say_do_not_wait_for_each_other() {
    const SIZE: usize = 10 << 20;
    async fn talk(mut connection: Connection<DuplexStream>) {
        let body = Bytes::from(vec![1; SIZE]);
        let size = SIZE as u64;
        let name = String::new();
        connection.enqueue(&Message::Content { id: 1, name, size }, body).unwrap();
        connection.next::<Message>().await.unwrap().unwrap();
        let mut buf = vec![0; 256 * 1024];
        let mut read = 0;
        loop {
            match connection.read_body(&mut buf).await.unwrap() {
                0 => break,
                length => read += length,
            }
        }
        assert_eq!(read, SIZE);
        connection.shutdown().await.unwrap();
        assert!(connection.next::<Message>().await.unwrap().is_none());
    }
    let (here, there) = pair(1024);
    run(async { tokio::join!(talk(here), talk(there)) });
}

#[test]
fn a_hello_and_the_first_request_leave_together() {
    let (mut client, mut server) = pair(4096);
    let limits = Limits::default();
    run(async {
        client.enqueue_encoded(Hello::new("ftp").encode(&limits).unwrap());
        enqueue(&mut client, &ping(1));
        client.flush().await.unwrap();

        let hello: Hello = server.next().await.unwrap().unwrap();
        let answer = hello.answer("ftp", &[], proto::Algorithm::ALL);
        server.enqueue(&answer, Bytes::new()).unwrap();
        assert_eq!(server.next().await.unwrap(), Some(Message::Ping { id: 1 }));
        enqueue(&mut server, &ping(2));
        server.flush().await.unwrap();

        let answer: HelloAnswer = client.next().await.unwrap().unwrap();
        assert!(matches!(answer, HelloAnswer::Welcome { .. }));
        assert_eq!(client.next().await.unwrap(), Some(Message::Ping { id: 2 }));
    });
}

#[test]
fn bytes_that_were_read_before_come_first() {
    let bytes = wire(&[content(1, b"hello"), ping(2)]);
    let transport = Choppy::reading(&[&bytes[7..]]);
    let prefix = Bytes::copy_from_slice(&bytes[..7]);
    let mut connection = Connection::with_prefix(transport, prefix, Limits::default());
    run(async {
        assert_eq!(read_frame(&mut connection).await.unwrap(), Some(content(1, b"hello")));
        assert_eq!(read_frame(&mut connection).await.unwrap(), Some(ping(2)));
        assert_eq!(read_frame(&mut connection).await.unwrap(), None);
    });
}

#[test]
fn what_belongs_to_no_frame_is_given_back() {
    let mut bytes = wire(&[ping(1), content(2, b"")]);
    bytes.extend_from_slice(b"plain");
    let (mut here, mut there) = duplex(1024);
    run(async {
        there.write_all(&bytes).await.unwrap();
        let mut connection = connection(&mut here);
        connection.next::<Message>().await.unwrap().unwrap();
        connection.next::<Message>().await.unwrap().unwrap();
        assert_eq!(&connection.into_parts().1[..], b"plain");

        // Also when a header has begun.
        there.write_all(b"\x16\0\0\0{").await.unwrap();
        let mut connection = Connection::new(&mut here, Limits::default());
        assert!(poll_once(connection.next::<Message>()).is_none());
        assert_eq!(&connection.into_parts().1[..], b"\x16\0\0\0{");
    });
}

#[test]
fn a_body_must_be_drained_or_skipped() {
    let (mut here, mut there) = pair(1 << 20);
    run(async {
        for frame in [content(1, &[5; 300_000]), content(2, b"hello"), ping(3)] {
            enqueue(&mut here, &frame);
        }
        here.flush().await.unwrap();
        there.next::<Message>().await.unwrap().unwrap();
        let remaining = 300_000;
        assert_eq!(
            decode_error(there.next::<Message>().await),
            DecodeError::BodyPending { remaining }
        );
        assert_eq!(
            decode_error(there.next_or_room::<Message>(0).await),
            DecodeError::BodyPending { remaining }
        );
        there.skip_body().await.unwrap();
        assert_eq!(there.body_remaining(), 0);
        assert_eq!(there.read_body(&mut [0; 8]).await.unwrap(), 0);

        there.next::<Message>().await.unwrap().unwrap();
        assert_eq!(
            io_error_kind(there.read_body_exact(&mut [0; 6]).await),
            ErrorKind::UnexpectedEof
        );
        let mut body = [0; 5];
        there.read_body_exact(&mut body).await.unwrap();
        assert_eq!(&body, b"hello");
        assert_eq!(there.next().await.unwrap(), Some(Message::Ping { id: 3 }));
    });
}

#[test]
fn a_body_of_another_length_is_not_queued() {
    let mut connection = connection(Choppy::default());
    let (header, _) = content(1, b"abc");
    let error = connection.enqueue(&header, Bytes::from_static(b"ab")).unwrap_err();
    assert_eq!(error, EncodeError::BodyLength { announced: 3, found: 2 });
    assert_eq!(connection.queued_bytes(), 0);
}

#[test]
fn an_end_inside_a_frame_is_an_error_that_names_the_part() {
    let bytes = wire(&[content(1, &[7; 100_000])]);
    let parts = [
        (2, Part::Length, 2),
        (bytes.len() - 100_001, Part::Header, 1),
        (bytes.len() - 40_000, Part::Body, 40_000),
        (bytes.len() - 1, Part::Body, 1),
    ];
    for (cut, expected, missing) in parts {
        let mut connection = connection(Choppy::reading(&chunks(&bytes[..cut], &[30_000])));
        let truncated = DecodeError::Truncated { expected, missing };
        run(async {
            assert_eq!(decode_error(read_frame(&mut connection).await), truncated);
            if expected == Part::Body {
                assert_eq!(decode_error(connection.skip_body().await), truncated);
            } else {
                assert_eq!(decode_error(read_frame(&mut connection).await), truncated);
            }
        });
    }
}

#[test]
fn room_is_told_when_so_much_is_sent_and_no_frame_is_here() {
    let (mut here, mut there) = pair(1024);
    run(async {
        enqueue(&mut here, &content(1, &[5; 3000]));
        let total = here.queued_bytes();
        // The transport takes 1,024 bytes, and the peer reads nothing.
        assert!(poll_once(here.next_or_room::<Message>(1000)).is_none());
        assert_eq!(here.queued_bytes(), total - 1024);
        let turn = here.next_or_room::<Message>(total - 1024).await.unwrap();
        assert_eq!(turn, Turn::Room);

        // A frame that is here comes first.
        enqueue(&mut there, &ping(9));
        there.flush().await.unwrap();
        let turn = here.next_or_room(usize::MAX).await.unwrap();
        assert_eq!(turn, Turn::Frame(Message::Ping { id: 9 }));

        there.next::<Message>().await.unwrap().unwrap();
        let (turn, body) = tokio::join!(here.next_or_room::<Message>(0), async {
            let mut body = [0; 3000];
            there.read_body_exact(&mut body).await.map(|()| body)
        });
        assert_eq!(turn.unwrap(), Turn::Room);
        assert_eq!(body.unwrap(), [5; 3000]);

        there.shutdown().await.unwrap();
        assert_eq!(here.next_or_room::<Message>(0).await.unwrap(), Turn::End);
        assert_eq!(here.next_or_room::<Message>(0).await.unwrap(), Turn::End);
    });
}

#[test]
fn a_peer_that_has_said_all_can_still_be_answered() {
    let (mut here, mut there) = pair(64);
    run(async {
        enqueue(&mut here, &ping(1));
        here.shutdown().await.unwrap();
        assert_eq!(there.next().await.unwrap(), Some(Message::Ping { id: 1 }));
        enqueue(&mut there, &content(2, &[8; 5000]));
        assert!(there.next::<Message>().await.unwrap().is_none());
        let (shut, frame) = tokio::join!(there.shutdown(), read_frame(&mut here));
        shut.unwrap();
        assert_eq!(frame.unwrap(), Some(content(2, &[8; 5000])));
        assert!(here.next::<Message>().await.unwrap().is_none());
    });
}

#[test]
fn flushing_takes_in_what_the_peer_sends_within_bounds() {
    let (mut here, mut there) = duplex(1 << 20);
    let frames: Vec<Frame> = (0..20).map(|id| content(id, &[3; 10_000])).collect();
    let bytes = wire(&frames);
    run(async {
        there.write_all(&bytes).await.unwrap();
        let mut connection = connection(&mut here);
        enqueue(&mut connection, &content(1, &vec![4; 2 << 20]));
        assert!(poll_once(connection.flush()).is_none(), "the transport holds 1 MiB");
        let (_, unread) = connection.into_parts();
        assert!((64 * 1024..80 * 1024).contains(&unread.len()), "{} bytes", unread.len());
        assert_eq!(unread, &bytes[..unread.len()]);
    });
}

/// A transport whose writing side is gone, and whose reading side holds a last word.
struct Deaf<'a> {
    input: &'a [u8],
    /// Whether the last word is followed by the end, or by silence.
    closed: bool,
}

impl AsyncRead for Deaf<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.input.is_empty() && !self.closed {
            return Poll::Pending;
        }
        Pin::new(&mut self.input).poll_read(cx, buf)
    }
}

impl AsyncWrite for Deaf<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn what_arrived_can_be_read_after_writing_has_failed() {
    let last_words = wire(&[content(1, b"you may not"), ping(2)]);
    for closed in [true, false] {
        let mut connection = connection(Deaf { input: &last_words, closed });
        run(async {
            enqueue(&mut connection, &content(9, &[1; 1000]));
            assert_eq!(io_error_kind(connection.flush().await), ErrorKind::BrokenPipe);
            assert_eq!(connection.queued_bytes(), 0);
            // What is queued now goes nowhere, and does not pile up.
            enqueue(&mut connection, &content(9, &[1; 1000]));
            assert_eq!(connection.queued_bytes(), 0);

            let frame = read_frame(&mut connection).await.unwrap();
            assert_eq!(frame, Some(content(1, b"you may not")));
            let turn = connection.next_or_room(0).await.unwrap();
            assert_eq!(turn, Turn::Frame(Message::Ping { id: 2 }));
            for _ in 0..2 {
                let result = connection.next::<Message>().await;
                assert_eq!(io_error_kind(result), ErrorKind::BrokenPipe);
                let result = connection.next_or_room::<Message>(0).await;
                assert_eq!(io_error_kind(result), ErrorKind::BrokenPipe);
                assert_eq!(io_error_kind(connection.shutdown().await), ErrorKind::BrokenPipe);
            }
        });
    }
}

#[test]
fn a_refusal_followed_by_a_close_is_seen_over_tcp() {
    async fn refuse(listener: TcpListener) {
        let (mut io, _) = listener.accept().await.unwrap();
        io.read_exact(&mut [0; 4]).await.unwrap();
        let refusal = HelloAnswer::refused("full", "try again later");
        io.write_all(&refusal.encode(&Limits::default()).unwrap()).await.unwrap();
        // Closed with most of what the client sends unread: the kernel answers with a reset.
    }
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let call = async {
            let mut client = connection(TcpStream::connect(address).await.unwrap());
            client.enqueue_encoded(Hello::new("ftp").encode(&Limits::default()).unwrap());
            enqueue(&mut client, &content(1, &vec![0; 10 << 20]));
            client.next::<HelloAnswer>().await
        };
        let ((), answer) = tokio::join!(refuse(listener), call);
        let refusal = HelloAnswer::refused("full", "try again later");
        assert_eq!(answer.unwrap(), Some(refusal));
    });
}

#[test]
fn a_read_failure_met_while_flushing_is_told_to_the_next_reader() {
    /// Takes no bytes and fails to be read.
    struct Jammed;
    impl AsyncRead for Jammed {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
        }
    }
    impl AsyncWrite for Jammed {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }
    let mut connection = connection(Jammed);
    enqueue(&mut connection, &ping(1));
    assert!(poll_once(connection.flush()).is_none());
    let kind = io_error_kind(poll_once(connection.next::<Message>()).unwrap());
    assert_eq!(kind, ErrorKind::ConnectionReset);
}

#[test]
fn a_transport_that_takes_nothing_is_an_error() {
    let mut connection = connection(Choppy::default().writing(0));
    enqueue(&mut connection, &ping(1));
    let kind = io_error_kind(run(connection.flush()));
    assert_eq!(kind, ErrorKind::WriteZero);
}

#[test]
fn what_is_no_frame_stays_an_error() {
    let mut connection = connection(Choppy::reading(&[b"get a.txt"]));
    run(async {
        let first = decode_error(connection.next::<Message>().await);
        assert!(matches!(first, DecodeError::HeaderTooLong { .. }), "{first:?}");
        assert_eq!(decode_error(connection.next::<Message>().await), first);
        // The peer can still be told.
        connection.enqueue(&HelloAnswer::refused("bad", "no frame"), Bytes::new()).unwrap();
        assert!(connection.queued_bytes() > 0);
    });
}

#[test]
fn futures_are_small_and_can_move_between_threads() {
    fn size<T: Send>(future: T) -> usize {
        size_of_val(&future)
    }
    let (mut here, _there) = pair(64);
    let mut buf = [0; 8];
    let sizes = [
        size(here.next::<Message>()),
        size(here.next_or_room::<Message>(0)),
        size(here.read_body(&mut buf)),
        size(here.read_body_exact(&mut buf)),
        size(here.skip_body()),
        size(here.flush()),
        size(here.shutdown()),
    ];
    assert!(sizes.iter().all(|size| *size <= 256), "{sizes:?}");
}

#[test]
fn traffic_counts_what_came_and_went() {
    let (mut here, mut there) = pair(1024);
    let frame = content(1, &[5; 40_000]);
    let total = wire(std::slice::from_ref(&frame)).len() as u64;
    run(async {
        enqueue(&mut here, &frame);
        assert_eq!(here.traffic(), 0, "nothing is sent by queueing");
        assert!(poll_once(here.flush()).is_none());
        assert_eq!(here.traffic(), 1024);
        let (flushed, read) = tokio::join!(here.flush(), read_frame(&mut there));
        flushed.unwrap();
        assert_eq!(read.unwrap(), Some(frame));
    });
    assert_eq!((here.traffic(), there.traffic()), (total, total));
}
