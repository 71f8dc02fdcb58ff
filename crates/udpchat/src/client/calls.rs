//! What the client's owner asks of it.

use tokio::sync::oneshot;

use super::history::HistoryQuery;
use super::machine::{Leaving, Machine, Query};
use crate::disk::StoreError;
use crate::message::{Contact, Entry, MAX_TEXT_BYTES, MessageId, RoomInfo};
use crate::moment::Moment;
use crate::name::{Name, Target};
use crate::wire::Request;

/// How many messages wait to be stored by the server at most.
const MAX_QUEUED: u64 = 10_000;

/// Why a message is not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// It is empty.
    #[error("an empty message is not sent")]
    Empty,
    /// It is too long.
    #[error("a message of {found} bytes is longer than the {MAX_TEXT_BYTES} that are allowed")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// The server has not taken too many already.
    #[error("{found} messages wait for the server already")]
    QueueFull {
        /// How many.
        found: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
}

/// Why a client does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// There is no session, or it ended before the server answered.
    #[error("not connected to the server")]
    NotConnected,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The client has ended.
    #[error("the client has ended")]
    Ended,
}

/// What is said to go into a room or out of it.
pub(super) fn entering(room: &Name, inside: bool) -> Request {
    let room = room.clone();
    if inside { Request::Enter { room } } else { Request::Exit { room } }
}

impl Machine {
    /// Queues a message; it is on the disk when this has been made durable.
    pub(crate) fn send(
        &mut self,
        to: &Target,
        text: &str,
        now: Moment,
    ) -> Result<MessageId, SendError> {
        if text.is_empty() {
            return Err(SendError::Empty);
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(SendError::TooLong { found: text.len() });
        }
        let found = self.store.queued()?;
        if found >= MAX_QUEUED {
            return Err(SendError::QueueFull { found });
        }
        let entry = self.store.write(&self.config.name, to, text, now.unix_millis)?;
        self.store.delete_the_oldest(self.config.max_history, &self.config.name)?;
        Ok(entry.id)
    }

    /// Goes into a room, or out of it, as soon as the server is there.
    pub(crate) fn enter(&mut self, room: Name, inside: bool) {
        if let Some(session) = &mut self.session {
            session.push(&entering(&room, inside), &[]);
        }
        self.entering.insert(room, inside);
    }

    fn request(&mut self, request: &Request) -> Result<(), CallError> {
        let session = self.session.as_mut().ok_or(CallError::NotConnected)?;
        session.push(request, &[]);
        Ok(())
    }

    pub(crate) fn mark_read(&mut self, with: &Target) -> Result<u64, StoreError> {
        let marked = self.store.mark_read(with, &self.config.name)?;
        if let Some(session) = self.session.as_mut().filter(|_| marked > 0) {
            session.may_have_reads = true;
        }
        Ok(marked)
    }

    pub(crate) fn unread(&mut self, with: &Target) -> Result<usize, StoreError> {
        Ok(self.store.unread(with, &self.config.name)?.len())
    }

    pub(crate) fn search(&mut self, query: &HistoryQuery) -> Result<Vec<Entry>, StoreError> {
        self.store.search(query)
    }

    pub(crate) fn contacts(&self) -> Vec<Contact> {
        let contact =
            |(name, online): (&Name, &bool)| Contact { name: name.clone(), online: *online };
        self.people.iter().map(contact).collect()
    }

    pub(crate) fn rooms(&self) -> Vec<RoomInfo> {
        let info = |(room, members): (&Name, &Vec<Name>)| RoomInfo {
            room: room.clone(),
            members: members.clone(),
        };
        self.rooms.iter().map(info).collect()
    }

    /// Asks the server for messages of its history.
    pub(crate) fn server_history(
        &mut self,
        of: Target,
        before: u64,
        limit: u32,
    ) -> Result<oneshot::Receiver<Vec<Entry>>, CallError> {
        self.next_query += 1;
        let query = self.next_query;
        self.request(&Request::History { query, of, before, limit })?;
        let (tell, told) = oneshot::channel();
        self.queries.retain(|_, query| !query.tell.is_closed());
        self.queries.insert(query, Query { found: Vec::new(), tell });
        Ok(told)
    }

    pub(crate) fn leave(&mut self) {
        self.leaving = match self.request(&Request::Leave) {
            Ok(()) => Leaving::Soon,
            Err(_) => Leaving::Now,
        };
    }
}
