//! What a policy allows, and what it does not.

use std::time::Duration;

use cmdexec::{Client, Command, EndedBy, Options, Policy, Status};

use super::support::{MemoryConnector, World, line, within};

#[tokio::test]
async fn only_named_programs_run_where_programs_are_named() {
    let mut world = World::with(Policy::default().allow(["echo", "seq"]));
    assert_eq!(world.shell("echo  a   b").await.stdout, b"a b\n");
    assert_eq!(world.output(&Command::argv(["seq", "2"])).await.unwrap().stdout, b"1\n2\n");
    for line in
        ["cat /etc/passwd", "echo a; id", "echo $(id)", "echo a > b", "/bin/echo a", "X=1 echo"]
    {
        let error = world.output(&Command::shell(line)).await.unwrap_err();
        assert_eq!(error.status(), Some(Status::Denied), "{line}: {error}");
    }
    let error = world.output(&Command::argv(["id"])).await.unwrap_err();
    assert_eq!(error.to_string(), "`id` may not be run here: only echo, seq may");
}

#[tokio::test]
async fn more_output_than_is_let_through_ends_a_command() {
    let mut world = World::with(Policy::default().max_output_bytes(100_000));
    let output = world.shell("yes").await;
    assert_eq!(output.stdout.len(), 100_000);
    assert!(!output.outcome.complete && !output.outcome.pipe_held);
    assert_eq!(output.outcome.ended_by, Some(EndedBy::Output));

    let output = world.shell("head -c 100000 /dev/zero").await;
    assert!(output.outcome.complete);
    assert_eq!(output.outcome.ended_by, None);
}

#[tokio::test]
async fn one_command_more_than_may_run_at_once_is_refused() {
    let mut world = World::with(Policy::default().max_concurrent_per_owner(1));
    let mut other = Client::new(MemoryConnector::new(&world), Options::default());
    let command = Command::shell("echo up; read line").stdin(true);
    let (input, hold) = tokio::io::duplex(1);
    let mut running = world.client.start(&command, input).await.unwrap();
    assert_eq!(line(&mut running).await, "up");
    let error = within(other.output(&Command::shell("true"), 100)).await.unwrap_err();
    assert_eq!(error.status(), Some(Status::Busy), "{error}");
    drop(hold);
    super::support::end(&mut running).await;
    within(other.output(&Command::shell("true"), 100)).await.unwrap();
}

#[tokio::test]
async fn the_environment_is_clean_and_takes_what_is_harmless() {
    let mut world = World::new();
    let command = Command::argv(["env"]).env("GREETING", "早上好").env("LC_ALL", "C");
    let output = world.output(&command).await.unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("GREETING=早上好\n") && output.contains("LC_ALL=C\n"), "{output}");
    assert!(output.contains("PATH=/") && !output.contains("CARGO"), "{output}");
}

#[tokio::test]
async fn variables_that_change_what_commands_mean_are_refused() {
    let mut world = World::new();
    for name in [
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "DYLD_INSERT_LIBRARIES",
        "BASH_ENV",
        "ENV",
        "IFS",
        "PATH",
        "SHELLOPTS",
        "PS4",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PERL5LIB",
        "PERL5OPT",
        "NODE_OPTIONS",
        "BASH_FUNC_ls",
        "GCONV_PATH",
        "SEAM_COMMAND",
    ] {
        let command = Command::shell("true").env(name, "x");
        let error = world.output(&command).await.unwrap_err();
        assert_eq!(error.status(), Some(Status::Denied), "{name}");
    }
    for name in ["", "A=B", "1A", "A B", "BASH_FUNC_ls%%", "Ä"] {
        let command = Command::shell("true").env(name, "x");
        let error = world.output(&command).await.unwrap_err();
        assert_eq!(error.status(), Some(Status::BadRequest), "{name}");
    }
}

#[tokio::test]
async fn only_chosen_variables_are_taken_where_they_are_chosen() {
    let mut world = World::with(Policy::default().env_allow(["APP_*"]));
    world.output(&Command::shell("true").env("APP_MODE", "x")).await.unwrap();
    let error = world.output(&Command::shell("true").env("OTHER", "x")).await.unwrap_err();
    assert_eq!(error.to_string(), "the variable `OTHER` is not taken here");
}

#[tokio::test]
async fn the_shorter_of_two_time_limits_counts() {
    let policy = Policy::default().max_run(Duration::from_secs(3600));
    let mut world = World::with(policy);
    let command = Command::shell("sleep 1000").timeout(Duration::from_millis(50));
    assert_eq!(world.output(&command).await.unwrap().outcome.ended_by, Some(EndedBy::Time));
}
