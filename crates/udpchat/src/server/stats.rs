use std::fmt;

/// What a [`ChatServer`](crate::ChatServer) has seen, datagram by datagram where nothing else tells.
///
/// It prints as one line of what is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatStats {
    /// Sessions that are open.
    pub sessions: u64,
    /// Sessions that were opened in all.
    pub joined: u64,
    /// Those who were told that they may not join.
    pub refused: u64,
    /// Messages that were stored.
    pub stored: u64,
    /// Messages that were stored already when they came.
    pub again: u64,
    /// Messages that were refused.
    pub unwanted: u64,
    /// Addresses that were asked to show that they are real.
    pub challenged: u64,
    /// Datagrams that somebody else has signed, or nobody.
    pub forged: u64,
    /// Native datagrams that are none.
    pub malformed: u64,
    /// Datagrams of an earlier session.
    pub replayed: u64,
    /// Sessions that ended because the client did not keep to the protocol.
    pub broken: u64,
}

impl fmt::Display for ChatStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sessions", self.sessions)?;
        let counts = [
            (self.joined, "joined"),
            (self.refused, "refused"),
            (self.stored, "stored"),
            (self.again, "stored before"),
            (self.unwanted, "unwanted"),
            (self.challenged, "challenged"),
            (self.forged, "forged"),
            (self.malformed, "malformed"),
            (self.replayed, "replayed"),
            (self.broken, "broken off"),
        ];
        for (count, name) in counts.iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {name}")?;
        }
        Ok(())
    }
}
