//! The real `exec-cli`, as a process: what comes through it, what it ends with, what it leaves.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Until what has to happen is taken for what never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, with a home of its own.
struct Server {
    home: TempDir,
    child: Child,
    output: BufReader<ChildStdout>,
    ready: serde_json::Value,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut child = command(home.path(), &["serve", "--json", "--bind", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let ready = read_line(&mut output);
        Self { home, child, output, ready: serde_json::from_str(&ready).unwrap() }
    }

    fn address(&self) -> &str {
        self.ready["address"].as_str().unwrap()
    }

    /// A client of the same account.
    fn client(&self, args: &[&str]) -> Command {
        let mut client = command(self.home.path(), args);
        client.env("SEAM_SERVER", self.address());
        client
    }

    fn run(&self, args: &[&str]) -> Output {
        self.client(&[&["run"], args].concat()).output().unwrap()
    }

    /// Runs with something on standard input.
    fn run_with(&self, args: &[&str], input: &[u8]) -> Output {
        let mut client = self.client(args);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = client.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // Whether all of it is read is the command's business.
            scope.spawn(move || stdin.write_all(input));
            child.wait_with_output().unwrap()
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exec-cli"));
    command.args(args).env("SEAM_HOME", home).env_remove("SEAM_SERVER").stdin(Stdio::null());
    command
}

fn read_line(from: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process runs that was started with this word.
fn is_running(word: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let mut words = arguments.split(|&byte| byte == 0);
        words.next().is_some_and(|program| program.ends_with(b"sleep"))
            && words.any(|argument| argument == word.as_bytes())
    })
}

#[test]
fn a_command_ends_as_it_would_here() {
    let server = Server::start(&[]);
    let cases: &[(&[&str], i32)] = &[
        (&["true"], 0),
        (&["exit 7"], 7),
        (&["kill -9 $$"], 137),
        (&["sh", "-c", "exit $0", "9"], 9),
        (&["no-such-program-anywhere", "x"], 255),
        (&["-d", "/no/such/dir", "true"], 255),
        (&["-e", "LD_PRELOAD=x", "true"], 255),
        (&[""], 255),
    ];
    for (args, code) in cases {
        let output = server.run(args);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {}", err(&output));
        assert_eq!(err(&output).is_empty(), *code != 255, "{}", err(&output));
    }
    let somewhere = server.run(&["-d", "/", "-e", "GREETING=hi there", "pwd; echo $GREETING"]);
    assert_eq!(out(&somewhere), "/\nhi there\n");
}

#[test]
fn the_streams_are_separate_and_whole() {
    let server = Server::start(&[]);
    let both = server.run(&["echo out; echo err >&2; echo out again"]);
    assert_eq!((out(&both).as_str(), err(&both).as_str()), ("out\nout again\n", "err\n"));
    let each = 3 << 20;
    let much = server.run(&[&format!("head -c {each} /dev/zero >&2 & yes | head -c {each}; wait")]);
    assert_eq!(much.status.code(), Some(0));
    assert_eq!(much.stderr, vec![0; each]);
    assert_eq!(much.stdout, b"y\n".repeat(each / 2));
    let counted = server.run(&["seq", "1", "200000"]);
    assert_eq!(counted.status.code(), Some(0));
    assert_eq!(out(&counted).lines().count(), 200_000);
    assert!(counted.stdout.ends_with(b"\n200000\n"));
}

#[test]
fn input_goes_there_and_ends_there() {
    let server = Server::start(&[]);
    let big: Vec<u8> = (0..5_000_000_usize).map(|at| ((at * at) >> 7) as u8).collect();
    let back = server.run_with(&["run", "cat"], &big);
    assert!(back.stdout == big && back.status.success(), "{}", err(&back));
    let few = server.run_with(&["run", "head -c 3"], &big);
    assert_eq!((few.stdout.as_slice(), few.status.code()), (&big[..3], Some(0)));
    assert_eq!(out(&server.run_with(&["run", "-n", "cat; echo none"], b"x")), "none\n");
}

#[test]
fn nobody_who_reads_is_no_failure_but_an_end() {
    let server = Server::start(&[]);
    let mut client = server.client(&["run", "echo $$; exec yes"]);
    let mut child = client.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let pid = read_line(&mut output);
    drop(output);
    assert_eq!(child.wait().unwrap().code(), Some(141));
    until("the command is ended", || !Path::new("/proc").join(pid.trim()).exists());
}

#[test]
fn a_left_over_that_holds_the_output_is_told_and_ended() {
    let server = Server::start(&[]);
    let held = server.run(&["sleep 7357001 & echo hi"]);
    assert_eq!((out(&held).as_str(), held.status.code()), ("hi\n", Some(0)));
    assert!(err(&held).contains("held its output open"), "{}", err(&held));
    assert!(!is_running("7357001"));
    let json = server.client(&["run", "--json", "sleep 7357002 & echo hi"]).output().unwrap();
    let last: serde_json::Value =
        serde_json::from_str(out(&json).lines().next_back().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["complete"]), (&"end".into(), &false.into()));
    assert_eq!((&last["pipe_held"], &last["status"]), (&true.into(), &0.into()));
}

