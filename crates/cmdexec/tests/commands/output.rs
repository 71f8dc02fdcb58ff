//! Output is whole, and its streams are apart.

use cmdexec::{Command, Event, Exit};

use super::support::{World, end, within};

#[tokio::test]
async fn a_long_output_is_whole_every_time() {
    let mut world = World::new();
    let expected: Vec<u8> = (1..=2_000_000).flat_map(|n| format!("{n}\n").into_bytes()).collect();
    for round in 0..10 {
        let output = world.output(&Command::argv(["seq", "1", "2000000"])).await.unwrap();
        assert!(output.stdout == expected, "round {round}: {} bytes", output.stdout.len());
        assert_eq!(output.outcome.exit, Exit::Code(0));
        assert!(output.outcome.complete && !output.outcome.pipe_held);
    }
}

#[tokio::test]
async fn two_floods_at_once_neither_block_nor_mix() {
    let mut world = World::new();
    let flood = "(head -c 67108864 /dev/zero | tr '\\0' e >&2) & head -c 67108864 /dev/zero; wait";
    let mut running = world.client.start(&Command::shell(flood), tokio::io::empty()).await.unwrap();
    let (mut out, mut err) = (0, 0);
    loop {
        match within(running.next()).await.unwrap().unwrap() {
            Event::Stdout(bytes) => {
                assert!(bytes.iter().all(|&byte| byte == 0));
                out += bytes.len();
            }
            Event::Stderr(bytes) => {
                assert!(bytes.iter().all(|&byte| byte == b'e'));
                err += bytes.len();
            }
            Event::End(outcome) => {
                assert!(outcome.complete);
                assert_eq!((outcome.stdout_bytes, outcome.stderr_bytes), (out as u64, err as u64));
                break;
            }
            _ => {}
        }
    }
    assert_eq!((out, err), (1 << 26, 1 << 26));
}

#[tokio::test]
async fn bytes_are_bytes() {
    let mut world = World::new();
    let output = world.shell(r"printf '\377\000\r\n\033[31m'").await;
    assert_eq!(output.stdout, b"\xff\0\r\n\x1b[31m");
}

#[tokio::test]
async fn what_is_said_before_and_after_is_not_mixed_up() {
    let mut world = World::new();
    for number in 0..50 {
        let output = world.shell(&format!("echo {number}; echo e{number} >&2")).await;
        assert_eq!(output.stdout, format!("{number}\n").into_bytes());
        assert_eq!(output.stderr, format!("e{number}\n").into_bytes());
    }
}

#[tokio::test]
async fn output_comes_while_the_command_runs() {
    let mut world = World::new();
    let command = Command::shell("echo first; read line; echo $line").stdin(true);
    let (input, mut typed) = tokio::io::duplex(64);
    let mut running = world.client.start(&command, input).await.unwrap();
    assert_eq!(super::support::line(&mut running).await, "first");
    tokio::io::AsyncWriteExt::write_all(&mut typed, b"second\n").await.unwrap();
    assert_eq!(super::support::line(&mut running).await, "second");
    assert_eq!(end(&mut running).await.exit, Exit::Code(0));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_reader_that_does_not_read_makes_the_command_wait() {
    let mut world = World::new();
    let mut running =
        world.client.start(&Command::argv(["cat", "/dev/zero"]), tokio::io::empty()).await.unwrap();
    let pid = loop {
        if let Some(Event::Started { pid }) = within(running.next()).await.unwrap() {
            break pid;
        }
    };
    let written = || {
        let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
        let line = io.lines().find(|line| line.starts_with("wchar")).unwrap();
        line.split(' ').nth(1).unwrap().parse::<u64>().unwrap()
    };
    // Until it has not moved for a while; on a slow machine it may move again, which only makes
    // what is looked at smaller.
    let (mut before, mut still) = (0, 0);
    while still < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        still = if written() == before { still + 1 } else { 0 };
        before = written();
    }
    assert!(before < 8 << 20, "{before} bytes were taken from it");
    running.control().cancel();
    let outcome = end(&mut running).await;
    assert_eq!(outcome.ended_by, Some(cmdexec::EndedBy::Cancel));
}

#[tokio::test]
async fn an_answer_longer_than_is_taken_is_an_error() {
    let mut world = World::new();
    let error = within(world.client.output(&Command::shell("yes"), 1000)).await.unwrap_err();
    assert!(matches!(error, cmdexec::ClientError::TooMuchOutput { allowed: 1000 }), "{error}");
    // The command went with its connection; the next gets a new one.
    assert_eq!(world.shell("echo next").await.stdout, b"next\n");
}
