use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::sync::Barrier;

use super::*;

#[test]
fn replacing_depends_on_the_revision_that_was_seen() {
    let fixture = Fixture::new();
    let first = fixture.put("file", "1", &Publish::IfAbsent).unwrap();
    let seen = Publish::Replace { revision: Some(first.revision) };
    let second = fixture.put("file", "2", &seen).unwrap();
    let upload = fixture.begin("file", &ANYHOW).unwrap();
    match upload.commit(&attributes(""), &seen, false) {
        Err(StoreError::Changed { found, .. }) => assert_eq!(found, Some(second.revision)),
        other => panic!("{other:?}"),
    }
    std::fs::remove_file(fixture.at("file")).unwrap();
    let error = upload.commit(&attributes(""), &seen, false).unwrap_err();
    assert!(matches!(error, StoreError::Changed { found: None, .. }), "{error}");
}

#[test]
fn a_directory_is_never_replaced() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "").unwrap();
    let upload = fixture.begin("new", &ANYHOW).unwrap();
    std::fs::create_dir(fixture.at("new")).unwrap();
    assert_error!(upload.commit(&attributes(""), &ANYHOW, false), IsADirectory, "new");
    let (file, new) = (path("file"), path("new"));
    assert_error!(fixture.store.rename(&file, &new, &ANYHOW), IsADirectory, "new");
    assert_error!(fixture.store.rename(&new, &path(""), &ANYHOW), IsADirectory, "");
    let published = fixture.store.rename(&file, &new, &Publish::KeepBoth).unwrap();
    assert_eq!(published.path, path("new(1)"));
    assert_error!(fixture.store.rename(&new, &published.path, &ANYHOW), Exists, "new(1)");
    assert_eq!(fixture.names(""), ["new", "new(1)"]);
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let fixture = Fixture::new();
    symlink(fixture.outside().join("secret"), fixture.at("file")).unwrap();
    assert_error!(fixture.begin("file", &Publish::IfAbsent), Exists, "file");
    assert!(fixture.begin("file", &ANYHOW).unwrap().present().is_none());
    fixture.put("file", "new", &ANYHOW).unwrap();
    assert_eq!(fixture.store.stat(&path("file")).unwrap().kind, Kind::File);
    fixture.assert_nothing_happened_outside();
}

#[test]
fn keeping_both_takes_the_first_free_number() {
    let fixture = Fixture::new();
    for (content, name) in [("0", "a.txt"), ("1", "a.txt(1)"), ("2", "a.txt(2)")] {
        assert_eq!(fixture.put("a.txt", content, &Publish::KeepBoth).unwrap().path, path(name));
        assert_eq!(fixture.get(name).unwrap(), content);
    }
    fixture.store.remove(&path("a.txt(1)")).unwrap();
    assert_eq!(fixture.put("a.txt", "3", &Publish::KeepBoth).unwrap().path, path("a.txt(1)"));
}

