use proptest::prelude::*;

use super::*;

fn path(text: impl AsRef<[u8]>) -> RemotePath {
    RemotePath::parse(text).unwrap()
}

#[test]
fn the_empty_path_is_the_root() {
    let root = path("");
    assert!(root.is_root());
    assert_eq!(root, RemotePath::root());
    assert_eq!((root.file_name(), root.parent(), root.depth()), (None, None, 0));
    assert_eq!(root.components().count(), 0);
    assert_eq!(root.to_string(), "/");
}

#[test]
fn takes_names_of_every_kind() {
    for name in ["报告.txt", "🦀👨‍👩‍👧", "a b", "-rf", "...", "a\\b", "\u{1b}[2J", "line\nbreak", "~"]
    {
        assert_eq!(path(name).file_name(), Some(name.as_bytes()), "{name:?}");
    }
    assert_eq!(path(b"d/\xff\xfe").file_name(), Some(&b"\xff\xfe"[..]));
    assert_eq!(path(b"d/\xff\xfe").to_str(), None);
}

#[test]
fn refuses_what_could_leave_the_root_and_says_what_it_was() {
    let boxed = |text: &str| Box::<[u8]>::from(text.as_bytes());
    let cases = [
        ("/etc", PathError::Absolute { path: boxed("/etc") }),
        ("/", PathError::Absolute { path: boxed("/") }),
        ("a//b", PathError::EmptyComponent { path: boxed("a//b") }),
        ("a/", PathError::EmptyComponent { path: boxed("a/") }),
        (".", PathError::Dots { component: ".", path: boxed(".") }),
        ("..", PathError::Dots { component: "..", path: boxed("..") }),
        ("a/../b", PathError::Dots { component: "..", path: boxed("a/../b") }),
        ("a/.", PathError::Dots { component: ".", path: boxed("a/.") }),
        ("a\0b", PathError::Nul { path: boxed("a\0b") }),
    ];
    for (text, error) in cases {
        assert_eq!(RemotePath::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn refuses_what_is_too_long_and_takes_what_just_fits() {
    assert!(RemotePath::parse([b'n'; 255]).is_ok());
    assert_eq!(
        RemotePath::parse([b'n'; 256]),
        Err(PathError::ComponentTooLong { found: 256, allowed: 255 })
    );
    let deep = |depth: usize| vec!["n"; depth].join("/");
    assert!(RemotePath::parse(deep(8192)).is_ok());
    assert_eq!(
        RemotePath::parse(deep(8193)),
        Err(PathError::TooDeep { found: 8193, allowed: 8192 })
    );
    let long = vec!["n".repeat(255); 128].join("/");
    assert_eq!(long.len(), 32 * 1024 - 1);
    assert!(RemotePath::parse(&long).is_ok());
    assert_eq!(
        RemotePath::parse(format!("{long}/n")),
        Err(PathError::TooLong { found: 32 * 1024 + 1, allowed: 32 * 1024 })
    );
    assert_eq!(
        path(&long).join(b"n"),
        Err(PathError::TooLong { found: 32 * 1024 + 1, allowed: 32 * 1024 })
    );
    assert_eq!(path(deep(8192)).join(b"n"), Err(PathError::TooDeep { found: 8193, allowed: 8192 }));
}

#[test]
fn joins_single_names_only() {
    assert_eq!(RemotePath::root().join(b"a").unwrap(), path("a"));
    assert_eq!(path("a").join(b"b").unwrap(), path("a/b"));
    assert!(matches!(path("a").join(b"b/c"), Err(PathError::Separator { .. })));
    assert!(matches!(path("a").join(b".."), Err(PathError::Dots { .. })));
    assert!(matches!(path("a").join(b""), Err(PathError::EmptyComponent { .. })));
}

#[test]
fn starts_with_counts_whole_components() {
    assert!(path("a/b").starts_with(&path("a")));
    assert!(path("a/b").starts_with(&path("a/b")));
    assert!(path("a/b").starts_with(&RemotePath::root()));
    assert!(!path("ab").starts_with(&path("a")));
    assert!(!path("a").starts_with(&path("a/b")));
}

#[test]
fn shows_nothing_that_steers_a_terminal() {
    let cases: [(&[u8], &str); 8] = [
        (b"\x1b[31mred\x07", r"\x1b[31mred\x07"),
        (b"a\r\n\tb", r"a\r\n\tb"),
        (b"\x7f", r"\x7f"),
        ("\u{9b}2J".as_bytes(), r"\u{9b}2J"),
        ("exe.\u{202e}txt".as_bytes(), r"exe.\u{202e}txt"),
        ("a\u{2028}b\u{200b}c".as_bytes(), r"a\u{2028}b\u{200b}c"),
        (b"\xff\xe6\x8a", r"\xff\xe6\x8a"),
        ("报告 🦀 👨‍👩‍👧 C:\\x".as_bytes(), "报告 🦀 👨‍👩‍👧 C:\\x"),
    ];
    for (bytes, shown) in cases {
        assert_eq!(safe(bytes).to_string(), shown);
    }
    assert_eq!(format!("{:?}", path("a\x1bb")), r"RemotePath(a\x1bb)");
}

#[test]
fn travels_as_a_string_or_as_hex() {
    let json = |path: &RemotePath| serde_json::to_string(path).unwrap();
    assert_eq!(json(&path("报告")), "\"报告\"");
    assert_eq!(json(&path(b"a\xff")), r#"{"hex":"61ff"}"#);
    let back = |text: &str| serde_json::from_str::<RemotePath>(text);
    assert_eq!(back(r#"{"hex":"61fF"}"#).unwrap(), path(b"a\xff"));
    assert_eq!(back(r#""a\u002fb""#).unwrap(), path("a/b"));
    for refused in [
        r#"{"hex":"6"}"#,
        r#"{"hex":"+1"}"#,
        r#"{"hex":"zz"}"#,
        r#"{"hex":"2e2e"}"#,
        r#""../x""#,
        "7",
        "{}",
        "null",
    ] {
        assert!(back(refused).is_err(), "{refused}");
    }
}

proptest! {
    #[test]
    fn whatever_is_parsed_stays_beneath_the_root_and_travels(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            proptest::collection::vec(prop_oneof![Just(b'/'), Just(b'.'), Just(b'a')], 0..12),
        ]
    ) {
        let Ok(path) = RemotePath::parse(&bytes) else { return Ok(()) };
        prop_assert!(path.components().all(|name| !matches!(name, b"" | b"." | b"..")));
        prop_assert_eq!(path.components().count(), path.depth());
        prop_assert!(path.to_string().chars().all(|c| !c.is_control()));
        let json = serde_json::to_vec(&path).unwrap();
        prop_assert_eq!(&serde_json::from_slice::<RemotePath>(&json).unwrap(), &path);
        if let Some(parent) = path.parent() {
            prop_assert_eq!(parent.join(path.file_name().unwrap()).unwrap(), path);
        }
    }
}
