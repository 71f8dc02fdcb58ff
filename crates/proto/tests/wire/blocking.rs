use std::io::{self, ErrorKind, Read, Write};

use proptest::prelude::*;
use proto::{
    ConnectionError, DecodeError, EncodeError, Limits, Part, SendError,
    blocking::{FrameReader, FrameWriter},
};

use crate::{
    message::{Frame, Message, any_cuts, any_frames, chunks, content, ping, wire},
    transport::Choppy,
};

fn read_all(transport: impl Read) -> Result<Vec<Frame>, ConnectionError> {
    let mut reader = FrameReader::new(transport, Limits::default());
    let mut frames = Vec::new();
    while let Some(header) = reader.next()? {
        let mut body = Vec::new();
        reader.body().read_to_end(&mut body)?;
        frames.push((header, body));
    }
    Ok(frames)
}

proptest! {
    #[test]
    fn any_frames_survive_any_reads(frames in any_frames(), cuts in any_cuts()) {
        let wire = wire(&frames);
        let transport = Choppy::reading(&chunks(&wire, &cuts));
        prop_assert_eq!(read_all(transport).unwrap(), frames);
    }

    #[test]
    fn any_frames_survive_any_writes(frames in any_frames(), max_write in 1..5_000_usize) {
        let transport = Choppy::default().writing(max_write);
        let mut writer = FrameWriter::new(transport, Limits::default());
        for (header, body) in &frames {
            writer.send(header, body).unwrap();
        }
        prop_assert_eq!(writer.into_inner().output, wire(&frames));
    }
}

#[test]
fn an_end_inside_a_frame_is_an_error_that_names_the_part() {
    let wire = wire(&[content(1, &[7; 100])]);
    let parts = [
        (2, Part::Length, 2),
        (wire.len() - 101, Part::Header, 1),
        (wire.len() - 40, Part::Body, 40),
    ];
    for (cut, expected, missing) in parts {
        let error = match read_all(&wire[..cut]).unwrap_err() {
            ConnectionError::Decode(error) => error,
            ConnectionError::Io(error) => {
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
                *error.into_inner().unwrap().downcast().unwrap()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(error, DecodeError::Truncated { expected, missing });
    }
}

#[test]
fn a_body_ends_where_its_frame_does_and_must_be_drained() {
    let wire = wire(&[content(1, b"hello"), content(2, &[7; 100_000]), ping(3)]);
    let mut reader = FrameReader::new(&wire[..], Limits::default());
    reader.next::<Message>().unwrap().unwrap();
    let mut first = [0; 2];
    assert_eq!(reader.body().read(&mut first).unwrap(), 2);
    assert_eq!(reader.body().remaining(), 3);
    let error = reader.next::<Message>().unwrap_err();
    let ConnectionError::Decode(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error, DecodeError::BodyPending { remaining: 3 });

    let mut rest = String::new();
    reader.body().read_to_string(&mut rest).unwrap();
    assert_eq!((&first, rest.as_str()), (b"he", "llo"));

    let next = reader.next::<Message>().unwrap().unwrap();
    assert!(matches!(next, Message::Content { id: 2, .. }));
    reader.skip_body().unwrap();
    assert_eq!(reader.next().unwrap(), Some(Message::Ping { id: 3 }));
    assert_eq!(reader.next::<Message>().unwrap(), None);
    assert_eq!(reader.next::<Message>().unwrap(), None);
}

#[test]
fn a_transport_that_would_block_loses_nothing() {
    /// Would block before each byte.
    struct Slow<'a>(&'a [u8], bool);
    impl Read for Slow<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let (byte, rest) = self.0.split_at(self.0.len().min(1));
            buf[..byte.len()].copy_from_slice(byte);
            self.0 = rest;
            Ok(byte.len())
        }
    }

    let wire = wire(&[ping(1)]);
    let mut reader = FrameReader::new(Slow(&wire, false), Limits::default());
    let mut waits = 0;
    let header = loop {
        match reader.next::<Message>() {
            Ok(header) => break header,
            Err(ConnectionError::Io(error)) if error.kind() == ErrorKind::WouldBlock => waits += 1,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(header, Some(Message::Ping { id: 1 }));
    assert_eq!(waits, wire.len());
}

#[test]
fn what_belongs_to_no_frame_is_given_back() {
    let mut bytes = wire(&[ping(1)]);
    bytes.extend_from_slice(b"\x16\0\0\0{\"ty");
    let transport = Choppy::reading(&chunks(&bytes, &[29, 3, 50]));
    let mut reader = FrameReader::new(transport, Limits::default());
    reader.next::<Message>().unwrap().unwrap();
    assert!(reader.next::<Message>().is_err(), "the input ends inside a header");
    let (_, unread) = reader.into_parts();
    assert_eq!(&unread[..], b"\x16\0\0\0{\"ty");
}

#[test]
fn a_body_of_another_length_is_not_sent() {
    let mut writer = FrameWriter::new(Vec::new(), Limits::default());
    let (header, _) = content(1, b"abc");
    let error = writer.send(&header, b"abcd").unwrap_err();
    let SendError::Encode(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error, EncodeError::BodyLength { announced: 3, found: 4 });
    assert!(writer.into_inner().is_empty());
}

#[test]
fn nothing_follows_a_frame_that_was_cut_short() {
    /// Takes ten bytes and is full then, until it is emptied.
    struct Full(Vec<u8>);
    impl Write for Full {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let taken = buf.len().min(10 - self.0.len());
            self.0.extend_from_slice(&buf[..taken]);
            Ok(taken)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut writer = FrameWriter::new(Full(Vec::new()), Limits::default());
    let kind = |result| match result {
        Err(SendError::Io(error)) => error.kind(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(writer.send(&Message::Ping { id: 1 }, b"")), ErrorKind::WriteZero);
    writer.get_mut().0.clear();
    assert_eq!(kind(writer.send(&Message::Ping { id: 2 }, b"")), ErrorKind::BrokenPipe);
    assert!(writer.into_inner().0.is_empty());
}
