use bytes::Bytes;
use proptest::prelude::*;

use super::{chunks, size};
use crate::classic::ClassicError;
use crate::classic::parser::{Event, Parser};

/// What the reads mean, with neighbouring pieces of content put together.
fn parse(reads: &[&[u8]]) -> Result<Vec<Event>, ClassicError> {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for read in reads {
        parser.feed(read);
        while let Some(event) = parser.next()? {
            match (events.last_mut(), event) {
                (Some(Event::Content(before)), Event::Content(more)) => {
                    *before = Bytes::from([&before[..], &more[..]].concat());
                }
                (_, event) => events.push(event),
            }
        }
    }
    Ok(events)
}

/// The events of a file that arrives intact.
fn file(name: &str, content: &[u8], lengths: &[usize]) -> Vec<Event> {
    let name = Bytes::copy_from_slice(name.as_bytes());
    let mut events = vec![Event::Put, Event::File { name, size: content.len() as u64 }];
    let mut offset = 0;
    for &len in lengths {
        let chunk = Bytes::copy_from_slice(&content[offset..offset + len]);
        events.push(Event::Content(chunk));
        events.push(Event::Checked { offset: offset as u64, intact: true });
        offset += len;
    }
    events.push(Event::Done);
    events
}

fn get(name: &'static str) -> Event {
    Event::Get { name: Bytes::from_static(name.as_bytes()) }
}

#[test]
fn a_get_is_one_read() {
    for name in ["a.txt", "two words.txt", "报告 🦀.txt", "dir/a", "get ", " ", "../../etc/passwd"]
    {
        let command = format!("get {name}");
        assert_eq!(parse(&[command.as_bytes()]).unwrap(), [get(name)], "{name}");
    }
}

#[test]
fn a_command_typed_by_hand_loses_the_end_of_its_line() {
    assert_eq!(parse(&[b"get a.txt\n"]).unwrap(), [get("a.txt")]);
    assert_eq!(parse(&[b"get a.txt\r\n"]).unwrap(), [get("a.txt")]);
    assert_eq!(parse(&[b"get a.txt\n\n"]).unwrap(), [get("a.txt\n")]);
}

#[test]
fn commands_follow_one_another() {
    assert_eq!(parse(&[b"get a", b"get b", b"get c"]).unwrap(), [get("a"), get("b"), get("c")]);
}

#[test]
fn a_verb_that_is_cut_waits_for_its_rest() {
    for cut in 1..=4 {
        let (start, end) = b"get a.txt".split_at(cut);
        assert_eq!(parse(&[start, end]).unwrap(), [get("a.txt")]);
    }
}

#[test]
fn an_unknown_verb_is_passed_over() {
    for text in ["ls", "id", "list a", "GET a", "getx a", "getter", "\0\0\0\0"] {
        let unknown = Event::Unknown { text: Bytes::from_static(text.as_bytes()) };
        assert_eq!(parse(&[text.as_bytes(), b"get a"]).unwrap(), [unknown, get("a")], "{text}");
    }
}

#[test]
fn rejects_a_command_over_the_limit() {
    let long = [b"get ", &[b'x'; 1021][..]].concat();
    let error = parse(&[&long]).unwrap_err();
    assert_eq!(error.to_string(), "a command of 1025 bytes is too long: 1024 are allowed");
    assert_eq!(parse(&[&long[..1024]]).unwrap().len(), 1);

    let put = [b"put ", &[b'x'; 1100][..]].concat();
    assert!(matches!(parse(&[&put]), Err(ClassicError::CommandTooLong { .. })));
}

/// Names, contents and chunks whose seams are worth a look. 256 bytes of header make the lowest
/// byte of its length a NUL, as do sizes that are multiples of 256.
fn files() -> Vec<(String, Vec<u8>, Vec<usize>)> {
    let padded = "x".repeat(256 - chunks("", b"?", &[1]).len() + 5);
    vec![
        ("a".into(), b"hello".to_vec(), vec![5]),
        ("报告 🦀.txt".into(), b"line one\nline two\n".to_vec(), vec![9, 9]),
        ("a b".into(), vec![7; 256], vec![256]),
        ("a.bin".into(), vec![0; 300], vec![1, 299]),
        ("put ".into(), b"get a".to_vec(), vec![5]),
        ("x".into(), b"put x".repeat(60), vec![100, 100, 100]),
        (padded.clone(), vec![65; 256], vec![256]),
        (padded, vec![66; 0x4142], vec![0x4142]),
        ("{\"a".into(), vec![b'{'; 123], vec![123]),
    ]
}

