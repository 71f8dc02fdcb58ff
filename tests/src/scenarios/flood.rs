//! One source floods a time server, and very many others turn up.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use timesvc::Client;
use tokio::task::spawn_blocking;

use crate::forge::Forger;
use crate::{Error, PATIENCE, Place, Served, Story};

/// How many datagrams a second the server takes of one source.
const RATE: u64 = 50;

/// Of those over the limit it serves one in so many all the same.
const LEAK: u64 = 16;

/// How many datagrams the flood has at least.
const FLOOD: u64 = 20_000;

/// How often somebody else asks meanwhile.
const QUESTIONS: u64 = 20;

/// How many sources are forged; with `SEAM_SLOW` set, a million. There is room for 8,192.
const SOURCES: u32 = 100_000;

/// What the server may hold more, for all of them, than for the first ones.
const MOST_GROWTH: u64 = 4 << 20;

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    one_source(story).await?;
    a_million_sources(story).await
}

async fn time_cli(place: &Place, rate: u64) -> Result<Served, Error> {
    let rate = rate.to_string();
    let args = ["serve", "--json", "--bind", "127.0.0.1:0", "--max-rate", &rate];
    Served::start(&mut place.time_cli(&args)?).await
}

async fn one_source(story: &mut Story) -> Result<(), Error> {
    story.tell(format_args!("time-cli serve --max-rate {RATE}; 127.0.0.2 asks without a pause:"));
    let place = Place::new()?;
    let mut served = time_cli(&place, RATE).await?;
    let server = served.addr;
    let begun = Instant::now();
    let (enough, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let flood = spawn_blocking({
        let (enough, sent) = (Arc::clone(&enough), Arc::clone(&sent));
        move || flood(server, &enough, &sent)
    });
    let client = Client::new(server).deadline(PATIENCE).ask_again(Duration::from_millis(20));
    let asked = ask_others(&client, &sent).await;
    // However it went, the flood ends.
    enough.store(true, Ordering::Relaxed);
    flood.await??;
    let answered = asked?;
    story.show(format_args!("{} datagrams from 127.0.0.2", sent.load(Ordering::Relaxed)));
    story.check_eq("127.0.0.1 got an answer to each question meanwhile", answered, QUESTIONS)?;
    served.process.interrupt()?;
    let stopped = served.process.event("its report", |event| event["event"] == "stopped").await?;
    let count = |name: &str| stopped[name].as_u64().ok_or("no count");
    let (received, sent) = (count("received")?, count("sent")?);
    // The two sources' allowance, a second's worth at once, and twice the leak: it is chance.
    let allowed = 2 * RATE * (begun.elapsed().as_secs() + 2) + received * 2 / LEAK;
    story.check(
        format_args!("of {received} datagrams {sent} were answered; {allowed} are the most"),
        sent <= allowed,
    )
}

fn flood(server: SocketAddr, enough: &AtomicBool, sent: &AtomicU64) -> Result<(), Error> {
    let forger = Forger::new(server)?;
    while !enough.load(Ordering::Relaxed) {
        forger.send(b"%c", Ipv4Addr::new(127, 0, 0, 2))?;
        sent.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Asks all through the flood, and beyond its least length.
async fn ask_others(client: &Client, sent: &AtomicU64) -> Result<u64, Error> {
    for question in 0..QUESTIONS {
        while sent.load(Ordering::Relaxed) < FLOOD * question / QUESTIONS {
            tokio::task::yield_now().await;
        }
        let answer = client.ask(b"%Y").await?;
        if answer.len() != 4 {
            return Err(format!("{} instead of a year", answer.escape_ascii()).into());
        }
    }
    Ok(QUESTIONS)
}

async fn a_million_sources(story: &mut Story) -> Result<(), Error> {
    let sources = if std::env::var_os("SEAM_SLOW").is_some() { 10 * SOURCES } else { SOURCES };
    story.tell(format_args!("{sources} sources, each of which asks once:"));
    let place = Place::new()?;
    // Each is within its limit, which has to be remembered.
    let served = time_cli(&place, 1_000_000).await?;
    let (server, id) = (served.addr, served.process.id().ok_or("a server that has ended")?);
    let first = spawn_blocking(move || {
        forge(server, 0..10_000)?;
        peak_bytes(id)
    })
    .await??;
    let last = spawn_blocking(move || {
        forge(server, 10_000..sources)?;
        peak_bytes(id)
    })
    .await??;
    story.check(
        format_args!(
            "the server held {} KiB after 10,000 sources, and {} KiB after all",
            first >> 10,
            last >> 10
        ),
        last <= first + MOST_GROWTH,
    )
}

/// Sends a datagram from each of these sources, no faster than the server receives them.
fn forge(server: SocketAddr, sources: std::ops::Range<u32>) -> Result<(), Error> {
    /// What the server's socket has room for in any case.
    const BATCH: u32 = 64;
    let forger = Forger::new(server)?;
    for number in sources {
        // 127.1.0.0 and what follows: all of them are this machine.
        forger.send(b"%H", Ipv4Addr::from_bits(0x7f01_0000 + number))?;
        if number % BATCH == BATCH - 1 {
            forger.wait_until_heard()?;
        }
    }
    forger.wait_until_heard()
}

/// The most memory that a process held.
fn peak_bytes(id: u32) -> Result<u64, Error> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).ok_or("no peak of memory")?;
    Ok(kib.parse::<u64>()? * 1024)
}
