use std::time::Duration;

/// How many peers a server takes and how long it waits for them.
///
/// ```
/// use netserver::Limits;
/// use std::time::Duration;
///
/// let limits = Limits::default()
///     .max_admitted(10_000)
///     .idle_deadline(None)
///     .drain_deadline(Duration::from_secs(30));
/// assert_eq!(limits.max_newcomers, 256);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections that were accepted and not yet admitted; default 256, at least 1.
    ///
    /// One more drops the oldest. A peer with nothing to hide is admitted within a few round
    /// trips, so 256 are enough for some thousand new peers a second, while strangers that only
    /// hold connections open push each other out, and never those who were admitted.
    pub max_newcomers: usize,
    /// How long a newcomer is safe from being dropped for another one; default 250 ms.
    ///
    /// Without it an honest burst would push itself out, because connections can be accepted
    /// faster than they are served. Those who come while there are too many younger newcomers
    /// wait in the listener's queue. It is a few round trips long; more of it lets strangers
    /// make others wait for longer.
    pub newcomer_grace: Duration,
    /// Connections that were [admitted](crate::Conn::admit); default 1,024.
    ///
    /// One more is refused. Together with the newcomers each takes a descriptor: many systems
    /// allow a process 1,024 unless told otherwise (`ulimit -n`), and a server that meets that
    /// limit first stays up, but lets new peers wait.
    pub max_admitted: usize,
    /// From accepting a connection, through its upgrade, to its admission; default 10 s.
    ///
    /// It bounds what a stranger can hold. People do not take part in a handshake, so 10 s are
    /// many times what a slow line needs.
    pub admission_deadline: Duration,
    /// An admitted peer with no byte read or written; default 120 s, `None` for ever.
    ///
    /// It clears away peers that vanished without a word, which TCP alone would keep for hours,
    /// and outlives the usual pauses of a person at a prompt if the client sends pings. Progress
    /// is looked at four times per deadline, not at each byte, so that a connection is cut off
    /// between one and one and a quarter of it. Handlers that work without traffic say so by
    /// [`Conn::progress`](crate::Conn::progress).
    pub idle_deadline: Option<Duration>,
    /// A connection's whole life; default `None`.
    ///
    /// Transfers may take hours, so that there is no number that would suit everybody.
    pub total_deadline: Option<Duration>,
    /// From asking the handlers to stop to cutting them off; default 10 s.
    ///
    /// It is as long as a person waits after Ctrl-C, and service managers wait longer.
    pub drain_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_newcomers: 256,
            newcomer_grace: Duration::from_millis(250),
            max_admitted: 1024,
            admission_deadline: Duration::from_secs(10),
            idle_deadline: Some(Duration::from_secs(120)),
            total_deadline: None,
            drain_deadline: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Sets [`max_newcomers`](Self#structfield.max_newcomers); 0 counts as 1.
    #[must_use]
    pub fn max_newcomers(mut self, count: usize) -> Self {
        self.max_newcomers = count.max(1);
        self
    }

    /// Sets [`newcomer_grace`](Self#structfield.newcomer_grace).
    #[must_use]
    pub fn newcomer_grace(mut self, grace: Duration) -> Self {
        self.newcomer_grace = grace;
        self
    }

    /// Sets [`max_admitted`](Self#structfield.max_admitted).
    #[must_use]
    pub fn max_admitted(mut self, count: usize) -> Self {
        self.max_admitted = count;
        self
    }

    /// Sets [`admission_deadline`](Self#structfield.admission_deadline).
    #[must_use]
    pub fn admission_deadline(mut self, deadline: Duration) -> Self {
        self.admission_deadline = deadline;
        self
    }

    /// Sets [`idle_deadline`](Self#structfield.idle_deadline).
    #[must_use]
    pub fn idle_deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.idle_deadline = deadline.into();
        self
    }

    /// Sets [`total_deadline`](Self#structfield.total_deadline).
    #[must_use]
    pub fn total_deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.total_deadline = deadline.into();
        self
    }

    /// Sets [`drain_deadline`](Self#structfield.drain_deadline).
    #[must_use]
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.drain_deadline = deadline;
        self
    }
}
