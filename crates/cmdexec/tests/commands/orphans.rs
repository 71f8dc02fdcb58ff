//! Nothing stays behind, wherever it went.

use std::time::Duration;

use cmdexec::{Command, Policy};

use super::support::{World, exists, gone, line, within};

/// Ways to leave a shell, each of which tells the number of a process that would stay for long.
const ESCAPES: [&str; 7] = [
    "sleep 1000 & echo $!",
    "setsid sleep 1000 & echo $!",
    "setsid sh -c 'echo $$; exec sleep 1000' &",
    "nohup setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &",
    "(setsid sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 1000; done' &)",
    "env -i setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000",
    "(env -i setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &)",
];

#[tokio::test]
async fn what_a_command_started_goes_with_its_client() {
    for escape in ESCAPES {
        let mut world = World::with(Policy::default().kill_grace(Duration::from_millis(100)));
        let command = Command::shell(format!("{escape}\n sleep 1000"));
        let mut running = world.client.start(&command, tokio::io::empty()).await.unwrap();
        let pid = line(&mut running).await;
        assert!(exists(&pid), "{escape}");
        drop(running);
        gone(&pid).await;
    }
}

#[tokio::test]
async fn what_a_command_started_goes_with_its_server() {
    for escape in ESCAPES {
        let mut world = World::new();
        let command = Command::shell(format!("{escape}\n sleep 1000"));
        let mut running = world.client.start(&command, tokio::io::empty()).await.unwrap();
        let pid = line(&mut running).await;
        drop(running);
        // The handlers are cut off at once.
        drop(world);
        gone(&pid).await;
    }
}

#[tokio::test]
async fn what_a_command_started_goes_with_its_time() {
    for escape in ESCAPES {
        let policy = Policy::default()
            .kill_grace(Duration::from_millis(100))
            .pipe_grace(Duration::from_millis(100));
        let mut world = World::with(policy);
        let command = Command::shell(format!("{escape}\n sleep 1000"));
        let command = command.timeout(Duration::from_millis(500));
        let output = world.output(&command).await.unwrap();
        let pid = String::from_utf8(output.stdout).unwrap();
        gone(pid.trim()).await;
    }
}

#[tokio::test]
async fn what_holds_the_output_from_a_session_of_its_own_is_ended_when_the_shell_has() {
    let policy = Policy::default().pipe_grace(Duration::from_millis(100));
    let mut world = World::with(policy);
    for escape in &ESCAPES[..5] {
        let output = world.shell(escape).await;
        let pid = String::from_utf8(output.stdout).unwrap();
        // Where the shell was faster, not even the number has come.
        if !pid.is_empty() {
            gone(pid.trim()).await;
        }
        assert!(output.outcome.left_over > 0 || pid.is_empty(), "{escape}");
    }
}

#[tokio::test]
async fn a_future_that_is_dropped_at_any_await_leaves_nothing() {
    let mut world = World::new();
    for polls in 1..60 {
        let command = Command::shell("echo $$; setsid sleep 1000 & sleep 1000");
        let mut running = world.client.start(&command, tokio::io::empty()).await.unwrap();
        let mut heard = Vec::new();
        {
            let mut sink = tokio::io::sink();
            let mut copying = std::pin::pin!(running.copy(&mut heard, &mut sink));
            for _ in 0..polls {
                tokio::select! {
                    biased;
                    ended = &mut copying => panic!("{ended:?}"),
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        drop(running);
        if let Some(pid) = String::from_utf8(heard).unwrap().lines().next() {
            gone(pid).await;
        }
    }
    assert_eq!(within(world.shell("echo next")).await.stdout, b"next\n");
}
