//! Several processes on the same files: this test program starts itself again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use identity::{Home, Identity, Place};

use crate::Site;

/// Where a process that was started by a test works; without it there is nothing to do.
const HOME: &str = "IDENTITY_TEST_HOME";

/// Starts the test of this name again, in a process of its own.
fn start(test: &str, site: &Site) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(HOME, site.home.dir())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn home_of_child() -> Option<Home> {
    std::env::var_os(HOME).map(Home::at)
}

#[test]
fn processes_that_come_first_at_the_same_time_get_the_same_key() {
    if let Some(home) = home_of_child() {
        println!("\nkey {}", home.key().unwrap().public());
        return;
    }
    let site = Site::new();
    let test = "processes::processes_that_come_first_at_the_same_time_get_the_same_key";
    let children: Vec<_> = (0..4).map(|_| start(test, &site)).collect();
    let key = format!("key {}", site.home.key().unwrap().public());
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().any(|line| line == key), "{text}");
    }
}

#[test]
fn a_process_that_is_killed_while_it_writes_leaves_a_whole_file_and_no_lock() {
    if let Some(home) = home_of_child() {
        let key = Identity::generate().public();
        // More than the parent waits for: it never comes to the end.
        for port in 0..u16::MAX {
            home.known_servers().remember(&Place::new("a", port).unwrap(), key, None).unwrap();
            println!("\nwrote {port}");
        }
        return;
    }
    let test =
        "processes::a_process_that_is_killed_while_it_writes_leaves_a_whole_file_and_no_lock";
    for round in 0..8 {
        let site = Site::new();
        let mut child = start(test, &site);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let wrote = |line: &std::io::Result<String>| line.as_ref().unwrap().starts_with("wrote");
        let told = stdout.lines().filter(wrote).take(3 + round).count();
        child.kill().unwrap();
        child.wait().unwrap();

        let known = site.home.known_servers();
        let (servers, bad) = known.list().unwrap();
        assert_eq!(bad, []);
        assert!(servers.len() >= told, "{} of {told}", servers.len());
        let ports = servers.iter().map(|server| usize::from(server.place.port()));
        assert!(ports.eq(0..servers.len()));
        // The lock went with its holder, and what lies about is no obstacle.
        known.remember(&"b:1".parse().unwrap(), Identity::generate().public(), None).unwrap();
    }
}

#[test]
fn a_write_that_was_cut_short_is_cleared_away_by_the_next() {
    let site = Site::new();
    let known = site.home.known_servers();
    let key = Identity::generate().public();
    known.remember(&"a:1".parse().unwrap(), key, None).unwrap();
    std::fs::write(site.path("known_servers.new"), "half a li").unwrap();
    assert_eq!(known.list().unwrap().0.len(), 1);
    known.remember(&"b:1".parse().unwrap(), key, None).unwrap();
    assert_eq!(known.list().unwrap().0.len(), 2);
    assert!(!site.path("known_servers.new").exists());
}
