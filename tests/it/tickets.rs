//! Tickets that are no good, where a ticket may come from, and where it must not go.

use std::fs::{self, File};

use it::{Ended, Error, Place, Process};

/// A machine that serves, and another one.
fn machines() -> (Place, Place) {
    let (office, laptop) = (Place::new().unwrap(), Place::new().unwrap());
    office.give_there("a", b"content").unwrap();
    (office.encrypted(), laptop.encrypted())
}

#[track_caller]
fn assert_refused(ended: &Ended, code: i32, why: &str) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert!(ended.complaint().contains(why), "{why}: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_was_used_by_as_many_as_it_says_is_used_up() {
    let (office, _) = machines();
    let server = office.serve(false).await.unwrap();
    let given = office.ticket(server.addr, &["--uses", "2"]).await.unwrap();
    for number in 0..3 {
        let laptop = Place::new().unwrap().encrypted();
        let ended = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
        match number {
            0 | 1 => assert_eq!(ended.code, Some(0), "{ended:?}"),
            _ => assert_refused(&ended, 4, "used by somebody else"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_yesterday_has_expired() {
    let (office, laptop) = machines();
    let server = office.serve(false).await.unwrap();
    let given = office.ticket(server.addr, &[]).await.unwrap();
    // As a day later: its line says until when it can be used.
    let file = office.home().join("tickets");
    let lines = fs::read_to_string(&file).unwrap();
    let expires = lines.split_whitespace().find(|word| word.starts_with("expires=2")).unwrap();
    fs::write(&file, lines.replace(expires, "expires=2020-01-01T00:00:00Z")).unwrap();
    let ended = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
    assert_refused(&ended, 4, "the ticket has expired");
    let listed = office.run(&["ticket", "list"]).await.unwrap();
    assert_eq!(listed.events[0]["state"], "expired", "{listed:?}");
    assert!(!laptop.home().join("known_servers").exists(), "nothing is noted of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_another_account_or_of_nobody_is_unknown() {
    let (office, laptop) = machines();
    let server = office.serve(false).await.unwrap();
    let given = office.ticket(server.addr, &[]).await.unwrap();
    fs::remove_file(office.home().join("tickets")).unwrap();
    let ended = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
    assert_refused(&ended, 4, "does not know this ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_ticket_is_a_typing_error_and_is_not_repeated() {
    let (office, laptop) = machines();
    let server = office.serve(false).await.unwrap();
    let given = office.ticket(server.addr, &[]).await.unwrap();
    let (head, secret) = given.ticket.rsplit_once('.').unwrap();
    let other = if secret.starts_with('a') { "b" } else { "a" };
    let damaged = [
        format!("{head}.{other}{}", &secret[1..]),
        format!("{head}.{secret}a"),
        format!("{head}.{}", &secret[1..]),
        format!("{head}{secret}"),
        given.ticket.replace("127.0.0.1", "127.0.0.2"),
        given.ticket.to_uppercase().replace("SEAM", "seam"),
    ];
    for damaged in damaged {
        for words in [&["-s", &damaged, "ls"][..], &["get", &damaged]] {
            let ended = laptop.run(words).await.unwrap();
            assert_refused(&ended, 2, "the ticket is damaged");
            assert!(!ended.said().contains(&secret[1..]), "{ended:?}");
        }
    }
    let ended = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "the ticket itself is still good: {ended:?}");
}

/// A new laptop, and a ticket for it.
async fn newcomer(office: &Place) -> Result<(it::Served, Place, String), Error> {
    let server = office.serve(false).await?;
    let given = office.ticket(server.addr, &[]).await?;
    Ok((server, Place::new()?.encrypted(), given.ticket))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_may_come_from_a_file_a_pipe_or_the_environment() {
    let (office, _) = machines();
    let (_server, laptop, ticket) = newcomer(&office).await.unwrap();
    laptop.give_here("ticket", format!("\n  {ticket} \n").as_bytes()).unwrap();
    let ended = laptop.client("@ticket", &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let (_server, laptop, ticket) = newcomer(&office).await.unwrap();
    let file = laptop.give_here("ticket", ticket.as_bytes()).unwrap();
    let mut command = laptop.ftp_cli(&["--json", "-s", "-", "get", "a"]).unwrap();
    let reading = Process::start_reading(&mut command, File::open(file).unwrap()).unwrap();
    let ended = reading.end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let (_server, laptop, ticket) = newcomer(&office).await.unwrap();
    let mut command = laptop.ftp_cli(&["--json", "get", "a"]).unwrap();
    let ended = Process::start(command.env("SEAM_SERVER", &ticket)).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut command = laptop.ftp_cli(&["--json", "--help"]).unwrap();
    let help = Process::start(command.env("SEAM_SERVER", &ticket)).unwrap().end().await.unwrap();
    let secret = ticket.rsplit_once('.').unwrap().1;
    assert!(help.said().contains("SEAM_SERVER") && !help.said().contains(secret), "{help:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_ticket_in_a_pipe_is_left_for_the_command() {
    let (office, laptop) = machines();
    let server = office.serve(true).await.unwrap();
    let given = office.ticket(server.addr, &["--rights", "write"]).await.unwrap();
    let piped = format!("{}\nthe rest\n", given.ticket);
    let file = laptop.give_here("piped", piped.as_bytes()).unwrap();
    let words = ["--json", "-s", "-", "put", "-", "--name", "rest"];
    let mut command = laptop.ftp_cli(&words).unwrap();
    let reading = Process::start_reading(&mut command, File::open(file).unwrap()).unwrap();
    let ended = reading.end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(fs::read(office.there().join("rest")).unwrap(), b"the rest\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_and_plain_do_not_go_together() {
    let (office, laptop) = machines();
    let server = office.serve(false).await.unwrap();
    let given = office.ticket(server.addr, &[]).await.unwrap();
    let there = office.there();
    for words in [
        &["-s", &given.ticket, "--plain", "ls"][..],
        &["--plain", "get", &given.ticket],
        &["--plain", "send", "a"],
        &["--plain", "serve", there.to_str().unwrap(), "--bind", "127.0.0.1:0", "--ticket", "read"],
    ] {
        let ended = laptop.run(words).await.unwrap();
        assert_refused(&ended, 2, "leave out --plain");
    }
    // None of it has used the ticket.
    let ended = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_for_more_than_is_served_is_not_given_and_nothing_is_served() {
    let (office, _) = machines();
    let there = office.there();
    let there = there.to_str().unwrap();
    let words = ["serve", there, "--bind", "127.0.0.1:0", "--ticket", "read,write"];
    let ended = office.run(&words).await.unwrap();
    assert_refused(&ended, 2, "--write");
    let served = ended.events.iter().any(|event| event["event"] == "serving");
    assert!(!served, "it is said before anything is served: {ended:?}");
    assert!(!office.home().join("tickets").exists(), "nor is there a ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_gives_the_ticket_that_is_asked_for() {
    let (office, laptop) = machines();
    laptop.give_here("b", b"mine").unwrap();
    let args = ["--bind", "127.0.0.1:0", "--write", "--ticket", "read,write", "--valid", "5m"];
    let mut server = office.serve_with(&office.there(), &args).await.unwrap();
    let given = server.process.ticket().await.unwrap();
    let ended = laptop.client(&given.ticket, &["put", "b"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let log = server.stop().await.unwrap().stderr;
    assert!(!log.contains(given.secret()), "{log}");
    assert!(log.contains("put") && log.contains("result=\"ok\""), "{log}");
}