#[test]
fn limits_end_a_command_and_say_so() {
    let server = Server::start(&["--max-output", "64Ki", "--max-time", "1h"]);
    let late = server.run(&["--timeout", "50ms", "trap 'exit 0' TERM; sleep 7357003 & wait"]);
    assert_eq!(late.status.code(), Some(255), "{}", err(&late));
    assert!(err(&late).contains("its time was up"), "{}", err(&late));
    until("its sleep is ended", || !is_running("7357003"));
    let much = server.run(&["yes"]);
    assert!(much.stdout.len() <= 64 * 1024 && much.status.code() != Some(0));
    assert!(err(&much).contains("more than the server lets through"), "{}", err(&much));
}

#[test]
fn a_client_that_is_killed_leaves_nothing_behind() {
    let server = Server::start(&[]);
    let line = "setsid sleep 7357004 & sleep 7357005 & echo ready; sleep 7357006";
    let mut client = server.client(&["run", line]);
    let mut child = client.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(read_line(&mut output), "ready\n");
    until("all of it runs", || ["7357004", "7357005", "7357006"].into_iter().all(is_running));
    child.kill().unwrap();
    child.wait().unwrap();
    until("nothing is left", || !["7357004", "7357005", "7357006"].into_iter().any(is_running));
}

#[test]
fn signals_are_for_the_command() {
    let server = Server::start(&[]);
    let line = "trap 'echo caught; exit 3' INT TERM; echo ready; while :; do sleep 0.01; done";
    for name in ["-INT", "-TERM"] {
        let mut client = server.client(&["run", line]);
        let mut child = client.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        assert_eq!(read_line(&mut output), "ready\n");
        signal(name, child.id());
        assert_eq!(read_line(&mut output), "caught\n", "{name}");
        assert_eq!(child.wait().unwrap().code(), Some(3), "{name}");
    }
}

#[test]
fn json_is_an_event_a_line() {
    let server = Server::start(&[]);
    let line = r"echo 报告; printf '\377' >&2; kill -TERM $$";
    let output = server.client(&["--json", "run", line]).output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", err(&output));
    let text = out(&output);
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| events.iter().find(|event| event["event"] == name).unwrap();
    assert!(of("started")["pid"].as_u64().unwrap() > 0);
    assert_eq!(of("stdout")["text"], "报告\n");
    assert_eq!(of("stderr")["base64"], "/w==");
    assert_eq!(of("end")["signal"]["number"], 15);
    assert_eq!((&of("end")["status"], &of("end")["complete"]), (&143.into(), &true.into()));
    let failed = server.client(&["--json", "run", "no-such-program", "x"]).output().unwrap();
    let event: serde_json::Value = serde_json::from_str(&out(&failed)).unwrap();
    assert_eq!((&event["status"], &event["exit"]), (&"not_found".into(), &255.into()));
}

