use std::fs;
use std::thread;

use identity::{Home, HomeError, KeyFileError};

use crate::Site;

#[test]
fn a_key_is_made_once_and_stays() {
    let site = Site::new();
    let key = site.home.key().unwrap();
    assert_eq!(site.home.key().unwrap().public(), key.public());
    assert!(site.read("key").starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

#[test]
fn all_who_come_first_at_the_same_time_get_the_same_key() {
    for _ in 0..10 {
        let site = Site::new();
        let keys: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| site.home.key().unwrap().public())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}

#[test]
fn a_damaged_key_is_refused_and_left_alone() {
    let site = Site::new();
    site.home.key().unwrap();
    let whole = site.read("key");
    for end in 0..whole.len() - 1 {
        fs::write(site.path("key"), &whole[..end]).unwrap();
        let error = site.home.key().unwrap_err();
        assert!(matches!(error, HomeError::Key { .. }), "{end}: {error}");
        assert_eq!(site.read("key"), whole[..end]);
    }
    fs::write(site.path("key"), "ssh-ed25519 AAAA").unwrap();
    match site.home.key().unwrap_err() {
        HomeError::Key { path, source: KeyFileError::NotPem } => assert_eq!(path, site.path("key")),
        error => panic!("{error}"),
    }
}

#[test]
fn something_else_in_the_place_of_the_directory_or_the_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let error = Home::at(dir.path().join("file")).key().unwrap_err();
    assert!(matches!(error, HomeError::NotADirectory { .. }), "{error}");

    let site = Site::new();
    site.home.key().unwrap();
    fs::remove_file(site.path("key")).unwrap();
    fs::create_dir(site.path("key")).unwrap();
    let error = site.home.key().unwrap_err();
    assert!(matches!(error, HomeError::NotAFile { .. }), "{error}");
}

#[cfg(unix)]
mod permissions {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::path::Path;

    use identity::HomeError;

    use crate::Site;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone() {
        let site = Site::new();
        site.home.key().unwrap();
        site.token("read");
        assert_eq!(mode(site.home.dir()), 0o700);
        for name in ["key", "tickets", "lock"] {
            assert_eq!(mode(&site.path(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_the_command_that_helps() {
        let site = Site::new();
        site.home.key().unwrap();
        for found in [0o640, 0o604, 0o620, 0o666] {
            set_mode(&site.path("key"), found);
            let error = site.home.key().unwrap_err();
            let command = format!("`chmod 600 '{}'`", site.path("key").display());
            assert!(error.to_string().contains(&command), "{error}");
        }
        set_mode(&site.path("key"), 0o400);
        site.home.key().unwrap();
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused_once_there_is_a_key() {
        let site = Site::new();
        fs::create_dir_all(site.home.dir()).unwrap();
        set_mode(site.home.dir(), 0o755);
        site.home.key().unwrap();
        assert_eq!(mode(site.home.dir()), 0o700);

        set_mode(site.home.dir(), 0o750);
        for error in [
            site.home.key().map(drop).unwrap_err(),
            site.home.tickets().list().map(drop).unwrap_err(),
            site.home.known_servers().list().map(drop).unwrap_err(),
        ] {
            assert!(matches!(error, HomeError::TooOpen { mode: 0o750, .. }), "{error}");
            assert!(error.to_string().contains("`chmod 700 "), "{error}");
        }
    }

    #[test]
    fn a_directory_that_is_shared_is_refused_and_left_alone() {
        let site = Site::new();
        fs::create_dir_all(site.home.dir()).unwrap();
        for shared in [0o1777, 0o770, 0o722] {
            set_mode(site.home.dir(), shared);
            let error = site.home.key().unwrap_err();
            assert!(matches!(error, HomeError::TooOpen { .. }), "{error}");
            assert_eq!(mode(site.home.dir()), shared);
        }
    }

    #[test]
    fn a_book_that_others_can_write_is_refused() {
        let site = Site::new();
        site.token("read");
        set_mode(&site.path("tickets"), 0o644);
        site.home.tickets().list().unwrap();
        set_mode(&site.path("tickets"), 0o664);
        let error = site.home.tickets().list().unwrap_err();
        assert!(matches!(error, HomeError::TooOpen { mode: 0o664, .. }), "{error}");
    }

    // Elsewhere pipes are made by other calls.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_in_the_place_of_the_key_does_not_make_us_wait() {
        let site = Site::new();
        fs::create_dir_all(site.home.dir()).unwrap();
        set_mode(site.home.dir(), 0o700);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            site.path("key"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let error = site.home.key().unwrap_err();
        assert!(matches!(error, HomeError::NotAFile { .. }), "{error}");
    }

    #[test]
    fn files_of_another_account_are_refused() {
        let site = Site::new();
        site.home.key().unwrap();
        // Only root can give files away; others have nothing to show here.
        if chown(site.path("key"), Some(12345), None).is_ok() {
            let error = site.home.key().unwrap_err();
            assert!(matches!(error, HomeError::NotOurs { found: 12345, .. }), "{error}");
        }
    }
}
