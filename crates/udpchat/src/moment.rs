use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, on both clocks: one for waiting, one for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) instant: Instant,
    pub(crate) unix_millis: u64,
}

impl Moment {
    /// What the clocks of this machine say; only drivers ask.
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Self { instant: Instant::now(), unix_millis }
    }
}
