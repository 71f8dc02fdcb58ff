use proto::{Header, Limits};
use serde::{Deserialize, Serialize};

use crate::message::{Contact, Delivery, MessageId, PostRefusal};
use crate::name::{Name, Target};

/// The longest header of a frame, in bytes: a list of two hundred names fits, even of such that
/// JSON has to escape.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// How many names one frame lists.
pub(crate) const MAX_LISTED: usize = 200;

/// The limits of the frames inside the datagrams.
pub(crate) fn frame_limits() -> Limits {
    Limits::default().max_header_bytes(MAX_HEADER_BYTES).max_json_depth(6)
}

/// What a client says. The text of a message is the frame's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Request {
    /// A message. It may come again in a later session, and is stored once.
    Post { id: MessageId, to: Target, size: u64 },
    /// All of the mailbox up to here is on this client's disk, and the rest may be sent. Nothing
    /// of the mailbox is sent before the first of these.
    Have { upto: u64 },
    /// A message of somebody's has been read.
    Read { from: Name, id: MessageId },
    /// Into a room, which is made if there is none.
    Enter { room: Name },
    /// Out of a room.
    Exit { room: Name },
    /// Who and what is there?
    Directory,
    /// The last `limit` messages of a conversation before that place.
    History { query: u64, of: Target, before: u64, limit: u32 },
    /// Are you there? Its acknowledgement is the answer.
    Ping,
    /// The session is over.
    Leave,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Reply {
    /// A post is on the server's disk.
    Stored { id: MessageId, at: u64 },
    /// It is not, and will not be.
    Refused { id: MessageId, why: PostRefusal },
    /// The item `seq` of the mailbox: a message.
    Message { seq: u64, from: Name, to: Target, id: MessageId, at: u64, size: u64 },
    /// The item `seq` of the mailbox: how far a message of the client's own has come.
    Notice { seq: u64, id: MessageId, state: Delivery, by: Name },
    /// Some people.
    People { people: Vec<Contact> },
    /// Who is in a room; nobody, if it was left or is not there.
    Room { room: Name, members: Vec<Name> },
    /// A message of the history.
    Past { query: u64, place: u64, from: Name, to: Target, id: MessageId, at: u64, size: u64 },
    /// There is no more to this query.
    PastEnd { query: u64 },
    /// The room could not be entered: there are as many as the server allows.
    RoomRefused { room: Name },
}

impl Header for Request {
    fn body_len(&self) -> u64 {
        match self {
            Self::Post { size, .. } => *size,
            _ => 0,
        }
    }
}

impl Header for Reply {
    fn body_len(&self) -> u64 {
        match self {
            Self::Message { size, .. } | Self::Past { size, .. } => *size,
            _ => 0,
        }
    }
}
