//! Input goes in, and holds nothing up.

use cmdexec::{Command, Event, Exit, Signal};

use super::support::{World, content, end, line, within};

#[tokio::test]
async fn what_goes_in_comes_out() {
    let mut world = World::new();
    for len in [0, 1, 1000, 65_536, 1 << 20, 9_000_001] {
        let input = content(len);
        let (output, outcome) = world.feed(Command::argv(["cat"]), &input).await;
        assert!(output == input, "{len}");
        assert_eq!((outcome.stdin_bytes, outcome.exit), (len as u64, Exit::Code(0)));
    }
}

#[tokio::test]
async fn without_input_a_command_finds_its_end() {
    let mut world = World::new();
    assert_eq!(world.shell("cat; echo $?").await.stdout, b"0\n");
}

#[tokio::test]
async fn a_command_that_does_not_read_holds_no_signal_up() {
    let mut world = World::new();
    let command = Command::shell("echo up; sleep 1000").stdin(true);
    let mut running = world.client.start(&command, tokio::io::repeat(b'x')).await.unwrap();
    assert_eq!(line(&mut running).await, "up");
    running.control().signal(Signal::Term);
    let outcome = end(&mut running).await;
    assert_eq!(outcome.exit, Exit::Signal { number: 15, core: false });
    assert!(outcome.stdin_bytes <= 1 << 20, "{}", outcome.stdin_bytes);
    drop(running);
    assert_eq!(world.shell("echo next").await.stdout, b"next\n");
}

#[tokio::test]
async fn a_command_that_closes_its_input_goes_on() {
    let mut world = World::new();
    let command = Command::shell("exec <&-; echo closed; sleep 0.05; echo on").stdin(true);
    let mut running = world.client.start(&command, tokio::io::repeat(b'x')).await.unwrap();
    let mut all = Vec::new();
    let outcome = within(running.copy(&mut all, &mut tokio::io::sink())).await.unwrap();
    assert_eq!((all, outcome.exit), (b"closed\non\n".to_vec(), Exit::Code(0)));
}

#[tokio::test]
async fn a_command_that_reads_a_little_ends_with_input_on_its_way() {
    let mut world = World::new();
    for _ in 0..10 {
        let command = Command::argv(["head", "-c", "10"]).stdin(true);
        let mut running = world.client.start(&command, tokio::io::repeat(b'x')).await.unwrap();
        let mut all = Vec::new();
        within(running.copy(&mut all, &mut tokio::io::sink())).await.unwrap();
        assert_eq!(all, b"xxxxxxxxxx");
    }
}

#[tokio::test]
async fn input_that_cannot_be_read_is_an_error_and_ends_the_command() {
    struct Broken;
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Err(std::io::ErrorKind::NotConnected.into()))
        }
    }
    let mut world = World::new();
    let command = Command::shell("cat; sleep 1000").stdin(true);
    let mut running = world.client.start(&command, Broken).await.unwrap();
    let error = loop {
        match within(running.next()).await {
            Ok(Some(Event::Started { .. })) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().starts_with("cannot read the input"), "{error}");
}
