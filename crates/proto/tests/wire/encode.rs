use proto::{
    DecodeError, Decoder, EncodeError, Header, Limits, Piece, encode_header, encode_padded,
};
use serde::{Deserialize, Serialize};

use crate::message::Message;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Anything(serde_json::Value);

impl Header for Anything {}

fn anything(json: &str) -> Anything {
    Anything(serde_json::from_str(json).unwrap())
}

#[test]
fn puts_the_length_in_front_of_the_json() {
    let bytes = encode_header(&Message::Ping { id: 8 }, &Limits::default()).unwrap();
    assert_eq!(&bytes[..], b"\x16\0\0\0{\"type\":\"ping\",\"id\":8}");
}

#[test]
fn pads_with_spaces_to_a_multiple() {
    let ping = Message::Ping { id: 8 };
    let limits = Limits::default();
    for (multiple, expected) in [(0, 22), (1, 22), (2, 22), (16, 32), (22, 22), (256, 256)] {
        let bytes = encode_padded(&ping, multiple, &limits).unwrap();
        assert_eq!(bytes.len(), 4 + expected);
        assert_eq!(bytes[..4], i32::try_from(expected).unwrap().to_le_bytes());
        assert!(bytes[4 + 22..].iter().all(|byte| *byte == b' '));
        assert_eq!(
            Decoder::new(limits).decode(&mut &bytes[..]),
            Ok(Some(Piece::Header(ping.clone())))
        );
    }
}

#[test]
fn refuses_what_is_no_object() {
    let cases = [
        ("[1]", "an array"),
        ("\"x\"", "a string"),
        ("1.5", "a number"),
        ("true", "a boolean"),
        ("null", "null"),
    ];
    for (json, found) in cases {
        assert_eq!(
            encode_header(&anything(json), &Limits::default()),
            Err(EncodeError::NotAnObject { found })
        );
    }
}

#[test]
fn refuses_what_the_other_side_would_refuse() {
    let limits = Limits::default().max_header_bytes(40).max_json_depth(2);
    assert!(encode_header(&anything(r#"{"a":[1]}"#), &limits).is_ok());
    assert_eq!(
        encode_header(&anything(r#"{"a":[[1]]}"#), &limits),
        Err(EncodeError::TooDeep { allowed: 2 })
    );
    let fits = anything(&format!(r#"{{"a":"{}"}}"#, "x".repeat(32)));
    assert_eq!(encode_header(&fits, &limits).unwrap().len(), 44);
    let long = anything(&format!(r#"{{"a":"{}"}}"#, "x".repeat(33)));
    assert_eq!(
        encode_header(&long, &limits),
        Err(EncodeError::HeaderTooLong { found: 41, allowed: 40 })
    );
    assert_eq!(
        encode_padded(&fits, 256, &limits),
        Err(EncodeError::HeaderTooLong { found: 256, allowed: 40 })
    );
}

#[test]
fn says_what_cannot_be_written_as_json() {
    #[derive(Serialize, Deserialize)]
    struct Keyed {
        #[serde(with = "pairs")]
        pairs: (),
    }
    impl Header for Keyed {}
    mod pairs {
        use serde::{Deserializer, Serializer, ser::Error};

        pub(super) fn serialize<S: Serializer>((): &(), _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no such thing"))
        }
        pub(super) fn deserialize<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
            Ok(())
        }
    }
    let message = "no such thing".to_owned();
    assert_eq!(
        encode_header(&Keyed { pairs: () }, &Limits::default()),
        Err(EncodeError::Json { message })
    );
}

#[test]
fn errors_say_what_was_found_and_what_is_allowed() {
    let (found, allowed) = (70_000, 65_536);
    assert_eq!(
        DecodeError::HeaderTooLong { found, allowed }.to_string(),
        "header of 70000 bytes is longer than the 65536 that are allowed"
    );
    assert_eq!(
        EncodeError::BodyLength { announced: 3, found: 4 }.to_string(),
        "body has 4 bytes where its header announces 3"
    );
    assert_eq!(
        DecodeError::NegativeLength { found: -1 }.to_string(),
        "header length -1 is negative"
    );
}
