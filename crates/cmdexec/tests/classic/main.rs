//! The tutorial's programs, played byte for byte, and ours against them.

use std::io;
use std::time::Duration;

use cmdexec::classic::{ClassicClient, ClassicError, ClassicMode};
use cmdexec::{Access, CommandService, Connect, Policy};
use netserver::{MemoryDialer, MemoryListener, StreamServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// So long a failing test may hang.
const PATIENCE: Duration = Duration::from_secs(60);

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it takes for ever")
}

struct World {
    dialer: MemoryDialer,
    _server: netserver::Running,
}

impl World {
    fn new(mode: ClassicMode) -> Self {
        Self::serving(|service| service.classic(mode))
    }

    fn serving(change: impl FnOnce(CommandService) -> CommandService) -> Self {
        let service = CommandService::new(Policy::default()).access(Access::default().exec(true));
        let (listener, dialer) = MemoryListener::new();
        let server = StreamServer::new(listener, change(service)).start();
        Self { dialer, _server: server }
    }

    async fn dial(&self) -> DuplexStream {
        self.dialer.dial().await.unwrap()
    }

    /// What the server says to this until it closes.
    async fn answer(&self, said: &[u8]) -> String {
        let mut stream = self.dial().await;
        stream.write_all(said).await.unwrap();
        let mut heard = Vec::new();
        within(stream.read_to_end(&mut heard)).await.unwrap();
        String::from_utf8(heard).unwrap()
    }
}

/// The original's `recv(1024)`.
async fn recv(stream: &mut DuplexStream) -> Vec<u8> {
    let mut read = vec![0; 1024];
    let len = within(stream.read(&mut read)).await.unwrap();
    read.truncate(len);
    read
}

/// The original client of the third way.
async fn recv_with_header(stream: &mut DuplexStream) -> (serde_json::Value, Vec<u8>) {
    let mut length = [0; 4];
    within(stream.read_exact(&mut length)).await.unwrap();
    let mut header = vec![0; i32::from_le_bytes(length) as usize];
    within(stream.read_exact(&mut header)).await.unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    let mut output = vec![0; header["total_size"].as_u64().unwrap() as usize];
    within(stream.read_exact(&mut output)).await.unwrap();
    (header, output)
}

#[tokio::test]
async fn the_naive_client_gets_its_answer_and_a_long_one_sticks() {
    let world = World::new(ClassicMode::Naive);
    let mut stream = world.dial().await;
    stream.write_all(b"echo out; echo err >&2").await.unwrap();
    assert_eq!(recv(&mut stream).await, b"out\nerr\n");
    stream.write_all(b"head -c 1500 /dev/zero").await.unwrap();
    assert_eq!(recv(&mut stream).await.len(), 1024);
    stream.write_all(b"id -u").await.unwrap();
    // The rest of the last answer, and perhaps more.
    assert_eq!(recv(&mut stream).await[..476], [0; 476]);
}

#[tokio::test]
async fn the_low_client_asks_for_what_was_announced() {
    let world = World::new(ClassicMode::Low);
    let mut stream = world.dial().await;
    for (command, output) in [
        (&b"echo out"[..], &b"out\n"[..]),
        (b"echo out; echo err >&2", b"err\n"),
        (b"true", b""),
        (b"seq 100", &(1..=100).map(|n| format!("{n}\n")).collect::<String>().into_bytes()),
    ] {
        stream.write_all(command).await.unwrap();
        assert_eq!(recv(&mut stream).await, output.len().to_string().into_bytes());
        stream.write_all(b"recv_ready").await.unwrap();
        let mut heard = vec![0; output.len()];
        within(stream.read_exact(&mut heard)).await.unwrap();
        assert_eq!(heard, output);
    }
}

#[tokio::test]
async fn a_command_behind_the_word_of_the_low_client_is_run() {
    let world = World::new(ClassicMode::Low);
    let mut stream = world.dial().await;
    stream.write_all(b"true").await.unwrap();
    assert_eq!(recv(&mut stream).await, b"0");
    stream.write_all(b"recv_readyecho a").await.unwrap();
    assert_eq!(recv(&mut stream).await, b"2");
}

#[tokio::test]
async fn another_word_than_the_low_clients_ends_it() {
    let world = World::new(ClassicMode::Low);
    let mut stream = world.dial().await;
    stream.write_all(b"echo a").await.unwrap();
    assert_eq!(recv(&mut stream).await, b"2");
    stream.write_all(b"recv_now").await.unwrap();
    assert_eq!(recv(&mut stream).await, b"");
}

#[tokio::test]
async fn the_header_client_gets_any_number_of_answers() {
    let world = World::new(ClassicMode::Header);
    let mut stream = world.dial().await;
    for (command, output, md5) in [
        (&b"echo out; echo err >&2"[..], &b"out\nerr\n"[..], "9a1fdae4dbb1e38df2c5ec7ccd0d7a82"),
        (b"true", b"", "d41d8cd98f00b204e9800998ecf8427e"),
    ] {
        stream.write_all(command).await.unwrap();
        let (header, heard) = recv_with_header(&mut stream).await;
        assert_eq!(heard, output);
        assert!(header["file_name"].is_string());
        if output.is_empty() {
            assert_eq!(header["md5"], md5);
        }
    }
    stream.write_all(b"ls").await.unwrap();
    recv_with_header(&mut stream).await;
}