/// Uploads by several owners to one name, all committed at the same moment.
fn commit_at_once(fixture: &Fixture, publish: &Publish) -> Vec<Result<Published, StoreError>> {
    let count = 8;
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..count)
            .map(|number| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let owner = number.to_string();
                    let new = NewUpload { owner: &owner, ..upload(publish) };
                    let upload = fixture.store.begin(&path("file"), &new);
                    barrier.wait();
                    let upload = upload.unwrap();
                    upload.write_at(owner.as_bytes(), 0).unwrap();
                    let committed = upload.commit(&attributes(&owner), publish, false);
                    if let Ok(published) = &committed {
                        assert_eq!(fixture.get(published.path.to_str().unwrap()).unwrap(), owner);
                    }
                    committed
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

#[test]
fn of_commits_at_once_exactly_one_wins() {
    for _ in 0..20 {
        let fixture = Fixture::new();
        let results = commit_at_once(&fixture, &Publish::IfAbsent);
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for result in results.into_iter().filter(Result::is_err) {
            assert_error!(result, Exists, "file");
        }
    }
}

#[test]
fn commits_at_once_that_keep_both_get_a_name_each() {
    for _ in 0..20 {
        let fixture = Fixture::new();
        let results = commit_at_once(&fixture, &Publish::KeepBoth);
        let names: BTreeSet<_> =
            results.into_iter().map(|result| result.unwrap().path.to_string()).collect();
        let expected = (1..8).map(|number| format!("file({number})")).chain(["file".into()]);
        assert_eq!(names, expected.collect());
    }
}

#[test]
fn renames_files_links_and_directories() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "content").unwrap();
    symlink("/nowhere", fixture.at("link")).unwrap();
    std::fs::create_dir_all(fixture.at("directory/inner")).unwrap();
    let rename = |from, to, publish| fixture.store.rename(&path(from), &path(to), publish);
    let published = rename("file", "directory/file", &Publish::IfAbsent).unwrap();
    assert_eq!(fixture.store.stat(&published.path).unwrap().revision, published.revision);
    rename("link", "link2", &Publish::IfAbsent).unwrap();
    rename("directory", "renamed", &Publish::IfAbsent).unwrap();
    assert_eq!(fixture.names(""), ["link2", "renamed"]);
    assert_eq!(fixture.get("renamed/file").unwrap(), "content");
    assert_eq!(fixture.store.stat(&path("link2")).unwrap().kind, Kind::Link);

    assert_error!(rename("gone", "new", &ANYHOW), NotFound, "gone");
    assert_error!(rename("link2", "gone/new", &ANYHOW), NotFound, "gone");
    assert_error!(rename("", "new", &ANYHOW), Denied, "");
    assert_error!(rename("link2", "renamed", &Publish::IfAbsent), Exists, "renamed");
    assert_error!(rename("renamed", "renamed/inner/new", &ANYHOW), InsideItself, "renamed");
    assert_error!(rename("renamed", "link2", &ANYHOW), Exists, "link2");
    let published = rename("renamed/inner", "link2", &Publish::KeepBoth).unwrap();
    assert_eq!(published.path, path("link2(1)"));
    rename("renamed/file", "link2", &ANYHOW).unwrap();
    assert_eq!(fixture.get("link2").unwrap(), "content");
    rename("link2", "link2", &ANYHOW).unwrap();
    assert_eq!(fixture.get("link2").unwrap(), "content");
}

#[test]
fn renaming_onto_a_file_depends_on_the_revision_that_was_seen() {
    let fixture = Fixture::new();
    let stale = fixture.put("to", "1", &ANYHOW).unwrap().revision;
    let seen = fixture.put("to", "2", &ANYHOW).unwrap().revision;
    fixture.put("from", "3", &ANYHOW).unwrap();
    let rename = |revision| {
        let publish = Publish::Replace { revision: Some(revision) };
        fixture.store.rename(&path("from"), &path("to"), &publish)
    };
    assert_error!(rename(stale), Changed, "to");
    assert_eq!(fixture.get("to").unwrap(), "2");
    rename(seen).unwrap();
    assert_eq!(fixture.get("to").unwrap(), "3");
}

#[test]
fn makes_directories_one_by_one_or_all_at_once() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "").unwrap();
    let make = |name, parents| fixture.store.make_directory(&path(name), parents);
    make("a", false).unwrap();
    assert_error!(make("a", false), Exists, "a");
    assert_error!(make("", false), Exists, "");
    assert_error!(make("file", false), Exists, "file");
    assert_error!(make("x/y/z", false), NotFound, "x");
    make("", true).unwrap();
    make("a", true).unwrap();
    make("a/b/报告", true).unwrap();
    assert!(fixture.at("a/b/报告").is_dir());
    assert_error!(make("file/b", true), NotADirectory, "file");
    assert_error!(make("file", true), NotADirectory, "file");
}

#[test]
fn removes_files_links_and_empty_directories() {
    let fixture = Fixture::new();
    std::fs::create_dir_all(fixture.at("a/b")).unwrap();
    std::fs::write(fixture.at("a/file"), "").unwrap();
    symlink("b", fixture.at("a/link")).unwrap();
    let remove = |name| fixture.store.remove(&path(name));
    assert_error!(remove("a"), NotEmpty, "a");
    remove("a/link").unwrap();
    remove("a/file").unwrap();
    remove("a/b").unwrap();
    let upload = fixture.begin("a/new", &ANYHOW).unwrap();
    assert_error!(remove("a"), UnfinishedUploads, "a");
    upload.discard().unwrap();
    remove("a").unwrap();
    assert_error!(remove("a"), NotFound, "a");
    assert_error!(remove(""), Denied, "");
}
