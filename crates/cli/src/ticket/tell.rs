//! What is said of tickets.

use std::time::Duration;

use identity::{Client, IssuedTicket, TicketState};
use jiff::Timestamp;
use serde::Serialize;

use super::Issued;
use crate::report::Report;

/// What `--json` prints of tickets and of those who came in by them.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum TicketEvent<'a> {
    /// A ticket was made.
    Ticket { ticket: String, id: String, rights: String, uses: u32, valid: u64 },
    /// One that was made before.
    Issued {
        id: String,
        state: &'a str,
        rights: String,
        share: String,
        uses: u32,
        used: usize,
        expires: String,
        name: Option<&'a str>,
    },
    /// Somebody who may come in.
    Client {
        key: String,
        rights: String,
        share: String,
        name: Option<&'a str>,
        ticket: Option<String>,
        expires: Option<String>,
    },
    /// A ticket was revoked.
    Revoked { id: String, locked_out: usize },
}

impl Issued {
    /// The ticket for whoever runs this; `then` is what to do with it on the other machine.
    pub(crate) fn tell(&self, report: &Report, then: &str) {
        let Self { id, ticket, share, rights, terms } = self;
        let times = match terms.uses {
            1 => "once".to_owned(),
            uses => format!("by {uses} others"),
        };
        let valid = terms.valid.duration();
        report.note(format_args!(
            "ticket {id} for {share}, to {}, to be used {times} within {}; there: {then}",
            rights.to_string().replace(',', " and "),
            rounded(valid),
        ));
        if self.is_for_this_machine() {
            report.note("it is for this machine only: for others say --bind and --host");
        }
        report.tell(
            ticket,
            &TicketEvent::Ticket {
                ticket: ticket.to_string(),
                id: id.to_string(),
                rights: rights.to_string(),
                uses: terms.uses,
                valid: valid.as_secs(),
            },
        );
    }
}

/// A table of tickets, and one of clients.
pub(super) fn list(report: &Report, tickets: &[IssuedTicket], clients: &[Client]) {
    let now = Timestamp::now();
    for ticket in tickets {
        let state = match ticket.state(now) {
            TicketState::Open => "open",
            TicketState::UsedUp => "used up",
            TicketState::Expired => "expired",
            _ => "revoked",
        };
        let (id, rights, share) = (&ticket.id, &ticket.rights, &ticket.share);
        let (used, uses) = (ticket.used_by.len(), ticket.uses);
        let name = ticket.name.as_deref();
        let shown =
            name.map(|name| format!(" ({})", ftp::safe(name.as_bytes()))).unwrap_or_default();
        let event = TicketEvent::Issued {
            id: id.to_string(),
            state,
            rights: rights.to_string(),
            share: share.to_string(),
            uses,
            used,
            expires: ticket.expires.to_string(),
            name,
        };
        let until = match ticket.state(now) {
            TicketState::Open => format!(", {} left", rounded(left(ticket.expires, now))),
            _ => String::new(),
        };
        report.tell(
            format_args!(
                "ticket {id}  {state}, used {used} of {uses}{until}  {rights}  {share}{shown}"
            ),
            &event,
        );
    }
    for client in clients {
        let (key, rights, share) = (&client.key, &client.rights, &client.share);
        let by = client.ticket.map(|id| format!(", by ticket {id}")).unwrap_or_default();
        let name = client.name.as_deref();
        let shown =
            name.map(|name| format!(" ({})", ftp::safe(name.as_bytes()))).unwrap_or_default();
        report.tell(
            format_args!("client {}{shown}  {rights}  {share}{by}", key.fingerprint()),
            &TicketEvent::Client {
                key: key.to_string(),
                rights: rights.to_string(),
                share: share.to_string(),
                name,
                ticket: client.ticket.map(|id| id.to_string()),
                expires: client.expires.map(|at| at.to_string()),
            },
        );
    }
    if tickets.is_empty() && clients.is_empty() {
        report.note("there are no tickets, and nobody came in by one");
    }
}

fn left(until: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}

/// Days, hours, minutes: whatever is coarse enough.
fn rounded(length: Duration) -> String {
    match length.as_secs() {
        seconds if seconds >= 2 * 86_400 => format!("{} days", seconds / 86_400),
        seconds if seconds >= 7_200 => format!("{} hours", seconds / 3600),
        3600 => "1 hour".into(),
        seconds if seconds >= 120 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
