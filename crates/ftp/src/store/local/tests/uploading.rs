use std::os::unix::fs::PermissionsExt;

use super::*;

fn mode(fixture: &Fixture, name: &str) -> u32 {
    std::fs::metadata(fixture.at(name)).unwrap().permissions().mode() & 0o7777
}

#[test]
fn nothing_is_seen_before_the_commit_and_all_of_it_after() {
    let fixture = Fixture::new();
    let upload = fixture.begin("报告 🦀", &Publish::IfAbsent).unwrap();
    assert_eq!(upload.kept(), 0);
    upload.write_at(b"world", 6).unwrap();
    upload.write_at(b"hello ", 0).unwrap();
    upload.write_at(b"beyond the end", 11).unwrap();
    assert!(!fixture.at("报告 🦀").exists());
    assert_eq!(mode(&fixture, &fixture.local_names()[0]), 0o600);

    let published = upload.commit(&attributes("hello world"), &Publish::IfAbsent, true).unwrap();
    assert_eq!(published.path, path("报告 🦀"));
    assert_eq!(fixture.get("报告 🦀").unwrap(), "hello world");
    assert_eq!(fixture.local_names(), ["报告 🦀"]);
    assert_eq!(fixture.store.stat(&published.path).unwrap().revision, published.revision);
}

#[test]
fn an_empty_file_is_a_file() {
    let fixture = Fixture::new();
    fixture.put("empty", "", &Publish::IfAbsent).unwrap();
    assert_eq!(fixture.store.stat(&path("empty")).unwrap().size, 0);
}

#[test]
fn takes_names_of_every_kind() {
    let fixture = Fixture::new();
    let long = "报".repeat(85);
    let names: [&[u8]; 5] = [b"\xff\xfe", long.as_bytes(), b"\x1b[2J\n", b"-rf *", b"a\\b"];
    for name in names {
        let name = path(name);
        let upload = fixture.store.begin(&name, &upload(&Publish::IfAbsent)).unwrap();
        upload.write_at(b"x", 0).unwrap();
        upload.commit(&attributes("x"), &Publish::IfAbsent, false).unwrap();
        assert_eq!(fixture.store.stat(&name).unwrap().size, 1);
    }
    assert_eq!(fixture.names("").len(), names.len());
}

#[test]
fn keeps_mode_and_modification_time_to_the_nanosecond() {
    let fixture = Fixture::new();
    for (seconds, nanoseconds) in [(1_000_000_000, 123_456_789), (-1_000_000, 999_999_999), (0, 1)]
    {
        let modified = Timestamp::new(seconds, nanoseconds);
        let upload = fixture.begin("file", &ANYHOW).unwrap();
        upload.write_at(b"x", 0).unwrap();
        upload
            .commit(&Attributes { size: 1, mode: Some(0o604), modified }, &ANYHOW, false)
            .unwrap();
        let entry = fixture.store.stat(&path("file")).unwrap();
        assert_eq!((entry.mode, entry.modified), (Some(0o604), modified));
    }
}

#[test]
fn a_peer_sets_no_special_bits() {
    let fixture = Fixture::new();
    let upload = fixture.begin("file", &ANYHOW).unwrap();
    let attributes = Attributes { size: 0, mode: Some(0o7755), modified: None };
    upload.commit(&attributes, &ANYHOW, false).unwrap();
    assert_eq!(mode(&fixture, "file"), 0o755);
}

#[test]
fn without_a_mode_a_new_file_has_the_usual_one_and_a_replaced_file_keeps_its_own() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("usual"), "").unwrap();
    fixture.put("file", "1", &ANYHOW).unwrap();
    assert_eq!(mode(&fixture, "file"), mode(&fixture, "usual"));
    std::fs::set_permissions(fixture.at("file"), PermissionsExt::from_mode(0o4711)).unwrap();
    fixture.put("file", "2", &ANYHOW).unwrap();
    assert_eq!(mode(&fixture, "file"), 0o711);
    fixture.put("file", "3", &Publish::KeepBoth).unwrap();
    assert_eq!(mode(&fixture, "file(1)"), mode(&fixture, "usual"));
}

#[test]
fn what_cannot_become_a_file_is_told_before_content_flows() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "").unwrap();
    std::fs::create_dir(fixture.at("directory")).unwrap();
    assert_error!(fixture.begin("", &ANYHOW), IsADirectory, "");
    assert_error!(fixture.begin("directory", &ANYHOW), IsADirectory, "directory");
    assert_error!(fixture.begin("directory", &Publish::IfAbsent), Exists, "directory");
    assert_error!(fixture.begin("file", &Publish::IfAbsent), Exists, "file");
    assert_error!(fixture.begin("a/b/c", &ANYHOW), NotFound, "a");
    assert_error!(fixture.begin("directory/b/c", &ANYHOW), NotFound, "directory/b");
    assert_error!(fixture.begin("file/b", &ANYHOW), NotADirectory, "file");
    let revision = Some(Revision::new("another"));
    let replace = Publish::Replace { revision };
    assert_error!(fixture.begin("file", &replace), Changed, "file");
    assert_error!(fixture.begin("gone", &replace), Changed, "gone");
    assert_eq!(fixture.local_names(), ["directory", "file"]);
}