#[test]
fn output_is_decoded_where_that_is_asked_for() {
    let server = Server::start(&[]);
    let line = r"printf '\326\320\316\304'";
    assert_eq!(server.run(&[line]).stdout, b"\xd6\xd0\xce\xc4");
    assert_eq!(out(&server.run(&["--encoding", "gbk", line])), "中文");
    assert_eq!(out(&server.run(&["--encoding", "auto", line])), "中文");
    assert_eq!(server.run(&["--encoding", "klingon", line]).status.code(), Some(255));
}

/// Our side of a terminal of 40 rows and 100 columns, and the side that programs have.
fn terminal() -> (fs::File, OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = fs::OpenOptions::new().read(true).write(true).open(name).unwrap();
    resize(&theirs, 40, 100);
    (ours.into(), theirs.into())
}

fn resize(terminal: impl std::os::fd::AsFd, rows: u16, columns: u16) {
    let size =
        rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(terminal, size).unwrap();
}

/// Reads until this has come.
fn read_until(terminal: &mut fs::File, text: &str) -> String {
    use rustix::event::{PollFd, PollFlags, poll};
    let (mut read, mut piece) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&read).contains(text) {
        let mut ready = [PollFd::new(terminal, PollFlags::IN)];
        let patience = rustix::time::Timespec::try_from(PATIENCE).unwrap();
        assert_eq!(poll(&mut ready, Some(&patience)).unwrap(), 1, "{text} does not come");
        let length = terminal.read(&mut piece).unwrap();
        assert!(length > 0, "{text} did not come: {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&piece[..length]);
    }
    String::from_utf8_lossy(&read).into_owned()
}

#[test]
fn with_a_terminal_keys_and_sizes_are_the_commands_and_ours_is_restored() {
    use rustix::termios::{LocalModes, tcgetattr};
    let server = Server::start(&[]);
    let (mut ours, theirs) = terminal();
    let before = tcgetattr(&theirs).unwrap();
    let line = "trap 'echo interrupted' INT; stty size; \
                while :; do read word; [ \"$word\" = end ] && exit 5; stty size; done";
    let mut client = server.client(&["run", "-t", "--", "bash", "-c", line]);
    let mut child = client
        .stdin(theirs.try_clone().unwrap())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs.try_clone().unwrap())
        .spawn()
        .unwrap();
    read_until(&mut ours, "40 100");
    assert!(!tcgetattr(&theirs).unwrap().local_modes.contains(LocalModes::ICANON));
    // Ctrl-C is a key, and comes out at the other end as the signal that it is there.
    ours.write_all(b"\x03").unwrap();
    read_until(&mut ours, "interrupted");
    resize(&theirs, 25, 90);
    signal("-WINCH", child.id());
    // What is typed may overtake the size.
    until("the size has come", || {
        ours.write_all(b"\r").unwrap();
        read_until(&mut ours, "0\r\n").contains("25 90")
    });
    ours.write_all(b"end\r").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let after = tcgetattr(&theirs).unwrap();
    assert_eq!(after.local_modes, before.local_modes);
    assert_eq!(after.input_modes, before.input_modes);
}

#[test]
fn a_shell_keeps_its_directory_and_ends_with_the_last_status() {
    let server = Server::start(&[]);
    let script = b"cd /usr\npwd\ncd bin && true\ncd bin\npwd\ncd -\npwd\ncd /no/such/dir\n\
                   echo still here\nsh -c 'exit 4'\n";
    let output = server.run_with(&["shell"], script);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert_eq!(out(&output), "/usr\n/usr/bin\n/usr\nstill here\n");
    assert!(err(&output).contains("/no/such/dir"), "{}", err(&output));
    let left = server.run_with(&["shell"], b"exit 9\necho never\n");
    assert_eq!((left.status.code(), left.stdout.len()), (Some(9), 0));
}

