//! The original programs in Python, as processes, beside the players and our servers.
//!
//! They are written down in `originals/` as the tutorial has them, but for their ports. This needs
//! a Python on the machine, and so is no test: `cargo xtask originals` runs it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};

use jiff::tz::TimeZone;
use timesvc::Client;
use tokio::task::spawn_blocking;

use super::echo::{OriginalTcpClient, OriginalUdpClient};
use super::{PATIENCE, echo};
use crate::{Error, Story, UdpServer, UpperStreams};

const UDP_SERVER: &str = include_str!("originals/udp_server.py");
const UDP_CLIENT: &str = include_str!("originals/udp_client.py");
const THREADING_UDP_SERVER: &str = include_str!("originals/threading_udp_server.py");
const TCP_SERVER: &str = include_str!("originals/tcp_server.py");
const TCP_CLIENT: &str = include_str!("originals/tcp_client.py");
const TIME_SERVER: &str = include_str!("originals/time_server.py");

/// What the echoes are asked, a line each; the last one, for datagrams only, is empty.
const ASKED: [&str; 4] = ["hello", "Abc-123", "héllo 你好", ""];

/// A Python program that runs until it is dropped.
struct Python(Child);

impl Python {
    fn start(python: &str, program: &str, port: u16) -> Result<Self, Error> {
        let mut command = Command::new(python);
        command.args(["-c", program, &port.to_string()]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        Ok(Self(piped.map_err(|error| format!("{python} does not start: {error}"))?))
    }

    /// Starts a server, and waits until it says that it is ready.
    fn serve(python: &str, program: &str, port: u16) -> Result<Self, Error> {
        let mut server = Self::start(python, program, port)?;
        let stdout = server.0.stdout.take().ok_or("a server without standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line == "ready\n" { Ok(server) } else { Err("a Python server did not start".into()) }
    }

    /// Gives a client its lines, and takes those that it prints.
    fn talk(mut self, lines: &[&str]) -> Result<Vec<String>, Error> {
        let mut stdin = self.0.stdin.take().ok_or("a client without standard input")?;
        for line in lines {
            writeln!(stdin, "{line}")?;
        }
        drop(stdin);
        let stdout = self.0.stdout.take().ok_or("a client without standard output")?;
        Ok(BufReader::new(stdout).lines().collect::<Result<_, _>>()?)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It has nothing to lose, and may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lets the original programs talk to ours and to the players, and checks what they say.
///
/// # Errors
///
/// What was not so, or that there is no such Python.
pub async fn tell(story: &mut Story, python: &str) -> Result<(), Error> {
    original_clients(story, python).await?;
    original_servers(story, python).await?;
    original_time(story, python).await
}

async fn talk(
    python: &str,
    program: &'static str,
    server: SocketAddr,
    lines: &'static [&'static str],
) -> Result<Vec<String>, Error> {
    let client = Python::start(python, program, server.port())?;
    spawn_blocking(move || client.talk(lines)).await?
}

async fn original_clients(story: &mut Story, python: &str) -> Result<(), Error> {
    story.tell("Python's clients at our servers, and at the players of the original ones:");
    let upper: Vec<_> = ASKED.iter().map(|line| line.to_ascii_uppercase()).collect();
    let (ours, streams) = (UdpServer::upper()?, UpperStreams::start()?);
    let (one, threads) = (echo::udp_server()?, echo::threading_udp_server()?);
    for (name, addr) in [
        ("rows 1 and 9, ours", ours.addr()),
        ("row 1, the player", one.addr()),
        ("row 9, the player", threads.addr()),
    ] {
        let heard = talk(python, UDP_CLIENT, addr, &ASKED).await?;
        story.check_eq(format_args!("{name}: {heard:?}"), &heard, &upper)?;
    }
    let player = echo::threading_tcp_server()?;
    for (name, addr) in [("row 8, ours", streams.addr()), ("row 8, the player", player.addr())] {
        let heard = talk(python, TCP_CLIENT, addr, &ASKED[..3]).await?;
        story.check_eq(format_args!("{name}: {heard:?}"), &heard[..], &upper[..3])?;
    }
    Ok(())
}

async fn original_servers(story: &mut Story, python: &str) -> Result<(), Error> {
    story.tell("the players of the clients at Python's servers:");
    for (name, program) in [("row 1", UDP_SERVER), ("row 9", THREADING_UDP_SERVER)] {
        let addr = free_udp()?;
        let _server = Python::serve(python, program, addr.port())?;
        let heard = spawn_blocking(move || {
            let client = OriginalUdpClient::new(addr)?;
            ASKED.iter().map(|asked| client.ask(asked.as_bytes())).collect::<Result<Vec<_>, _>>()
        });
        let upper = ASKED.map(|line| line.to_ascii_uppercase().into_bytes());
        story.check_eq(name, heard.await??, upper.to_vec())?;
    }
    let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let _server = Python::serve(python, TCP_SERVER, addr.port())?;
    let heard = spawn_blocking(move || OriginalTcpClient::connect(addr)?.ask(b"Abc 1")).await??;
    story.check_eq("row 8", heard, b"ABC 1".to_vec())
}

async fn original_time(story: &mut Story, python: &str) -> Result<(), Error> {
    const FORMATS: [&str; 4] = ["%Z %z", "几点 %Q %%", "%5n|%_3%", ""];
    story.tell("row 3: Python's client at our server, our client at Python's server:");
    let server = UdpServer::time(TimeZone::system())?;
    let heard = talk(python, UDP_CLIENT, server.addr(), &FORMATS[..2]).await?;
    story.check(format_args!("{heard:?}"), heard.len() == 2 && heard[1] == "几点 %Q %")?;

    let addr = free_udp()?;
    let client = Client::new(addr).deadline(PATIENCE);
    let asking = tokio::spawn(async move { client.ask("先 %%".as_bytes()).await });
    // So that the first datagram is lost before the server is there.
    tokio::task::yield_now().await;
    let _server = Python::serve(python, TIME_SERVER, addr.port())?;
    let heard = String::from_utf8(asking.await??)?;
    story.check_eq("ours was started first, and asks until it is answered", &*heard, "先 %")?;

    let ours = Client::new(server.addr()).deadline(PATIENCE);
    let theirs = Client::new(addr).deadline(PATIENCE);
    for format in FORMATS {
        // The time goes on between the two: the older answer is asked for again then.
        let (before, there) =
            (ours.ask(format.as_bytes()).await?, theirs.ask(format.as_bytes()).await?);
        let after = ours.ask(format.as_bytes()).await?;
        let shown = there.escape_ascii().to_string();
        story.check(
            format_args!("{format:?}: both say {shown}"),
            there == before || there == after,
        )?;
    }
    Ok(())
}

/// A port that nobody listens at; that somebody takes it meanwhile is possible, and unlikely.
fn free_udp() -> Result<SocketAddr, Error> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
