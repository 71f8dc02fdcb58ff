//! Two accounts that never met: refused, let in by a ticket, and locked out again.

use std::fs;

use identity::Home;
use serde_json::Value;

use crate::{Ended, Error, Given, Place, Served, Story, check_same, content};

/// What is moved slowly, to be ended in the middle: at [`RATE`] it would take minutes.
const LONG: usize = 24 << 20;

/// Bytes a second.
const RATE: &str = "200K";

/// The machines, and all that their programs said.
struct Machines {
    office: Place,
    laptop: Place,
    heard: String,
    given: Vec<Given>,
}

pub(super) async fn tell(story: &mut Story) -> Result<(), Error> {
    let (office, laptop) = (Place::new()?.encrypted(), Place::new()?.encrypted());
    office.give_there("report", &content(300_000, 1))?;
    office.give_there("long", &content(LONG, 2))?;
    fs::create_dir(office.there().join("photos"))?;
    office.give_there("photos/one", b"one")?;
    laptop.give_here("mine", b"mine")?;
    let mut machines = Machines { office, laptop, heard: String::new(), given: Vec::new() };
    let served = machines.office.serve(true).await?;

    strangers(story, &mut machines, &served).await?;
    a_ticket(story, &mut machines, &served).await?;
    another_share(story, &mut machines).await?;
    revoked(story, &mut machines, &served).await?;
    removed(story, &mut machines, &served).await?;
    a_part(story, &mut machines, &served).await?;
    no_secret_was_told(story, machines, served).await
}

impl Machines {
    /// The laptop runs `ftp-cli`, and what it says is kept.
    async fn laptop(&mut self, server: impl ToString, args: &[&str]) -> Result<Ended, Error> {
        let ended = self.laptop.client(server, args)?.end().await?;
        self.heard.push_str(&ended.said());
        Ok(ended)
    }

    /// The office gives a ticket.
    async fn ticket(&mut self, served: &Served, options: &[&str]) -> Result<Given, Error> {
        let given = self.office.ticket(served.addr, options).await?;
        self.given.push(given.clone());
        Ok(given)
    }
}

async fn strangers(story: &mut Story, on: &mut Machines, served: &Served) -> Result<(), Error> {
    story.tell("two accounts, each with a SEAM_HOME of its own, stand for two machines");
    let ended = on.office.client(served.addr, &["get", "report"])?.end().await?;
    story.check_eq("the office's own account comes in, with no flag", ended.code, Some(0))?;
    let ended = on.laptop(served.addr, &["get", "report"]).await?;
    story.show(ended.complaint());
    story.check_eq("the laptop is turned away: exit code 4", ended.code, Some(4))?;
    story.check("and is told what helps", ended.complaint().contains("ftp-cli ticket new"))
}

async fn a_ticket(story: &mut Story, on: &mut Machines, served: &Served) -> Result<(), Error> {
    story.tell("the office: ftp-cli ticket new, which gives a ticket to read, for one");
    let given = on.ticket(served, &[]).await?;
    let ended = on.laptop(&given.ticket, &["get", "report"]).await?;
    story.check_eq("the laptop: get report, with the ticket", ended.code, Some(0))?;
    check_same(&on.office.there().join("report"), &on.laptop.here().join("report"))?;
    for words in [&["put", "mine"][..], &["rm", "report"], &["mkdir", "d"]] {
        let ended = on.laptop(served.addr, words).await?;
        let what = format!("{} is denied: {}", words.join(" "), ended.complaint());
        story.check_eq(what, ended.code, Some(4))?;
    }
    let names = fs::read_dir(on.office.there())?.count();
    story.check_eq("nothing has changed at the office", names, 3)?;
    let words = ["get", "report", "-o", "again"];
    let ended = on.laptop(served.addr, &words).await?;
    story.check_eq("the second connection needs no ticket", ended.code, Some(0))?;
    let ended = on.laptop(&given.ticket, &["ls"]).await?;
    story.check_eq("and the same ticket does no harm", ended.code, Some(0))?;

    let third = Place::new()?.encrypted();
    let ended = third.client(&given.ticket, &["get", "report"])?.end().await?;
    story.check(
        format_args!("a third account is late: {}", first_words(&ended.complaint())),
        ended.code == Some(4) && ended.complaint().contains("used by somebody else"),
    )
}

/// What was granted for one directory opens no other one of the same account.
async fn another_share(story: &mut Story, on: &mut Machines) -> Result<(), Error> {
    let private = on.office.here();
    fs::write(private.join("diary"), "dear diary")?;
    let served = on.office.serve_with(&private, &["--bind", "127.0.0.1:0"]).await?;
    story.tell("the office serves another directory, too; the laptop knows its key");
    let key = Home::at(on.office.home()).key()?.public();
    Home::at(on.laptop.home()).known_servers().remember(&served.addr.into(), key, None)?;
    let ended = on.laptop(served.addr, &["get", "diary"]).await?;
    story.show(first_words(&ended.complaint()));
    story.check(
        "the laptop is refused there",
        ended.code == Some(4) && ended.complaint().contains("something else"),
    )
}

