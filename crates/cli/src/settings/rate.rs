//! How fast a transfer may be: `10M`, `512Ki`, `1.5Gi`.

use std::str::FromStr;

/// A number of bytes a second.
///
/// The suffixes `K`, `M` and `G` stand for powers of 1,000; `Ki`, `Mi` and `Gi` for powers of
/// 1,024. Upper and lower case are the same, and a `B` or `B/s` may follow.
///
/// ```
/// # use ftp_cli::Rate;
/// assert_eq!("10M".parse::<Rate>()?.bytes_per_second(), 10_000_000);
/// assert_eq!("1.5Mi".parse::<Rate>()?.bytes_per_second(), 1_572_864);
/// # Ok::<(), ftp_cli::RateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(u64);

/// Why a text is no [`Rate`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// It does not begin with a number.
    #[error("`{found}` is no rate: a number with K, M, G (of 1000) or Ki, Mi, Gi (of 1024) is one")]
    Malformed {
        /// What was given.
        found: String,
    },
    /// It is less than one byte a second.
    #[error("a rate of `{found}` would never end: 1 byte a second is the least")]
    Zero {
        /// What was given.
        found: String,
    },
    /// It does not fit 64 bits.
    #[error("a rate of `{found}` is too high: {} bytes a second is the most", u64::MAX)]
    TooHigh {
        /// What was given.
        found: String,
    },
}

impl Rate {
    /// The number.
    #[must_use]
    pub const fn bytes_per_second(self) -> u64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let found = || text.to_owned();
        let malformed = || RateError::Malformed { found: found() };
        let lower = text.trim().to_ascii_lowercase();
        let short = lower.strip_suffix("/s").unwrap_or(&lower);
        let short = short.strip_suffix('b').unwrap_or(short);
        let digits = short.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit: u64 = match &short[digits.len()..] {
            "" => 1,
            "k" => 1000,
            "m" => 1000_u64.pow(2),
            "g" => 1000_u64.pow(3),
            "ki" => 1 << 10,
            "mi" => 1 << 20,
            "gi" => 1 << 30,
            _ => return Err(malformed()),
        };
        let (whole, fraction) =
            digits.trim_end().split_once('.').unwrap_or((digits.trim_end(), ""));
        let number = decimal(whole, fraction).ok_or_else(malformed)?;
        let scaled = number.checked_mul(unit.into()).map(|scaled| scaled / SCALE);
        match scaled.map(u64::try_from) {
            Some(Ok(0)) => Err(RateError::Zero { found: found() }),
            Some(Ok(bytes)) => Ok(Self(bytes)),
            _ => Err(RateError::TooHigh { found: found() }),
        }
    }
}

/// What [`decimal`] counts in: billionths, so that nine digits after the point are exact.
const SCALE: u128 = 1_000_000_000;

/// A decimal number in billionths; further digits are left out.
fn decimal(whole: &str, fraction: &str) -> Option<u128> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    // Twenty-five digits are above anything that fits, and below an overflow here.
    if whole.len() > 25 {
        return Some(u128::MAX);
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nine: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some(whole * SCALE + nine.parse::<u128>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_powers_of_1000_and_of_1024() {
        let cases = [
            ("1", 1),
            ("512", 512),
            ("10K", 10_000),
            ("10M", 10_000_000),
            ("2g", 2_000_000_000),
            ("1Ki", 1024),
            ("10mi", 10 << 20),
            ("1GiB", 1 << 30),
            ("3 MB/s", 3_000_000),
            ("0.5K", 500),
            (".5Ki", 512),
            ("1.0000000001", 1),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse::<Rate>().map(Rate::bytes_per_second), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_rate() {
        for text in ["", "M", "fast", "10T", "-1", "1e6", "1.2.3", "10 M K", "Ki", "１０", "1,5M"]
        {
            let expected = RateError::Malformed { found: text.into() };
            assert_eq!(text.parse::<Rate>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn names_the_bounds() {
        for text in ["0", "0.9", "0M"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::Zero { found: text.into() }));
        }
        let long = "9".repeat(60);
        for text in ["18446744073709551616", "20000000000G", &long] {
            assert_eq!(text.parse::<Rate>(), Err(RateError::TooHigh { found: text.into() }));
        }
    }
}
