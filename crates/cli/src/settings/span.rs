//! How long something is to last: `90s`, `1h 30m`, `7d`.

use std::str::FromStr;
use std::time::Duration;

/// A length of time above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(Duration);

/// Why a text is no [`Span`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpanError {
    #[error("`{found}` is no length of time: 90s, 30m, 1h30m and 7d are some")]
    Malformed { found: String },
    #[error("`{found}` is no length of time to come: it must be above zero")]
    NotAhead { found: String },
}

impl Span {
    pub(crate) const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let found = || text.to_owned();
        let span: jiff::Span =
            text.trim().parse().map_err(|_| SpanError::Malformed { found: found() })?;
        // Months and years have no length of their own; days and weeks are taken as usual.
        let days = jiff::SpanRelativeTo::days_are_24_hours();
        let length = span.to_duration(days).map_err(|_| SpanError::Malformed { found: found() })?;
        match Duration::try_from(length) {
            Ok(length) if !length.is_zero() => Ok(Self(length)),
            _ => Err(SpanError::NotAhead { found: found() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_as_people_write_them() {
        let cases = [
            ("90s", 90),
            ("30m", 1800),
            ("1h", 3600),
            ("1h30m", 5400),
            ("7d", 604_800),
            ("2w", 1_209_600),
        ];
        for (text, seconds) in cases {
            assert_eq!(text.parse(), Ok(Span(Duration::from_secs(seconds))), "{text}");
        }
    }

    #[test]
    fn refuses_what_has_no_length() {
        for text in ["", "7", "soon", "3 months", "1y"] {
            let expected = SpanError::Malformed { found: text.into() };
            assert_eq!(text.parse::<Span>(), Err(expected), "{text}");
        }
        for text in ["0s", "-1h"] {
            let expected = SpanError::NotAhead { found: text.into() };
            assert_eq!(text.parse::<Span>(), Err(expected), "{text}");
        }
    }
}
