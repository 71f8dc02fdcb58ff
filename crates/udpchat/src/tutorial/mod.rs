//! The wire that this chat grew out of: a datagram of raw text each way, no names, no
//! acknowledgement.
//!
//! [`Desk`] is the server's side, where a person answers many clients; [`Talk`] is the client's,
//! which chooses a contact by name and waits for one reply to each message. Both are values that
//! are fed lines and datagrams and say what to send and what to show; [`Courier`] carries `Talk`'s
//! datagrams over UDP, and a [`ChatServer`](crate::ChatServer) hands raw text to whoever
//! [takes](crate::RunningChat::take_raw) it.

mod contacts;
mod courier;
mod desk;
mod talk;

pub use contacts::{Contacts, ContactsError};
pub use courier::{Courier, CourierError};
pub use desk::{Arrival, Desk, DeskError, DeskLimits, DeskStep, Reply, Said, Thread};
pub use talk::{Talk, TalkStep};

/// The longest raw message, in bytes: the original programs read no more, and lose the rest.
pub const MAX_RAW_BYTES: usize = 1024;
