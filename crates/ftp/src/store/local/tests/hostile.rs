use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mkfifoat, mknodat};

use super::*;

pub(super) fn make_pipe(path: &Path) {
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
}

#[test]
fn pipes_sockets_and_devices_are_refused_without_blocking() {
    let fixture = Fixture::new();
    make_pipe(&fixture.at("pipe"));
    symlink("pipe", fixture.at("link to a pipe")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(fixture.at("socket")).unwrap();
    let mut names = vec!["pipe", "link to a pipe", "socket"];
    // Only the root account may make a device, and not everywhere.
    let device = rustix::fs::makedev(1, 3);
    let device = mknodat(CWD, fixture.at("null"), FileType::CharacterDevice, Mode::RUSR, device);
    if device.is_ok() {
        names.push("null");
    }
    for name in names {
        let error = fixture.store.open(&path(name)).unwrap_err();
        assert!(matches!(error, StoreError::NotAFile { kind: Kind::Other, .. }), "{error:?}");
    }
    assert_eq!(fixture.store.stat(&path("pipe")).unwrap().kind, Kind::Other);
    assert_error!(fixture.store.list(&path("pipe"), &mut |_| panic!()), NotADirectory, "pipe");
    assert_error!(fixture.begin("pipe/x", &ANYHOW), NotADirectory, "pipe");
    assert!(fixture.begin("pipe", &ANYHOW).unwrap().present().is_none());
    fixture.put("pipe", "a file now", &ANYHOW).unwrap();
    assert_eq!(fixture.get("pipe").unwrap(), "a file now");
}

#[test]
fn a_link_out_of_the_root_is_not_followed_by_any_operation() {
    let fixture = Fixture::new();
    std::fs::write(fixture.at("file"), "").unwrap();
    std::fs::create_dir(fixture.at("sub")).unwrap();
    symlink("../outside", fixture.at("relative")).unwrap();
    symlink(fixture.outside(), fixture.at("absolute")).unwrap();
    symlink("../../outside", fixture.at("sub/up")).unwrap();
    symlink("sub/up", fixture.at("chain")).unwrap();
    symlink("/proc/self/cwd/..", fixture.at("magic")).unwrap();
    for link in ["relative", "absolute", "sub/up", "chain", "magic"] {
        let store = &fixture.store;
        let beyond = format!("{link}/secret");
        let inside = path(&beyond);
        assert_error!(store.list(&path(link), &mut |_| panic!()), OutsideRoot, link);
        assert_error!(store.stat(&inside), OutsideRoot, link);
        assert_error!(store.open(&inside), OutsideRoot, &beyond);
        assert_error!(store.begin(&inside, &upload(&ANYHOW)), LinkInPath, link);
        assert_error!(store.remove(&inside), LinkInPath, link);
        assert_error!(store.make_directory(&inside, false), LinkInPath, link);
        assert_error!(store.make_directory(&inside, true), LinkInPath, link);
        assert_error!(store.make_directory(&path(link), true), LinkInPath, link);
        assert_error!(store.rename(&inside, &path("x"), &ANYHOW), LinkInPath, link);
        assert_error!(store.rename(&path("file"), &inside, &ANYHOW), LinkInPath, link);
    }
    fixture.assert_nothing_happened_outside();
}

#[test]
fn a_link_to_a_file_outside_is_described_and_removed_but_not_opened() {
    let fixture = Fixture::new();
    symlink("../outside/secret", fixture.at("relative")).unwrap();
    symlink(fixture.outside().join("secret"), fixture.at("absolute")).unwrap();
    symlink("relative", fixture.at("chain")).unwrap();
    symlink("/proc/self/exe", fixture.at("magic")).unwrap();
    for link in ["relative", "absolute", "chain", "magic"] {
        assert_error!(fixture.store.open(&path(link)), OutsideRoot, link);
        assert_eq!(fixture.store.stat(&path(link)).unwrap().kind, Kind::Link);
    }
    for link in ["relative", "absolute", "chain", "magic"] {
        fixture.store.remove(&path(link)).unwrap();
    }
    fixture.assert_nothing_happened_outside();
}

#[test]
fn nothing_is_written_through_a_link_even_inside() {
    let fixture = Fixture::new();
    std::fs::create_dir(fixture.at("real")).unwrap();
    symlink("real", fixture.at("link")).unwrap();
    assert_error!(fixture.begin("link/file", &ANYHOW), LinkInPath, "link");
    assert_error!(fixture.begin("link/a/file", &ANYHOW), LinkInPath, "link");
    assert_eq!(std::fs::read_dir(fixture.at("real")).unwrap().count(), 0);
}
