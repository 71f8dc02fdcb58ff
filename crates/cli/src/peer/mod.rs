//! Who is on the other side: encryption, and who may come in.
//!
//! A [`Dialer`] connects to servers and makes sure that each is the one that is meant. A [`Door`]
//! is the server's side: it encrypts, and tells who calls; a [`Guard`] decides about that when the
//! caller has said hello, and ends the connection when the caller's rights end. With `--plain` both
//! do nothing. The keys, tickets and books themselves are [`identity`]'s.

mod dial;
mod door;
mod guard;
mod listen;
mod reach;
mod wire;

pub(crate) use dial::{Dialer, tls_error, tls_hint};
pub(crate) use door::{Caller, Door};
pub(crate) use guard::{Guard, Revoked};
pub(crate) use listen::{listen, resolve};
pub(crate) use reach::address_for_others;
pub(crate) use wire::Wire;

use identity::HomeError;

use crate::exit::Exit;
use crate::problem::Problem;

/// The account's keys and books cannot be used.
impl From<HomeError> for Problem {
    fn from(error: HomeError) -> Self {
        Self::new(Exit::Failed, error)
    }
}
