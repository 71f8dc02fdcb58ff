use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Name, Target};

/// The longest text of a message, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// What a message is known by, from its sender to everybody else.
///
/// The nonce is drawn once for each store that messages are sent from, and the numbers count up
/// in it, so that a sender who has lost everything does not begin at an old number again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId {
    /// Of the sender's store.
    pub nonce: u64,
    /// Counts the sender's messages, from 1.
    pub number: u64,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.nonce, self.number)
    }
}

/// How far a message has come. Later states are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delivery {
    /// It waits here to be taken by the server.
    Queued,
    /// The server would not have it.
    Refused,
    /// The server has it on its disk.
    Stored,
    /// It is in the history of the person it was for; in a room, of at least one.
    Delivered,
    /// It has been read by the person it was for; in a room, by at least one.
    Read,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Queued => "queued",
            Self::Refused => "refused",
            Self::Stored => "stored",
            Self::Delivered => "delivered",
            Self::Read => "read",
        })
    }
}

/// A message as the history has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// Where it stands in this history; later messages have greater numbers.
    pub place: u64,
    /// Who wrote it.
    pub from: Name,
    /// Whom it was for.
    pub to: Target,
    /// What it is known by, together with its sender.
    pub id: MessageId,
    /// When the server stored it, in milliseconds since 1970 by the server's clock; of a message
    /// that it has not stored yet, when it was written.
    pub unix_millis: u64,
    /// What it says, as it was sent: make it [`safe`](crate::safe) before it is shown.
    pub text: String,
    /// How far it has come, of a message of our own. Of another's it is `Delivered`, or `Read`
    /// after [`mark_read`](crate::ChatClient::mark_read).
    pub state: Delivery,
}

impl Entry {
    /// The conversation it belongs to, for `me`: the room, or the other person.
    #[must_use]
    pub fn conversation(&self, me: &Name) -> Target {
        match &self.to {
            Target::Person(to) if to == me => Target::Person(self.from.clone()),
            to => to.clone(),
        }
    }
}

/// A person that the server knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Who.
    pub name: Name,
    /// Whether they can be reached now; what is sent to others waits for them at the server.
    pub online: bool,
}

/// A room that the server knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// Its name, without the `#`.
    pub room: Name,
    /// Who is in it.
    pub members: Vec<Name>,
}

/// Why the server would not have a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PostRefusal {
    /// Nobody has joined under that name yet.
    #[error("nobody of that name has joined yet")]
    UnknownPerson,
    /// Only members write to a room.
    #[error("you are not in that room")]
    NotInRoom,
    /// Too much waits for that person already.
    #[error("too much waits for that person already")]
    MailboxFull,
    /// It is longer than the server takes.
    #[error("it is longer than the server takes")]
    TooLong,
    /// It is empty or no UTF-8.
    #[error("it is empty, or no text")]
    NoText,
}

/// Why somebody may not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum JoinRefusal {
    /// The name belongs to another key.
    #[error("the name belongs to somebody else's key; choose another one")]
    NameTaken,
    /// The server does not let that key in.
    #[error("the server does not let this key in; ask its owner for a ticket")]
    NotAdmitted,
    /// There are as many sessions or names as the server allows.
    #[error("the server is full; try again later")]
    Full,
}
