//! The real `ftp-cli`, as a process: what is printed, what is left on the disk, how it ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use tempfile::TempDir;

mod trees;

/// Directories of its own, and perhaps a server.
struct Place {
    temp: TempDir,
    server: Option<Server>,
}

struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Place {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        for dir in ["served", "here", "home"] {
            fs::create_dir(temp.path().join(dir)).unwrap();
        }
        Self { temp, server: None }
    }

    /// A place with a server; its ready line has been read.
    fn serving(rights: &[&str]) -> Self {
        let mut place = Self::new();
        let mut child = place
            .command(&["serve", "../served", "--bind", "127.0.0.1:0"])
            .args(rights)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        let (_, rest) = ready.split_once(" at ").expect("the ready line tells the address");
        let address = rest.split(',').next().unwrap().to_owned();
        place.server = Some(Server { child, output, address });
        place
    }

    fn served(&self, name: &str) -> PathBuf {
        self.temp.path().join("served").join(name)
    }

    fn here(&self, name: &str) -> PathBuf {
        self.temp.path().join("here").join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ftp-cli"));
        command
            .args(args)
            .current_dir(self.temp.path().join("here"))
            .env("SEAM_HOME", self.temp.path().join("home"))
            .env_remove("SEAM_SERVER")
            .stdin(Stdio::null());
        if let Some(server) = &self.server {
            command.env("SEAM_SERVER", &server.address);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs with something on standard input.
    fn run_with(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin: ChildStdin = child.stdin.take().unwrap();
        // Whether all of it is read is the program's business.
        let _ = stdin.write_all(input);
        drop(stdin);
        child.wait_with_output().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn events(output: &Output) -> Vec<serde_json::Value> {
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
}

/// Content of which no two blocks are the same.
fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn files_come_and_go_and_are_identical_afterwards() {
    let place = Place::serving(&["--write"]);
    for (name, len) in [("leer", 0), ("年度报告.pdf", 200_000), ("🦀.bin", 3 << 20)] {
        write(&place.here(name), content(len));
        let put = place.run(&["put", name]);
        assert_eq!(put.status.code(), Some(0), "{}", err(&put));
        assert_eq!(err(&put), "", "nothing but results in a pipe");
        assert_eq!(fs::read(place.served(name)).unwrap(), content(len));
        let get = place.run(&["get", name, "-o", "back/"]);
        assert_eq!(get.status.code(), Some(0), "{}", err(&get));
        assert_eq!(fs::read(place.here("back").join(name)).unwrap(), content(len));
        let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(modified(&place.here("back").join(name)), modified(&place.here(name)));
    }
}

#[test]
fn results_are_a_line_each_and_quiet_is_quiet() {
    let place = Place::serving(&[]);
    write(&place.served("a.txt"), content(2048));
    let line = out(&place.run(&["get", "a.txt"]));
    assert!(line.starts_with("a.txt  2.0 KiB  in ") && line.ends_with(" s\n"), "{line}");
    assert_eq!(out(&place.run(&["get", "a.txt"])), "a.txt  2.0 KiB  unchanged\n");
    let quiet = place.run(&["-q", "get", "a.txt", "-o", "b.txt"]);
    assert_eq!((out(&quiet), err(&quiet)), (String::new(), String::new()));
    assert!(place.here("b.txt").exists());
}

#[test]
fn json_tells_what_moved_and_what_failed() {
    let place = Place::serving(&[]);
    write(&place.served("a"), content(100_000));
    let output = place.run(&["get", "a", "nope", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let events = events(&output);
    let of = |kind: &str| events.iter().find(|event| event["event"] == kind).unwrap();
    assert_eq!((&of("begun")["path"], &of("begun")["size"]), (&"a".into(), &100_000.into()));
    let done = of("done");
    assert_eq!((&done["moved"], &done["reused"]), (&100_000.into(), &0.into()));
    assert_eq!(done["unchanged"], false);
    let error = of("error");
    assert_eq!((&error["path"], &error["status"]), (&"nope".into(), &"not_found".into()));
    assert_eq!(error["exit"], 3);
}

#[test]
fn every_failure_has_its_exit_code_and_says_what_to_do_next() {
    let place = Place::serving(&[]);
    write(&place.served("a"), "there");
    write(&place.here("a"), "here");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["get", "nope"], 3, "not found on"),
        (&["get", "a"], 5, "--on-conflict"),
        (&["put", "a"], 4, "a"),
        (&["-s", "127.0.0.1:1", "ls"], 6, "cannot connect to 127.0.0.1:1"),
        (&["get", "../a"], 2, "leads above the server's root"),
        (&["fetch"], 2, "unrecognized subcommand"),
    ];
    for (args, code, expected) in cases {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(expected), "{args:?}: {}", err(&output));
    }
    assert_eq!(fs::read(place.here("a")).unwrap(), b"here");
}

#[test]
fn conflicts_are_decided_by_the_option() {
    let place = Place::serving(&["--write"]);
    write(&place.served("a"), "old");
    write(&place.here("a"), "the new one");
    let skip = place.run(&["put", "a", "--on-conflict", "skip"]);
    assert_eq!(skip.status.code(), Some(0));
    assert_eq!(fs::read(place.served("a")).unwrap(), b"old");
    let both = place.run(&["--on-conflict", "keep-both", "put", "a"]);
    assert!(out(&both).starts_with("a -> a(1)  "), "{}", out(&both));
    assert_eq!(fs::read(place.served("a(1)")).unwrap(), b"the new one");
    assert_eq!(place.run(&["put", "a", "--yes"]).status.code(), Some(0));
    assert_eq!(fs::read(place.served("a")).unwrap(), b"the new one");
}

#[test]
fn streams_go_through_pipes_in_both_directions() {
    let place = Place::serving(&["--write"]);
    let put = place.run_with(&["put", "-", "-t", "stream.bin"], &content(500_000));
    assert_eq!(put.status.code(), Some(0), "{}", err(&put));
    let get = place.run(&["get", "stream.bin", "-o", "-"]);
    assert!(get.stdout == content(500_000), "content and nothing else");
    let nameless = place.run_with(&["put", "-"], b"x");
    assert_eq!(nameless.status.code(), Some(2));
}

#[test]
fn a_reader_that_has_enough_ends_the_program_quietly() {
    let place = Place::serving(&[]);
    write(&place.served("big"), content(8 << 20));
    let mut command = place.command(&["get", "big", "-o", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()));
}

#[test]
fn patterns_match_names_on_the_server() {
    let place = Place::serving(&["--write"]);
    fs::create_dir(place.served("d")).unwrap();
    for name in ["a.txt", "b.txt", "c.md", "[1].txt", "d/e.txt", ".hidden.txt"] {
        write(&place.served(name), "x");
    }
    assert_eq!(out(&place.run(&["ls", "*.txt"])), "[1].txt\na.txt\nb.txt\n");
    assert_eq!(out(&place.run(&["ls", "*/*.txt"])), "d/e.txt\n");
    assert_eq!(out(&place.run(&["rm", "[1].txt"])), "removed [1].txt\n");
    assert_eq!(out(&place.run(&["rm", "[ab].txt"])), "removed a.txt\nremoved b.txt\n");
    assert_eq!(place.run(&["get", "*.zip"]).status.code(), Some(3));
}

#[cfg(unix)]
#[test]
fn a_link_that_the_user_names_is_followed_and_the_name_stays_as_given() {
    let place = Place::serving(&["--write"]);
    write(&place.here("real"), "content");
    std::os::unix::fs::symlink("real", place.here("link")).unwrap();
    assert_eq!(place.run(&["put", "link"]).status.code(), Some(0));
    assert_eq!(fs::read(place.served("link")).unwrap(), b"content");
    assert!(fs::symlink_metadata(place.served("link")).unwrap().is_file());

    write(&place.served("new"), "newer");
    assert_eq!(place.run(&["get", "new", "-o", "link", "--yes"]).status.code(), Some(0));
    assert_eq!(fs::read(place.here("real")).unwrap(), b"newer");
    assert!(fs::symlink_metadata(place.here("link")).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_are_names_like_any_other() {
    use std::os::unix::ffi::OsStrExt as _;

    let place = Place::serving(&["--write"]);
    let name = std::ffi::OsStr::from_bytes(b"a\xff*");
    fs::write(place.temp.path().join("here").join(name), "content").unwrap();
    let put = place.command(&["--json", "put"]).arg(name).output().unwrap();
    assert_eq!(put.status.code(), Some(0), "{}", out(&put));
    assert_eq!(events(&put)[0]["path_hex"], "61ff2a");
    assert_eq!(out(&place.run(&["ls"])), "a\\xff*\n");
    let get = place.command(&["get"]).arg(name).args(["-o", "back"]).output().unwrap();
    assert_eq!(get.status.code(), Some(0), "{}", err(&get));
    assert_eq!(fs::read(place.here("back")).unwrap(), b"content");
}

#[test]
fn the_tutorials_protocol_is_spoken_when_asked_to() {
    let place = Place::serving(&["--write", "--plain"]);
    write(&place.here("报告.txt"), content(3000));
    let put = place.run(&["--classic", "put", "报告.txt"]);
    assert_eq!(put.status.code(), Some(0), "{}", err(&put));
    assert_eq!(fs::read(place.served("报告.txt")).unwrap(), content(3000));
    let get = place.run(&["get", "报告.txt", "nope", "-o", "back/", "--classic"]);
    assert_eq!(get.status.code(), Some(3), "{}", err(&get));
    assert_eq!(fs::read(place.here("back/报告.txt")).unwrap(), content(3000));
    assert_eq!(place.run(&["--classic", "ls"]).status.code(), Some(2));
}

#[test]
fn stat_prints_the_md5_that_md5sum_prints() {
    let place = Place::serving(&[]);
    write(&place.served("a"), "hello");
    let described = out(&place.run(&["stat", "--md5", "a"]));
    assert!(described.contains("5d41402abc4b2a76b9719d911017c592"), "{described}");
    let output = place.run(&["stat", "--md5", "--json", "a"]);
    assert_eq!(events(&output)[0]["md5"], "5d41402abc4b2a76b9719d911017c592");
}

#[test]
fn commands_from_a_pipe_work_like_typed_ones() {
    let place = Place::serving(&["--write"]);
    write(&place.here("my file.txt"), "content");
    write(&place.here("b.log"), "b");
    let script = "# a script\nmkdir -p 'new dir'\ncd new\\ dir\npwd\nput \"my file.txt\" *.log\n\
                  ls\nget nope\nrm b.log\nlpwd\nquit\nls\n";
    let output = place.run_with(&[], script.as_bytes());
    assert_eq!(output.status.code(), Some(3), "the worst failure's: {}", err(&output));
    let lines = out(&output);
    for expected in
        ["made new dir\n", "/new dir\n", "b.log\nmy file.txt\n", "removed new dir/b.log"]
    {
        assert!(lines.contains(expected), "{expected}: {lines}");
    }
    assert!(lines.trim_end().ends_with("here"), "nothing runs after quit: {lines}");
    assert_eq!(fs::read(place.served("new dir/my file.txt")).unwrap(), b"content");
}

#[test]
fn without_a_server_a_store_of_its_own_is_served() {
    let place = Place::new();
    write(&place.here("a.txt"), "mine");
    let output = place.run_with(&["--json"], b"put a.txt\nls\n");
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let events = events(&output);
    assert_eq!(events.last().unwrap()["path"], "a.txt");
    // Somebody may be serving at the default address of the machine that runs this test.
    if events[0]["event"] == "serving" {
        assert_ne!(events[0]["address"], "127.0.0.1:8484");
        assert_eq!(fs::read(place.temp.path().join("home/store/a.txt")).unwrap(), b"mine");
    }
}

#[test]
fn serve_says_what_is_wrong_with_its_directory_or_address() {
    let place = Place::new();
    write(&place.here("file"), "");
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = holder.local_addr().unwrap().to_string();
    let cases: [(&[&str], i32, &str); 4] = [
        (&["serve", "gone"], 3, "there is no such directory"),
        (&["serve", "file"], 1, "it is not a directory"),
        (&["serve", ".", "--plain", "--bind", "0.0.0.0:0"], 2, "--let-everyone-in"),
        (&["serve", ".", "--bind", &held], 1, "is in use by another program"),
    ];
    for (args, code, expected) in cases {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(expected), "{args:?}: {}", err(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_server_that_is_asked_to_stop_ends_well() {
    let mut place = Place::serving(&[]);
    write(&place.served("a"), "x");
    assert_eq!(place.run(&["ls"]).status.code(), Some(0));
    let server = place.server.as_mut().unwrap();
    let killed = Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
    assert!(killed.success());
    let mut rest = String::new();
    server.output.read_to_string(&mut rest).unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert_eq!(rest, "", "one line on standard output");
}

#[cfg(unix)]
#[test]
fn an_interrupted_get_says_what_is_kept_and_goes_on() {
    let place = Place::serving(&[]);
    write(&place.served("big"), content(16 << 20));
    let args = ["get", "big", "--json", "--limit-rate", "8Mi"];
    let mut child = place.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The wait is for an event, and for one that says that content has come.
    let moved = lines.by_ref().map(|line| line.unwrap()).find(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["moved"].as_u64().is_some_and(|moved| moved > 1 << 20)
    });
    assert!(moved.is_some());
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let last = lines.map(|line| line.unwrap()).last().unwrap();
    assert!(last.contains("is kept; run the same command again to go on"), "{last}");
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let output = place.run(&["get", "big", "--json"]);
    let events = events(&output);
    let done = events.last().unwrap();
    let (moved, reused) = (done["moved"].as_u64().unwrap(), done["reused"].as_u64().unwrap());
    assert_eq!(moved + reused, 16 << 20, "{done}");
    assert!(reused > 0, "{done}");
    assert!(fs::read(place.here("big")).unwrap() == content(16 << 20));
}

#[test]
fn help_pages_and_completions_are_printed() {
    let place = Place::new();
    for (args, expected) in [
        (&["--help"][..], "Exit codes:"),
        (&["get", "--help"], "Fetch files"),
        (&["--version"], "ftp-cli "),
        (&["completions", "bash"], "complete -F"),
        (&["man"], ".TH ftp-cli"),
        (&["man", "get"], "Fetch files"),
    ] {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(0));
        assert!(out(&output).contains(expected), "{args:?}: {}", out(&output));
    }
}
