use proto::{
    Algorithm, DecodeError, Decoder, Hello, HelloAnswer, Limits, Opening, PROTOCOL_VERSION, Piece,
    encode_header,
};

use crate::message::framed;

fn decode_hello(wire: &[u8]) -> Result<Hello, DecodeError> {
    match Decoder::new(Limits::default()).decode(&mut &wire[..])? {
        Some(Piece::Header(hello)) => Ok(hello),
        other => panic!("no header: {other:?}"),
    }
}

fn refusal(answer: HelloAnswer) -> (String, String) {
    match answer {
        HelloAnswer::Refused { code, message } => (code, message),
        HelloAnswer::Welcome { .. } => panic!("welcomed"),
    }
}

#[test]
fn the_first_byte_tells_the_three_openings_apart() {
    for byte in 0..=u8::MAX {
        let expected = match byte {
            0x00 => Opening::Native,
            0x16 => Opening::Tls,
            _ => Opening::Raw,
        };
        assert_eq!(Opening::detect(byte), expected);
    }
}

#[test]
fn every_hello_opens_natively_whatever_its_length() {
    for length in 0..600 {
        let hello = Hello::new("ftp").token("x".repeat(length));
        let wire = hello.encode(&Limits::default()).unwrap();
        assert_eq!((wire.len() - 4) % 256, 0);
        assert_eq!(Opening::detect(wire[0]), Opening::Native);
        assert_eq!(decode_hello(&wire), Ok(hello));
    }
}

#[test]
fn a_hello_looks_so_on_the_wire() {
    let hello = Hello::new("ftp").capabilities(["trees"]).token("secret");
    let wire = hello.encode(&Limits::default()).unwrap();
    assert_eq!(
        str::from_utf8(&wire[4..]).unwrap().trim_end(),
        r#"{"type":"hello","version":1,"service":"ftp","capabilities":["trees"],"digests":["md5","blake3"],"token":"secret"}"#
    );
}

#[test]
fn lists_and_token_may_be_left_out() {
    let hello = decode_hello(&framed(br#"{"type":"hello","version":1,"service":"ftp"}"#)).unwrap();
    assert_eq!(hello.version, PROTOCOL_VERSION);
    assert_eq!(hello, Hello::new("ftp").digests([]));
}

#[test]
fn another_frame_is_no_hello() {
    for json in
        [r#"{"type":"get","version":1,"service":"ftp"}"#, r#"{"version":1,"service":"ftp"}"#]
    {
        let error = decode_hello(&framed(json.as_bytes())).unwrap_err();
        assert!(matches!(error, DecodeError::Json { .. }), "{error:?}");
    }
}

#[test]
fn the_token_is_not_shown() {
    let shown = format!("{:?}", Hello::new("ftp").token("secret-token"));
    assert!(!shown.contains("secret-token"), "{shown}");
    assert!(shown.contains("token: Some"), "{shown}");
}

#[test]
fn the_first_digest_of_the_client_that_the_server_has_is_taken() {
    let digest = |hello: &Hello, ours: &[Algorithm]| match hello.answer("ftp", &[], ours) {
        HelloAnswer::Welcome { digest, .. } => Some(digest),
        HelloAnswer::Refused { .. } => None,
    };
    use Algorithm::{Blake3, Md5};
    let mut hello = Hello::new("ftp").digests([Blake3, Md5]);
    assert_eq!(digest(&hello, Algorithm::ALL), Some(Blake3));
    assert_eq!(digest(&hello, &[Md5]), Some(Md5));
    assert_eq!(digest(&hello, &[]), None);

    hello.digests = vec!["sha7".into(), "md5".into()];
    assert_eq!(digest(&hello, Algorithm::ALL), Some(Md5));
    hello.digests.clear();
    assert_eq!(digest(&hello, Algorithm::ALL), Some(Md5));
    assert_eq!(digest(&hello, &[Blake3]), None);
}

#[test]
fn capabilities_in_common_are_named_once() {
    let hello = Hello::new("ftp").capabilities(["b", "x", "a", "b", "b"]);
    let HelloAnswer::Welcome { capabilities, .. } =
        hello.answer("ftp", &["a", "b", "c"], Algorithm::ALL)
    else {
        panic!("refused");
    };
    assert_eq!(capabilities, ["a", "b"]);
}

#[test]
fn refusals_name_what_was_asked_for_and_what_is_here() {
    let mut hello = Hello::new("exec");
    let (code, message) = refusal(hello.answer("ftp", &[], Algorithm::ALL));
    assert_eq!(code, HelloAnswer::WRONG_SERVICE);
    assert_eq!(message, "the client asks for the service `exec`, this server is `ftp`");

    hello.version = 9;
    let (code, message) = refusal(hello.answer("exec", &[], Algorithm::ALL));
    assert_eq!(code, HelloAnswer::WRONG_VERSION);
    assert_eq!(message, "the client speaks version 9 of the protocol, this server version 1");

    let mut hello = Hello::new("ftp");
    hello.digests = vec!["sha7".into()];
    let (code, message) = refusal(hello.answer("ftp", &[], Algorithm::ALL));
    assert_eq!(code, HelloAnswer::NO_DIGEST);
    assert_eq!(message, "the client has the digest algorithms sha7, this server md5, blake3");
}

#[test]
fn a_refusal_of_a_monstrous_hello_is_short_and_safe() {
    let mut hello = Hello::new("\u{1b}\u{202e}".repeat(15_000));
    let answer = hello.answer("ftp", &[], Algorithm::ALL);
    assert!(encode_header(&answer, &Limits::default()).unwrap().len() < 2_000);
    let (_, message) = refusal(answer);
    assert!(message.chars().all(|c| !c.is_control() && c != '\u{202e}'));

    hello = Hello::new("ftp");
    hello.digests = vec!["\u{7}".repeat(10_000); 5];
    let (_, message) = refusal(hello.answer("ftp", &[], Algorithm::ALL));
    assert!(message.len() < 1_000);
}

#[test]
fn answers_look_so_on_the_wire() {
    let answer = Hello::new("ftp").answer("ftp", &[], Algorithm::ALL);
    let wire = answer.encode(&Limits::default()).unwrap();
    assert_eq!(
        str::from_utf8(&wire[4..]).unwrap(),
        r#"{"type":"welcome","version":1,"service":"ftp","capabilities":[],"digest":"md5"}"#
    );
    let wire = HelloAnswer::refused("token", "used up").encode(&Limits::default()).unwrap();
    assert_eq!(
        str::from_utf8(&wire[4..]).unwrap(),
        r#"{"type":"refused","code":"token","message":"used up"}"#
    );
}

#[test]
fn algorithms_go_by_their_names() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.to_string().parse(), Ok(*algorithm));
    }
    let error = "sha1".parse::<Algorithm>().unwrap_err();
    assert_eq!(error.to_string(), "unknown digest algorithm \"sha1\": expected md5 or blake3");
    assert_eq!(Algorithm::default(), Algorithm::Md5);
}
