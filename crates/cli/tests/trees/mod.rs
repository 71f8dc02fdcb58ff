//! Whole directories: `get`, `put`, `ls -R`, `rm -r`.

mod choices;
mod places;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Place, content, err, events, out, write};

/// What a directory holds, name by name: kind, permissions, time, and content or target.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_owned();
        let what = if metadata.is_symlink() {
            format!("link to {}", fs::read_link(&path).unwrap().display())
        } else if metadata.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            format!("directory {:?}", described(&metadata))
        } else if metadata.is_file() {
            format!("file {:?} {:?}", described(&metadata), fs::read(&path).unwrap())
        } else {
            continue;
        };
        found.insert(name, what);
    }
    found
}

#[cfg(unix)]
fn described(metadata: &fs::Metadata) -> (u32, SystemTime) {
    use std::os::unix::fs::PermissionsExt as _;
    (metadata.permissions().mode() & 0o777, metadata.modified().unwrap())
}

#[cfg(not(unix))]
fn described(metadata: &fs::Metadata) -> (u32, SystemTime) {
    (0, metadata.modified().unwrap())
}

/// A tree with what trees have: depth, empty things, odd names, links, permissions, old times.
fn plant(root: &Path) {
    fs::create_dir_all(root.join("2026/夏天")).unwrap();
    fs::create_dir_all(root.join("leer")).unwrap();
    write(&root.join("a.txt"), "a");
    write(&root.join("empty"), "");
    write(&root.join("2026/b.bin"), content(300_000));
    write(&root.join("2026/夏天/报告 1.txt"), "报告");
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        write(&root.join("new\nline"), "one name");
        write(&root.join(OsStr::from_bytes(b"not \xff text")), "another");
        symlink("../a.txt", root.join("2026/link")).unwrap();
        symlink("/nowhere", root.join("dangling")).unwrap();
        let mode = fs::Permissions::from_mode(0o750);
        fs::set_permissions(root.join("2026"), mode).unwrap();
        fs::set_permissions(root.join("a.txt"), fs::Permissions::from_mode(0o741)).unwrap();
    }
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in ["2026/b.bin", "leer", "2026"] {
        fs::File::open(root.join(name)).unwrap().set_modified(old).unwrap();
    }
}

#[test]
fn a_directory_comes_and_goes_with_all_that_is_in_it() {
    let place = Place::serving(&["--write"]);
    plant(&place.here("photos"));
    let put = place.run(&["put", "photos"]);
    assert_eq!(put.status.code(), Some(0), "{}", err(&put));
    assert_eq!(err(&put), "", "nothing but results in a pipe");
    assert_eq!(snapshot(&place.served("photos")), snapshot(&place.here("photos")));
    let get = place.run(&["get", "photos", "-o", "back"]);
    assert_eq!(get.status.code(), Some(0), "{}", err(&get));
    assert_eq!(snapshot(&place.here("back")), snapshot(&place.here("photos")));
}

#[test]
fn a_second_run_moves_nothing_and_says_so() {
    let place = Place::serving(&["--write"]);
    plant(&place.served("photos"));
    let files = if cfg!(unix) { 6 } else { 4 };
    let first = out(&place.run(&["get", "photos"]));
    assert!(first.starts_with(&format!("photos: {files} files created, ")), "{first}");
    let nothing = format!("everything is there already: {files} files, nothing moved\n");
    assert_eq!(out(&place.run(&["get", "photos"])), format!("photos: {nothing}"));
    assert_eq!(out(&place.run(&["put", "photos"])), format!("photos: {nothing}"));
    let checked = place.run(&["put", "photos", "--checksum"]);
    assert_eq!(out(&checked), format!("photos: {nothing}"), "{}", err(&checked));
}

#[test]
fn a_file_with_the_same_size_and_time_is_found_out_by_its_content() {
    let place = Place::serving(&[]);
    for path in [place.served("d"), place.here("d")] {
        fs::create_dir(path).unwrap();
    }
    let (there, here) = (place.served("d/a"), place.here("d/a"));
    write(&there, "new");
    write(&here, "old");
    let modified = fs::metadata(&there).unwrap().modified().unwrap();
    fs::File::options().write(true).open(&here).unwrap().set_modified(modified).unwrap();
    assert!(out(&place.run(&["get", "d"])).contains("everything is there already"));
    let checked = place.run(&["get", "d", "-c", "--yes"]);
    assert_eq!(checked.status.code(), Some(0), "{}", err(&checked));
    assert_eq!(fs::read(&here).unwrap(), b"new");
}