#[test]
fn another_account_needs_a_ticket() {
    let server = Server::start(&[]);
    let other = tempfile::tempdir().unwrap();
    let run =
        |server: &str| command(other.path(), &["run", "-s", server, "echo in"]).output().unwrap();
    let stranger = run(server.address());
    assert_eq!(stranger.status.code(), Some(255));
    assert!(err(&stranger).contains("exec-cli ticket new"), "{}", err(&stranger));
    let made = server.client(&["ticket", "new"]).output().unwrap();
    let ticket = out(&made);
    assert!(ticket.starts_with("seam://"), "{}", err(&made));
    for server in [ticket.trim(), server.address()] {
        let guest = run(server);
        assert_eq!(
            (out(&guest).as_str(), guest.status.code()),
            ("in\n", Some(0)),
            "{}",
            err(&guest)
        );
    }
}

#[test]
fn only_named_programs_run_where_programs_are_named() {
    let server = Server::start(&["--allow", "echo,true"]);
    assert_eq!(out(&server.run(&["echo", "a;b"])), "a;b\n");
    assert_eq!(out(&server.run(&["echo  plain words"])), "plain words\n");
    for args in [&["echo a; id"][..], &["id"], &["/bin/echo", "x"]] {
        let refused = server.run(args);
        assert_eq!(refused.status.code(), Some(255), "{args:?}");
        assert!(err(&refused).contains("may not be run here"), "{}", err(&refused));
    }
}

#[test]
fn plain_is_never_served_beyond_this_machine() {
    let home = tempfile::tempdir().unwrap();
    let refused = command(home.path(), &["serve", "--plain", "--bind", "0.0.0.0:0"]).output();
    let refused = refused.unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("never run"), "{}", err(&refused));
}

#[test]
fn the_tutorials_clients_and_ours_share_a_plain_port() {
    let server = Server::start(&["--plain", "--classic", "low", "--encoding", "gbk"]);
    assert_eq!(server.ready["plain"], true);
    assert_eq!(out(&server.run(&["--plain", "echo native"])), "native\n");
    let classic = |args: &[&str]| server.run(&[&["--classic", "low"], args].concat());
    assert_eq!(out(&classic(&["--encoding", "gbk", "echo 中文"])), "中文\n");
    assert_eq!(classic(&["echo", "中"]).stdout, b"\xd6\xd0\n");
    let refused = classic(&["-d", "/", "pwd"]);
    assert_eq!(refused.status.code(), Some(255));
    // Encrypted clients are told why they are not understood.
    assert_eq!(server.run(&["true"]).status.code(), Some(255));
    let mut web = TcpStream::connect(server.address()).unwrap();
    web.write_all(b"GET /?id HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    web.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 ") && !answer.contains("uid="), "{answer}");
}

#[test]
fn a_server_that_is_stopped_says_how_many_came() {
    let mut server = Server::start(&[]);
    assert_eq!(server.run(&["true"]).status.code(), Some(0));
    signal("-INT", server.child.id());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let stopped = read_line(&mut server.output);
    assert_eq!(stopped, "{\"event\":\"stopped\",\"accepted\":1,\"aborted\":0}\n");
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    // Bound and not listened on, so that the port is nobody else's.
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = command(home.path(), &["run", "-s", &nobody.to_string(), "true"]).output().unwrap();
    assert_eq!(run.status.code(), Some(255));
    assert!(err(&run).contains("exec-cli serve"), "{}", err(&run));
    let help = out(&command(home.path(), &["--help"]).output().unwrap());
    assert!(help.contains("Exit codes of run") && help.contains("exec-cli run -t"), "{help}");
    let page = out(&command(home.path(), &["man", "run"]).output().unwrap());
    assert!(page.contains(".TH"), "{page}");
}
