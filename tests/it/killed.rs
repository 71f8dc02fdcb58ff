//! Either side is killed at any moment; the same command again goes on, and the result is the same.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use it::{Ended, Error, Flow, Place, Process, Proxy, Seeded, Way, check_same, content};
use serde_json::Value;
use tokio::task::JoinSet;

/// Three segments, the last of them short.
const SIZE: u64 = (4 << 20) + 70_000;

/// How many moments are chosen at random, beside those that are chosen with care.
const RANDOM_MOMENTS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Get,
    Put,
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Client,
    Server,
}

macro_rules! killed {
    ($($name:ident: $command:ident, $victim:ident, $cover:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let run = Run { command: Command::$command, cover: Cover::$cover };
                at_many_moments(run, Victim::$victim).await.unwrap();
            }
        )*
    };
}

killed! {
    a_get_goes_on_after_its_client_was_killed: Get, Client, Plain;
    a_put_goes_on_after_its_client_was_killed: Put, Client, Plain;
    a_get_goes_on_by_itself_after_its_server_was_killed: Get, Server, Plain;
    a_put_goes_on_by_itself_after_its_server_was_killed: Put, Server, Plain;
    an_encrypted_get_goes_on_after_its_client_was_killed: Get, Client, Encrypted;
    an_encrypted_put_goes_on_after_its_client_was_killed: Put, Client, Encrypted;
    an_encrypted_get_goes_on_by_itself_after_its_server_was_killed: Get, Server, Encrypted;
    an_encrypted_put_goes_on_by_itself_after_its_server_was_killed: Put, Server, Encrypted;
}

/// What is done, and under which cover.
#[derive(Clone, Copy, Debug)]
struct Run {
    command: Command,
    cover: Cover,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cover {
    Plain,
    Encrypted,
}

impl Cover {
    /// Behind so many bytes in each direction the hellos are said and the request is made. A server
    /// that was never met is not waited for: until then the client may end, and is run again.
    fn met(self) -> u64 {
        match self {
            Self::Plain => 1000,
            // The handshake goes before.
            Self::Encrypted => 4000,
        }
    }
}

/// When somebody is killed.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// The byte at which the line is held.
    way: Way,
    /// Whether what came until then is left the time to be made use of.
    settled: bool,
}

impl Moment {
    /// Whether the client and the server have met by then.
    fn has_met(&self, cover: Cover) -> bool {
        match self.way {
            Way { up: Flow::Hold(up), .. } => up >= cover.met(),
            Way { down: Flow::Hold(down), .. } => down >= cover.met(),
            _ => false,
        }
    }
}

async fn at_many_moments(run: Run, victim: Victim) -> Result<(), Error> {
    let (up, down) = undisturbed(run).await?;
    let hold_up = |byte| Way { up: Flow::Hold(byte), ..Way::OPEN };
    let hold_down = |byte| Way { down: Flow::Hold(byte), ..Way::OPEN };
    // The last words are not always as long: times and numbers are among them.
    let last = 30;
    let chosen =
        [hold_down(0), hold_up(1), hold_up(300), hold_up(up - last), hold_down(down - last)];
    let mut moments: Vec<Moment> =
        chosen.into_iter().map(|way| Moment { way, settled: false }).collect();
    let mut seeded = Seeded::new(2);
    for number in 0..RANDOM_MOMENTS {
        let settled = number % 2 == 0;
        // By the second half at least one segment is there.
        let least = if settled { SIZE / 2 + SIZE / 16 } else { 0 };
        let byte = least + seeded.below(SIZE - least);
        let way = if run.command == Command::Get { hold_down(byte) } else { hold_up(byte) };
        moments.push(Moment { way, settled });
    }
    let mut killings = JoinSet::new();
    for moment in moments {
        killings.spawn(async move {
            let done = match victim {
                Victim::Client => client_killed(run, moment).await,
                Victim::Server => server_killed(run, moment).await,
            };
            done.map_err(|error| format!("{moment:?}: {error}"))
        });
    }
    for killing in killings.join_all().await {
        killing?;
    }
    Ok(())
}

