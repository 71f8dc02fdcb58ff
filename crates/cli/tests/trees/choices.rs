//! What takes part, what becomes of names that are taken, and what is deleted.

use super::super::{Place, err, out, write};
use std::fs;

/// A place where `d` is on both sides: `taken` differs, `extra` is only at the target of a get.
fn both_sides() -> Place {
    let place = Place::serving(&["--write"]);
    for dir in ["d", "d/sub"] {
        fs::create_dir(place.served(dir)).unwrap();
        fs::create_dir(place.here(dir)).unwrap();
    }
    write(&place.served("d/taken"), "theirs");
    write(&place.here("d/taken"), "ours, longer");
    write(&place.served("d/new"), "new");
    write(&place.here("d/extra"), "extra");
    write(&place.here("beside"), "not in the tree");
    place
}

#[test]
fn names_that_are_taken_are_decided_once_for_all() {
    let read = |place: &Place, name: &str| fs::read_to_string(place.here(name)).unwrap();
    let place = both_sides();
    let fails = place.run(&["get", "d"]);
    assert_eq!(fails.status.code(), Some(5), "{}", err(&fails));
    assert!(err(&fails).contains("get d/taken: "), "{}", err(&fails));
    assert!(err(&fails).contains("--on-conflict"), "{}", err(&fails));
    assert_eq!(
        (read(&place, "d/taken"), read(&place, "d/new")),
        ("ours, longer".into(), "new".into())
    );
    let skips = place.run(&["get", "d", "--on-conflict", "skip"]);
    assert_eq!(skips.status.code(), Some(0), "{}", err(&skips));
    assert!(err(&skips).contains("d/taken: the name is taken, skipped"), "{}", err(&skips));
    let both = place.run(&["get", "d", "--on-conflict", "keep-both", "-v"]);
    assert_eq!(both.status.code(), Some(0), "{}", err(&both));
    assert!(out(&both).contains("kept both d/taken -> taken(1)\n"), "{}", out(&both));
    assert_eq!(read(&place, "d/taken(1)"), "theirs");
    let over = place.run(&["get", "d", "--on-conflict", "overwrite"]);
    assert_eq!(over.status.code(), Some(0), "{}", err(&over));
    assert_eq!(read(&place, "d/taken"), "theirs");
}

#[test]
fn nothing_is_deleted_without_a_yes_nor_outside_the_tree_nor_when_something_failed() {
    let place = both_sides();
    write(&place.here("d/keep.log"), "");
    let cases: [(&[&str], i32, &str); 5] = [
        (&["get", "d", "--delete"], 2, "--yes deletes unasked"),
        (&["get", "d", "beside", "--delete", "--yes"], 2, "one directory at a time"),
        (&["get", "d/new", "--delete", "--yes"], 1, "--delete is for directories"),
        (&["get", "d", "--delete", "--yes", "--on-conflict", "keep-both"], 2, "keep-both"),
        (&["get", "d", "--delete", "--yes", "--on-conflict", "fail"], 5, "nothing is deleted"),
    ];
    for (args, code, expected) in cases {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(expected), "{args:?}: {}", err(&output));
        assert!(place.here("d/extra").exists(), "{args:?}");
    }
    let mirrored = place.run(&["get", "d", "--delete", "--yes", "--exclude", "*.log"]);
    assert_eq!(mirrored.status.code(), Some(0), "{}", err(&mirrored));
    assert!(out(&mirrored).contains(" 1 deleted"), "{}", out(&mirrored));
    assert!(!place.here("d/extra").exists() && place.here("d/keep.log").exists());
    assert!(place.here("beside").exists());
}

#[test]
fn a_name_that_is_left_is_not_deleted_either() {
    let place = both_sides();
    fs::remove_file(place.here("d/extra")).unwrap();
    write(&place.served("d/old"), "only there");
    let args = ["put", "d", "--delete", "--yes", "--on-conflict", "skip"];
    let output = place.run(&args);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(fs::read(place.served("d/taken")).unwrap(), b"theirs");
    assert!(!place.served("d/old").exists() && !place.served("d/new").exists());
}

#[test]
fn patterns_say_what_takes_part() {
    let place = Place::serving(&["--write"]);
    fs::create_dir_all(place.here("src/build")).unwrap();
    for name in ["main.rs", "main.o", "keep.o", "build/x.rs", "notes.tmp"] {
        write(&place.here("src").join(name), name);
    }
    write(&place.here("src/.gitignore"), "*.tmp\n/build/\n");
    write(&place.here("patterns"), "*.o\n!keep.o\n");
    let names = |target: &str| {
        let mut names: Vec<String> = fs::read_dir(place.served(target))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let put = |args: &[&str], target: &str| {
        let output = place.command(&["put", "src/", "-t", target]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", err(&output));
        names(target)
    };
    assert_eq!(
        put(&["--include", "keep.o", "--exclude", "*.o", "--exclude=build"], "a"),
        [".gitignore", "keep.o", "main.rs", "notes.tmp"]
    );
    assert_eq!(
        put(&["--exclude", "*.o", "--include", "keep.o", "--exclude=.*"], "b"),
        ["build", "main.rs", "notes.tmp"]
    );
    assert_eq!(
        put(&["--gitignore", "--exclude-from", "patterns"], "c"),
        [".gitignore", "keep.o", "main.rs"]
    );
    let get = place.run(&["get", "a/", "-o", "back", "--exclude", "main.*"]);
    assert_eq!(get.status.code(), Some(0), "{}", err(&get));
    assert!(place.here("back/keep.o").exists() && !place.here("back/main.rs").exists());
    let refused = place.run(&["get", "a", "--gitignore"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    let ill = place.run(&["put", "src", "--exclude", "a{b"]);
    assert_eq!(ill.status.code(), Some(2), "{}", err(&ill));
}
