//! How commands end, and what is told of it.

use std::time::Duration;

use cmdexec::{Command, EndedBy, Exit, Policy, Signal};

use super::support::{World, end, exists, gone, line, within};

#[tokio::test]
async fn the_exit_code_is_told() {
    let mut world = World::new();
    for code in [0, 1, 7, 127, 255] {
        let outcome = world.shell(&format!("exit {code}")).await.outcome;
        assert_eq!(outcome.exit, Exit::Code(code));
        assert!(outcome.complete && outcome.ended_by.is_none());
    }
}

#[tokio::test]
async fn the_signal_is_told() {
    let mut world = World::new();
    let outcome = world.shell("kill -9 $$").await.outcome;
    assert_eq!(outcome.exit, Exit::Signal { number: 9, core: false });
    assert_eq!(outcome.exit.shell_code(), 137);
}

#[tokio::test]
async fn a_process_is_reaped_when_its_end_is_told() {
    let mut world = World::new();
    let output = world.shell("echo $$").await;
    assert!(!exists(String::from_utf8(output.stdout).unwrap().trim()));
}

#[tokio::test]
async fn a_left_over_that_holds_the_output_is_told_of_and_ended() {
    let policy = Policy::default().pipe_grace(Duration::from_millis(100));
    let mut world = World::with(policy);
    let output = world.shell("sleep 1000 & echo $!").await;
    let outcome = output.outcome;
    assert!(!outcome.complete && outcome.pipe_held);
    assert_eq!((outcome.exit, outcome.left_over), (Exit::Code(0), 1));
    gone(String::from_utf8(output.stdout).unwrap().trim()).await;
}

#[tokio::test]
async fn what_was_written_before_the_end_comes_though_the_output_is_held() {
    let policy = Policy::default().pipe_grace(Duration::from_millis(1));
    let mut world = World::with(policy);
    for _ in 0..10 {
        let output = world.shell("sleep 1000 & head -c 60000 /dev/zero").await;
        assert_eq!(output.stdout.len(), 60_000);
        assert!(output.outcome.pipe_held);
    }
}

#[tokio::test]
async fn a_slow_reader_gets_all_that_was_written_before_the_end() {
    let policy = Policy::default().pipe_grace(Duration::ZERO);
    let mut world = World::with(policy);
    let command = Command::shell("head -c 6000000 /dev/zero");
    let mut running = world.client.start(&command, tokio::io::empty()).await.unwrap();
    let (mut slow, mut drain) = tokio::io::duplex(64);
    let copying = async {
        let outcome = running.copy(&mut slow, &mut tokio::io::sink()).await.unwrap();
        drop(slow);
        outcome
    };
    let draining = async {
        let mut all = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut drain, &mut all).await.unwrap();
        all.len()
    };
    let (outcome, drained) = within(async { tokio::join!(copying, draining) }).await;
    assert_eq!(drained, 6_000_000);
    assert!(outcome.complete && !outcome.pipe_held);
}

#[tokio::test]
async fn a_left_over_that_holds_nothing_is_ended_too() {
    let mut world = World::new();
    let output = world.shell("sleep 1000 >/dev/null 2>&1 & echo $!").await;
    assert!(output.outcome.complete && !output.outcome.pipe_held);
    assert_eq!(output.outcome.left_over, 1);
    assert!(!exists(String::from_utf8(output.stdout).unwrap().trim()));
}

#[tokio::test]
async fn a_command_is_asked_to_end_when_its_time_is_up() {
    let mut world = World::new();
    let command = Command::shell("trap 'echo asked; exit 3' TERM; echo ready; sleep 1000 & wait")
        .timeout(Duration::from_millis(300));
    let output = world.output(&command).await.unwrap();
    assert_eq!(output.outcome.ended_by, Some(EndedBy::Time));
    assert!(matches!(output.outcome.exit, Exit::Code(3) | Exit::Signal { number: 15, .. }));
}

#[tokio::test]
async fn a_command_that_does_not_listen_is_killed() {
    let policy =
        Policy::default().max_run(Duration::from_millis(100)).kill_grace(Duration::from_millis(50));
    let mut world = World::with(policy);
    let command = Command::shell("trap '' TERM; while :; do sleep 1000; done");
    let output = world.output(&command.timeout(Duration::from_secs(3600))).await.unwrap();
    assert_eq!(output.outcome.ended_by, Some(EndedBy::Time));
    assert_eq!(output.outcome.exit, Exit::Signal { number: 9, core: false });
}

#[tokio::test]
async fn a_cancelled_command_is_ended_and_the_connection_stays_of_use() {
    let mut world = World::new();
    let command = Command::shell("echo up; sleep 1000");
    let mut running = world.client.start(&command, tokio::io::empty()).await.unwrap();
    assert_eq!(line(&mut running).await, "up");
    running.control().cancel();
    let outcome = end(&mut running).await;
    assert_eq!(outcome.ended_by, Some(EndedBy::Cancel));
    assert_eq!(outcome.exit, Exit::Signal { number: 15, core: false });
    assert!(within(running.next()).await.unwrap().is_none());
    drop(running);
    assert_eq!(world.shell("echo next").await.stdout, b"next\n");
}

#[tokio::test]
async fn signals_are_passed_on() {
    let mut world = World::new();
    let script = "trap 'echo usr1' USR1; echo up; while :; do read line; done";
    let (input, _hold) = tokio::io::duplex(1);
    let command = Command::shell(script).stdin(true);
    let mut running = world.client.start(&command, input).await.unwrap();
    assert_eq!(line(&mut running).await, "up");
    let control = running.control();
    control.signal(Signal::Usr1);
    assert_eq!(line(&mut running).await, "usr1");
    control.signal(Signal::Kill);
    let outcome = end(&mut running).await;
    assert_eq!(outcome.exit, Exit::Signal { number: 9, core: false });
    assert_eq!(outcome.ended_by, None);
    // Over, it hears nothing any more.
    control.signal(Signal::Kill);
}