async fn revoked(story: &mut Story, on: &mut Machines, served: &Served) -> Result<(), Error> {
    story.tell("the laptop: get long, slowly; meanwhile the office: ftp-cli ticket revoke");
    let words = ["get", "long", "--limit-rate", RATE];
    let mut client = on.laptop.client(served.addr, &words)?;
    client.event("progress", in_the_middle).await?;
    let first = on.given[0].id.clone();
    let ended = on.office.run(&["ticket", "revoke", &first]).await?;
    story.check_eq("the ticket is revoked", ended.code, Some(0))?;
    let ended = client.end().await?;
    on.heard.push_str(&ended.said());
    locked_out(story, on, &ended, "revoked")?;
    let ticket = on.given[0].ticket.clone();
    for server in [served.addr.to_string(), ticket] {
        let ended = on.laptop(server, &["ls"]).await?;
        let out = ended.code == Some(4) && ended.complaint().contains("revoked");
        story.check("it does not come in again, with the ticket or without", out)?;
    }
    Ok(())
}

async fn removed(story: &mut Story, on: &mut Machines, served: &Served) -> Result<(), Error> {
    story.tell("a new ticket; in the midst its line is removed from authorized_clients");
    let given = on.ticket(served, &["--rights", "read,write"]).await?;
    let ended = on.laptop(&given.ticket, &["put", "mine"]).await?;
    story.check_eq("this one also lets it write", ended.code, Some(0))?;
    let words = ["get", "long", "--limit-rate", RATE];
    let mut client = on.laptop.client(served.addr, &words)?;
    client.event("progress", in_the_middle).await?;
    let file = on.office.home().join("authorized_clients");
    let lines = fs::read_to_string(&file)?;
    let kept = lines.lines().filter(|line| !line.contains(&format!("ticket={}", given.id)));
    fs::write(&file, kept.map(|line| format!("{line}\n")).collect::<String>())?;
    let ended = client.end().await?;
    on.heard.push_str(&ended.said());
    locked_out(story, on, &ended, "")?;
    let ended = on.laptop(&given.ticket, &["ls"]).await?;
    story.check(
        format_args!("nor does the same ticket help: {}", first_words(&ended.complaint())),
        ended.code == Some(4) && ended.complaint().contains("withdrawn"),
    )
}

/// A transfer was ended by the server, and told why when the client came back by itself.
fn locked_out(story: &mut Story, on: &Machines, ended: &Ended, why: &str) -> Result<(), Error> {
    story.show(first_words(&ended.complaint()));
    story.check(
        "the transfer ends, with exit code 4",
        ended.code == Some(4) && ended.complaint().contains(why),
    )?;
    story.check("and there is no half-written `long`", !on.laptop.here().join("long").exists())
}

/// Rights to a part of the share, with a link that leads out of it.
async fn a_part(story: &mut Story, on: &mut Machines, served: &Served) -> Result<(), Error> {
    story.tell("ftp-cli ticket new --rights read:/photos, for another laptop");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../report", on.office.there().join("photos/link"))?;
    let given = on.ticket(served, &["--rights", "read:/photos"]).await?;
    on.laptop = Place::new()?.encrypted();
    let ended = on.laptop(&given.ticket, &["get", "photos/one"]).await?;
    story.check_eq("photos/one is fetched", ended.code, Some(0))?;
    let others: [&[&str]; 6] = [
        &["get", "report"],
        &["stat", "report"],
        &["ls", "/"],
        &["get", "photos/../report"],
        &["get", "photos/link"],
        &["rm", "photos/one"],
    ];
    for words in others {
        let ended = on.laptop(served.addr, words).await?;
        let what = format!("{}: {}", words.join(" "), ended.complaint());
        let refused = ended.code != Some(0) && !ended.said().contains("\"size\":300000");
        story.check(what, refused)?;
    }
    let names: Vec<_> = fs::read_dir(on.laptop.here())?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<std::io::Result<_>>()?;
    story.check_eq("nothing else came", names, vec!["one".into()])
}

/// Tickets are told to whoever asks for them, and to nobody else.
async fn no_secret_was_told(story: &mut Story, on: Machines, served: Served) -> Result<(), Error> {
    let listed = on.office.run(&["ticket", "list"]).await?;
    let count = listed.events.iter().filter(|event| event["event"] == "issued").count();
    story.check_eq("ticket list shows all of them", count, on.given.len())?;
    let log = served.stop().await?.stderr;
    story.check("the server's log tells who came and who was refused", {
        log.contains("let in") && log.contains("refused") && log.contains("ended")
    })?;
    let said = [on.heard, listed.said(), log].concat();
    let told = on.given.iter().any(|given| said.contains(given.secret()));
    story.check("no program and no log has told a ticket's secret", !told)
}

fn in_the_middle(event: &Value) -> bool {
    event["event"] == "progress" && event["moved"].as_u64().is_some_and(|moved| moved > 0)
}

/// What comes before the advice.
fn first_words(complaint: &str) -> &str {
    complaint.split(" (your key").next().unwrap_or(complaint)
}
