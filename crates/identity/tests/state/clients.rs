use identity::RefusalCode::{AccessExpired, OtherShare, Unavailable, UnknownKey};
use identity::{Gate, Identity};

use crate::{Site, come, rights};

#[test]
fn the_account_itself_may_do_what_is_offered() {
    let site = Site::new();
    let gate = site.gate("read,write");
    let own = site.home.key().unwrap();
    let grant = gate.admit(&own.public(), Some("whatever it says")).unwrap();
    assert!(grant.owner);
    assert_eq!(grant.rights, rights("read,write"));
}

#[test]
fn a_key_that_is_known_for_one_share_opens_no_other() {
    let site = Site::new();
    let liu = Identity::generate();
    let docs = site.gate("read");
    let line = format!("{} share={} rights=read name=li%20u\n", liu.public(), docs.share());
    std::fs::write(site.path("authorized_clients"), line).unwrap();
    let grant = docs.admit(&liu.public(), None).unwrap();
    assert_eq!(grant.name.as_deref(), Some("li u"));
    assert!(!grant.owner);
    let music = Gate::new(&site.home, site.share("music"), rights("read")).unwrap();
    assert_eq!(come(&music, &liu), Err(OtherShare));
}

#[test]
fn bad_lines_are_told_once_by_number_and_the_good_ones_count() {
    let site = Site::new();
    let gate = site.gate("read");
    assert_eq!(gate.take_bad_lines(), []);
    let (liu, share) = (Identity::generate(), gate.share().to_string());
    let key = liu.public();
    let lines = [
        "# who may come in".to_owned(),
        "ed25519:abc share=ftp:/ rights=read".to_owned(),
        format!("{key} share={share} rights=red"),
        format!("{key} share=docs rights=read"),
        format!("{key} share={share}"),
        format!("{key} share={share} rights=read expires=tomorrow"),
        format!("{key} share={share} rights=read rights=write"),
        format!("{key} share={share} rights=read name=%1b"),
        format!("{key} share={share} rights=read"),
    ];
    std::fs::write(site.path("authorized_clients"), lines.join("\n")).unwrap();
    assert_eq!(come(&gate, &liu), Ok(rights("read")));
    let bad = gate.take_bad_lines();
    assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
    assert!(bad[1].to_string().starts_with("authorized_clients:3: rights: `red` is no right"));
    assert_eq!(bad[3].to_string(), "authorized_clients:5: `rights=` is missing");
    assert_eq!(come(&gate, &liu), Ok(rights("read")));
    assert_eq!(gate.take_bad_lines(), []);
    site.edit("authorized_clients", |text| text + "\nmore");
    assert_eq!(come(&gate, &liu), Ok(rights("read")));
    assert_eq!(gate.take_bad_lines().len(), 1);
}

#[test]
fn an_access_ends_when_its_line_says_so() {
    let site = Site::new();
    let gate = site.gate("read");
    let liu = Identity::generate();
    let line = format!("{} share={} rights=read expires=", liu.public(), gate.share());
    std::fs::write(site.path("authorized_clients"), format!("{line}9999-01-01T00:00:00Z")).unwrap();
    assert_eq!(come(&gate, &liu), Ok(rights("read")));
    std::fs::write(site.path("authorized_clients"), format!("{line}2026-01-01T00:00:00Z")).unwrap();
    assert_eq!(come(&gate, &liu), Err(AccessExpired));
}

#[cfg(unix)]
#[test]
fn nobody_new_comes_in_while_the_files_cannot_be_trusted() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let site = Site::new();
    let gate = site.gate("read");
    let liu = Identity::generate();
    assert_eq!(come(&gate, &liu), Err(UnknownKey));
    let line = format!("{} share={} rights=read\n", liu.public(), gate.share());
    std::fs::write(site.path("authorized_clients"), line).unwrap();
    set_permissions(site.path("authorized_clients"), Permissions::from_mode(0o666)).unwrap();
    let refusal = gate.admit(&liu.public(), None).unwrap_err();
    assert_eq!(refusal.code, Unavailable);
    assert!(!refusal.message.contains("authorized_clients"), "{refusal}");
    // The account itself is not locked out by a file.
    assert!(gate.admit(&site.home.key().unwrap().public(), None).is_ok());
}
