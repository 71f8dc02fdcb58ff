//! A few files for somebody who has only a ticket.

use std::net::TcpStream;

use serde_json::Value;

use crate::{Error, Place, Process, Story, check_same, content};

/// What is interrupted in the middle.
const SIZE: usize = 6 << 20;

/// Bytes a second, until it is.
const RATE: &str = "4M";

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let (alice, bob) = (Place::new()?.encrypted(), Place::new()?.encrypted());
    alice.give_here("letter", &content(120_000, 1))?;
    alice.give_here("photo", &content(SIZE, 2))?;
    alice.give_here("private", b"not sent")?;
    two_files(story, &alice, &bob).await?;
    interrupted(story, &alice).await?;
    nobody_came(story, &alice).await
}

/// `send`, on this machine only.
fn send(place: &Place, words: &[&str]) -> Result<Process, Error> {
    let mut command = place.ftp_cli(&["--json", "send", "--bind", "127.0.0.1:0"])?;
    Process::start(command.args(words))
}

async fn two_files(story: &mut Story, alice: &Place, bob: &Place) -> Result<(), Error> {
    story.tell("alice: ftp-cli send letter photo; she tells bob the ticket that it prints");
    let mut sender = send(alice, &["letter", "photo"])?;
    let given = sender.ticket().await?;
    let ended = bob.run(&["get", &given.ticket, "letter"]).await?;
    story.check_eq("bob: ftp-cli get TICKET letter", ended.code, Some(0))?;

    let mallory = Place::new()?.encrypted();
    let ended = mallory.run(&["get", &given.ticket, "letter"]).await?;
    story.check(
        "mallory has seen the ticket, and is refused: it is for one",
        ended.code == Some(4) && ended.complaint().contains("used by somebody else"),
    )?;
    let ended = bob.run(&["get", &given.ticket, "private"]).await?;
    story.check_eq("what was not sent is not there, for bob either", ended.code, Some(3))?;

    let ended = bob.run(&["get", &given.ticket, "photo"]).await?;
    story.check_eq("bob: ftp-cli get TICKET photo", ended.code, Some(0))?;
    for name in ["letter", "photo"] {
        check_same(&alice.here().join(name), &bob.here().join(name))?;
    }
    let ended = sender.end().await?;
    story.check_eq(
        "all was fetched: alice's program ends by itself, with 0",
        ended.code,
        Some(0),
    )?;
    let listed = alice.run(&["ticket", "list"]).await?;
    let open = listed.events.iter().any(|event| event["state"] == "open");
    story.check("and leaves no ticket that opens anything", !open)
}

async fn interrupted(story: &mut Story, alice: &Place) -> Result<(), Error> {
    let bob = Place::new()?.encrypted();
    let mut sender = send(alice, &["photo"])?;
    let given = sender.ticket().await?;
    let mut client = bob.client(&given.ticket, &["get", "photo", "--limit-rate", RATE])?;
    let moved = |event: &Value| event["moved"].as_u64().is_some_and(|moved| moved > 0);
    client.event("progress", |event| event["event"] == "progress" && moved(event)).await?;
    client.kill().await?;
    story.tell("alice sends the photo once more; bob's machine fails in the middle");
    let ended = bob.run(&["get", &given.ticket, "photo"]).await?;
    let (moved, reused) = (ended.count("moved")?, ended.count("reused")?);
    story.check(
        format_args!("the same ticket again: {reused} bytes were there, {moved} more came"),
        reused > 0 && moved + reused == SIZE as u64,
    )?;
    check_same(&alice.here().join("photo"), &bob.here().join("photo"))?;
    story.check_eq("and alice's program ends with 0", sender.end().await?.code, Some(0))
}

async fn nobody_came(story: &mut Story, alice: &Place) -> Result<(), Error> {
    story.tell("alice: ftp-cli send letter --valid 1s, and nobody comes");
    let mut sender = send(alice, &["letter", "--valid", "1s"])?;
    let served = sender.event("where it is", |event| event["event"] == "serving").await?;
    let ended = sender.end().await?;
    story.show(ended.complaint());
    story.check(
        "it ends, and says that not everything was fetched",
        ended.code == Some(1) && ended.complaint().contains("expired"),
    )?;
    let address = served["address"].as_str().unwrap_or_default();
    story.check("nobody listens there any more", TcpStream::connect(address).is_err())
}
