//! Tickets, for every program whose servers ask who calls: made, listed, revoked.

mod command;
mod hint;
mod tell;
mod terms;

pub(crate) use command::{TicketCommand, run};
pub(crate) use hint::how_to_make;
pub(crate) use terms::{Issued, Terms};
