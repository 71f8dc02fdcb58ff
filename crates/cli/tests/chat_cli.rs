//! The real `chat-cli`, as processes: what it prints, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// How long anything is waited for that should be there at once.
const PATIENCE: Duration = Duration::from_secs(60);

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-cli"));
    command.args(args).env("SEAM_HOME", home.join("seam"));
    command.env_remove("SEAM_SERVER").env_remove("SEAM_NAME").stdin(Stdio::null());
    command
}

/// A process that is typed to and listened to, an event a line; it is killed when it is dropped.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    events: Receiver<Value>,
}

impl Running {
    fn start(home: &Path, args: &[&str]) -> Self {
        let mut command = command(home, args);
        command.arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (tell, events) = channel();
        thread::spawn(move || {
            for line in output.lines() {
                let Ok(event) = serde_json::from_str(&line.unwrap()) else { return };
                if tell.send(event).is_err() {
                    return;
                }
            }
        });
        Self { input: child.stdin.take(), child, events }
    }

    fn serve(home: &Path, bind: &str) -> (Self, String) {
        let server = Self::start(home, &["serve", "--bind", bind]);
        let address = server.wait("serving", |_| true)["address"].as_str().unwrap().to_owned();
        (server, address)
    }

    fn join(home: &Path, server: &str, name: &str) -> Self {
        let chat = Self::start(home, &["join", name, "-s", server, "--room", "大厅"]);
        chat.wait("room", |event| is_member(event, name));
        chat
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next event of that kind of which something is true.
    fn wait(&self, kind: &str, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            let event = event.unwrap_or_else(|error| panic!("no `{kind}`: {error}"));
            if event["event"] == kind && is(&event) {
                return event;
            }
        }
    }

    /// The text of the next message.
    fn hear(&self) -> String {
        self.wait("message", |_| true)["text"].as_str().unwrap().to_owned()
    }