#[tokio::test]
async fn a_long_output_comes_whole() {
    let world = World::new(ClassicMode::Header);
    let mut stream = world.dial().await;
    stream.write_all(b"seq 1 200000").await.unwrap();
    let (_, output) = recv_with_header(&mut stream).await;
    let expected: String = (1..=200_000).map(|n| format!("{n}\n")).collect();
    assert!(output == expected.as_bytes());
}

#[tokio::test]
async fn an_output_that_is_too_long_is_said_to_be() {
    let world = World::new(ClassicMode::Header);
    let mut stream = world.dial().await;
    stream.write_all(b"cat /dev/zero").await.unwrap();
    let (_, output) = recv_with_header(&mut stream).await;
    let output = String::from_utf8(output).unwrap();
    assert_eq!(output, "the output is longer than the 16777216 bytes that fit an answer\n");
}

#[tokio::test]
async fn the_answer_is_in_the_encoding_that_was_chosen() {
    let world =
        World::serving(|service| service.classic(ClassicMode::Naive).encoding(encoding_rs::GBK));
    let mut stream = world.dial().await;
    stream.write_all("echo 目录".as_bytes()).await.unwrap();
    assert_eq!(recv(&mut stream).await, b"\xc4\xbf\xc2\xbc\n");
    stream.write_all(br"printf '\377'").await.unwrap();
    assert_eq!(recv(&mut stream).await, b"\xff");
}

#[tokio::test]
async fn a_web_client_is_answered_and_nothing_is_run() {
    let world = World::new(ClassicMode::Header);
    for request in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /;id HTTP/1.1\r\n\r\nid", "GET /"] {
        let answer = world.answer(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        assert!(answer.contains("command server of Seam") && !answer.contains("uid="), "{answer}");
    }
}

#[tokio::test]
async fn what_nobody_types_is_not_run() {
    let world = World::new(ClassicMode::Naive);
    for (command, reason) in [
        (&b"id\n"[..], r"a command with the control character `\n` is not run"),
        (b"id\0", r"a command with the control character `\x00` is not run"),
        (b"\x1b[A", r"a command with the control character `\x1b` is not run"),
        (b"   ", "the command is empty"),
        (&[b'x'; 1025], "a command of 1025 bytes is too long: 1024 are allowed"),
    ] {
        assert_eq!(world.answer(command).await.trim_end(), reason);
    }
    let longest = [b"echo ", &[b'x'; 1019][..]].concat();
    let mut stream = world.dial().await;
    stream.write_all(&longest).await.unwrap();
    assert_eq!(recv(&mut stream).await, [&longest[5..], b"\n"].concat());
}

#[tokio::test]
async fn without_being_told_to_no_raw_command_is_run() {
    let world = World::serving(|service| service);
    assert_eq!(world.answer(b"id").await, "");
}

#[tokio::test]
async fn a_client_that_goes_ends_its_command() {
    let world = World::new(ClassicMode::Naive);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let mut stream = world.dial().await;
    // Whoever opens it for reading hears the end when the command is gone.
    let command = format!("exec sleep 1000 > {}", file.display());
    stream.write_all(command.as_bytes()).await.unwrap();
    let mut held = within(tokio::fs::File::open(&file)).await.unwrap();
    drop(stream);
    assert_eq!(within(held.read(&mut [0; 1])).await.unwrap(), 0);
}

struct Connector(MemoryDialer);

impl Connect for Connector {
    type Stream = DuplexStream;

    async fn connect(&self) -> io::Result<DuplexStream> {
        self.0.dial().await
    }

    fn peer(&self) -> &str {
        "memory"
    }
}

#[tokio::test]
async fn our_client_speaks_all_three() {
    for mode in [ClassicMode::Naive, ClassicMode::Low, ClassicMode::Header] {
        let world = World::new(mode);
        let mut client = ClassicClient::new(Connector(world.dialer.clone()), mode);
        for number in 0..3 {
            let output = within(client.run(&format!("echo {number}"))).await.unwrap();
            assert_eq!(output, format!("{number}\n").into_bytes(), "{mode}");
        }
        let error = within(client.run(&"x".repeat(1025))).await.unwrap_err();
        assert!(matches!(error, ClassicError::CommandTooLong { found: 1025, allowed: 1024 }));
        assert!(matches!(within(client.run(" ")).await, Err(ClassicError::Empty)));
        assert_eq!(mode.to_string().parse::<ClassicMode>().unwrap(), mode);
    }
}

#[tokio::test]
async fn our_client_shows_what_sticks_in_the_naive_way() {
    let world = World::new(ClassicMode::Naive);
    let mut client = ClassicClient::new(Connector(world.dialer.clone()), ClassicMode::Naive);
    assert_eq!(within(client.run("head -c 1500 /dev/zero")).await.unwrap().len(), 1024);
    assert_eq!(within(client.run("echo late")).await.unwrap()[..476], [0; 476]);
}

#[tokio::test]
async fn our_client_does_not_wait_for_ever_for_an_answer() {
    let world = World::new(ClassicMode::Naive);
    let mut client = ClassicClient::new(Connector(world.dialer.clone()), ClassicMode::Naive)
        .answer_within(Duration::from_millis(50));
    let error = within(client.run("true")).await.unwrap_err();
    assert!(matches!(error, ClassicError::NoAnswer { .. }), "{error}");
}
