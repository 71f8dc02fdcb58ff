//! What peers should not send.

use std::fmt::Write as _;

use proptest::prelude::*;
use proto::{DecodeError, Decoder, Limits, Piece};

use crate::message::{Message, framed, ping, wire};

/// Feeds all of it, as one piece, and gives the error that it must end in.
fn error_of(wire: &[u8]) -> DecodeError {
    let mut decoder = Decoder::new(Limits::default());
    let mut input = wire;
    loop {
        match decoder.decode::<Message>(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("taken for the beginning of a frame: {wire:?}"),
            Err(error) => return error,
        }
    }
}

/// The same, one byte at a time.
fn error_of_bytes(wire: &[u8]) -> DecodeError {
    let mut decoder = Decoder::new(Limits::default());
    for byte in wire.chunks(1) {
        let mut input = byte;
        while let Some(_piece) = match decoder.decode::<Message>(&mut input) {
            Ok(piece) => piece,
            Err(error) => return error,
        } {}
    }
    panic!("taken for the beginning of a frame: {wire:?}");
}

#[test]
fn refuses_lengths_out_of_range_as_soon_as_they_are_there() {
    let allowed = 65_536;
    let too_long = |found| DecodeError::HeaderTooLong { found, allowed };
    let cases = [
        (-1, DecodeError::NegativeLength { found: -1 }),
        (i32::MIN, DecodeError::NegativeLength { found: i32::MIN }),
        (0, DecodeError::EmptyHeader),
        (65_537, too_long(65_537)),
        (i32::MAX, too_long(i32::MAX as usize)),
    ];
    for (length, expected) in cases {
        let wire = length.to_le_bytes();
        assert_eq!(error_of(&wire), expected);
        assert_eq!(error_of_bytes(&wire), expected);
    }
}

#[test]
fn takes_a_header_of_exactly_the_limit() {
    let mut json = br#"{"type":"ping","id":1}"#.to_vec();
    json.resize(65_536, b' ');
    let wire = framed(&json);
    let mut input = &wire[..];
    let ping = Piece::Header(Message::Ping { id: 1 });
    assert_eq!(Decoder::new(Limits::default()).decode(&mut input), Ok(Some(ping)));
}

#[test]
fn refuses_headers_that_are_no_objects() {
    let cases: [(&[u8], &str); 7] = [
        (b"[{\"type\":\"ping\",\"id\":1}]", "an array"),
        (b"\"ping\"", "a string"),
        (b"1", "a number"),
        (b"true", "a boolean"),
        (b"null", "null"),
        (b"    ", "blank"),
        (b"get a.txt", "not JSON"),
    ];
    for (json, found) in cases {
        let wire = framed(json);
        assert_eq!(error_of(&wire), DecodeError::NotAnObject { found });
        assert_eq!(error_of_bytes(&wire), DecodeError::NotAnObject { found });
    }
}

#[test]
fn refuses_an_object_nested_ten_thousand_deep() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let value = format!("{}0{}", open.repeat(10_000), close.repeat(10_000));
        let mut json = String::new();
        write!(json, "{{\"type\":\"ping\",\"id\":1,\"x\":{value}}}").unwrap();
        assert_eq!(error_of(&framed(json.as_bytes())), DecodeError::TooDeep { allowed: 32 });
    }
    // Also where it never ends.
    let json = "{\"a\":".repeat(10_000);
    assert_eq!(error_of(&framed(json.as_bytes())), DecodeError::TooDeep { allowed: 32 });
}

#[test]
fn takes_the_depth_that_is_allowed_and_not_one_more() {
    let nested = |levels: usize| {
        let value = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        framed(format!("{{\"type\":\"ping\",\"id\":1,\"x\":{value}}}").as_bytes())
    };
    let mut decoder = Decoder::new(Limits::default());
    let ping = Piece::Header(Message::Ping { id: 1 });
    assert_eq!(decoder.decode(&mut &nested(32)[..]), Ok(Some(ping)));
    assert_eq!(error_of(&nested(33)), DecodeError::TooDeep { allowed: 32 });
}

