//! The real `time-cli`, as a process: what it prints, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpStream, UdpSocket};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

/// A server with all of its ports.
struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    ready: serde_json::Value,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let mut child =
            command(&["serve", "--json", "--bind", "127.0.0.1:0", "--tz", "Asia/Shanghai"])
                .args(args)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        let ready = serde_json::from_str(&ready).unwrap();
        Self { child, output, ready }
    }

    fn at(&self, service: &str) -> &str {
        self.ready[service].as_str().unwrap()
    }

    fn ask(&self, args: &[&str]) -> Output {
        command(&["ask", "-s", self.at("address"), "--timeout", "30"]).args(args).output().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_time-cli"));
    command.args(args).env_remove("SEAM_SERVER").stdin(Stdio::null());
    command
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_format_comes_back_as_the_time() {
    let server = Server::start(&[]);
    assert_eq!(server.ready["event"], "serving");
    assert_eq!(server.ready["zone"], "Asia/Shanghai");
    let plain = server.ask(&[]);
    assert_eq!(plain.status.code(), Some(0), "{}", err(&plain));
    assert_eq!((out(&plain).len(), err(&plain).as_str()), ("2026-03-01 09:12:55\n".len(), ""));
    assert_eq!(out(&server.ask(&["%z 时 %Q"])), "+0800 时 %Q\n");
    assert_eq!(out(&server.ask(&["%z", "--tz", "Asia/Kathmandu"])), "+0545\n");
    let event: serde_json::Value =
        serde_json::from_str(&out(&server.ask(&["%Z", "--json"]))).unwrap();
    assert_eq!((&event["event"], &event["text"]), (&"time".into(), &"CST".into()));
}

#[test]
fn what_a_server_says_cannot_steer_the_terminal() {
    let server = Server::start(&[]);
    assert_eq!(out(&server.ask(&["\u{1b}[2J%n%%"])), "\\x1b[2J\\n%\n");
}

#[test]
fn each_failure_has_its_exit_code() {
    let server = Server::start(&[]);
    let codes = [
        (server.ask(&["%X", "--tz", "Nowhere/City"]), 3, "does not know this time zone"),
        (server.ask(&["%1025d"]), 1, "longer than servers send"),
        (server.ask(&[&"x".repeat(1025)]), 2, "1025 bytes"),
        (server.ask(&["--tz", "a b"]), 2, "no spaces"),
        (server.ask(&["--ntp", "--tz", "Nowhere/City"]), 2, "no such time zone"),
        (command(&["serve", "--bind", server.at("address")]).output().unwrap(), 1, "in use"),
        (command(&["serve", "--local-stratum", "16"]).output().unwrap(), 2, "16"),
    ];
    for (output, code, message) in codes {
        let said = err(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn nobody_there_is_no_connection() {
    // Bound and silent, so that the port is nobody else's.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = silent.local_addr().unwrap().to_string();
    let output = command(&["ask", "-s", &addr, "--timeout", "0.05"]).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert!(err(&output).contains("no answer from 127.0.0.1:"), "{}", err(&output));
}

#[test]
fn sntp_tells_the_offset_and_what_the_clock_is_worth() {
    let server = Server::start(&["--ntp", "127.0.0.1:0", "--local-stratum", "10"]);
    let ask = |args: &[&str]| {
        let asked = command(&["ask", "--ntp", "-s", server.at("ntp"), "--timeout", "30"]);
        out(&{ asked }.args(args).output().unwrap())
    };
    let clock: serde_json::Value = serde_json::from_str(&ask(&["--json"])).unwrap();
    assert_eq!((&clock["event"], &clock["stratum"]), (&"clock".into(), &10.into()));
    assert_eq!(clock["synchronised"], true);
    assert!(clock["delay"].as_f64().unwrap() >= 0.0);
    let line = ask(&[]);
    assert!(line.contains("  offset ") && line.ends_with("  stratum 10\n"), "{line}");
    assert_eq!(ask(&["%Z%z", "--tz", "Asia/Tokyo"]), "JST+0900\n");
}

#[test]
fn the_legacy_protocols_answer_on_ports_of_their_own() {
    let server = Server::start(&["--daytime", "127.0.0.1:0", "--time", "127.0.0.1:0"]);
    let mut line = String::new();
    TcpStream::connect(server.at("daytime")).unwrap().read_to_string(&mut line).unwrap();
    assert!(line.ends_with("-CST\r\n"), "{line}");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    for (service, length) in [("time", 4), ("daytime", line.len())] {
        socket.send_to(b"", server.at(service)).unwrap();
        let mut reply = [0; 1024];
        let (received, _) = socket.recv_from(&mut reply).unwrap();
        // The day of the month may have one digit more by now.
        assert!(received.abs_diff(length) <= 20, "{service}: {received} bytes");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_server_well_and_a_watch_as_interrupted() {
    let interrupt = |child: &Child| {
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    let mut server = Server::start(&[]);
    let mut watch = command(&["ask", "--watch", "-s", server.at("address")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(watch.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.len(), "2026-03-01 09:12:55\n".len());
    interrupt(&watch);
    assert_eq!(watch.wait().unwrap().code(), Some(130));

    interrupt(&server.child);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let mut stopped = String::new();
    server.output.read_line(&mut stopped).unwrap();
    assert!(stopped.starts_with(r#"{"event":"stopped","received":"#), "{stopped}");
}

#[test]
fn help_has_examples() {
    let help = out(&command(&["--help"]).output().unwrap());
    assert!(help.contains("Examples:") && help.contains("time-cli ask --watch"), "{help}");
    let page = out(&command(&["man", "ask"]).output().unwrap());
    assert!(page.contains(".TH"), "{page}");
    let script = out(&command(&["completions", "bash"]).output().unwrap());
    assert!(script.contains("time-cli"));
}
