//! What `chat-cli --json` prints: one object a line, `event` first.

use serde::Serialize;
use udpchat::{Delivery, Entry, MessageId, Name, PostRefusal, Target};

use super::shown::rfc3339;

/// A line of output; failures are those of every program.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum ChatEvent<'a> {
    /// A server is ready; `key` is its public key in hex.
    Serving { address: String, key: String, desk: bool },
    /// A server has ended.
    Stopped { received: u64, sent: u64, stored: u64 },
    /// Raw text has come to the desk.
    Raw { thread: u64, peer: String, text: &'a str },
    /// The desk has answered; or, of `talk`, somebody else's has.
    Reply { thread: Option<u64>, peer: &'a str, text: &'a str },
    /// A contact was chosen (or none), by `talk`.
    Contact { contact: Option<&'a Name> },
    /// The server has let us in.
    Connected { name: &'a Name, server: String },
    /// The server does not answer; it is looked for.
    Disconnected,
    /// A message, from somebody or from the history.
    Message(Said<'a>),
    /// A message of ours is on our disk (or, for `send`, has come as far as was wanted).
    Sent { id: String, to: &'a Target, state: Delivery },
    /// A message of ours has come further.
    Delivery { id: String, state: Delivery, by: Option<Name>, why: Option<PostRefusal> },
    /// Messages go there from now on.
    To { to: &'a Target },
    /// Somebody is there, or is not.
    Presence { name: &'a Name, online: bool },
    /// Who is in a room.
    Room { room: &'a Name, members: &'a [Name] },
    /// The server is full, or would not have us in a room.
    Refused { what: String },
}

/// A message, as it was sent.
#[derive(Debug, Serialize)]
pub(super) struct Said<'a> {
    from: &'a Name,
    to: &'a Target,
    id: String,
    time: Option<String>,
    text: &'a str,
    state: Delivery,
}

impl<'a> ChatEvent<'a> {
    pub(super) fn message(entry: &'a Entry) -> Self {
        let Entry { from, to, id, unix_millis, text, state, .. } = entry;
        let (id, time, state) = (id.to_string(), rfc3339(*unix_millis), *state);
        Self::Message(Said { from, to, id, time, text, state })
    }

    pub(super) fn sent(id: MessageId, to: &'a Target, state: Delivery) -> Self {
        Self::Sent { id: id.to_string(), to, state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_ours_tells_where_it_goes_and_how_far_it_has_come() {
        let to = Target::parse("#大厅").unwrap();
        let event = ChatEvent::sent(MessageId { nonce: 1, number: 2 }, &to, Delivery::Stored);
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r##"{"event":"sent","id":"0000000000000001-2","to":"#大厅","state":"stored"}"##
        );
    }

    #[test]
    fn a_refusal_names_its_reason() {
        let why = Some(PostRefusal::UnknownPerson);
        let event =
            ChatEvent::Delivery { id: "1-1".into(), state: Delivery::Refused, by: None, why };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"event":"delivery","id":"1-1","state":"refused","by":null,"why":"unknown_person"}"#
        );
    }
}
