use proptest::prelude::*;
use proto::{DecodeError, Decoder, Header, Limits, Part, Piece};
use serde::{Deserialize, Serialize};

use crate::message::{Message, any_cuts, any_frames, content, decode_in_cuts, framed, ping, wire};

fn decoder() -> Decoder {
    Decoder::new(Limits::default())
}

#[test]
fn takes_the_bytes_of_a_frame_apart() {
    let mut input: &[u8] =
        b"\x34\0\0\0{\"type\":\"content\",\"id\":7,\"name\":\"a.txt\",\"size\":3}   abc\
          \x16\0\0\0{\"type\":\"ping\",\"id\":8}";
    let mut decoder = decoder();
    let name = "a.txt".to_owned();
    let expected = [
        Piece::Header(Message::Content { id: 7, name, size: 3 }),
        Piece::Body(b"abc"),
        Piece::End,
        Piece::Header(Message::Ping { id: 8 }),
        Piece::End,
    ];
    for piece in expected {
        assert_eq!(decoder.decode(&mut input), Ok(Some(piece)));
    }
    assert_eq!(decoder.decode::<Message>(&mut input), Ok(None));
    assert!(input.is_empty());
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn one_byte_at_a_time_gives_what_the_whole_gives() {
    let frames = [content(1, b"hello"), ping(2), content(3, b""), content(4, &[0; 500])];
    let wire = wire(&frames);
    assert_eq!(decode_in_cuts(&wire, &[wire.len()]), frames);
    assert_eq!(decode_in_cuts(&wire, &[1]), frames);
}

proptest! {
    #[test]
    fn any_frames_survive_any_cuts(frames in any_frames(), cuts in any_cuts()) {
        prop_assert_eq!(decode_in_cuts(&wire(&frames), &cuts), frames);
    }
}

#[test]
fn every_truncation_names_the_part_and_what_is_missing() {
    let body = b"0123456789";
    let (header, _) = content(1, body);
    let wire = wire(&[(header.clone(), body.to_vec())]);
    let header_end = wire.len() - body.len();

    for cut in 0..=wire.len() {
        let mut decoder = decoder();
        let mut input = &wire[..cut];
        while decoder.decode::<Message>(&mut input).unwrap().is_some() {}
        let (expected, missing) = match cut {
            0 => (None, 0),
            1..4 => (Some(Part::Length), 4 - cut),
            cut if cut < header_end => (Some(Part::Header), header_end - cut),
            cut if cut < wire.len() => (Some(Part::Body), wire.len() - cut),
            _ => (None, 0),
        };
        let expected = expected.map_or(Ok(()), |expected| {
            let missing = missing as u64;
            Err(DecodeError::Truncated { expected, missing })
        });
        assert_eq!(decoder.finish(), expected, "cut after {cut} bytes");
    }
}

#[test]
fn pieces_of_a_body_borrow_from_the_input() {
    let wire = wire(&[content(1, &[9; 100])]);
    let mut decoder = decoder();
    let mut input = &wire[..];
    decoder.decode::<Message>(&mut input).unwrap();
    let Some(Piece::Body(body)) = decoder.decode::<Message>(&mut input).unwrap() else {
        panic!("the body is here");
    };
    assert_eq!(body.as_ptr_range(), wire[wire.len() - 100..].as_ptr_range());
}

#[test]
fn the_header_type_may_change_from_frame_to_frame() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Greeting {
        hello: String,
    }
    impl Header for Greeting {}

    let mut bytes = framed(br#"{"hello":"liu"}"#);
    bytes.extend(wire(&[ping(1)]));
    let mut input = &bytes[..];
    let mut decoder = decoder();
    let hello = "liu".to_owned();
    let greeting = Piece::Header(Greeting { hello });
    assert_eq!(decoder.decode(&mut input), Ok(Some(greeting)));
    assert_eq!(decoder.decode::<Message>(&mut input), Ok(Some(Piece::End)));
    let ping = Piece::Header(Message::Ping { id: 1 });
    assert_eq!(decoder.decode(&mut input), Ok(Some(ping)));
}

#[test]
fn unknown_fields_are_ignored_and_blanks_allowed() {
    let wire = framed(b"\n {\"type\":\"ping\", \"later\":{\"x\":[1,{}]}, \"id\":5 }\t  ");
    let mut input = &wire[..];
    let ping = Piece::Header(Message::Ping { id: 5 });
    assert_eq!(decoder().decode(&mut input), Ok(Some(ping)));
}

#[test]
fn a_body_of_sixteen_exabytes_costs_nothing_to_announce() {
    let wire = framed(br#"{"type":"content","id":1,"name":"","size":18446744073709551615}"#);
    let mut decoder = decoder();
    let mut input = &wire[..];
    decoder.decode::<Message>(&mut input).unwrap();
    assert_eq!(decoder.body_remaining(), u64::MAX);
    decoder.advance_body(u64::MAX - 1);
    let mut input: &[u8] = b"xy";
    assert_eq!(decoder.decode::<Message>(&mut input), Ok(Some(Piece::Body(b"x"))));
    assert_eq!(decoder.decode::<Message>(&mut input), Ok(Some(Piece::End)));
}

#[test]
fn a_body_that_went_by_outside_is_counted() {
    let wire = wire(&[content(1, b"0123456789")]);
    let mut decoder = decoder();
    let mut input = &wire[..wire.len() - 8];
    decoder.decode::<Message>(&mut input).unwrap();
    assert_eq!(decoder.decode::<Message>(&mut input), Ok(Some(Piece::Body(b"01"))));
    assert_eq!(decoder.body_remaining(), 8);
    decoder.advance_body(8);
    assert_eq!(decoder.finish(), Ok(()));
    assert_eq!(decoder.decode::<Message>(&mut &b""[..]), Ok(Some(Piece::End)));
    assert_eq!(decoder.decode::<Message>(&mut &b""[..]), Ok(None));
}

#[test]
#[should_panic(expected = "5 bytes of a body that has 3 left")]
fn more_than_the_body_cannot_go_by() {
    let wire = wire(&[content(1, b"abc")]);
    let mut decoder = decoder();
    decoder.decode::<Message>(&mut &wire[..]).unwrap();
    decoder.advance_body(5);
}
