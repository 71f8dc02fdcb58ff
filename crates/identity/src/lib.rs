//! Who is calling and what they may do: keys, tickets, and TLS with raw public keys.

mod text;
mod time;
mod word;

mod disk;
mod home;
mod key;

mod rights;
mod share;
mod ticket;

mod book;
mod gate;

mod tls;

pub use book::{
    AuthorizedClients, BadLine, Client, IssuedTicket, KnownServer, KnownServers, NewTicket,
    RememberError, Revocation, RevokeError, TicketId, TicketIdError, TicketState, Tickets,
};
pub use gate::{Gate, Grant, Refusal, RefusalCode};
pub use home::{Home, HomeError};
pub use key::{Identity, KeyFileError, PublicKey, PublicKeyError};
pub use rights::{Paths, Prefix, PrefixError, Rights, RightsError};
pub use share::{Share, ShareError};
pub use ticket::{Place, PlaceError, Ticket, TicketError, Token, TokenError};
pub use tls::{ClientTls, Expect, NotAccepted, ServerTls, TlsError, TlsStream};
