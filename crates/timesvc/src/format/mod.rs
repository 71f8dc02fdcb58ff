//! `strftime`, as glibc does it in the C locale.

mod civil;
mod field;
mod output;

pub use civil::LocalTime;

use self::field::{Conversion, Field, Modifier, Pad};
use self::output::{Case, Output};

const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What was to be formatted takes more room than was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the formatted time is longer than the {limit} bytes allowed")]
#[non_exhaustive]
pub struct TooLong {
    /// How many bytes were allowed.
    pub limit: usize,
}

/// Formats a time in at most `limit` bytes, byte for byte as glibc's `strftime` in the C locale.
///
/// That includes the flags `_ - 0 ^ #`, widths, the modifiers `E` and `O`, and what glibc does
/// with conversions that it does not know: they are shown as they stand. A format is bytes, not
/// text: what is not ASCII is passed through, and so is the zero byte, at which C would stop. `%s`
/// is always the moment itself; C has to guess it where a clock that was set back shows a time
/// twice without being on daylight saving time in between.
///
/// ```
/// use jiff::{Timestamp, tz::TimeZone};
/// use timesvc::{LocalTime, strftime};
///
/// let zone = TimeZone::get("Asia/Shanghai")?;
/// let time = LocalTime::new(Timestamp::from_second(1_000_000_000)?, &zone);
/// assert_eq!(strftime(b"%Y-%m-%d %X %Z", &time, 1024)?, b"2001-09-09 09:46:40 CST");
/// assert_eq!(strftime(b"[%^10a|%-d|%_5S|%Q]", &time, 1024)?, b"[       SUN|9|   40|%Q]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// If the result would be longer, whatever makes it so: a format can ask for any width.
pub fn strftime(format: &[u8], time: &LocalTime<'_>, limit: usize) -> Result<Vec<u8>, TooLong> {
    let mut bytes = Vec::new();
    strftime_into(&mut bytes, format, time, limit)?;
    Ok(bytes)
}

/// As [`strftime`], but appends to what is there, and so allocates nothing where there is room.
///
/// # Errors
///
/// As there; nothing is then appended.
pub fn strftime_into(
    bytes: &mut Vec<u8>,
    format: &[u8],
    time: &LocalTime<'_>,
    limit: usize,
) -> Result<(), TooLong> {
    let start = bytes.len();
    let written = Formatter { output: Output::new(bytes, limit), time }.format(format);
    if written.is_err() {
        bytes.truncate(start);
    }
    written
}

/// A time on its way into an output.
struct Formatter<'a> {
    output: Output<'a>,
    time: &'a LocalTime<'a>,
}

