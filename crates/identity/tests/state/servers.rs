use std::fs;

use identity::{Identity, Place, RememberError};

use crate::Site;

fn place(text: &str) -> Place {
    text.parse().unwrap()
}

#[test]
fn a_server_is_known_once_it_was_remembered() {
    let site = Site::new();
    let known = site.home.known_servers();
    let key = Identity::generate().public();
    assert_eq!(known.lookup(&place("a:1")).unwrap(), None);
    known.remember(&place("a:1"), key, Some("the office\n\u{202e}")).unwrap();
    known.remember(&place("A:1"), key, None).unwrap();
    assert_eq!(known.lookup(&place("a:1")).unwrap(), Some(key));
    assert_eq!(known.lookup(&place("a:2")).unwrap(), None);
    assert!(site.read("known_servers").ends_with(" # the office\n"));
    assert!(known.forget(&place("a:1")).unwrap());
    assert!(!known.forget(&place("a:1")).unwrap());
    assert_eq!(known.lookup(&place("a:1")).unwrap(), None);
}

#[test]
fn a_changed_key_is_refused_with_both_fingerprints() {
    let site = Site::new();
    let known = site.home.known_servers();
    let (first, second) = (Identity::generate().public(), Identity::generate().public());
    known.remember(&place("[::1]:1"), first, None).unwrap();
    let error = known.remember(&place("[::1]:1"), second, None).unwrap_err();
    assert!(matches!(error, RememberError::Changed { .. }));
    let text = error.to_string();
    assert!(text.contains(&first.fingerprint()) && text.contains(&second.fingerprint()), "{text}");
    assert_eq!(known.lookup(&place("[::1]:1")).unwrap(), Some(first));
}

#[test]
fn what_people_wrote_stays_as_they_wrote_it() {
    let site = Site::new();
    let known = site.home.known_servers();
    let (ours, theirs) = (Identity::generate().public(), Identity::generate().public());
    known.remember(&place("a:1"), ours, None).unwrap();
    let text = format!(
        "\n# mine\r\n  b:2\t{theirs}  colour=red   # said Liu\nnonsense \x1b[2J\nc:3 {theirs} x\n"
    );
    let bytes = [text.as_bytes(), b"\xff\xfe\n", b"d:4 ", theirs.to_string().as_bytes()].concat();
    fs::write(site.path("known_servers"), &bytes).unwrap();

    let (servers, bad) = known.list().unwrap();
    assert_eq!(servers.len(), 2);
    let bad: Vec<_> = bad.iter().map(ToString::to_string).collect();
    assert_eq!(
        bad,
        [
            "known_servers:4: `nonsense` is no address: it is HOST:PORT, or [ADDRESS]:PORT for IPv6",
            "known_servers:5: `x` is one word too many",
            "known_servers:6: the line is not UTF-8",
        ]
    );
    known.remember(&place("e:5"), ours, None).unwrap();
    known.forget(&place("d:4")).unwrap();
    let rewritten = fs::read(site.path("known_servers")).unwrap();
    let kept = &bytes[..bytes.len() - 4 - theirs.to_string().len()];
    assert!(rewritten.starts_with(kept));
    assert!(rewritten[kept.len()..].starts_with(b"e:5 ed25519:"));
}