    /// Closes its input, and waits until it ends by itself.
    fn end(mut self) -> Option<i32> {
        self.input.take();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_member(room: &Value, name: &str) -> bool {
    room["members"].as_array().is_some_and(|members| members.contains(&name.into()))
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn run(home: &Path, server: &str, args: &[&str]) -> Output {
    command(home, args).args(["-s", server]).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn talk_waits_for_one_reply_to_each_message() {
    let home = home();
    let (mut server, address) = Running::serve(home.path(), "127.0.0.1:0");
    // The operator's lines answer in their order, and wait for somebody to answer.
    server.say("在");
    server.say("again");
    let contact = format!("jkey={address}");
    let mut talk = Running::start(home.path(), &["talk", "--contact", &contact]);
    talk.say("jkey");
    talk.say("在吗");
    assert_eq!(talk.wait("reply", |_| true)["text"], "在");
    talk.say("still?");
    assert_eq!(talk.wait("reply", |_| true)["text"], "again");
    talk.say("quit");
    talk.wait("contact", |event| event["contact"].is_null());
    talk.say("quit");
    assert_eq!(talk.end(), Some(0));
    assert_eq!(server.wait("raw", |_| true)["text"], "在吗");
}

#[test]
fn talk_may_be_started_before_its_server() {
    let home = home();
    // Bound until the server is to come, so that the port is nobody else's.
    let place = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = place.local_addr().unwrap().to_string();
    let contact = format!("liu={address}");
    let mut talk = Running::start(home.path(), &["talk", "--contact", &contact]);
    talk.say("liu");
    talk.wait("contact", |event| event["contact"] == "liu");
    drop(place);
    let (mut server, _) = Running::serve(home.path(), &address);
    talk.say("hello");
    server.wait("raw", |event| event["text"] == "hello");
    server.say("");
    assert_eq!(talk.wait("reply", |_| true)["text"], "");
    assert_eq!(talk.end(), Some(0));
}

#[test]
fn talk_refuses_unknown_names_and_empty_messages() {
    let home = home();
    let mut child = command(home.path(), &["talk", "--contact", "jkey=127.0.0.1:9"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"nobody\njkey\n\nquit\nquit\n").unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{said}");
    assert!(said.contains("no contact nobody") && said.contains("empty message"), "{said}");
}

#[test]
fn who_was_killed_gets_what_was_missed_once_and_has_its_history() {
    let home = home();
    let (_server, address) = Running::serve(home.path(), "127.0.0.1:0");
    let mut liu = Running::join(home.path(), &address, "liu");
    let xue = Running::join(home.path(), &address, "雪");
    let mut song = Running::join(home.path(), &address, "song");
    liu.say("床前明月光");
    assert_eq!(xue.hear(), "床前明月光");
    assert_eq!(song.hear(), "床前明月光");
    liu.wait("delivery", |event| event["state"] == "read");

    song.child.kill().unwrap();
    song.child.wait().unwrap();
    liu.say("疑是地上霜");
    liu.say("举头望明月");
    assert_eq!([xue.hear(), xue.hear()], ["疑是地上霜", "举头望明月"]);

    let mut song = Running::join(home.path(), &address, "song");
    liu.say("低头思故乡");
    let heard = [song.hear(), song.hear(), song.hear()];
    assert_eq!(heard, ["疑是地上霜", "举头望明月", "低头思故乡"]);
    song.say("/history 月");
    assert_eq!([song.hear(), song.hear()], ["床前明月光", "举头望明月"]);
    assert_eq!(song.end(), Some(0));

    let history = run(home.path(), &address, &["history", "霜", "--as", "song"]);
    assert!(out(&history).ends_with("liu → #大厅: 疑是地上霜\n"), "{}", out(&history));
    let without_name = run(home.path(), &address, &["history"]);
    assert_eq!(without_name.status.code(), Some(2), "{}", err(&without_name));
}

#[test]
fn a_name_belongs_to_the_key_that_joined_first() {
    let (home, stranger) = (home(), home());
    let (_server, address) = Running::serve(home.path(), "127.0.0.1:0");
    let liu = Running::join(home.path(), &address, "liu");
    let refused = run(stranger.path(), &address, &["join", "liu", "--plain-text"]);
    assert_eq!(refused.status.code(), Some(4), "{}", err(&refused));
    assert!(err(&refused).contains("belongs to somebody else's key"), "{}", err(&refused));
    let refused = run(stranger.path(), &address, &["send", "liu", "hi", "--as", "liu"]);
    assert_eq!(refused.status.code(), Some(4), "{}", err(&refused));
    assert_eq!(liu.end(), Some(0));
}

#[test]
fn send_ends_when_the_message_has_come_as_far_as_it_should() {
    let home = home();
    let (_server, address) = Running::serve(home.path(), "127.0.0.1:0");
    let send = |args: &[&str]| {
        run(home.path(), &address, &[&["send", "--as", "script", "--timeout", "60"], args].concat())
    };
    let unknown = send(&["雪", "hi"]);
    assert_eq!(unknown.status.code(), Some(3), "{}", err(&unknown));
    let xue = Running::join(home.path(), &address, "雪");
    let delivered = send(&["雪", "back at noon", "--wait", "delivered"]);
    assert_eq!(delivered.status.code(), Some(0), "{}", err(&delivered));
    assert_eq!(xue.hear(), "back at noon");
    assert_eq!(send(&["#大厅", "hi"]).status.code(), Some(4));
    assert_eq!(send(&["雪", ""]).status.code(), Some(2));
    assert_eq!(xue.end(), Some(0));
    assert_eq!(out(&send(&["雪", "for later"])), "stored\n");

    let listed = run(home.path(), &address, &["contacts", "--as", "script"]);
    assert_eq!(out(&listed).lines().last(), Some("#大厅  雪"), "{}", err(&listed));
}

#[test]
fn nobody_there_is_no_connection() {
    let home = home();
    // Bound and silent, so that the port is nobody else's.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let sent = ["send", "liu", "hi", "--as", "script", "--timeout", "0.1"];
    let output = run(home.path(), &address, &sent);
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("no chat server answers at 127.0.0.1:"), "{}", err(&output));
}

#[test]
fn help_has_examples() {
    let home = home();
    let help = out(&command(home.path(), &["--help"]).output().unwrap());
    assert!(help.contains("Examples:") && help.contains("chat-cli join 雪"), "{help}");
    let page = out(&command(home.path(), &["man", "join"]).output().unwrap());
    assert!(page.contains(".TH"), "{page}");
    let script = out(&command(home.path(), &["completions", "bash"]).output().unwrap());
    assert!(script.contains("chat-cli"));
}
