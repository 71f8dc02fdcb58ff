//! The tutorial's `socketserver` programs: many at once, over TCP and UDP.

use std::net::SocketAddr;

use tokio::task::{JoinSet, spawn_blocking};

use crate::tutorial::echo::{
    OriginalTcpClient, OriginalUdpClient, threading_tcp_server, threading_udp_server, udp_server,
};
use crate::{Error, Story, UdpServer, UpperStreams};

/// How many clients there are at once.
const CLIENTS: usize = 40;

/// How many messages each of them sends.
const MESSAGES: usize = 10;

/// What each kind of server is asked, so that their answers can be compared.
const ASKED: [&[u8]; 5] =
    [b"hello", b"Abc-123 xyz", "héllo 你好".as_bytes(), b"\xff\xfe\x00 bytes", b"x"];

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    over_tcp(story).await?;
    over_udp(story).await?;
    the_same_answers(story).await
}

async fn over_tcp(story: &mut Story) -> Result<(), Error> {
    story.tell(format_args!("{CLIENTS} original TCP clients, all connected before one speaks:"));
    let server = UpperStreams::start()?;
    let addr = server.addr();
    let answered = spawn_blocking(move || {
        let mut clients = (0..CLIENTS)
            .map(|_| OriginalTcpClient::connect(addr))
            .collect::<Result<Vec<_>, _>>()?;
        let mut answered = 0;
        for message in 0..MESSAGES {
            for (number, client) in clients.iter_mut().enumerate() {
                let said = format!("client {number}, message {message}");
                let heard = client.ask(said.as_bytes())?;
                answered += usize::from(heard == said.to_ascii_uppercase().as_bytes());
            }
        }
        Ok::<_, Error>(answered)
    })
    .await??;
    story.check_eq("each gets all of its answers", answered, CLIENTS * MESSAGES)?;
    let report = server.stop().await?;
    story.check(format_args!("the server's report: {report}"), report.accepted == CLIENTS as u64)
}

async fn over_udp(story: &mut Story) -> Result<(), Error> {
    story.tell(format_args!("{CLIENTS} original UDP clients at once:"));
    let server = UdpServer::upper()?;
    let addr = server.addr();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn_blocking(move || {
            let client = OriginalUdpClient::new(addr)?;
            let mut answered = 0;
            for message in 0..MESSAGES {
                let said = format!("client {number}, message {message}");
                let heard = client.ask(said.as_bytes())?;
                answered += usize::from(heard == said.to_ascii_uppercase().as_bytes());
            }
            Ok::<_, Error>(answered)
        });
    }
    let mut answered = 0;
    for client in clients.join_all().await {
        answered += client?;
    }
    story.check_eq("each gets its own answers", answered, CLIENTS * MESSAGES)?;
    let report = server.stop().await?;
    let all = (CLIENTS * MESSAGES) as u64;
    story.check(format_args!("the server's report: {report}"), report.served == all)
}

async fn the_same_answers(story: &mut Story) -> Result<(), Error> {
    story.tell("our servers beside the originals, byte for byte:");
    let (streams, datagrams) = (UpperStreams::start()?, UdpServer::upper()?);
    let original = threading_tcp_server()?;
    let (ours, theirs) = (tcp_answers(streams.addr()).await?, tcp_answers(original.addr()).await?);
    story.check_eq("ThreadingTCPServer", ours, theirs)?;
    for (name, original) in
        [("a loop", udp_server()?), ("ThreadingUDPServer", threading_udp_server()?)]
    {
        let ours = udp_answers(datagrams.addr()).await?;
        story.check_eq(name, ours, udp_answers(original.addr()).await?)?;
    }
    Ok(())
}

async fn tcp_answers(server: SocketAddr) -> Result<Vec<Vec<u8>>, Error> {
    let answers = spawn_blocking(move || {
        let mut client = OriginalTcpClient::connect(server)?;
        ASKED.into_iter().map(|asked| client.ask(asked)).collect::<Result<_, _>>()
    });
    Ok(answers.await??)
}

/// Datagrams may be empty as well.
async fn udp_answers(server: SocketAddr) -> Result<Vec<Vec<u8>>, Error> {
    let answers = spawn_blocking(move || {
        let client = OriginalUdpClient::new(server)?;
        let asked = ASKED.into_iter().chain([&b""[..]]);
        asked.map(|asked| client.ask(asked)).collect::<Result<_, _>>()
    });
    Ok(answers.await??)
}