/// How many bytes go up and down when nobody is killed.
async fn undisturbed(run: Run) -> Result<(u64, u64), Error> {
    let place = place(run)?;
    let server = place.serve(true).await?;
    let proxy = Proxy::start(server.addr, |_| Way::OPEN).await?;
    let ended = place.client(proxy.addr(), &words(run.command))?.end().await?;
    assert_eq!(ended.count("moved")?, SIZE);
    Ok(proxy.carried())
}

async fn client_killed(run: Run, moment: Moment) -> Result<(), Error> {
    let place = place(run)?;
    let server = place.serve(true).await?;
    let proxy = holding_first(server.addr, moment.way).await?;
    let mut client = place.client(proxy.addr(), &words(run.command))?;
    proxy.reached().await?;
    settle(&mut client, moment).await?;
    client.kill().await?;
    proxy.cut();
    nothing_half_written(&place)?;
    let ended = place.client(proxy.addr(), &words(run.command))?.end().await?;
    judge(&place, &ended, moment.settled)
}

async fn server_killed(run: Run, moment: Moment) -> Result<(), Error> {
    let place = place(run)?;
    let mut server = place.serve(true).await?;
    let proxy = holding_first(server.addr, moment.way).await?;
    let mut client = place.client(proxy.addr(), &words(run.command))?;
    proxy.reached().await?;
    settle(&mut client, moment).await?;
    server.process.kill().await?;
    nothing_half_written(&place)?;
    let server = place.serve(true).await?;
    proxy.aim(server.addr);
    proxy.cut();
    let mut ended = client.end().await?;
    if !moment.has_met(run.cover) && ended.code == Some(6) {
        ended = place.client(proxy.addr(), &words(run.command))?.end().await?;
    }
    // What the server makes of what it was sent is not seen from here.
    judge(&place, &ended, moment.settled && run.command == Command::Get)
}

/// Waits until the client has made something of what came.
async fn settle(client: &mut Process, moment: Moment) -> Result<(), Error> {
    if moment.settled {
        let moved = |event: &Value| event["moved"].as_u64().is_some_and(|moved| moved > 0);
        client.event("progress", |event| event["event"] == "progress" && moved(event)).await?;
    }
    Ok(())
}

async fn holding_first(server: SocketAddr, way: Way) -> Result<Proxy, Error> {
    Proxy::start(server, move |number| if number == 0 { way } else { Way::OPEN }).await
}

fn place(run: Run) -> Result<Place, Error> {
    let place = match run.cover {
        Cover::Plain => Place::new()?,
        Cover::Encrypted => Place::new()?.encrypted(),
    };
    let whole = content(SIZE as usize, 9);
    match run.command {
        Command::Get => place.give_there("big", &whole)?,
        Command::Put => place.give_here("big", &whole)?,
    };
    Ok(place)
}

fn words(command: Command) -> [&'static str; 2] {
    match command {
        Command::Get => ["get", "big"],
        Command::Put => ["put", "big"],
    }
}

/// Under its final name a file is whole or not there.
fn nothing_half_written(place: &Place) -> Result<(), Error> {
    for dir in [place.here(), place.there()] {
        let path = dir.join("big");
        if path.exists() && fs::metadata(&path)?.len() != SIZE {
            return Err(format!("{} is half-written", path.display()).into());
        }
    }
    Ok(())
}

fn judge(place: &Place, ended: &Ended, must_reuse: bool) -> Result<(), Error> {
    let (moved, reused) = (ended.count("moved")?, ended.count("reused")?);
    // Whoever was killed between publishing and saying so left nothing to do.
    let unchanged = ended.done()?["unchanged"] == true;
    if moved + reused != SIZE && !unchanged {
        return Err(format!("{moved} moved and {reused} reused are not {SIZE}").into());
    }
    if must_reuse && reused == 0 {
        return Err("all of it moved again".into());
    }
    check_same(&place.there().join("big"), &place.here().join("big"))?;
    only_big(&place.here())?;
    only_big(&place.there())
}

fn only_big(dir: &Path) -> Result<(), Error> {
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name()));
    let names = names.collect::<std::io::Result<Vec<_>>>()?;
    if names == ["big"] { Ok(()) } else { Err(format!("{names:?} instead of big").into()) }
}
