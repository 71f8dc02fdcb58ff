use std::time::Duration;

use netserver::{Addr, RateLimit};

use crate::key::PublicKey;
use crate::name::Name;

/// How much a [`ChatServer`](crate::ChatServer) takes on. Whatever is at its limit is refused, and
/// who asked is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// How many sessions there are at once; default 1,024. Each takes up to 400 KiB at the worst,
    /// and some hundred bytes as a rule.
    pub max_sessions: usize,
    /// How many of them one key has; default 32.
    pub max_sessions_per_key: usize,
    /// How many names are bound to keys, for ever; default 10,000.
    pub max_names: u64,
    /// How many of them to one key; default 16.
    pub max_names_per_key: u64,
    /// How many rooms there are; default 1,000. A room that everybody has left is gone.
    pub max_rooms: u64,
    /// How many people are in a room; default 200, which is the most.
    pub max_members: usize,
    /// How many messages and notices wait for one person; default 10,000.
    pub max_waiting: u64,
    /// How many bytes of text those have; default 8 MiB.
    pub max_waiting_bytes: u64,
    /// How many messages the server keeps in all; default 100,000. The oldest are deleted first,
    /// also if they wait for somebody.
    pub max_history: u64,
    /// After how long without a sign a client is taken for gone; default 45 s.
    pub session_timeout: Duration,
    /// What each source may send; default 2,000 datagrams a second and 4,000 at once. `None` is
    /// for tests.
    pub rate_limit: Option<RateLimit>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_sessions: 1024,
            max_sessions_per_key: 32,
            max_names: 10_000,
            max_names_per_key: 16,
            max_rooms: 1000,
            max_members: 200,
            max_waiting: 10_000,
            max_waiting_bytes: 8 * 1024 * 1024,
            max_history: 100_000,
            session_timeout: Duration::from_secs(45),
            rate_limit: Some(RateLimit::per_second(2000).burst(4000)),
        }
    }
}

impl ServerConfig {
    /// Sets [`max_sessions`](Self#structfield.max_sessions).
    #[must_use]
    pub fn max_sessions(mut self, count: usize) -> Self {
        self.max_sessions = count;
        self
    }

    /// Sets [`max_sessions_per_key`](Self#structfield.max_sessions_per_key).
    #[must_use]
    pub fn max_sessions_per_key(mut self, count: usize) -> Self {
        self.max_sessions_per_key = count;
        self
    }

    /// Sets [`max_names`](Self#structfield.max_names).
    #[must_use]
    pub fn max_names(mut self, count: u64) -> Self {
        self.max_names = count;
        self
    }

    /// Sets [`max_names_per_key`](Self#structfield.max_names_per_key).
    #[must_use]
    pub fn max_names_per_key(mut self, count: u64) -> Self {
        self.max_names_per_key = count;
        self
    }

    /// Sets [`max_rooms`](Self#structfield.max_rooms).
    #[must_use]
    pub fn max_rooms(mut self, count: u64) -> Self {
        self.max_rooms = count;
        self
    }

    /// Sets [`max_members`](Self#structfield.max_members), at most 200.
    #[must_use]
    pub fn max_members(mut self, count: usize) -> Self {
        self.max_members = count.min(crate::wire::MAX_LISTED);
        self
    }

    /// Sets [`max_waiting`](Self#structfield.max_waiting).
    #[must_use]
    pub fn max_waiting(mut self, items: u64) -> Self {
        self.max_waiting = items;
        self
    }

    /// Sets [`max_waiting_bytes`](Self#structfield.max_waiting_bytes).
    #[must_use]
    pub fn max_waiting_bytes(mut self, bytes: u64) -> Self {
        self.max_waiting_bytes = bytes;
        self
    }

    /// Sets [`max_history`](Self#structfield.max_history); 0 counts as 1.
    #[must_use]
    pub fn max_history(mut self, messages: u64) -> Self {
        self.max_history = messages.max(1);
        self
    }

    /// Sets [`session_timeout`](Self#structfield.session_timeout).
    #[must_use]
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.session_timeout = timeout;
        self
    }

    /// Sets [`rate_limit`](Self#structfield.rate_limit).
    #[must_use]
    pub fn rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.rate_limit = limit.into();
        self
    }
}

/// Somebody who wants to join: the key is theirs, and the address is where they are.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Newcomer<'a> {
    /// Their key.
    pub key: PublicKey,
    /// The name they want, which may belong to somebody else yet.
    pub name: &'a Name,
    /// What they bring to show that they may come in; often nothing.
    pub token: &'a [u8],
    /// Where they are.
    pub peer: &'a Addr,
}

/// Who may join at all. A closure is a gate, and `()` is one that stands open.
///
/// It is asked once for each session, on the server's own thread, so it should not take long.
pub trait Gate: Send + 'static {
    /// Whether they may.
    fn admits(&mut self, newcomer: Newcomer<'_>) -> bool;
}

impl Gate for () {
    fn admits(&mut self, _: Newcomer<'_>) -> bool {
        true
    }
}

impl<F: FnMut(Newcomer<'_>) -> bool + Send + 'static> Gate for F {
    fn admits(&mut self, newcomer: Newcomer<'_>) -> bool {
        self(newcomer)
    }
}
