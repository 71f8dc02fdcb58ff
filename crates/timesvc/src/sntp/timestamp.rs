use jiff::{SignedDuration, Timestamp};

/// From the beginning of 1900 to that of 1970.
const SECONDS_FROM_1900_TO_1970: i128 = 2_208_988_800;

const NANOSECONDS: i128 = 1_000_000_000;

/// A moment as NTP counts it: seconds since 1900 in 32 bits, and 32 bits of a second's fraction.
///
/// The seconds begin anew every 136 years. Differences are right as long as two moments are less
/// than 68 years apart; zero means that the moment is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NtpTimestamp(pub u64);

impl NtpTimestamp {
    /// The moment that is not known.
    pub const UNKNOWN: Self = Self(0);

    /// Whether it is not known.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        self == Self::UNKNOWN
    }

    /// How long after `earlier` it is; negative if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> SignedDuration {
        let units = self.0.wrapping_sub(earlier.0).cast_signed();
        let nanoseconds = (i128::from(units) * NANOSECONDS + (1 << 31)) >> 32;
        let nanoseconds = i64::try_from(nanoseconds).expect("68 years have fewer nanoseconds");
        SignedDuration::from_nanos(nanoseconds)
    }
}

impl From<Timestamp> for NtpTimestamp {
    fn from(moment: Timestamp) -> Self {
        let since_1900 = moment.as_nanosecond() + SECONDS_FROM_1900_TO_1970 * NANOSECONDS;
        let seconds = since_1900.div_euclid(NANOSECONDS).rem_euclid(1 << 32);
        // Rounded to the nearest, so that a moment comes back as it was; never up to the second.
        let nanoseconds = since_1900.rem_euclid(NANOSECONDS);
        let fraction = ((nanoseconds << 32) + NANOSECONDS / 2) / NANOSECONDS;
        let units = (seconds << 32) + fraction;
        Self(u64::try_from(units).expect("32 bits of seconds and a fraction below one"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(nanoseconds: i128) -> NtpTimestamp {
        Timestamp::from_nanosecond(nanoseconds).unwrap().into()
    }

    #[test]
    fn seconds_stand_in_the_upper_half_and_fractions_in_the_lower() {
        assert_eq!(at(0).0, 2_208_988_800 << 32);
        assert_eq!(at(500_000_000).0, (2_208_988_800 << 32) | 1 << 31);
        assert_eq!(at(-1).0 >> 32, 2_208_988_799);
        assert_eq!(at(2_085_978_496 * NANOSECONDS).0, 0);
    }

    #[test]
    fn differences_go_on_over_the_end_of_an_era() {
        let end = 2_085_978_496 * NANOSECONDS;
        assert_eq!(at(end + NANOSECONDS).since(at(end - NANOSECONDS)).as_secs(), 2);
        assert_eq!(at(end - NANOSECONDS).since(at(end + NANOSECONDS)).as_secs(), -2);
    }

    proptest! {
        #[test]
        fn differences_are_right_to_the_nanosecond(
            from in 0_i64..4_000_000_000_000_000_000,
            nanoseconds in -2_000_000_000_000_000_000_i64..2_000_000_000_000_000_000,
        ) {
            let found = at(i128::from(from) + i128::from(nanoseconds)).since(at(from.into()));
            let error = found - SignedDuration::from_nanos(nanoseconds);
            prop_assert!(error.abs() <= SignedDuration::from_nanos(1), "{}", error);
        }

        #[test]
        fn any_two_moments_have_a_difference(a in any::<u64>(), b in any::<u64>()) {
            let _ = NtpTimestamp(a).since(NtpTimestamp(b));
        }
    }
}
