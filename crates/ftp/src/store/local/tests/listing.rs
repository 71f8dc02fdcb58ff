use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, SystemTime};

use super::*;

#[test]
fn lists_names_of_every_kind() {
    let fixture = Fixture::new();
    let long = "n".repeat(255);
    let names: [&[u8]; 7] = [
        "报告.txt".as_bytes(),
        "🦀👨‍👩‍👧".as_bytes(),
        b"\xff\xfe not UTF-8",
        long.as_bytes(),
        b"\x1b[2J\r\n\x07",
        b" ",
        b"\\..\\",
    ];
    for name in names {
        std::fs::write(fixture.at("").join(OsStr::from_bytes(name)), name).unwrap();
    }
    let mut found = Vec::new();
    let mut each = |entry: Entry| {
        assert_eq!(entry.size, entry.path.as_bytes().len() as u64);
        found.push(entry.path);
        ControlFlow::Continue(())
    };
    fixture.store.list(&RemotePath::root(), &mut each).unwrap();
    found.sort();
    let mut expected: Vec<_> = names.into_iter().map(path).collect();
    expected.sort();
    assert_eq!(found, expected);
    for name in found {
        assert_eq!(fixture.store.stat(&name).unwrap().path, name);
        assert_eq!(fixture.store.open(&name).unwrap().entry().path, name);
        fixture.store.remove(&name).unwrap();
    }
}

#[test]
fn a_listing_can_be_broken_off() {
    let fixture = Fixture::new();
    for name in 0..10 {
        std::fs::write(fixture.at(&name.to_string()), "").unwrap();
    }
    let mut count = 0;
    let mut each = |_| {
        count += 1;
        if count == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    fixture.store.list(&RemotePath::root(), &mut each).unwrap();
    assert_eq!(count, 3);
}

#[test]
fn what_vanishes_during_a_listing_is_skipped() {
    let fixture = Fixture::new();
    for name in 0..10 {
        std::fs::write(fixture.at(&name.to_string()), "").unwrap();
    }
    let mut count = 0;
    let mut each = |_| {
        count += 1;
        for name in 0..10 {
            let _ = std::fs::remove_file(fixture.at(&name.to_string()));
        }
        ControlFlow::Continue(())
    };
    fixture.store.list(&RemotePath::root(), &mut each).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn partials_are_hidden_and_reserved() {
    let fixture = Fixture::new();
    let upload = fixture.begin("file", &ANYHOW).unwrap();
    upload.write_at(b"half", 0).unwrap();
    assert_eq!(fixture.names(""), Vec::<String>::new());
    let partial = fixture.local_names().remove(0);
    assert!(partial.starts_with(".file.") && partial.ends_with(".seam-part"), "{partial}");

    for name in [partial.as_str(), "x.seam-part", "X.SEAM-PART", "a.seam-part/b"] {
        let (store, name, to) = (&fixture.store, path(name), path("to"));
        assert_error!(store.stat(&name), Reserved, name.as_bytes());
        assert_error!(store.open(&name), Reserved, name.as_bytes());
        assert_error!(store.list(&name, &mut |_| panic!()), Reserved, name.as_bytes());
        assert_error!(store.make_directory(&name, true), Reserved, name.as_bytes());
        assert_error!(store.remove(&name), Reserved, name.as_bytes());
        assert_error!(store.rename(&name, &to, &ANYHOW), Reserved, name.as_bytes());
        assert_error!(store.begin(&name, &super::upload(&ANYHOW)), Reserved, name.as_bytes());
    }
    std::fs::write(fixture.at("a"), "").unwrap();
    let to = path("b.seam-part");
    assert_error!(fixture.store.rename(&path("a"), &to, &ANYHOW), Reserved, "b.seam-part");
}

/// Leaves an old partial and things that only resemble one; returns what must stay.
fn leave_old_files(fixture: &Fixture) -> Vec<String> {
    drop(fixture.begin("old", &ANYHOW).unwrap());
    let partial = fixture.local_names().remove(0);
    for name in ["old.txt", "notes.seam-part", ".x.seam-part"] {
        std::fs::write(fixture.at(name), "").unwrap();
    }
    let time = SystemTime::now() - Duration::from_secs(8 * 24 * 60 * 60);
    for name in fixture.local_names() {
        std::fs::File::options()
            .write(true)
            .open(fixture.at(&name))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    // Neither a link nor a hard link is a partial, whatever it is called.
    let planted = partial.replace(".old.", ".planted.");
    std::fs::hard_link(fixture.at("old.txt"), fixture.at(&planted)).unwrap();
    fixture.local_names().into_iter().filter(|name| *name != partial).collect()
}

#[test]
fn a_listing_removes_expired_partials_and_nothing_else() {
    let fixture = Fixture::new();
    let stay = leave_old_files(&fixture);
    fixture.read_only().list(&RemotePath::root(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(fixture.local_names().len(), stay.len() + 1, "a reader removes nothing");
    assert_eq!(fixture.names(""), ["old.txt"]);
    assert_eq!(fixture.local_names(), stay);
}

#[test]
fn the_first_upload_into_a_directory_removes_expired_partials() {
    let fixture = Fixture::new();
    let stay = leave_old_files(&fixture);
    let later = LocalStore::open(fixture.at(""), true).unwrap();
    later.begin(&path("new"), &upload(&ANYHOW)).unwrap().discard().unwrap();
    assert_eq!(fixture.local_names(), stay);
}

#[test]
fn a_partial_in_use_does_not_expire() {
    let fixture = Fixture::new();
    let upload = fixture.begin("file", &ANYHOW).unwrap();
    upload.write_at(b"slow", 0).unwrap();
    let partial = fixture.at(&fixture.local_names()[0]);
    let time = SystemTime::now() - Duration::from_secs(30 * 24 * 60 * 60);
    std::fs::File::options().write(true).open(&partial).unwrap().set_modified(time).unwrap();
    assert_eq!(fixture.names(""), Vec::<String>::new());
    assert!(partial.exists());
    upload.commit(&attributes("slow"), &ANYHOW, false).unwrap();
    assert_eq!(fixture.get("file").unwrap(), "slow");
}
