use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn begin(fixture: &Fixture, owner: &str, session: &str) -> Result<LocalUpload, StoreError> {
    let new = NewUpload { owner, session, size: Some(10), publish: &ANYHOW };
    fixture.store.begin(&path("file"), &new)
}

#[test]
fn what_an_interrupted_session_left_is_found_by_the_next() {
    let fixture = Fixture::new();
    let upload = begin(&fixture, "me", "1").unwrap();
    upload.write_at(b"01234", 0).unwrap();
    drop(upload);
    let upload = begin(&fixture, "me", "2").unwrap();
    assert_eq!(upload.kept(), 5);
    let mut buf = [0; 10];
    assert_eq!((upload.read_kept(&mut buf, 1).unwrap(), &buf[..4]), (4, &b"1234"[..]));
    upload.write_at(b"56789", 5).unwrap();
    upload.commit(&attributes("0123456789"), &ANYHOW, false).unwrap();
    assert_eq!(fixture.get("file").unwrap(), "0123456789");
    assert_eq!(begin(&fixture, "me", "3").unwrap().kept(), 0);
}

#[test]
fn another_owner_is_not_offered_it() {
    let fixture = Fixture::new();
    let mine = begin(&fixture, "me", "1").unwrap();
    mine.write_at(b"mine", 0).unwrap();
    let theirs = begin(&fixture, "they", "1").unwrap();
    assert_eq!(theirs.kept(), 0);
    theirs.write_at(b"theirs", 0).unwrap();
    mine.commit(&attributes("mine"), &ANYHOW, false).unwrap();
    assert_eq!(fixture.get("file").unwrap(), "mine");
    theirs.commit(&attributes("theirs"), &ANYHOW, false).unwrap();
    assert_eq!(fixture.get("file").unwrap(), "theirs");
}

#[test]
fn another_session_waits_until_the_first_is_over() {
    let fixture = Fixture::new();
    let first = begin(&fixture, "me", "1").unwrap();
    assert_error!(begin(&fixture, "me", "2"), Busy, "file");
    first.write_at(b"alive", 0).unwrap();
    drop(first);
    let second = begin(&fixture, "me", "2").unwrap();
    assert_eq!(second.kept(), 5);
    second.discard().unwrap();
    // Its value still exists, but it is over.
    drop(begin(&fixture, "me", "2").unwrap());
    drop(second);
    begin(&fixture, "me", "3").unwrap();
}

#[test]
fn another_process_waits_too() {
    let fixture = Fixture::new();
    let first = begin(&fixture, "me", "1").unwrap();
    // A second store knows of the first only through the lock on the file, as a process would.
    let other = LocalStore::open(fixture.at(""), true).unwrap();
    let new = NewUpload { owner: "me", session: "1", size: None, publish: &ANYHOW };
    assert_error!(other.begin(&path("file"), &new), Busy, "file");
    drop(first);
    other.begin(&path("file"), &new).unwrap();
}

#[test]
fn the_same_session_takes_over_and_fences_its_former_self() {
    let fixture = Fixture::new();
    let former = begin(&fixture, "me", "1").unwrap();
    former.write_at(b"01234", 0).unwrap();
    let upload = begin(&fixture, "me", "1").unwrap();
    assert_eq!(upload.kept(), 5);
    assert_error!(former.write_at(b"XXXXX", 0), Superseded, "file");
    assert_error!(former.commit(&attributes("XXXXX"), &ANYHOW, false), Superseded, "file");
    assert_error!(former.discard(), Superseded, "file");
    assert_error!(begin(&fixture, "me", "2"), Busy, "file");
    drop(former);
    assert_error!(begin(&fixture, "me", "2"), Busy, "file");
    upload.commit(&attributes("01234"), &ANYHOW, false).unwrap();
    assert_eq!(fixture.get("file").unwrap(), "01234");
}

#[test]
fn a_former_self_that_is_still_held_keeps_nobody_out() {
    let fixture = Fixture::new();
    let former = begin(&fixture, "me", "1").unwrap();
    drop(begin(&fixture, "me", "1").unwrap());
    let upload = begin(&fixture, "me", "2").unwrap();
    assert_error!(former.write_at(b"X", 0), Superseded, "file");
    upload.write_at(b"alive", 0).unwrap();
}

