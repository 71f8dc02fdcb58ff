//! Remote commands: whole and separate; and the tutorial's three ways to answer them.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use cmdexec::classic::{ClassicClient, ClassicError, ClassicMode};
use cmdexec::{Access, Client, Command, CommandService, Options, Policy, TcpConnector};
use netserver::{Running, StreamServer, bind_tcp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Error, Story, within};

/// What the tutorial's clients read at the most.
const RECV: usize = 1024;

/// The most that is taken of an output.
const MAX_OUTPUT: usize = 16 << 20;

/// How long an answer is waited for that never comes.
const NEVER: Duration = Duration::from_millis(300);

/// How many commands are timed.
const TIMED: u32 = 40;

/// Gives more than a naive client reads at a time.
const LONG: &str = "seq 1 1000";

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let server = serve(ClassicMode::Header)?;
    ours(story, &server).await?;
    naive(story).await?;
    with_lengths(story).await?;
    round_trips(story).await
}

/// A server that takes native clients, and the tutorial's, whom it answers in this way.
fn serve(mode: ClassicMode) -> Result<Running, Error> {
    let service =
        CommandService::new(Policy::default()).access(Access::default().exec(true)).classic(mode);
    Ok(StreamServer::new(bind_tcp((Ipv4Addr::LOCALHOST, 0).into())?, service).start())
}

fn connector(server: &Running) -> TcpConnector {
    TcpConnector::new(server.local_addr().to_string())
}

async fn ours(story: &mut Story, server: &Running) -> Result<(), Error> {
    story.tell("Commands over frames: stdout and stderr apart, and the exit status.");
    let mut client = Client::new(connector(server), Options::default());
    let mut run = async |line: &str| client.output(&Command::shell(line), MAX_OUTPUT).await;

    let failed = run("ls /no/such/place").await?;
    story.show(format_args!("ls /no/such/place  {}", first_line(&failed.stderr)));
    let code = failed.outcome.exit.shell_code();
    story.check(
        format_args!("an error is on stderr alone, with exit code {code}"),
        failed.stdout.is_empty() && !failed.stderr.is_empty() && code != 0,
    )?;

    let listed = run("ls /").await?;
    let names = listed.stdout.split(|&byte| byte == b'\n').count() - 1;
    story.check(format_args!("ls / gives {names} names"), names > 0)?;

    let interfaces =
        run("ip -brief address 2>/dev/null || ifconfig 2>/dev/null || cat /proc/net/dev").await?;
    for line in String::from_utf8_lossy(&interfaces.stdout).lines() {
        story.show(line);
    }
    story.check("the network interfaces are listed", !interfaces.stdout.is_empty())?;

    let much = run("seq 1 500000; seq 1 500000 >&2").await?;
    let expected: String = (1..=500_000).map(|number| format!("{number}\n")).collect();
    story.check(
        format_args!("{} bytes on each stream at once: both whole", expected.len()),
        much.stdout == expected.as_bytes() && much.stderr == expected.as_bytes(),
    )
}

async fn naive(story: &mut Story) -> Result<(), Error> {
    story.tell("The naive version: an answer, and nothing that says where it ends.");
    let server = serve(ClassicMode::Naive)?;
    let mut stream = TcpStream::connect(server.local_addr().to_string()).await?;
    let mut heard = Vec::new();
    let mut buffer = [0; RECV];
    for command in [LONG, "echo second"] {
        stream.write_all(command.as_bytes()).await?;
        let read = within("an answer", stream.read(&mut buffer)).await?;
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        story.show(format_args!("{command:<12} {read} bytes, beginning {:?}", first_line(&buffer)));
        heard.push(text);
    }
    story.check(
        format_args!("what one read left of `{LONG}` sticks to the answer of `echo second`"),
        heard[0].starts_with("1\n") && !heard[1].starts_with("second"),
    )?;
    let mut client =
        ClassicClient::new(connector(&server), ClassicMode::Naive).answer_within(NEVER);
    story.check(
        "a command that writes nothing is answered by nothing: its client waits for ever",
        matches!(client.run("true").await, Err(ClassicError::NoAnswer { .. })),
    )
}

async fn with_lengths(story: &mut Story) -> Result<(), Error> {
    story.tell("The other versions say first how long the answer is.");
    let long: String = (1..=1000).map(|number| format!("{number}\n")).collect();
    for mode in [ClassicMode::Low, ClassicMode::Header] {
        let server = serve(mode)?;
        let mut client = ClassicClient::new(connector(&server), mode);
        let answers = [client.run(LONG).await?, client.run("echo second").await?];
        story.check(
            format_args!("{mode}: {} bytes whole, and `second` by itself", answers[0].len()),
            answers[0] == long.as_bytes() && answers[1] == b"second\n",
        )?;
        let nothing = client.run("true").await?;
        story.check(format_args!("{mode}: no output is an answer, too"), nothing.is_empty())?;
    }
    Ok(())
}

/// The low version's price. What is counted is checked; what is measured is only shown.
async fn round_trips(story: &mut Story) -> Result<(), Error> {
    story.tell("The low version's client has to say that it is ready:");
    let server = serve(ClassicMode::Low)?;
    let mut stream = TcpStream::connect(server.local_addr().to_string()).await?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; RECV];
    let (mut trips, mut whole, mut waited) = (0, Duration::ZERO, Duration::ZERO);
    for _ in 0..TIMED {
        let begun = Instant::now();
        stream.write_all(b"echo x").await?;
        let digits = within("the length", stream.read(&mut buffer)).await?;
        let length = String::from_utf8_lossy(&buffer[..digits]).into_owned();
        let asked = Instant::now();
        stream.write_all(b"recv_ready").await?;
        let read = within("the output", stream.read(&mut buffer)).await?;
        waited += asked.elapsed();
        whole += begun.elapsed();
        trips += u32::from(length == "2") + u32::from(&buffer[..read] == b"x\n");
    }
    let each = |total: Duration| (total / TIMED).as_micros();
    story.show(format_args!(
        "{} µs a command, {} µs of them for the second round trip, here where there is no distance",
        each(whole),
        each(waited)
    ));
    story.check(
        format_args!("{TIMED} commands took {trips} round trips, two for each"),
        trips == 2 * TIMED,
    )
}

fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}
