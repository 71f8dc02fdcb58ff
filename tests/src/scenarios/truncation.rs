//! Datagrams keep their boundaries, and lose what a reader has no room for.

use std::net::Ipv4Addr;

use netserver::{Datagram, DatagramLimits, DatagramServer, Responder, SendError, bind_udp};
use tokio::task::spawn_blocking;

use crate::tutorial::echo::OriginalUdpClient;
use crate::{Error, Story, UdpServer, within};

/// How many small messages are sent.
const MESSAGES: usize = 20;

/// What the tutorial's clients read.
const RECV: usize = 1024;

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    cut_by_the_reader(story).await?;
    never_stuck_together(story).await?;
    empty(story).await?;
    never_half_a_message(story).await
}

async fn cut_by_the_reader(story: &mut Story) -> Result<(), Error> {
    story.tell("a client asks `alphabet` to be echoed, and reads recvfrom(4):");
    let server = UdpServer::upper()?;
    let addr = server.addr();
    let (cut, next) = spawn_blocking(move || {
        let client = OriginalUdpClient::new(addr)?;
        client.send(b"alphabet")?;
        let cut = client.receive(4);
        client.send(b"next")?;
        Ok::<_, Error>((cut, client.receive(RECV)?))
    })
    .await??;
    match &cut {
        Ok(cut) => {
            story.show(format_args!("{}", cut.escape_ascii()));
            story.check("it gets the first four bytes, without an error", cut == b"ALPH")?;
        }
        Err(error) => story.check(format_args!("it gets an error: {error}"), cfg!(windows))?,
    }
    story.show(format_args!("{}", next.escape_ascii()));
    story.check("the rest is lost: the next read is the next message", next == b"NEXT")?;
    let report = server.stop().await?;
    story.check(format_args!("the server sent both whole: {report}"), report.sent == 2)
}

async fn never_stuck_together(story: &mut Story) -> Result<(), Error> {
    story.tell(format_args!(
        "{MESSAGES} messages, and a reader who comes when all replies are there:"
    ));
    let server = UdpServer::upper()?;
    let addr = server.addr();
    let client = spawn_blocking(move || {
        let client = OriginalUdpClient::new(addr)?;
        for number in 0..MESSAGES {
            client.send(format!("<m{number:02}>").as_bytes())?;
        }
        Ok::<_, Error>(client)
    })
    .await??;
    within("the replies", async {
        while server.handle().counters().so_far.sent < MESSAGES as u64 {
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    })
    .await?;
    let reads = spawn_blocking(move || {
        let reads = (0..MESSAGES).map(|_| client.receive(RECV));
        reads.collect::<Result<Vec<_>, _>>()
    })
    .await??;
    let shown: Vec<_> = reads.iter().map(|read| read.escape_ascii().to_string()).collect();
    story.show(shown.join("  "));
    let all = (0..MESSAGES).map(|number| format!("<M{number:02}>").into_bytes());
    story.check("each read is one message: UDP never sticks", all.eq(reads))
}

async fn empty(story: &mut Story) -> Result<(), Error> {
    let server = UdpServer::upper()?;
    let addr = server.addr();
    let reply = spawn_blocking(move || OriginalUdpClient::new(addr)?.ask(b"")).await??;
    story.check("an empty datagram is a message, too, and is answered", reply.is_empty())
}

async fn never_half_a_message(story: &mut Story) -> Result<(), Error> {
    story.tell("netserver with room for 16 bytes, asked with 16 bytes, 17, and 65,507:");
    let echo = |datagram: Datagram<'_>, responder: Responder<'_>| -> Result<(), SendError> {
        responder.send(datagram.payload())
    };
    let socket = bind_udp((Ipv4Addr::LOCALHOST, 0).into())?;
    let addr = socket.get_ref().local_addr()?;
    let limits = DatagramLimits::default().max_payload_bytes(16);
    let running = DatagramServer::new(socket, echo).limits(limits).start();
    let heard = spawn_blocking(move || {
        let client = OriginalUdpClient::new(addr)?;
        for length in [16, 17, 65_507] {
            client.send(&vec![b'x'; length])?;
        }
        Ok::<_, std::io::Error>([client.receive(RECV)?, client.ask(b"goes on")?])
    })
    .await??;
    running.shutdown();
    let report = within("the server's end", running.wait()).await?;
    story.check("the first is answered", heard[0] == [b'x'; 16])?;
    story.check(
        format_args!("the others never reach the handler, and the server goes on: {report}"),
        heard[1] == b"goes on" && report.oversized == 2 && report.sent == 2,
    )
}
