use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, UNIX_EPOCH};

use super::*;

#[test]
fn describes_files_directories_and_links() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "content").unwrap();
    std::fs::set_permissions(fixture.at("file"), PermissionsExt::from_mode(0o640)).unwrap();
    let time = UNIX_EPOCH - Duration::new(86_400, 0) + Duration::from_nanos(123_456_789);
    std::fs::File::open(fixture.at("file")).unwrap().set_modified(time).unwrap();
    std::fs::create_dir(fixture.at("directory")).unwrap();
    symlink("nowhere/at all", fixture.at("link")).unwrap();

    let file = fixture.store.stat(&path("file")).unwrap();
    assert_eq!((file.kind, file.size, file.mode), (Kind::File, 7, Some(0o640)));
    assert_eq!(file.modified, Timestamp::new(-86_400, 123_456_789));
    assert_eq!(file.target, None);
    let directory = fixture.store.stat(&path("directory")).unwrap();
    assert_eq!((directory.kind, directory.size), (Kind::Directory, 0));
    let link = fixture.store.stat(&path("link")).unwrap();
    assert_eq!((link.kind, link.size), (Kind::Link, 0));
    assert_eq!(link.target.unwrap().as_bytes(), b"nowhere/at all");
    assert_eq!(fixture.store.stat(&RemotePath::root()).unwrap().kind, Kind::Directory);
}

#[test]
fn says_what_is_missing() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "").unwrap();
    assert_error!(fixture.store.stat(&path("x")), NotFound, "x");
    assert_error!(fixture.store.stat(&path("x/y/z")), NotFound, "x/y/z");
    assert_error!(fixture.store.open(&path("x/y/z")), NotFound, "x/y/z");
    assert_error!(fixture.store.stat(&path("file/x")), NotADirectory, "file");
    assert_error!(fixture.store.list(&path("file"), &mut |_| panic!()), NotADirectory, "file");
}

#[test]
fn reads_at_any_offset_up_to_the_end() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "0123456789").unwrap();
    let source = fixture.store.open(&path("file")).unwrap();
    let mut buf = [0; 4];
    assert_eq!((source.read_at(&mut buf, 8).unwrap(), &buf[..2]), (2, &b"89"[..]));
    assert_eq!((source.read_at(&mut buf, 2).unwrap(), &buf), (4, b"2345"));
    assert_eq!(source.read_at(&mut buf, 10).unwrap(), 0);
    assert_eq!(source.read_at(&mut buf, 1 << 40).unwrap(), 0);
    assert_eq!(source.entry().size, 10);
}

#[test]
fn a_revision_tells_a_change_from_none() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "before").unwrap();
    let source = fixture.store.open(&path("file")).unwrap();
    let before = source.entry().revision.clone();
    assert_eq!(source.revision_now().unwrap(), before);
    assert_eq!(fixture.store.stat(&path("file")).unwrap().revision, before);

    std::fs::write(fixture.at("file"), "afterwards").unwrap();
    assert_ne!(source.revision_now().unwrap(), before);
    assert_ne!(fixture.store.stat(&path("file")).unwrap().revision, before);
    assert_eq!(source.entry().revision, before);
}

#[test]
fn follows_links_that_stay_inside() {
    let fixture = Fixture::new();
    std::fs::create_dir_all(fixture.at("a/b")).unwrap();
    std::fs::write(fixture.at("a/file"), "inside").unwrap();
    symlink("../file", fixture.at("a/b/up")).unwrap();
    symlink("a/b/up", fixture.at("chain")).unwrap();
    symlink("a", fixture.at("directory")).unwrap();
    for name in ["a/b/up", "chain", "directory/file", "directory/b/up"] {
        assert_eq!(fixture.get(name).unwrap(), "inside", "{name}");
    }
    assert_eq!(fixture.names("directory"), ["directory/b", "directory/file"]);
    assert_eq!(fixture.store.stat(&path("directory/file")).unwrap().kind, Kind::File);
}

#[test]
fn a_link_to_itself_is_an_error() {
    let fixture = Fixture::new();
    symlink("loop", fixture.at("loop")).unwrap();
    symlink("nowhere", fixture.at("dangling")).unwrap();
    assert_error!(fixture.store.open(&path("loop")), Io, "loop");
    assert_error!(fixture.store.open(&path("dangling")), NotFound, "dangling");
}

#[test]
fn opens_nothing_but_files() {
    let fixture = Fixture::new();
    std::fs::create_dir(fixture.at("directory")).unwrap();
    for directory in ["", "directory"] {
        let error = fixture.store.open(&path(directory)).unwrap_err();
        assert!(matches!(error, StoreError::NotAFile { kind: Kind::Directory, .. }), "{error}");
    }
}

#[test]
fn works_on_paths_longer_than_one_call_takes() {
    let fixture = Fixture::new();
    let directory = path(vec!["n".repeat(250); 20].join("/"));
    assert!(directory.as_bytes().len() > 4096);
    fixture.store.make_directory(&directory, true).unwrap();
    let file = directory.join("报告".as_bytes()).unwrap();
    let new = fixture.store.begin(&file, &upload(&Publish::IfAbsent)).unwrap();
    new.write_at(b"deep", 0).unwrap();
    new.commit(&attributes("deep"), &Publish::IfAbsent, true).unwrap();

    assert_eq!(fixture.store.stat(&file).unwrap().size, 4);
    assert_eq!(fixture.store.open(&file).unwrap().entry().size, 4);
    let mut found = Vec::new();
    let mut each = |entry: Entry| {
        found.push(entry.path);
        ControlFlow::Continue(())
    };
    fixture.store.list(&directory, &mut each).unwrap();
    assert_eq!(found, std::slice::from_ref(&file));
    let renamed = directory.join(b"renamed").unwrap();
    fixture.store.rename(&file, &renamed, &Publish::IfAbsent).unwrap();
    fixture.store.remove(&renamed).unwrap();
    fixture.store.remove(&directory).unwrap();
}

#[test]
fn a_store_needs_a_directory() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "").unwrap();
    let error = LocalStore::open(fixture.at("file"), false).unwrap_err();
    assert!(error.to_string().starts_with("cannot open `/"), "{error}");
    assert!(LocalStore::open(fixture.at("missing"), false).is_err());
}
