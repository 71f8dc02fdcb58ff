//! SNTP: what is told of clocks, and that servers do not talk to each other.

use std::net::Ipv4Addr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use netserver::{Datagram, DatagramHandle, Responder, Route, SendError};
use timesvc::sntp::{self, ClockQuality, Query};
use timesvc::{Client, ClockClaim};
use tokio::net::UdpSocket;

use crate::{Error, PATIENCE, Story, UdpServer, within};

/// What a call takes, and what a clock may be set right by meanwhile.
const SLACK: SignedDuration = SignedDuration::from_millis(100);

/// How many rounds two servers may talk, if each has its say some times.
const MOST_ROUNDS: usize = 200;

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    offsets(story).await?;
    quality(story).await?;
    answers_are_not_answered(story).await?;
    two_time_servers(story).await
}

async fn offsets(story: &mut Story) -> Result<(), Error> {
    story.tell("servers whose clocks are ahead of ours by so much; ours is asked how much:");
    for ahead in [0, 3600, -86_400] {
        let ahead = SignedDuration::from_secs(ahead);
        let server = UdpServer::start(move |datagram: Datagram<'_>, responder: Responder<'_>| {
            let now = Timestamp::now() + ahead;
            match sntp::answer(datagram.payload(), now, now, ClockQuality::local(10)) {
                Ok(packet) => responder.send(&packet.encode()),
                Err(_) => Ok::<_, SendError>(()),
            }
        })?;
        let sample = Client::new(server.addr()).deadline(PATIENCE).query().await?;
        let (offset, delay) = (sample.offset.as_secs_f64(), sample.delay.as_secs_f64());
        // The offset may be wrong by half of the delay.
        let error = (sample.offset - ahead).abs();
        story.check(
            format_args!("{:+} s: offset {offset:+.6} s, delay {delay:.6} s", ahead.as_secs()),
            error <= sample.delay / 2 + SLACK && !sample.delay.is_negative(),
        )?;
    }
    Ok(())
}

async fn quality(story: &mut Story) -> Result<(), Error> {
    story.tell("what a server says of its clock:");
    let claimed = UdpServer::sntp(ClockClaim::Local(10))?;
    let sample = Client::new(claimed.addr()).deadline(PATIENCE).query().await?;
    story.check(
        format_args!("--local-stratum 10: stratum {}, leap {:?}", sample.stratum, sample.leap),
        sample.stratum == 10 && sample.is_synchronised(),
    )?;
    let asked = UdpServer::sntp(ClockClaim::Kernel)?;
    let sample = Client::new(asked.addr()).deadline(PATIENCE).query().await?;
    let known = ClockClaim::Kernel.quality();
    story.check(
        format_args!(
            "else what the kernel knows: stratum {}, leap {:?}",
            sample.stratum, sample.leap
        ),
        (sample.stratum, sample.leap) == (known.stratum, known.leap)
            && sample.is_synchronised() == (known.stratum < 16),
    )
}

async fn answers_are_not_answered(story: &mut Story) -> Result<(), Error> {
    story.tell("two SNTP servers, one of which is made to ask the other:");
    let (one, other) =
        (UdpServer::sntp(ClockClaim::Local(10))?, UdpServer::sntp(ClockClaim::Local(10))?);
    one.handle().send(&Query::new(1).encode(), &Route::to(other.addr()))?;
    received(&other.handle(), 1).await?;
    received(&one.handle(), 1).await?;
    let (one, other) = (one.stop().await?, other.stop().await?);
    story.show(format_args!("{one}\n{other}"));
    story.check(
        "the answer to the question is not answered",
        (one.sent, other.sent, one.received, other.received) == (1, 1, 1, 1),
    )
}

async fn received(server: &DatagramHandle, count: u64) -> Result<(), Error> {
    within("a datagram", async {
        while server.counters().so_far.ended() < count {
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    })
    .await
}

async fn two_time_servers(story: &mut Story) -> Result<(), Error> {
    story.tell("two time servers, whose answers are valid requests, with a forged first request:");
    for first in ["hello", "", "%X", "%%%%%%%%H", "TZ=Asia/Tokyo %c", "%1025c"] {
        let servers =
            [UdpServer::time(TimeZone::UTC)?, UdpServer::time(TimeZone::get("Asia/Shanghai")?)?];
        servers[1].handle().send(first.as_bytes(), &Route::to(servers[0].addr()))?;
        let turns = until_silent(&servers).await?;
        story.check(format_args!("{first:?}: silent after {turns} turns"), turns <= MOST_ROUNDS)?;
    }
    Ok(())
}

/// Waits for the end of the servers' talk, and tells how many datagrams it had.
///
/// Each server is asked something in turn. When it answers, it has dealt with all that came
/// before, so that a talk that goes on shows in what the next one has received.
async fn until_silent(servers: &[UdpServer; 2]) -> Result<usize, Error> {
    // The first request is on its way, but has perhaps not left.
    received(&servers[0].handle(), 1).await?;
    let (mut turns, mut probes) = (0, 0);
    for _ in 0..=MOST_ROUNDS {
        for server in servers {
            probe(server).await?;
            probes += 1;
        }
        let all: u64 =
            servers.iter().map(|server| server.handle().counters().so_far.received).sum();
        let talked = usize::try_from(all)? - probes;
        if talked == turns {
            return Ok(turns);
        }
        turns = talked;
    }
    Err(format!("still talking after {turns} turns").into())
}

/// Asks a server something that is not its own answer, from a port of its own.
async fn probe(server: &UdpServer) -> Result<(), Error> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.send_to(b"%%", server.addr()).await?;
    let mut reply = [0; 16];
    within("a probe's answer", socket.recv(&mut reply)).await?;
    Ok(())
}