#[test]
fn a_file_that_cannot_fit_is_refused_before_content_flows() {
    let fixture = Fixture::new();
    let huge = NewUpload { size: Some(u64::MAX), ..upload(&ANYHOW) };
    match fixture.store.begin(&path("file"), &huge) {
        Err(StoreError::NoSpace { needed, available: Some(available), .. }) => {
            assert!(needed == u64::MAX && available < needed);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fixture.local_names(), Vec::<String>::new());
}

#[test]
fn a_failed_commit_leaves_the_upload_alive_and_private() {
    let fixture = Fixture::new();
    let upload = fixture.begin("file", &Publish::IfAbsent).unwrap();
    upload.write_at(b"mine", 0).unwrap();
    std::fs::write(fixture.at("file"), "theirs").unwrap();
    let attributes = Attributes { mode: Some(0o666), ..attributes("mine") };
    assert_error!(upload.commit(&attributes, &Publish::IfAbsent, false), Exists, "file");
    assert_eq!(mode(&fixture, &fixture.local_names()[0]), 0o600);
    let published = upload.commit(&attributes, &Publish::KeepBoth, false).unwrap();
    assert_eq!(published.path, path("file(1)"));
    assert_eq!(fixture.get("file").unwrap(), "theirs");
    assert_eq!(fixture.get("file(1)").unwrap(), "mine");
}

#[test]
fn after_the_end_nothing_more_is_written() {
    let fixture = Fixture::new();
    let upload = fixture.begin("file", &ANYHOW).unwrap();
    upload.write_at(b"done", 0).unwrap();
    upload.commit(&attributes("done"), &ANYHOW, false).unwrap();
    assert_error!(upload.write_at(b"more", 0), Superseded, "file");
    assert_error!(upload.read_kept(&mut [0], 0), Superseded, "file");
    assert_error!(upload.commit(&attributes(""), &ANYHOW, false), Superseded, "file");
    assert_error!(upload.discard(), Superseded, "file");
    assert_eq!(fixture.get("file").unwrap(), "done");
}

#[test]
fn a_discarded_upload_leaves_nothing() {
    let fixture = Fixture::new();
    let upload = fixture.begin("file", &ANYHOW).unwrap();
    upload.write_at(b"half", 0).unwrap();
    upload.discard().unwrap();
    assert_error!(upload.write_at(b"more", 4), Superseded, "file");
    assert_eq!(fixture.local_names(), Vec::<String>::new());
}

#[test]
fn the_file_that_is_replaced_can_be_read_until_then() {
    let fixture = Fixture::new();
    fixture.put("file", "before", &ANYHOW).unwrap();
    let upload = fixture.begin("file", &ANYHOW).unwrap();
    let present = upload.present().unwrap();
    let mut buf = [0; 6];
    assert_eq!((present.read_at(&mut buf, 0).unwrap(), &buf), (6, b"before"));
    let revision = Some(present.entry().revision.clone());
    upload.write_at(b"after", 0).unwrap();
    upload.commit(&attributes("after"), &Publish::Replace { revision }, false).unwrap();
    assert_eq!(fixture.get("file").unwrap(), "after");
    assert!(fixture.begin("new", &ANYHOW).unwrap().present().is_none());
}

#[test]
fn a_reading_store_changes_nothing() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "content").unwrap();
    let store = fixture.read_only();
    assert!(!store.is_writable() && fixture.store.is_writable());
    let (file, new) = (path("file"), path("new"));
    assert_error!(store.begin(&new, &upload(&ANYHOW)), ReadOnly, "new");
    assert_error!(store.make_directory(&new, false), ReadOnly, "new");
    assert_error!(store.make_directory(&new, true), ReadOnly, "new");
    assert_error!(store.remove(&file), ReadOnly, "file");
    assert_error!(store.rename(&file, &new, &ANYHOW), ReadOnly, "file");
    assert_eq!(store.open(&file).unwrap().entry().size, 7);
    assert_eq!(fixture.local_names(), ["file"]);
}

#[test]
fn a_directory_without_permission_is_an_error_on_that_path() {
    // The root account may write anywhere: there is no such directory for it.
    if is_root() {
        return;
    }
    let fixture = Fixture::new();
    std::fs::create_dir(fixture.at("locked")).unwrap();
    std::fs::write(fixture.at("locked/file"), "").unwrap();
    std::fs::set_permissions(fixture.at("locked"), PermissionsExt::from_mode(0o555)).unwrap();
    assert_error!(fixture.begin("locked/new", &ANYHOW), Denied, "locked/new");
    assert_error!(fixture.store.remove(&path("locked/file")), Denied, "locked/file");
    assert_error!(fixture.store.make_directory(&path("locked/new"), true), Denied, "locked/new");
    std::fs::set_permissions(fixture.at("locked"), PermissionsExt::from_mode(0o755)).unwrap();
}
