use std::thread;
use std::time::Duration;

use identity::RefusalCode::{
    AccessRemoved, NotOffered, OtherShare, Revoked, TicketExpired, TicketUsedUp, UnknownKey,
    UnknownToken,
};
use identity::{Gate, Identity, RevokeError, TicketState, Token};

use crate::{Site, come, redeem, rights};

#[test]
fn a_ticket_lets_its_bearer_in_and_makes_him_known() {
    let site = Site::new();
    let gate = site.gate("read,write");
    let liu = Identity::generate();
    assert_eq!(come(&gate, &liu), Err(UnknownKey));
    let token = site.token("read");
    assert_eq!(redeem(&gate, &liu, &token), Ok(rights("read")));
    // On disk, for a server that knows nothing of this one.
    assert_eq!(come(&site.gate("read,write"), &liu), Ok(rights("read")));
    assert_eq!(come(&gate, &liu), Ok(rights("read")));
}

#[test]
fn the_same_key_may_redeem_again_and_no_other() {
    let site = Site::new();
    let gate = site.gate("read");
    let (liu, wang) = (Identity::generate(), Identity::generate());
    let token = site.token("read");
    for _ in 0..3 {
        assert_eq!(redeem(&gate, &liu, &token), Ok(rights("read")));
        assert_eq!(redeem(&gate, &wang, &token), Err(TicketUsedUp));
    }
    assert_eq!(come(&gate, &wang), Err(UnknownKey));
    assert_eq!(site.read("authorized_clients").matches("ed25519:").count(), 1);
}

#[test]
fn a_ticket_lets_in_as_many_as_it_says() {
    let site = Site::new();
    let gate = site.gate("read");
    let (id, token) = site.home.tickets().issue(site.ticket("read").uses(3)).unwrap();
    let outcomes: Vec<_> =
        (0..5).map(|_| redeem(&gate, &Identity::generate(), &token).is_ok()).collect();
    assert_eq!(outcomes, [true, true, true, false, false]);
    let (tickets, _) = site.home.tickets().list().unwrap();
    assert_eq!((tickets[0].id, tickets[0].used_by.len()), (id, 3));
    assert_eq!(tickets[0].state(jiff::Timestamp::now()), TicketState::UsedUp);
}

