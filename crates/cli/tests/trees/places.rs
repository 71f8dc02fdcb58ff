//! Where things go, and what else knows whole directories: `ls -R`, `rm -r`, the prompt.

use super::super::{Place, err, events, out, write};
use super::{plant, snapshot};
use std::fs;

#[test]
fn a_directory_goes_where_cp_would_put_it_and_a_slash_means_what_is_in_it() {
    let place = Place::serving(&["--write"]);
    fs::create_dir(place.served("d")).unwrap();
    write(&place.served("d/a"), "a");
    let get = |args: &[&str], expected: &str| {
        let output = place.command(&["get"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", err(&output));
        assert!(place.here(expected).is_file(), "{args:?} makes {expected}");
    };
    get(&["d"], "d/a");
    get(&["d", "-o", "new"], "new/a");
    get(&["d", "-o", "new"], "new/d/a");
    get(&["d/", "-o", "slash"], "slash/a");
    get(&["d/", "-o", "slash"], "slash/a");
    assert!(!place.here("slash/d").exists(), "the same command does the same twice");
    get(&["d/.", "-o", "deep/er/"], "deep/er/a");
    get(&["d", "d/a", "-o", "both"], "both/d/a");
    assert!(place.here("both/a").is_file(), "files and directories together");
    get(&["."], "d/a");

    let put = |args: &[&str], expected: &str| {
        let output = place.command(&["put"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", err(&output));
        assert!(place.served(expected).is_file(), "{args:?} makes {expected}");
    };
    put(&["new"], "new/a");
    put(&["new/d", "-t", "up"], "up/a");
    put(&["new/d", "-t", "up"], "up/d/a");
    put(&["new/d/", "-t", "up2"], "up2/a");
    put(&["new/d", "-t", "deep/er/"], "deep/er/d/a");
    put(&["new/d/", "-t", "deep/est/"], "deep/est/a");
    put(&["new/d", "--name", "named"], "named/a");
    put(&["new/d", "new/a", "-t", "several"], "several/d/a");
    assert!(place.served("several/a").is_file());
    put(&["."], "both/d/a");
}

#[test]
fn what_is_no_directory_does_not_take_one_in() {
    let place = Place::serving(&["--write"]);
    fs::create_dir(place.served("d")).unwrap();
    fs::create_dir(place.here("d")).unwrap();
    write(&place.here("file"), "");
    write(&place.served("file"), "");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["get", "d", "-o", "file"], 1, "`file` is not a directory"),
        (&["put", "d", "-t", "file"], 1, "it is not a directory"),
        (&["get", "d", "-o", "-"], 1, "one file is all that goes there"),
        (&["get", "gone/", "-o", "x"], 3, "not found on"),
        (&["--classic", "put", "d"], 2, "--classic sends files only"),
        (&["--classic", "get", "d", "-n"], 2, "--classic moves single files"),
    ];
    for (args, code, expected) in cases {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(expected), "{args:?}: {}", err(&output));
    }
}

#[test]
fn ls_shows_each_directory_under_its_name() {
    let place = Place::serving(&[]);
    for dir in ["d/b", "d/leer"] {
        fs::create_dir_all(place.served(dir)).unwrap();
    }
    for file in ["d/a", "d/b/x", "d/c"] {
        write(&place.served(file), "x");
    }
    let expected = "d:\na\nb\nc\nleer\n\nd/b:\nx\n\nd/leer:\n";
    assert_eq!(out(&place.run(&["ls", "-R", "d"])), expected);
    assert_eq!(out(&place.run(&["ls", "-R"])), format!("/:\nd\n\n{expected}"));
    assert_eq!(out(&place.run(&["ls", "-R", "d/a"])), "d/a\n");
    let told = events(&place.run(&["--json", "ls", "-R", "d"]));
    let paths: Vec<_> = told.iter().map(|event| event["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["d", "d/a", "d/b", "d/b/x", "d/c", "d/leer"]);
    let long = out(&place.run(&["ls", "-Rl", "d/b"]));
    assert!(long.starts_with("d/b:\n-rw") && long.ends_with("  x\n"), "{long}");
    assert_eq!(place.run(&["ls", "-R", "gone"]).status.code(), Some(3));
}

#[test]
fn rm_takes_a_whole_directory_only_when_told_to() {
    let place = Place::serving(&["--write"]);
    plant(&place.served("photos"));
    let refused = place.run(&["rm", "photos"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("rm -r photos"), "{}", err(&refused));
    assert_eq!(out(&place.run(&["rm", "-r", "photos"])), "removed photos\n");
    assert!(!place.served("photos").exists());
    let root = place.run(&["rm", "-r", "/"]);
    assert_eq!(root.status.code(), Some(2), "{}", err(&root));
    assert_eq!(place.run(&["rm", "-r", "gone"]).status.code(), Some(3));
}

#[test]
fn the_prompt_knows_directories_as_well() {
    let place = Place::serving(&["--write"]);
    plant(&place.here("my photos"));
    write(&place.here("my photos/x.log"), "");
    let script = "put 'my photos' --exclude '*.log'\ncd 'my photos'\nls -R 2026\nget . -o back\n\
                  cd\nrm -r my*\n";
    let output = place.run_with(&[], script.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("my photos/2026/夏天:\n报告 1.txt\n"), "{}", out(&output));
    assert!(out(&output).ends_with("removed my photos\n"), "{}", out(&output));
    let mut expected = snapshot(&place.here("my photos"));
    assert!(expected.remove(std::path::Path::new("x.log")).is_some());
    assert_eq!(snapshot(&place.here("back")), expected);
}
