//! What glibc makes of several hundred formats, and what no format may do.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use timesvc::{LocalTime, strftime, strftime_into};

/// Made by calling glibc's `strftime`; see its head for how it is written.
const CORPUS: &str = include_str!("strftime.tsv");

const LIMIT: usize = 1024;

const ZONES: [&str; 5] =
    ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia", "Europe/Dublin"];

#[test]
fn formats_as_glibc_does() {
    let mut cases = 0;
    for line in CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [seconds, zone, format, expected] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("four fields");
        let zone = TimeZone::get(zone).unwrap();
        let moment = Timestamp::from_second(seconds.parse().unwrap()).unwrap();
        let formatted = strftime(&bytes(format), &LocalTime::new(moment, &zone), LIMIT);
        match (formatted, expected.strip_prefix("LENGTH ")) {
            (Ok(found), Some(length)) => assert_eq!(found.len().to_string(), length, "{line}"),
            (Ok(found), None) => assert_eq!(found.escape_ascii().to_string(), escaped(expected)),
            (Err(_), _) => assert_eq!(expected, "TOO LONG", "{line}"),
        }
        cases += 1;
    }
    assert!(cases > 300, "only {cases} cases");
}

/// The bytes that a field of the corpus stands for.
fn bytes(field: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = field.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let mut next = || rest.next().expect("an escape is complete");
        bytes.push(match next() {
            b'n' => b'\n',
            b't' => b'\t',
            b'x' => {
                let digits = [next(), next()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    bytes
}

fn escaped(field: &str) -> String {
    bytes(field).escape_ascii().to_string()
}

/// Formats that are more than noise: made of what conversions are made of.
fn formats() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(b"%".to_vec()),
        4 => proptest::sample::select(b"_-0^#EO".to_vec()).prop_map(|byte| vec![byte]),
        2 => any::<u32>().prop_map(|width| width.to_string().into_bytes()),
        2 => (0_u32..1100).prop_map(|width| width.to_string().into_bytes()),
        6 => (b' '..=b'~').prop_map(|byte| vec![byte]),
        1 => any::<Vec<u8>>(),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn moments() -> impl Strategy<Value = Timestamp> {
    let all = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
    all.prop_map(|at| Timestamp::from_nanosecond(at).unwrap())
}

fn zones() -> impl Strategy<Value = TimeZone> {
    proptest::sample::select(&ZONES).prop_map(|name| TimeZone::get(name).unwrap())
}

proptest! {
    #[test]
    fn keeps_to_its_limit_whatever_the_format(
        format in formats(),
        moment in moments(),
        zone in zones(),
        limit in 0_usize..2000,
    ) {
        let time = LocalTime::new(moment, &zone);
        let mut bytes = b"before".to_vec();
        match strftime_into(&mut bytes, &format, &time, limit) {
            Ok(()) => prop_assert!(bytes.len() <= 6 + limit && bytes.starts_with(b"before")),
            Err(error) => {
                prop_assert_eq!(error.limit, limit);
                prop_assert_eq!(bytes, b"before");
            }
        }
    }

    #[test]
    fn passes_through_what_holds_no_percent(text in "[^%]{0,100}", moment in moments()) {
        let zone = TimeZone::UTC;
        let time = LocalTime::new(moment, &zone);
        prop_assert_eq!(strftime(text.as_bytes(), &time, LIMIT).unwrap(), text.into_bytes());
    }
}