#[test]
fn a_dry_run_prints_what_a_run_prints_and_does_none_of_it() {
    let place = Place::serving(&["--write"]);
    plant(&place.here("photos"));
    fs::create_dir_all(place.served("photos/old")).unwrap();
    write(&place.served("photos/old/x"), "x");
    write(&place.served("photos/a.txt"), "another a");
    let before = snapshot(&place.served("photos"));
    let args = ["put", "photos", "--delete", "--yes"];
    let lines = |more: &str| -> Vec<String> {
        let output = place.command(&args).arg(more).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let out = out(&output);
        let is_line = |line: &&str| !line.starts_with("photos:") && !line.starts_with("  ");
        let mut lines: Vec<String> = out.lines().filter(is_line).map(String::from).collect();
        lines.sort();
        lines
    };
    let would = lines("-n");
    assert_eq!(snapshot(&place.served("photos")), before);
    assert_eq!(lines("-v"), would);
    assert_eq!(snapshot(&place.served("photos")), snapshot(&place.here("photos")));
    for expected in
        ["created photos/2026/b.bin  293.0 KiB", "updated photos/a.txt  1 B", "made photos/leer/"]
    {
        assert!(would.iter().any(|line| line == expected), "{expected}: {would:#?}");
    }
    assert!(would.iter().any(|line| line.starts_with("deleted photos/old")), "{would:#?}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_moved_is_named_and_the_rest_is_identical() {
    let place = Place::serving(&["--write"]);
    plant(&place.here("photos"));
    let pipe = place.here("photos/pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let put = place.run(&["put", "photos"]);
    assert_eq!(put.status.code(), Some(0), "{}", err(&put));
    assert!(err(&put).starts_with("photos/pipe: it is a special file"), "{}", err(&put));
    assert!(out(&put).lines().next().unwrap().ends_with(", 1 skipped"), "{}", out(&put));
    assert_eq!(snapshot(&place.served("photos")), snapshot(&place.here("photos")));
}

#[test]
fn programs_are_told_of_each_entry_and_of_the_whole() {
    let place = Place::serving(&[]);
    fs::create_dir(place.served("d")).unwrap();
    fs::create_dir(place.here("d")).unwrap();
    for (name, text) in [("new", "12"), ("same", "1"), ("taken", "123")] {
        write(&place.served("d").join(name), text);
    }
    fs::copy(place.served("d/same"), place.here("d/same")).unwrap();
    let modified = fs::metadata(place.served("d/same")).unwrap().modified().unwrap();
    fs::File::options()
        .write(true)
        .open(place.here("d/same"))
        .unwrap()
        .set_modified(modified)
        .unwrap();
    write(&place.here("d/taken"), "something else");
    let output = place.run(&["--json", "get", "d"]);
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    let events = events(&output);
    let item = |path: &str| {
        let is_it = |event: &&serde_json::Value| event["event"] == "item" && event["path"] == path;
        events.iter().find(is_it).unwrap_or_else(|| panic!("{path}: {events:#?}"))
    };
    let new = item("d/new");
    assert_eq!(
        (&new["outcome"], &new["size"], &new["moved"]),
        (&"created".into(), &2.into(), &2.into())
    );
    assert_eq!(item("d/same")["outcome"], "unchanged");
    let taken = item("d/taken");
    assert_eq!((&taken["outcome"], &taken["exit"]), (&"failed".into(), &5.into()));
    assert_eq!(taken["status"], "conflict");
    let summary = events.last().unwrap();
    assert_eq!((&summary["event"], &summary["path"]), (&"summary".into(), &"d".into()));
    assert_eq!((&summary["created"], &summary["unchanged"]), (&1.into(), &1.into()));
    assert_eq!((&summary["failed"], &summary["exit"]), (&1.into(), &5.into()));
}

#[cfg(unix)]
#[test]
fn an_interrupted_tree_says_how_far_it_is_and_goes_on() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    let place = Place::serving(&[]);
    fs::create_dir(place.served("d")).unwrap();
    const FILES: usize = 40;
    for number in 0..FILES {
        write(&place.served(&format!("d/{number}")), content(400_000 + number));
    }
    let args = ["--json", "get", "d", "--limit-rate", "1Mi"];
    let mut child = place.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    // The wait is for events, and for those that say that some files are done.
    let created = lines.by_ref().filter(|line| line.contains(r#""outcome":"created","#));
    assert_eq!(created.take(3).count(), 3);
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let last = lines.last().unwrap();
    assert!(last.contains("run the same command again to go on"), "{last}");
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let output = place.run(&["--json", "get", "d"]);
    let events = events(&output);
    let summary = events.last().unwrap();
    let (created, unchanged) = (&summary["created"], &summary["unchanged"]);
    assert!(unchanged.as_u64().unwrap() >= 3, "{summary}");
    let done = created.as_u64().unwrap() + unchanged.as_u64().unwrap();
    assert_eq!(done, FILES as u64, "{summary}");
    assert_eq!(snapshot(&place.here("d")), snapshot(&place.served("d")));
}