#[test]
fn a_put_means_the_same_however_its_bytes_are_cut_behind_the_name() {
    for (name, content, lengths) in files() {
        let command = format!("put {name}");
        let mut wire = size(content.len() as i32).to_vec();
        wire.extend(chunks(&name, &content, &lengths));
        let events = file(&name, &content, &lengths);
        for cut in 0..=wire.len().min(700) {
            let (start, end) = wire.split_at(cut);
            let apart = parse(&[command.as_bytes(), start, end]);
            assert_eq!(apart.unwrap(), events, "{name:?}, cut at {cut}");
            let merged = [command.as_bytes(), start].concat();
            assert_eq!(parse(&[&merged, end]).unwrap(), events, "{name:?}, merged up to {cut}");
        }
        let bytes: Vec<&[u8]> = wire.chunks(1).collect();
        let slowly = [&[command.as_bytes()][..], &bytes].concat();
        assert_eq!(parse(&slowly).unwrap(), events, "{name:?}, byte by byte");
    }
}

#[test]
fn the_name_of_a_put_may_itself_be_cut() {
    let (name, content) = ("报告 two.txt", b"hello");
    let wire = [b"put ", name.as_bytes(), &size(5), &chunks(name, content, &[5])].concat();
    for cut in 1..wire.len() {
        let (start, end) = wire.split_at(cut);
        assert_eq!(parse(&[start, end]).unwrap(), file(name, content, &[5]), "cut at {cut}");
    }
}

#[test]
fn an_empty_file_has_a_size_and_nothing_more() {
    let events = file("empty.txt", b"", &[]);
    let wire = b"put empty.txt\0\0\0\0";
    let name_end = b"put empty.txt".len();
    for cut in (1..wire.len()).filter(|cut| !(name_end - 2..name_end).contains(cut)) {
        let (start, end) = wire.split_at(cut);
        assert_eq!(parse(&[start, end]).unwrap(), events, "cut at {cut}");
    }
    assert_eq!(parse(&[wire]).unwrap(), events);

    let mut followed = file("empty.txt", b"", &[]);
    followed.push(get("a"));
    assert_eq!(parse(&[wire, b"get a"]).unwrap(), followed);
    assert_eq!(parse(&[b"put empty.txt\0\0\0\0get a"]).unwrap(), followed);
    // Cut just before the end of the name, its last letters could be a small size. What follows
    // tells.
    for cut in [name_end - 2, name_end - 1] {
        let (start, end) = wire.split_at(cut);
        assert_eq!(parse(&[start, end, b"get a"]).unwrap(), followed, "cut at {cut}");
    }
}

#[test]
fn a_small_file_with_a_long_header_is_not_taken_for_an_empty_one() {
    // The header is 256 bytes long: behind the size 65, four NULs stand in a row.
    let name = "x".repeat(256 - chunks("", b"?", &[1]).len() + 5 - 1);
    let content = [65; 65];
    let chunk = chunks(&name, &content, &[65]);
    assert_eq!(chunk[..4], [0, 1, 0, 0]);
    let wire = [name.as_bytes(), &size(65), &chunk].concat();
    assert_eq!(parse(&[b"put ", &wire]).unwrap(), file(&name, &content, &[65]));
    let command = ["put ", &name].concat();
    for cut in 0..20 {
        let (start, end) = wire[name.len()..].split_at(cut);
        let events = parse(&[command.as_bytes(), start, end]);
        assert_eq!(events.unwrap(), file(&name, &content, &[65]), "cut at {cut}");
    }
}

#[test]
fn a_put_of_a_missing_file_is_followed_by_the_next_command() {
    let abandoned = Event::Abandoned { name: Bytes::from_static(b"gone.txt") };
    let events = [Event::Put, abandoned, get("there.txt")];
    assert_eq!(parse(&[b"put gone.txt", b"get there.txt"]).unwrap(), events);
    assert_eq!(parse(&[b"put gone.txt", b"ge", b"t there.txt"]).unwrap(), events);

    let mut events = vec![Event::Put, Event::Abandoned { name: Bytes::from_static(b"gone.txt") }];
    events.extend(file("a", b"hello", &[5]));
    let wire = [&b"put a"[..], &size(5), &chunks("a", b"hello", &[5])].concat();
    assert_eq!(parse(&[b"put gone.txt", &wire]).unwrap(), events);
}

