//! Who stands between a client and its server: reading along, or with a key of his own.

use std::fs;

use identity::Home;
use it::{Place, Proxy, Tape, content};

/// A TLS record's type and length, for all records of one direction.
fn records(mut bytes: &[u8]) -> Vec<(u8, usize)> {
    let mut records = Vec::new();
    while let [kind, _, _, high, low, rest @ ..] = bytes {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        records.push((*kind, len));
        bytes = rest.get(len..).unwrap_or_default();
    }
    records
}

/// Checks that the client has said its greeting, and then nothing but that it goes.
#[track_caller]
fn assert_only_greeted(tape: &Tape) {
    match records(&tape.up)[..] {
        // The greeting; a record without meaning, for old boxes on the way; one alert, sealed.
        [(0x16, _), (0x14, 1), (0x17, alert)] => assert_eq!(alert, 2 + 1 + 16),
        ref other => panic!("{other:?}"),
    }
}

fn fingerprint(place: &Place) -> String {
    Home::at(place.home()).key().unwrap().public().fingerprint()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_man_in_the_middle_with_another_key_is_sent_nothing_but_a_greeting() {
    let (office, laptop) = (Place::new().unwrap().encrypted(), Place::new().unwrap().encrypted());
    let mallory = Place::new().unwrap().encrypted();
    office.give_there("a", b"content").unwrap();
    mallory.give_there("a", b"something else").unwrap();
    let server = office.serve(false).await.unwrap();
    let trap = mallory.serve(false).await.unwrap();
    let line = Proxy::recording(trap.addr).await.unwrap();

    // With a ticket that was not used yet: its secret must not be lost to him.
    let given = office.ticket(line.addr(), &[]).await.unwrap();
    let first = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
    assert_only_greeted(&line.take_tape());
    line.aim(server.addr);
    let ended = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "the ticket is still good: {ended:?}");
    drop(line.take_tape());

    // And when the server has been known for long.
    line.aim(trap.addr);
    let words = ["get", "a", "-o", "b"];
    let second = laptop.client(line.addr(), &words).unwrap().end().await.unwrap();
    let tape = line.take_tape();
    assert_only_greeted(&tape);
    assert!(!tape.contains(Home::at(laptop.home()).key().unwrap().public().as_bytes()));
    for ended in [first, second] {
        assert_eq!(ended.code, Some(4), "{ended:?}");
        let complaint = ended.complaint();
        for key in [fingerprint(&office), fingerprint(&mallory)] {
            assert!(complaint.contains(&key), "{key}: {complaint}");
        }
        assert!(complaint.contains("somebody stands between"), "{complaint}");
    }
    assert!(!laptop.here().join("b").exists());
    let log = trap.stop().await.unwrap().stderr;
    assert!(log.contains("the client does not know this server's key"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_man_in_the_middle_is_not_believed_with_the_clients_own_ticket_either() {
    let (office, mallory) = (Place::new().unwrap().encrypted(), Place::new().unwrap().encrypted());
    let laptop = Place::new().unwrap().encrypted();
    office.give_there("a", b"content").unwrap();
    let server = office.serve(false).await.unwrap();
    let given = office.ticket(server.addr, &[]).await.unwrap();
    let ended = laptop.client(&given.ticket, &["get", "a"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // A ticket of his own for the same address does not replace the key that is known.
    drop(server.stop().await.unwrap());
    let trap = mallory.serve_at(server_addr(&given.ticket), false).await.unwrap();
    let forged = mallory.ticket(trap.addr, &[]).await.unwrap();
    let ended = laptop.client(&forged.ticket, &["ls"]).unwrap().end().await.unwrap();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let known = fs::read_to_string(laptop.home().join("known_servers")).unwrap();
    let key = Home::at(office.home()).key().unwrap().public().to_string();
    assert!(known.contains(&key), "{known}");
}

fn server_addr(ticket: &str) -> &str {
    ticket.trim_start_matches("seam://").split('/').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_traffic_shows_neither_names_nor_content_nor_the_ticket() {
    let (office, laptop) = (Place::new().unwrap().encrypted(), Place::new().unwrap().encrypted());
    let whole = content(200_000, 7);
    office.give_there("payroll-2026.ods", &whole).unwrap();
    laptop.give_here("resignation.txt", b"I have had enough of this place").unwrap();
    let server = office.serve(true).await.unwrap();
    let line = Proxy::recording(server.addr).await.unwrap();
    let given = office.ticket(line.addr(), &["--rights", "read,write"]).await.unwrap();
    for (server, words) in [
        (given.ticket.clone(), &["get", "payroll-2026.ods"][..]),
        (line.addr().to_string(), &["put", "resignation.txt"]),
        (line.addr().to_string(), &["ls", "-l"]),
    ] {
        let ended = laptop.client(server, words).unwrap().end().await.unwrap();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let tape = line.take_tape();
    assert!(tape.down.len() > whole.len() && tape.up.len() > 1000);
    let ticket: identity::Ticket = given.ticket.parse().unwrap();
    let keys = [&office, &laptop].map(|place| Home::at(place.home()).key().unwrap().public());
    for secret in [
        b"payroll".as_slice(),
        b"resignation",
        b"had enough",
        b"hello",
        b"\"type\"",
        &whole[..16],
        &whole[100_000..100_016],
        ticket.token.reveal().as_bytes(),
        keys[0].as_bytes(),
        keys[1].as_bytes(),
    ] {
        assert!(!tape.contains(secret), "{}", String::from_utf8_lossy(secret));
    }
    // The same without encryption, to see that the search finds what is there.
    let (office, line) = {
        let open = Place::new().unwrap();
        open.give_there("payroll-2026.ods", &whole).unwrap();
        let server = open.serve(false).await.unwrap();
        let line = Proxy::recording(server.addr).await.unwrap();
        let ended = open.client(line.addr(), &["get", "payroll-2026.ods"]).unwrap();
        assert_eq!(ended.end().await.unwrap().code, Some(0));
        (open, line)
    };
    let tape = line.take_tape();
    assert!(tape.contains(b"payroll") && tape.contains(&whole[100_000..100_016]));
    drop(office);
}
