//! One conversation as the screen has it; pure.

use std::collections::VecDeque;

use udpchat::{Delivery, Entry, MessageId, Name, PostRefusal};

/// How many messages a conversation shows; the history has them all.
const MAX_MESSAGES: usize = 1000;

/// The messages of one person or room.
#[derive(Clone, Debug, Default)]
pub(super) struct Talk {
    messages: VecDeque<Message>,
    pub(super) unread: usize,
}

/// A message, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) from: Name,
    pub(super) unix_millis: u64,
    /// As it was sent, and not safe to show.
    pub(super) text: String,
    pub(super) state: Delivery,
    pub(super) why: Option<PostRefusal>,
}

impl From<Entry> for Message {
    fn from(entry: Entry) -> Self {
        let Entry { id, from, unix_millis, text, state, .. } = entry;
        Self { id, from, unix_millis, text, state, why: None }
    }
}

impl Talk {
    pub(super) fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter()
    }

    /// Adds a message that has just come or been written.
    pub(super) fn push(&mut self, message: Message) {
        self.messages.push_back(message);
        if self.messages.len() > MAX_MESSAGES {
            self.messages.pop_front();
        }
    }

    /// Puts before the messages what the history has of earlier ones, the latest first.
    pub(super) fn remember(&mut self, earlier: Vec<Entry>) {
        for entry in earlier {
            let is_here = |message: &Message| message.id == entry.id && message.from == entry.from;
            if self.messages.len() < MAX_MESSAGES && !self.messages.iter().any(is_here) {
                self.messages.push_front(entry.into());
            }
        }
    }

    /// Notes how far a message has come; tells whether it is here.
    pub(super) fn advance(
        &mut self,
        id: MessageId,
        state: Delivery,
        why: Option<PostRefusal>,
    ) -> bool {
        let Some(message) = self.messages.iter_mut().rev().find(|message| message.id == id) else {
            return false;
        };
        if state > message.state {
            (message.state, message.why) = (state, why);
        }
        true
    }
}