#[test]
fn no_write_lands_after_a_takeover() {
    let fixture = Fixture::new();
    for _ in 0..50 {
        let former = begin(&fixture, "me", "1").unwrap();
        former.write_at(&[b'X'; 10], 0).unwrap();
        let started = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                while former.write_at(&[b'X'; 10], 0).is_ok() {
                    started.store(true, Ordering::Release);
                }
            });
            while !started.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            let upload = begin(&fixture, "me", "1").unwrap();
            upload.write_at(b"0123456789", 0).unwrap();
            writer.join().unwrap();
            upload.commit(&attributes("0123456789"), &ANYHOW, false).unwrap();
        });
        assert_eq!(fixture.get("file").unwrap(), "0123456789");
    }
}

#[test]
fn of_takeovers_at_once_one_lives() {
    let fixture = Fixture::new();
    for _ in 0..50 {
        let uploads: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| begin(&fixture, "me", "1").unwrap())).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let alive: Vec<_> =
            uploads.iter().filter(|upload| upload.write_at(b"alive", 0).is_ok()).collect();
        assert_eq!(alive.len(), 1);
        assert_error!(begin(&fixture, "me", "2"), Busy, "file");
        alive[0].discard().unwrap();
    }
}

#[test]
fn what_is_planted_under_a_partials_name_is_not_written_to() {
    let fixture = Fixture::new();
    drop(begin(&fixture, "me", "1").unwrap());
    let partial = fixture.at(&fixture.local_names()[0]);
    let secret = fixture.outside().join("secret");
    let plants: [&dyn Fn(); 4] = [
        &|| symlink(&secret, &partial).unwrap(),
        &|| std::fs::hard_link(&secret, &partial).unwrap(),
        &|| symlink("nowhere", &partial).unwrap(),
        &|| hostile::make_pipe(&partial),
    ];
    for plant in plants {
        std::fs::remove_file(&partial).unwrap();
        plant();
        let upload = begin(&fixture, "me", "1").unwrap();
        assert_eq!(upload.kept(), 0);
        upload.write_at(b"mine", 0).unwrap();
        drop(upload);
        assert_eq!(std::fs::symlink_metadata(&partial).unwrap().len(), 4);
        fixture.assert_nothing_happened_outside();
    }
    std::fs::remove_file(&partial).unwrap();
    std::fs::create_dir(&partial).unwrap();
    assert!(begin(&fixture, "me", "1").is_err());
}

#[test]
fn a_commit_that_was_cut_off_keeps_nobody_from_going_on() {
    use std::os::unix::fs::PermissionsExt;

    let fixture = Fixture::new();
    drop(begin(&fixture, "me", "1").unwrap());
    let partial = fixture.at(&fixture.local_names()[0]);
    for mode in [0o444, 0o666] {
        std::fs::set_permissions(&partial, PermissionsExt::from_mode(mode)).unwrap();
        let upload = begin(&fixture, "me", "2").unwrap();
        upload.write_at(b"more", 0).unwrap();
        let mode = std::fs::metadata(&partial).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }
}

#[test]
fn a_partial_removed_from_outside_ends_the_upload() {
    let fixture = Fixture::new();
    let upload = begin(&fixture, "me", "1").unwrap();
    let partial = fixture.at(&fixture.local_names()[0]);
    std::fs::remove_file(&partial).unwrap();
    std::fs::write(&partial, "another's").unwrap();
    assert_error!(upload.commit(&attributes("another's"), &ANYHOW, false), Superseded, "file");
    upload.discard().unwrap();
    assert!(partial.exists() && !fixture.at("file").exists());
    // Its file was removed, so that the next session does not take over a nameless one.
    let first = begin(&fixture, "me", "1").unwrap();
    std::fs::remove_file(&partial).unwrap();
    let second = begin(&fixture, "me", "1").unwrap();
    assert_error!(first.write_at(b"X", 0), Superseded, "file");
    second.write_at(b"new", 0).unwrap();
    second.commit(&attributes("new"), &ANYHOW, true).unwrap();
    assert_eq!(fixture.get("file").unwrap(), "new");
}
