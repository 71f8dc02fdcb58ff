//! Commands that cannot be run, and peers that may not run any.

use cmdexec::{Access, ClientError, Command, CommandService, Policy, Status, Text};

use super::support::World;

/// What the server says to a command.
async fn refusal(command: Command) -> (Option<Status>, String) {
    let mut world = World::new();
    let error = world.output(&command).await.unwrap_err();
    // A refusal leaves the connection of use.
    assert_eq!(world.shell("echo next").await.stdout, b"next\n");
    (error.status(), error.to_string())
}

#[tokio::test]
async fn an_empty_command_is_refused() {
    for command in [
        Command::shell(""),
        Command::shell(" \t\n "),
        Command::argv(Vec::<Text>::new()),
        Command::argv([""]),
    ] {
        let (status, message) = refusal(command).await;
        assert_eq!((status, &*message), (Some(Status::BadRequest), "the command is empty"));
    }
}

#[tokio::test]
async fn a_nul_byte_is_refused() {
    for command in [
        Command::shell("echo a\0b"),
        Command::argv(["echo", "\0"]),
        Command::shell("true").dir("/\0"),
        Command::shell("true").env("A", "\0"),
    ] {
        let (status, message) = refusal(command).await;
        assert_eq!(status, Some(Status::BadRequest), "{message}");
        assert!(message.contains("NUL") && !message.contains('\0'), "{message}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let missing = [
        (Command::argv(["no-such-program"]), "no program `no-such-program` there"),
        (Command::shell("true").dir("/no/such"), "no directory `/no/such` there"),
        (Command::shell("true").dir("/etc/passwd"), "`/etc/passwd` there is no directory"),
    ];
    for (command, expected) in missing {
        let (status, message) = refusal(command).await;
        assert_eq!((status, &*message), (Some(Status::NotFound), expected));
    }
    let (status, message) = refusal(Command::shell("true").with_shell("nosh")).await;
    assert_eq!(status, Some(Status::NotFound));
    assert!(message.starts_with("no shell `nosh`: there are /bin/sh"), "{message}");
    let (status, _) = refusal(Command::argv(["/etc/passwd"])).await;
    assert_eq!(status, Some(Status::Denied));
}

#[tokio::test]
async fn a_shell_is_found_by_name_or_path_and_runs_in_the_directory() {
    let mut world = World::with(Policy::default().shells(["/bin/sh", "/bin/cat"]));
    let here = Command::shell("pwd").with_shell("/bin/sh").dir("/usr");
    assert_eq!(world.output(&here).await.unwrap().stdout, b"/usr\n");
    // Not much of a shell, but it shows who was asked.
    let other = Command::shell("x").with_shell("cat");
    let output = world.output(&other).await.unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("cat:"));
}

#[tokio::test]
async fn arguments_are_passed_as_they_are() {
    let mut world = World::new();
    let odd = ["$HOME", "a b", "*", "'", "", "\n"];
    let command = Command::argv(["printf", "<%s>"].into_iter().chain(odd));
    let output = world.output(&command).await.unwrap();
    assert_eq!(output.stdout, b"<$HOME><a b><*><'><><\n>");
    let bytes = Command::argv([&b"printf"[..], b"%s", b"\xff\xfe"]);
    assert_eq!(world.output(&bytes).await.unwrap().stdout, b"\xff\xfe");
}

#[tokio::test]
async fn a_command_over_the_limit_of_a_request_is_not_sent() {
    let mut world = World::new();
    let long = Command::shell("x".repeat(70_000));
    let error = world.output(&long).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLong(_)), "{error}");
    assert!(error.to_string().contains("65536"), "{error}");
    assert_eq!(world.shell("echo next").await.stdout, b"next\n");
}

#[tokio::test]
async fn a_peer_without_the_right_runs_nothing() {
    let mut world = World::serving(CommandService::new(Policy::default()));
    let error = world.output(&Command::shell("true")).await.unwrap_err();
    assert_eq!(error.status(), Some(Status::Denied), "{error}");
    assert!(!Access::default().exec);
}
