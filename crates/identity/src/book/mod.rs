//! The files that people read and edit, too: who is known, who may come in, which tickets there
//! are.

mod authorized_clients;
mod document;
mod fields;
mod known_servers;
mod shelf;
mod tickets;

pub use authorized_clients::{AuthorizedClients, Client};
pub use document::BadLine;
pub(crate) use document::Document;
pub use known_servers::{KnownServer, KnownServers, RememberError};
pub(crate) use shelf::Book;
pub use tickets::{
    IssuedTicket, NewTicket, Revocation, RevokeError, TicketId, TicketIdError, TicketState, Tickets,
};
