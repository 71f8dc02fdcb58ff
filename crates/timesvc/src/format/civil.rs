use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneOffsetInfo};

/// A moment as a calendar and a clock show it in a time zone: what C calls a broken-down time.
#[derive(Clone, Debug)]
pub struct LocalTime<'z> {
    civil: DateTime,
    unix_seconds: i64,
    offset: TimeZoneOffsetInfo<'z>,
}

impl<'z> LocalTime<'z> {
    /// The moment in that zone.
    #[must_use]
    pub fn new(moment: Timestamp, zone: &'z TimeZone) -> Self {
        let offset = zone.to_offset_info(moment);
        Self {
            civil: offset.offset().to_datetime(moment),
            // Rounded downwards, as the calendar is.
            unix_seconds: i64::try_from(moment.as_nanosecond().div_euclid(1_000_000_000))
                .expect("the calendar ends long before"),
            offset,
        }
    }

    /// Negative before the year 0.
    pub(super) fn year(&self) -> i64 {
        self.civil.year().into()
    }

    /// 1 to 12.
    pub(super) fn month_number(&self) -> i64 {
        self.civil.month().into()
    }

    /// How many months of the year are over.
    pub(super) fn month(&self) -> usize {
        usize::from(self.civil.month().unsigned_abs()) - 1
    }

    pub(super) fn day(&self) -> i64 {
        self.civil.day().into()
    }

    pub(super) fn hour(&self) -> i64 {
        self.civil.hour().into()
    }

    /// 1 to 12.
    pub(super) fn hour_of_half_day(&self) -> i64 {
        (self.hour() + 11) % 12 + 1
    }

    pub(super) fn is_afternoon(&self) -> bool {
        self.hour() > 11
    }

    pub(super) fn minute(&self) -> i64 {
        self.civil.minute().into()
    }

    pub(super) fn second(&self) -> i64 {
        self.civil.second().into()
    }

    /// 0 is a Sunday.
    pub(super) fn weekday_number(&self) -> i64 {
        self.civil.weekday().to_sunday_zero_offset().into()
    }

    /// The same, to look names up.
    pub(super) fn weekday(&self) -> usize {
        self.civil.weekday().to_sunday_zero_offset().unsigned_abs().into()
    }

    /// 1 to 366.
    pub(super) fn day_of_year(&self) -> i64 {
        self.civil.day_of_year().into()
    }

    /// The week of the year, if weeks begin on the day of the week that is `first` days after
    /// Sunday; the days before the first such day are week 0.
    pub(super) fn week(&self, first: i64) -> i64 {
        (self.day_of_year() - 1 - (self.weekday_number() - first).rem_euclid(7) + 7) / 7
    }

    /// Year and week of ISO 8601.
    pub(super) fn iso_week(&self) -> (i64, i64) {
        let date = self.civil.date().iso_week_date();
        (date.year().into(), date.week().into())
    }

    pub(super) fn unix_seconds(&self) -> i64 {
        self.unix_seconds
    }

    /// East of Greenwich.
    pub(super) fn offset_seconds(&self) -> i32 {
        self.offset.offset().seconds()
    }

    /// The name of the offset: `CET`, `-03`.
    pub(super) fn abbreviation(&self) -> &str {
        self.offset.abbreviation()
    }
}
