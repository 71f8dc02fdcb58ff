use crate::key::PublicKey;
use crate::message::{Contact, Delivery, Entry, JoinRefusal, MessageId, PostRefusal, RoomInfo};
use crate::name::Name;

/// What happens to a [`ChatClient`](crate::ChatClient), as its [`Events`](crate::Events) tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The session is open, for the first time or after [`Disconnected`](Self::Disconnected). What
    /// was queued is being sent, and what was missed comes.
    Connected {
        /// Whose server it is.
        server: PublicKey,
    },
    /// The server does not answer. It is asked again until it does; meanwhile messages are queued.
    Disconnected,
    /// The server does not let this client in. It is asked again only if it was
    /// [full](JoinRefusal::Full).
    Refused(JoinRefusal),
    /// Somebody with another key than the one that was expected answers at the server's address.
    /// What it says is not listened to; the client goes on asking. Told once.
    WrongServer {
        /// Whose key it is.
        found: PublicKey,
    },
    /// A message has come, and is in the history already. Each comes once, in the order of its
    /// sender.
    Message(Entry),
    /// A message of our own has come further. States are never taken back.
    Delivery {
        /// Which message.
        id: MessageId,
        /// How far.
        state: Delivery,
        /// By whom it was read or to whom it was delivered.
        by: Option<Name>,
        /// Why it was refused.
        why: Option<PostRefusal>,
    },
    /// Somebody can be reached now, or can no longer be.
    Presence(Contact),
    /// Who is in a room now.
    Room(RoomInfo),
    /// The server has as many rooms as it allows, or the room as many members.
    RoomRefused {
        /// The room that was to be entered.
        room: Name,
    },
    /// The client's own store failed, and the client has ended: what is not on its disk is not
    /// acknowledged.
    Failed(String),
}