impl Formatter<'_> {
    fn format(&mut self, mut format: &[u8]) -> Result<(), TooLong> {
        while let Some(percent) = format.iter().position(|&byte| byte == b'%') {
            self.output.plain(&format[..percent])?;
            let (conversion, rest) = Conversion::split(&format[percent..]);
            self.convert(&conversion)?;
            format = rest;
        }
        self.output.plain(format)
    }

    fn convert(&mut self, conversion: &Conversion<'_>) -> Result<(), TooLong> {
        let field = conversion.field;
        let known = conversion.letter.filter(|letter| accepts(*letter, field.modifier));
        let Some(letter) = known else {
            return self.echo(conversion);
        };
        if let Some((digits, value)) = number(letter, self.time) {
            let field = if matches!(letter, b'e' | b'k' | b'l') { spaced(field) } else { field };
            return self.output.number(field, digits, value);
        }
        if let Some(parts) = composite(letter) {
            return self.composite(field, parts);
        }
        match letter {
            b'a' => self.name(field, &WEEKDAYS[self.time.weekday()][..3]),
            b'A' => self.name(field, WEEKDAYS[self.time.weekday()]),
            b'b' | b'h' => self.name(field, &MONTHS[self.time.month()][..3]),
            b'B' => self.name(field, MONTHS[self.time.month()]),
            b'p' => self.half_day(field, if field.change_case { Case::Lower } else { Case::Keep }),
            b'P' => self.half_day(field, Case::Lower),
            b's' => self.output.bare_number(field, self.time.unix_seconds()),
            b'z' => self.offset(field),
            b'Z' => self.abbreviation(field),
            b'n' => self.output.text(field, Case::Keep, b"\n"),
            b't' => self.output.text(field, Case::Keep, b"\t"),
            b'%' => self.output.text(field, Case::Keep, b"%"),
            _ => self.echo(conversion),
        }
    }

    /// What has no meaning is shown as it stands; even then the width and the flag `^` count.
    fn echo(&mut self, conversion: &Conversion<'_>) -> Result<(), TooLong> {
        let field = conversion.field;
        // For `%#Eb` glibc has changed the case before it notices the modifier.
        let changed = field.change_case && matches!(conversion.letter, Some(b'b' | b'h'));
        let case = if changed { Case::Upper } else { raised(field) };
        self.output.text(field, case, conversion.echo)
    }

    /// A conversion that stands for several; the flags and the width are those of the whole.
    fn composite(&mut self, field: Field, parts: &[u8]) -> Result<(), TooLong> {
        let start = self.output.position();
        self.format(parts)?;
        self.output.change_case(start, raised(field));
        self.output.widen(start, field)
    }

    fn name(&mut self, field: Field, name: &str) -> Result<(), TooLong> {
        let case = if field.change_case { Case::Upper } else { raised(field) };
        self.output.text(field, case, name.as_bytes())
    }

    fn half_day(&mut self, field: Field, case: Case) -> Result<(), TooLong> {
        let name = if self.time.is_afternoon() { b"PM" } else { b"AM" };
        self.output.text(field, case, name)
    }

    fn abbreviation(&mut self, field: Field) -> Result<(), TooLong> {
        let case = if field.change_case { Case::Lower } else { raised(field) };
        self.output.text(field, case, self.time.abbreviation().as_bytes())
    }

    /// Hours and minutes from Greenwich. A width counts twice, for the sign and for the number.
    fn offset(&mut self, field: Field) -> Result<(), TooLong> {
        let seconds = self.time.offset_seconds();
        self.output.text(field, Case::Keep, if seconds < 0 { b"-" } else { b"+" })?;
        let minutes = i64::from(seconds.unsigned_abs() / 60);
        self.output.number(field, 4, minutes / 60 * 100 + minutes % 60)
    }
}

/// Whether a conversion may have that modifier.
fn accepts(letter: u8, modifier: Option<Modifier>) -> bool {
    match modifier {
        None => true,
        Some(Modifier::Era) => !b"%aAbhBDdeFHIkljMmSUVgGWw".contains(&letter),
        Some(Modifier::Digits) => !b"%aAcDFxXY".contains(&letter),
    }
}

/// The conversions that stand for several others.
fn composite(letter: u8) -> Option<&'static [u8]> {
    Some(match letter {
        b'c' => b"%a %b %e %H:%M:%S %Y",
        b'D' | b'x' => b"%m/%d/%y",
        b'F' => b"%Y-%m-%d",
        b'R' => b"%H:%M",
        b'r' => b"%I:%M:%S %p",
        b'T' | b'X' => b"%H:%M:%S",
        _ => return None,
    })
}

/// The conversions that are numbers, with the digits that they have at least.
fn number(letter: u8, time: &LocalTime<'_>) -> Option<(usize, i64)> {
    Some(match letter {
        b'C' => (1, time.year().div_euclid(100)),
        b'd' | b'e' => (2, time.day()),
        b'g' => (2, time.iso_week().0.rem_euclid(100)),
        b'G' => (1, time.iso_week().0),
        b'H' | b'k' => (2, time.hour()),
        b'I' | b'l' => (2, time.hour_of_half_day()),
        b'j' => (3, time.day_of_year()),
        b'm' => (2, time.month_number()),
        b'M' => (2, time.minute()),
        b'S' => (2, time.second()),
        b'u' => (1, (time.weekday_number() + 6) % 7 + 1),
        b'U' => (2, time.week(0)),
        b'V' => (2, time.iso_week().1),
        b'w' => (1, time.weekday_number()),
        b'W' => (2, time.week(1)),
        b'y' => (2, time.year().rem_euclid(100)),
        b'Y' => (1, time.year()),
        _ => return None,
    })
}

/// The flag `^`.
fn raised(field: Field) -> Case {
    if field.uppercase { Case::Upper } else { Case::Keep }
}

/// A field that is filled with spaces unless a flag says otherwise.
fn spaced(field: Field) -> Field {
    Field { pad: field.pad.or(Some(Pad::Space)), ..field }
}
