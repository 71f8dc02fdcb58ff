//! Futures that are dropped after every single poll, over a transport that moves one byte at a
//! time: nothing is lost, and nothing comes twice.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use proto::{
    Connection, Limits, Turn,
    stream::{FrameReader, FrameWriter},
};

use crate::{
    message::{Frame, Message, content, ping, wire},
    transport::Choppy,
};

/// Makes the future, polls it once and drops it, until one is ready.
macro_rules! cancelled {
    ($future:expr) => {
        loop {
            let polled = pin!($future).poll(&mut Context::from_waker(Waker::noop()));
            if let Poll::Ready(output) = polled {
                break output;
            }
        }
    };
}

fn frames() -> Vec<Frame> {
    vec![content(1, b"hello"), ping(2), content(3, b""), content(4, &[6; 700]), ping(5)]
}

fn trickle(frames: &[Frame]) -> Choppy {
    Choppy::reading(&crate::message::chunks(&wire(frames), &[1])).writing(1)
}

/// A connection that reads these frames and has them to send too.
fn connection(frames: &[Frame]) -> Connection<Choppy> {
    let mut connection = Connection::new(trickle(frames), Limits::default());
    for (header, body) in frames {
        connection.enqueue(header, Bytes::from(body.clone())).unwrap();
    }
    connection
}

#[test]
fn next_and_read_body_and_flush_survive_being_dropped() {
    let frames = frames();
    let mut connection = connection(&frames);
    let mut read = Vec::new();
    while let Some(header) = cancelled!(connection.next::<Message>()).unwrap() {
        let mut body = Vec::new();
        let mut buf = [0; 64];
        loop {
            match cancelled!(connection.read_body(&mut buf)).unwrap() {
                0 => break,
                length => body.extend_from_slice(&buf[..length]),
            }
        }
        read.push((header, body));
    }
    assert_eq!(read, frames);
    cancelled!(connection.flush()).unwrap();
    assert_eq!(connection.get_ref().output, wire(&frames));
}

#[test]
fn next_or_room_and_skip_body_and_shutdown_survive_being_dropped() {
    let frames = frames();
    let mut connection = connection(&frames);
    let mut read = Vec::new();
    loop {
        match cancelled!(connection.next_or_room::<Message>(0)).unwrap() {
            Turn::Frame(header) => read.push(header),
            Turn::Room => {}
            Turn::End => break,
        }
        cancelled!(connection.skip_body()).unwrap();
    }
    let headers: Vec<Message> = frames.iter().map(|(header, _)| header.clone()).collect();
    assert_eq!(read, headers);
    cancelled!(connection.shutdown()).unwrap();
    assert_eq!(connection.get_ref().output, wire(&frames));
}

#[test]
fn the_halves_survive_being_dropped() {
    let frames = frames();
    let mut reader = FrameReader::new(trickle(&frames), Limits::default());
    for (expected, _) in &frames {
        let header = cancelled!(reader.next::<Message>()).unwrap();
        assert_eq!(header.as_ref(), Some(expected));
        let mut buf = [0; 10];
        let length = cancelled!(reader.read_body(&mut buf)).unwrap();
        assert_eq!(length > 0, reader.body_remaining() + length as u64 > 0);
        cancelled!(reader.skip_body()).unwrap();
    }
    assert!(cancelled!(reader.next::<Message>()).unwrap().is_none());

    let mut writer = FrameWriter::new(trickle(&[]), Limits::default());
    for (header, body) in &frames {
        writer.enqueue(header, Bytes::from(body.clone())).unwrap();
        cancelled!(writer.flush()).unwrap();
    }
    cancelled!(writer.shutdown()).unwrap();
    assert_eq!(writer.into_inner().output, wire(&frames));
}
