//! How a client behaves.

use std::time::Duration;

use proto::Algorithm;

/// How a client behaves.
///
/// ```
/// let options = cmdexec::Options::default().token("paste-me");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The token of a ticket, for a server that does not know our key yet; default none.
    pub token: Option<String>,
    /// Digest algorithms, the one that is liked best first; default MD5, then BLAKE3.
    pub digests: Vec<Algorithm>,
    /// How long connecting may take; default 30 s.
    pub connect_within: Duration,
    /// How long a server may be silent before it is taken for dead; default 60 s.
    ///
    /// It gives a sign of life every 10 s, however long a command takes, so that this is no limit
    /// on commands.
    pub silent_for: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: None,
            digests: Algorithm::ALL.to_vec(),
            connect_within: Duration::from_secs(30),
            silent_for: Duration::from_secs(60),
        }
    }
}

impl Options {
    /// Sets the [`token`](Self#structfield.token) of a ticket.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets the [`digests`](Self#structfield.digests).
    #[must_use]
    pub fn digests(mut self, digests: impl IntoIterator<Item = Algorithm>) -> Self {
        self.digests = digests.into_iter().collect();
        self
    }

    /// Sets [`connect_within`](Self#structfield.connect_within).
    #[must_use]
    pub fn connect_within(mut self, limit: Duration) -> Self {
        self.connect_within = limit;
        self
    }

    /// Sets [`silent_for`](Self#structfield.silent_for).
    #[must_use]
    pub fn silent_for(mut self, limit: Duration) -> Self {
        self.silent_for = limit;
        self
    }
}
