use std::fmt;

use crate::PublicKey;

/// Why a client may not come in, or not stay.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The reason, for programs.
    pub code: RefusalCode,
    /// The reason, for the people on the other side, and what they can do. It says nothing of
    /// what is served.
    pub message: String,
}

/// Why a client may not come in, or not stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// Nobody knows the key.
    UnknownKey,
    /// The key or the ticket is for another share of this server's account.
    OtherShare,
    /// What was granted is nothing that this server offers now.
    NotOffered,
    /// The token belongs to no ticket.
    UnknownToken,
    /// The ticket was not redeemed in time.
    TicketExpired,
    /// Others have redeemed the ticket.
    TicketUsedUp,
    /// The ticket was revoked.
    Revoked,
    /// The client's line was removed.
    AccessRemoved,
    /// The time that the client's line gives is over.
    AccessExpired,
    /// A client that is in may do less than when it came.
    Narrowed,
    /// The server cannot use its own files.
    Unavailable,
}

impl RefusalCode {
    /// The code as it goes on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown-key",
            Self::OtherShare => "other-share",
            Self::NotOffered => "not-offered",
            Self::UnknownToken => "unknown-token",
            Self::TicketExpired => "ticket-expired",
            Self::TicketUsedUp => "ticket-used-up",
            Self::Revoked => "revoked",
            Self::AccessRemoved => "access-removed",
            Self::AccessExpired => "access-expired",
            Self::Narrowed => "narrowed",
            Self::Unavailable => "unavailable",
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::UnknownKey => "the server does not know this key",
            Self::OtherShare => "what was granted is for something else than what is served here",
            Self::NotOffered => "what was granted is not offered here",
            Self::UnknownToken => "the server does not know this ticket",
            Self::TicketExpired => "the ticket has expired",
            Self::TicketUsedUp => "the ticket has been used by somebody else",
            Self::Revoked => "the ticket was revoked",
            Self::AccessRemoved => "the access by this ticket was withdrawn",
            Self::AccessExpired => "the access has expired",
            Self::Narrowed => "the access was narrowed: connect anew",
            Self::Unavailable => "the server cannot find out who may come in: see its log",
        }
    }

    /// Whether a ticket would help.
    fn wants_ticket(self) -> bool {
        !matches!(self, Self::Narrowed | Self::Unavailable | Self::NotOffered)
    }
}

impl Refusal {
    pub(super) fn new(code: RefusalCode, key: &PublicKey, service: &str) -> Self {
        let reason = code.reason();
        let message = match code.wants_ticket() {
            false => reason.to_owned(),
            true => format!(
                "{reason} (your key is {}): ask whoever runs the server for a ticket, which \
                 `{service}-cli ticket new` makes there, and give it here instead of the address",
                key.fingerprint()
            ),
        };
        Self { code, message }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