#[test]
fn refuses_fields_that_are_doubled_missing_or_of_the_wrong_type() {
    let cases = [
        (r#"{"type":"ping","id":1,"id":2}"#, "duplicate field `id`"),
        (r#"{"type":"ping","type":"ping","id":1}"#, "duplicate field `type`"),
        (r#"{"type":"ping"}"#, "missing field `id`"),
        (r#"{"id":1}"#, "missing field `type`"),
        (r#"{}"#, "missing field `type`"),
        (r#"{"type":"pong","id":1}"#, "unknown variant `pong`"),
        (r#"{"type":"ping","id":-1}"#, "invalid value: integer `-1`"),
        (r#"{"type":"ping","id":"1"}"#, "invalid type: string \"1\""),
        (r#"{"type":"ping","id":1"#, "EOF while parsing"),
        (r#"{"type":"ping","id":1}}"#, "trailing characters"),
        (r#"{"type":"ping","id":1}{}"#, "trailing characters"),
        ("{\"type\":\"ping\",\"id\":1}\0", "trailing characters"),
    ];
    for (json, expected) in cases {
        match error_of(&framed(json.as_bytes())) {
            DecodeError::Json { message } => {
                assert!(message.contains(expected), "{json}: {message}");
            }
            other => panic!("{json}: {other:?}"),
        }
    }
}

#[test]
fn refuses_what_is_not_utf8_and_says_where() {
    let wire = framed(b"{\"type\":\"ping\",\"id\":1,\"x\":\"\xff\"}");
    assert_eq!(error_of(&wire), DecodeError::NotUtf8 { valid_up_to: 27 });
    // An overlong slash and half of a surrogate pair are no UTF-8 either.
    for bad in [&b"{\"x\":\"\xc0\xaf\"}"[..], b"{\"x\":\"\xed\xa0\x80\"}"] {
        assert_eq!(error_of(&framed(bad)), DecodeError::NotUtf8 { valid_up_to: 6 });
    }
}

#[test]
fn an_error_quotes_the_peer_safely_and_shortly() {
    let name = "\\u001b[2J\\n\\u202e".repeat(3_000);
    let json = format!("{{\"type\":\"{name}\"}}");
    let shown = error_of(&framed(json.as_bytes())).to_string();
    assert!(shown.len() < 2_500, "{} bytes", shown.len());
    assert!(shown.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{shown:?}");
}

#[test]
fn the_same_error_is_given_from_then_on() {
    let mut decoder = Decoder::new(Limits::default());
    let first = decoder.decode::<Message>(&mut &b"\xff\xff\xff\xff"[..]).unwrap_err();
    let good = wire(&[ping(1)]);
    for _ in 0..3 {
        let mut input = &good[..];
        assert_eq!(decoder.decode::<Message>(&mut input), Err(first.clone()));
        assert_eq!(input.len(), good.len(), "a decoder in error takes nothing in");
    }
    assert_eq!(decoder.finish(), Err(first));
    assert_eq!(decoder.body_remaining(), 0);
}

#[test]
fn smaller_limits_are_kept() {
    let limits = Limits::default().max_header_bytes(10).max_json_depth(1);
    let mut decoder = Decoder::new(limits);
    assert_eq!(
        decoder.decode::<Message>(&mut &wire(&[ping(1)])[..]),
        Err(DecodeError::HeaderTooLong { found: 22, allowed: 10 })
    );
    let mut decoder = Decoder::new(limits);
    assert_eq!(
        decoder.decode::<Message>(&mut &framed(b"{\"a\":{}}")[..]),
        Err(DecodeError::TooDeep { allowed: 1 })
    );
}

proptest! {
    /// Whatever comes, it is a frame, the beginning of one, or an error; and however it is cut, it
    /// is the same.
    #[test]
    fn noise_never_panics_and_means_the_same_however_it_is_cut(
        length in 0..64_i32,
        noise in prop::collection::vec(any::<u8>(), 0..200),
        json in any::<bool>(),
    ) {
        let mut bytes = length.to_le_bytes().to_vec();
        if json {
            bytes.extend_from_slice(br#"{"type":"ping","id":1}"#);
        }
        bytes.extend_from_slice(&noise);

        let outcome = |cut: usize| {
            let mut decoder = Decoder::new(Limits::default());
            let mut headers = Vec::new();
            for mut input in bytes.chunks(cut) {
                loop {
                    match decoder.decode::<Message>(&mut input) {
                        Ok(Some(Piece::Header(header))) => headers.push(header),
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(error) => return (headers, Err(error)),
                    }
                }
            }
            (headers, decoder.finish())
        };
        prop_assert_eq!(outcome(usize::MAX), outcome(1));
    }
}