#[test]
fn a_size_that_could_be_letters_is_told_from_the_name() {
    let letters = i32::from_le_bytes(*b"name");
    let wire = [b"put my", &letters.to_le_bytes()[..], &chunks("my", b"hi", &[2])].concat();
    let name = Bytes::from_static(b"my");
    let begun = [Event::Put, Event::File { name, size: letters as u64 }];
    assert_eq!(parse(&[&wire]).unwrap()[..2], begun);
    assert_eq!(parse(&[&wire[..10], &wire[10..]]).unwrap()[..2], begun);
}

#[test]
fn a_header_may_name_the_file_without_its_directories() {
    let wire = [b"put dir/a.txt", &size(2)[..], &chunks("a.txt", b"hi", &[2])].concat();
    assert_eq!(parse(&[&wire]).unwrap(), file("dir/a.txt", b"hi", &[2]));
}

#[test]
fn tells_which_chunk_is_wrong_and_goes_on() {
    let mut wire = [b"put a", &size(10)[..], &chunks("a", b"helloworld", &[5, 5])].concat();
    let at = wire.windows(5).position(|window| window == b"hello").unwrap();
    wire[at] = b'j';
    let events = parse(&[&wire, b"get a"]).unwrap();
    assert!(events.contains(&Event::Checked { offset: 0, intact: false }));
    assert!(events.contains(&Event::Checked { offset: 5, intact: true }));
    assert_eq!(events.last(), Some(&get("a")));
}

#[test]
fn rejects_what_no_client_sends_behind_a_name() {
    let sizes = [-1, i32::MIN, 5];
    for (found, wire) in sizes.map(|n| (n, [b"put a", &size(n)[..], b"\x05\0\0\0[1,2]"].concat())) {
        assert!(matches!(parse(&[&wire]), Err(ClassicError::NoSize)), "{found}");
    }
    let twice = br#"{"file_name":"a","file_size":1,"file_size":2,"md5":""}"#;
    let wire = [b"put a", &size(5)[..], &size(twice.len() as i32), twice].concat();
    assert!(matches!(parse(&[&wire]), Err(ClassicError::NoSize)));
    let long = [b"put a", &size(5)[..], &size(64 * 1024 + 1), b"{}"].concat();
    assert!(matches!(parse(&[&long]), Err(ClassicError::NoSize)));
}

#[test]
fn rejects_a_chunk_beyond_the_announced_size() {
    let wire = [b"put a", &size(3)[..], &chunks("a", b"hello", &[2, 3])].concat();
    let error = parse(&[&wire]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a chunk of 3 bytes is longer than the 1 that are left of the file"
    );
}

#[test]
fn rejects_a_later_header_that_cannot_be_read() {
    for bad in [&size(-1)[..], &size(0), &size(64 * 1024 + 1), b"\x02\0\0\0[]", b"\x02\0\0\0{}"] {
        let wire = [b"put a", &size(9)[..], &chunks("a", b"hello", &[5]), bad].concat();
        assert!(matches!(parse(&[&wire]), Err(ClassicError::Header(_))), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn reads_of_any_bytes_do_no_harm(
        reads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
        verb in prop::sample::select(vec!["", "put ", "get ", "put a"]),
    ) {
        let reads: Vec<&[u8]> =
            [verb.as_bytes()].into_iter().chain(reads.iter().map(Vec::as_slice)).collect();
        let _ = parse(&reads);
    }

    #[test]
    fn any_file_comes_through_any_reads(
        name in "[^\0\n\r/]{1,60}",
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..400), 1..6),
        merged in any::<bool>(),
        step in 1usize..200,
    ) {
        let lengths: Vec<usize> = pieces.iter().map(Vec::len).collect();
        let content = pieces.concat();
        let mut wire = size(content.len() as i32).to_vec();
        wire.extend(chunks(&name, &content, &lengths));
        let command = format!("put {name}");
        let reads: Vec<Vec<u8>> = match merged {
            true => vec![[command.as_bytes(), &wire].concat()],
            false => [command.into_bytes()]
                .into_iter()
                .chain(wire.chunks(step).map(<[u8]>::to_vec))
                .collect(),
        };
        let reads: Vec<&[u8]> = reads.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(parse(&reads).unwrap(), file(&name, &content, &lengths));
    }
}
