//! Times as the files have them.

use std::time::Duration;

use jiff::Timestamp;

/// A moment, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Timestamp);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(Timestamp::now()).to_the_second()
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        self.0
    }

    /// The moment that much later; the last that there is, if it would be later still.
    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0.checked_add(duration).unwrap_or(Timestamp::MAX)).to_the_second()
    }

    /// The moment that much earlier; the first that there is, if it would be earlier still.
    pub(crate) fn before(self, duration: Duration) -> Self {
        Self(self.0.checked_sub(duration).unwrap_or(Timestamp::MIN)).to_the_second()
    }

    fn to_the_second(self) -> Self {
        let second = Timestamp::from_second(self.0.as_second());
        Self(second.expect("the seconds of a time are in its range"))
    }
}
