use std::net::SocketAddr;
use std::time::Duration;

use crate::key::PublicKey;
use crate::name::Name;
use crate::wire::MAX_TOKEN_BYTES;

/// Whom a [`ChatClient`](crate::ChatClient) joins as, and where.
///
/// ```
/// use udpchat::{ClientConfig, Name};
///
/// let config = ClientConfig::new("127.0.0.1:8081".parse()?, Name::parse("liu")?).receives(false);
/// assert_eq!(config.server_key, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Where the server is.
    pub server: SocketAddr,
    /// Whose server it must be; default `None`, which takes the first that answers, and from then
    /// on only that one: the store remembers it.
    pub server_key: Option<PublicKey>,
    /// The name to join under. It belongs to the key that joins under it first.
    pub name: Name,
    /// What shows that this key may come in, if the server asks for it; default nothing, at most
    /// 256 bytes.
    pub token: Vec<u8>,
    /// Whether messages for the name come to this client; default yes. Of several clients of one
    /// name the last one gets them. One that only sends leaves them to the others.
    pub receives: bool,
    /// How many messages the history keeps; default 100,000. Older ones are deleted.
    pub max_history: u64,
    /// After how long without any sign of the server it is asked for one; default 15 s. The server
    /// takes a client for gone after three times as long.
    pub ping_after: Duration,
    /// How long the server may leave something unanswered before it counts as
    /// [`Disconnected`](crate::Event::Disconnected); default 10 s.
    pub patience: Duration,
}

impl ClientConfig {
    /// Joins that server under that name.
    #[must_use]
    pub fn new(server: SocketAddr, name: Name) -> Self {
        Self {
            server,
            server_key: None,
            name,
            token: Vec::new(),
            receives: true,
            max_history: 100_000,
            ping_after: Duration::from_secs(15),
            patience: Duration::from_secs(10),
        }
    }

    /// Sets [`server_key`](Self#structfield.server_key).
    #[must_use]
    pub fn server_key(mut self, key: impl Into<Option<PublicKey>>) -> Self {
        self.server_key = key.into();
        self
    }

    /// Sets [`token`](Self#structfield.token).
    ///
    /// # Panics
    ///
    /// If it has more than 256 bytes.
    #[must_use]
    pub fn token(mut self, token: impl Into<Vec<u8>>) -> Self {
        self.token = token.into();
        assert!(self.token.len() <= MAX_TOKEN_BYTES, "a token of {} bytes", self.token.len());
        self
    }

    /// Sets [`receives`](Self#structfield.receives).
    #[must_use]
    pub fn receives(mut self, receives: bool) -> Self {
        self.receives = receives;
        self
    }

    /// Sets [`max_history`](Self#structfield.max_history).
    #[must_use]
    pub fn max_history(mut self, messages: u64) -> Self {
        self.max_history = messages;
        self
    }

    /// Sets [`ping_after`](Self#structfield.ping_after).
    #[must_use]
    pub fn ping_after(mut self, silence: Duration) -> Self {
        self.ping_after = silence;
        self
    }

    /// Sets [`patience`](Self#structfield.patience).
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}
