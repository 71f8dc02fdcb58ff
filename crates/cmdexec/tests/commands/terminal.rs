//! Commands that have a terminal.

use cmdexec::{Command, Event, Exit};
use tokio::io::AsyncWriteExt;

use super::support::{World, end, line, within};

#[tokio::test]
async fn a_command_finds_the_terminal_that_was_described() {
    let mut world = World::new();
    let command = Command::shell("tty >/dev/null && echo $TERM; stty size; ps -o tpgid= -p $$")
        .pty("xterm-256color", 50, 132);
    let output = world.output(&command).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["xterm-256color", "50 132"]);
    // It is the terminal of its session.
    assert!(lines[2].trim().parse::<i32>().unwrap() > 0, "{text}");
    assert!(output.stderr.is_empty() && output.outcome.complete);
}

#[tokio::test]
async fn a_resize_is_told() {
    let mut world = World::new();
    let script = "trap 'stty size' WINCH; echo up; while :; do sleep 0.01; done";
    let command = Command::shell(script).pty("dumb", 24, 80);
    let mut running = world.client.start(&command, tokio::io::empty()).await.unwrap();
    assert_eq!(line(&mut running).await, "up");
    running.control().resize(33, 44);
    assert_eq!(line(&mut running).await, "33 44");
    running.control().cancel();
    end(&mut running).await;
}

#[tokio::test]
async fn ctrl_c_interrupts_and_ctrl_d_ends_the_input() {
    let mut world = World::new();
    let command =
        Command::shell("stty -echo; echo up; cat; echo end; cat").stdin(true).pty("dumb", 24, 80);
    let (input, mut keys) = tokio::io::duplex(64);
    let mut running = world.client.start(&command, input).await.unwrap();
    assert_eq!(line(&mut running).await, "up");
    keys.write_all(b"typed\n").await.unwrap();
    assert_eq!(line(&mut running).await, "typed");
    keys.write_all(b"\x04").await.unwrap();
    assert_eq!(line(&mut running).await, "end");
    // A shell that is about to start a program may not hear it: this one runs.
    keys.write_all(b"again\n").await.unwrap();
    assert_eq!(line(&mut running).await, "again");
    keys.write_all(b"\x03").await.unwrap();
    assert_eq!(end(&mut running).await.exit, Exit::Signal { number: 2, core: false });
}

#[tokio::test]
async fn the_end_of_the_input_is_ctrl_d() {
    let mut world = World::new();
    let command = Command::argv(["cat"]).stdin(true).pty("dumb", 24, 80);
    let mut running = world.client.start(&command, &b"a\n"[..]).await.unwrap();
    let mut all = Vec::new();
    let outcome = within(running.copy(&mut all, &mut tokio::io::sink())).await.unwrap();
    assert_eq!(outcome.exit, Exit::Code(0));
    assert_eq!(all, b"a\r\na\r\n");
}

#[tokio::test]
async fn all_that_a_terminal_was_told_comes() {
    let mut world = World::new();
    for _ in 0..5 {
        let command = Command::argv(["seq", "1", "20000"]).pty("dumb", 24, 80);
        let output = world.output(&command).await.unwrap();
        let expected: String = (1..=20_000).map(|n| format!("{n}\r\n")).collect();
        assert!(output.stdout == expected.as_bytes(), "{} bytes came", output.stdout.len());
        assert!(output.outcome.complete);
    }
}

#[tokio::test]
async fn a_terminal_that_goes_away_ends_its_command() {
    let mut world = World::new();
    let command = Command::shell("echo $$; sleep 1000").pty("dumb", 24, 80);
    let mut running = world.client.start(&command, tokio::io::empty()).await.unwrap();
    let pid = line(&mut running).await;
    drop(running);
    super::support::gone(&pid).await;
}

#[tokio::test]
async fn a_strange_kind_of_terminal_is_refused() {
    let mut world = World::new();
    for term in ["a b", "\n", &"x".repeat(65)] {
        let command = Command::shell("true").pty(term, 24, 80);
        let error = world.output(&command).await.unwrap_err();
        assert_eq!(error.status(), Some(cmdexec::Status::BadRequest), "{error}");
    }
    let mut running = world
        .client
        .start(&Command::shell("true").pty("", 0, 0), tokio::io::empty())
        .await
        .unwrap();
    assert!(matches!(within(running.next()).await.unwrap(), Some(Event::Started { .. })));
}