#[test]
fn of_many_who_redeem_at_the_same_time_one_comes_in() {
    let site = Site::new();
    let token = site.token("read");
    // Each with a gate of its own, as in processes of their own.
    let gates: Vec<Gate> = (0..8).map(|_| site.gate("read")).collect();
    let admitted = thread::scope(|scope| {
        let redeem = |gate| redeem(gate, &Identity::generate(), &token).is_ok();
        let threads: Vec<_> = gates.iter().map(|gate| scope.spawn(move || redeem(gate))).collect();
        threads.into_iter().map(|each| each.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(admitted.iter().filter(|&&admitted| admitted).count(), 1);
}

#[test]
fn a_ticket_that_is_no_good_is_refused_with_its_reason() {
    let site = Site::new();
    let gate = site.gate("read");
    let liu = Identity::generate();
    let tickets = site.home.tickets();
    assert_eq!(redeem(&gate, &liu, &Token::generate()), Err(UnknownToken));
    let refusal = gate.admit(&liu.public(), Some("no token\n")).unwrap_err();
    assert_eq!(refusal.code, UnknownToken);

    let (_, token) = tickets.issue(site.ticket("read").valid(Duration::ZERO)).unwrap();
    assert_eq!(redeem(&gate, &liu, &token), Err(TicketExpired));

    let (id, token) = tickets.issue(site.ticket("read")).unwrap();
    tickets.revoke(&id.to_string()).unwrap();
    assert_eq!(redeem(&gate, &liu, &token), Err(Revoked));

    let (_, token) = tickets.issue(site.ticket("read").uses(0)).unwrap();
    assert_eq!(redeem(&gate, &liu, &token), Err(TicketUsedUp));

    let mut music = site.ticket("read");
    music.share = site.share("music");
    let (_, token) = tickets.issue(music).unwrap();
    assert_eq!(redeem(&gate, &liu, &token), Err(OtherShare));
    assert!(!site.path("authorized_clients").exists());
}

#[test]
fn no_use_is_spent_on_what_is_not_offered() {
    let site = Site::new();
    let liu = Identity::generate();
    let token = site.token("write");
    assert_eq!(redeem(&site.gate("read"), &liu, &token), Err(NotOffered));
    assert_eq!(redeem(&site.gate("read,write"), &liu, &token), Ok(rights("write")));
    assert_eq!(come(&site.gate("read"), &liu), Err(NotOffered));
}

#[test]
fn a_second_ticket_adds_to_the_first() {
    let site = Site::new();
    let gate = site.gate("read,write");
    let liu = Identity::generate();
    redeem(&gate, &liu, &site.token("read")).unwrap();
    let both = redeem(&gate, &liu, &site.token("write:/incoming"));
    assert_eq!(both, Ok(rights("read,write:/incoming")));
}

#[test]
fn revoking_locks_out_whom_the_ticket_let_in_and_nobody_else() {
    let site = Site::new();
    let gate = site.gate("read");
    let (liu, wang) = (Identity::generate(), Identity::generate());
    let tickets = site.home.tickets();
    let (id, token) = tickets.issue(site.ticket("read").uses(2)).unwrap();
    redeem(&gate, &liu, &token).unwrap();
    redeem(&gate, &wang, &site.token("read")).unwrap();

    let revocation = tickets.revoke(&id.to_string()[..6]).unwrap();
    assert_eq!((revocation.id, revocation.locked_out), (id, 1));
    assert_eq!(come(&gate, &liu), Err(Revoked));
    assert_eq!(redeem(&gate, &liu, &token), Err(Revoked));
    assert_eq!(come(&gate, &wang), Ok(rights("read")));
    // Nor does a line help that somebody puts back.
    assert!(!site.read("authorized_clients").contains(&liu.public().to_string()));
    let line = format!("{} share={} rights=read ticket={id}\n", liu.public(), gate.share());
    site.edit("authorized_clients", |text| text + &line);
    assert_eq!(come(&gate, &liu), Err(Revoked));
}

#[test]
fn a_ticket_to_revoke_must_be_named_well_enough() {
    let site = Site::new();
    let tickets = site.home.tickets();
    let ids: Vec<_> =
        (0..33).map(|_| tickets.issue(site.ticket("read")).unwrap().0.to_string()).collect();
    // Of 33 names, two begin with the same letter.
    let ambiguous = "abcdefghijklmnopqrstuvwxyz234567"
        .chars()
        .find(|letter| ids.iter().filter(|id| id.starts_with(*letter)).count() > 1)
        .unwrap();
    let error = tickets.revoke(&ambiguous.to_string()).unwrap_err();
    assert!(matches!(error, RevokeError::Ambiguous { .. }), "{error}");
    for unknown in ["", "0", "\x1b[2J"] {
        let error = tickets.revoke(unknown).unwrap_err();
        assert!(matches!(error, RevokeError::Unknown { .. }), "{error}");
    }
}

#[test]
fn a_client_whose_line_was_removed_does_not_come_back_by_the_same_ticket() {
    let site = Site::new();
    let gate = site.gate("read");
    let liu = Identity::generate();
    let (_, token) = site.home.tickets().issue(site.ticket("read").uses(5)).unwrap();
    redeem(&gate, &liu, &token).unwrap();
    assert_eq!(site.home.authorized_clients().remove(&liu.public()).unwrap(), 1);
    assert_eq!(come(&gate, &liu), Err(UnknownKey));
    assert_eq!(redeem(&gate, &liu, &token), Err(AccessRemoved));
    assert_eq!(redeem(&gate, &liu, &site.token("read")), Ok(rights("read")));
}

#[test]
fn a_removed_line_is_not_taken_for_another_ticket_that_was_revoked() {
    let site = Site::new();
    let gate = site.gate("read");
    let liu = Identity::generate();
    let tickets = site.home.tickets();
    let (first, token) = tickets.issue(site.ticket("read")).unwrap();
    redeem(&gate, &liu, &token).unwrap();
    tickets.revoke(&first.to_string()).unwrap();
    let second = site.token("read");
    redeem(&gate, &liu, &second).unwrap();
    site.home.authorized_clients().remove(&liu.public()).unwrap();
    assert_eq!(redeem(&gate, &liu, &second), Err(AccessRemoved));
    assert_eq!(redeem(&gate, &liu, &token), Err(Revoked));
}

#[test]
fn a_server_that_dies_between_the_two_files_has_counted_the_use() {
    let site = Site::new();
    let gate = site.gate("read");
    let (liu, wang) = (Identity::generate(), Identity::generate());
    let token = site.token("read");
    let before = site.read("tickets");
    redeem(&gate, &liu, &token).unwrap();
    // As if the client's line had been written, and the ticket's not.
    site.edit("tickets", |_| before);
    assert_eq!(redeem(&gate, &wang, &token), Err(TicketUsedUp));
    assert_eq!(redeem(&gate, &liu, &token), Ok(rights("read")));
}

#[test]
fn no_file_and_no_message_holds_a_token() {
    let site = Site::new();
    let gate = site.gate("read");
    let token = site.token("read");
    let wrong = Token::generate();
    let refusal = gate.admit(&Identity::generate().public(), Some(&wrong.reveal())).unwrap_err();
    assert!(!format!("{refusal:?}").contains(&**wrong.reveal()));
    assert!(refusal.message.contains("`ftp-cli ticket new`"), "{refusal}");
    redeem(&gate, &Identity::generate(), &token).unwrap();
    for name in ["tickets", "authorized_clients"] {
        assert!(!site.read(name).contains(&**token.reveal()));
    }
}
