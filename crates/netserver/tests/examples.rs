//! The examples do what they say: they are run as programs, and spoken to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Nothing takes anywhere near this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// An example that runs, and is ended with the test.
struct Example {
    child: Child,
    addr: SocketAddr,
}

impl Example {
    fn start(name: &str) -> Self {
        let mut child = command(name)
            .args(["--bind", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo builds the examples together with the tests");
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("it is piped");
        BufReader::new(output).read_line(&mut line).unwrap();
        let addr = line.trim().strip_prefix("listening on ").expect("it says where").parse();
        Self { child, addr: addr.unwrap() }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cargo builds examples beside the directory of the test binaries.
fn command(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(|deps| deps.parent()).expect("target/PROFILE/deps/TEST");
    let path: PathBuf = profile.join("examples").join(name);
    Command::new(path.with_extension(std::env::consts::EXE_EXTENSION))
}

#[test]
fn udp_upper_answers_each_datagram_the_empty_one_too() {
    let example = Example::start("udp_upper");
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let said: [&[u8]; 4] = [b"hello", b"", b"Abc-123 \xe4", "你好 x".as_bytes()];
    for said in said {
        client.send_to(said, example.addr).unwrap();
        let mut heard = [0; 1024];
        let (count, from) = client.recv_from(&mut heard).unwrap();
        assert_eq!(from, example.addr);
        assert_eq!(&heard[..count], said.to_ascii_uppercase());
    }
}

#[test]
fn tcp_upper_serves_many_connections_until_their_end() {
    let example = Example::start("tcp_upper");
    let mut clients: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(example.addr).unwrap()).collect();
    for client in &mut clients {
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all("héllo 你好".as_bytes()).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
    }
    for client in &mut clients {
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "HéLLO 你好");
    }
}

#[test]
fn both_say_how_they_are_used() {
    for name in ["udp_upper", "tcp_upper"] {
        let output = command(name).arg("--help").output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(&format!("usage: {name} [--bind ADDR]")), "{said}");
    }
}
