//! What can be set on a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use proto::Algorithm;

use crate::content::Pool;

/// How a client behaves.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// How long a connection may take to come about. Default: 10 s.
    pub connect_within: Duration,
    /// How often a call is tried anew without any progress in between. Default: 5.
    pub attempts: u32,
    /// How long to wait before the first new try; the wait doubles each time. Default: 200 ms.
    pub first_delay: Duration,
    /// The longest wait. Default: 5 s.
    pub max_delay: Duration,
    /// After how long without any progress to give up. Default: 60 s.
    pub give_up_after: Duration,
    /// How long nothing may come or go before the connection is taken for dead. A server that is
    /// busy gives a sign of life every 10 s. Default: 30 s.
    pub stall_after: Duration,
    /// The most content to move, in bytes a second. Default: no limit.
    pub limit_rate: Option<u64>,
    /// The digest algorithms, in order of liking. Default: [`Algorithm::ALL`].
    pub digests: Vec<Algorithm>,
    /// The token of a ticket. Default: none.
    pub token: Option<String>,
    /// The threads and buffers to work with. Default: [`Pool::shared`].
    pub pool: Arc<Pool>,
}

/// All but the token, which is a secret.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("connect_within", &self.connect_within)
            .field("attempts", &self.attempts)
            .field("give_up_after", &self.give_up_after)
            .field("limit_rate", &self.limit_rate)
            .field("token", &self.token.as_ref().map(|_| "..."))
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_within: Duration::from_secs(10),
            attempts: 5,
            first_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(5),
            give_up_after: Duration::from_secs(60),
            stall_after: Duration::from_secs(30),
            limit_rate: None,
            digests: Algorithm::ALL.to_vec(),
            token: None,
            pool: Pool::shared(),
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        impl Options {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $name: $type) -> Self {
                self.$name = $name;
                self
            })*
        }
    };
}

setters! {
    /// Sets how long a connection may take to come about.
    connect_within: Duration,
    /// Sets how often a call is tried anew without progress.
    attempts: u32,
    /// Sets how long to wait before the first new try.
    first_delay: Duration,
    /// Sets the longest wait.
    max_delay: Duration,
    /// Sets after how long without progress to give up.
    give_up_after: Duration,
    /// Sets how long nothing may come or go.
    stall_after: Duration,
    /// Sets the most content to move, in bytes a second.
    limit_rate: Option<u64>,
    /// Sets the digest algorithms, in order of liking.
    digests: Vec<Algorithm>,
    /// Sets the token of a ticket.
    token: Option<String>,
    /// Sets the threads and buffers to work with.
    pool: Arc<Pool>,
}
