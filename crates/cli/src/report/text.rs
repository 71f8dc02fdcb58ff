//! Numbers and names as people read them.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::time::Duration;

use ftp::{Entry, Kind, Timestamp};
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// A size in powers of 1,024: `512 B`, `12.3 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().expect("there are six");
    // What would be rounded up to 1024.0 is shown as 1.0 of the next unit.
    while value >= 1023.95 {
        let Some(next) = units.next() else { break };
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// A number of things: `12,345`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something: `1 file`, `12,345 files`.
pub(crate) fn counted(number: u64, one: &str, more: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { more })
}

/// How long something took: `0.1 s`, `42.0 s`, `3:05 min`, `2:03:05 h`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", elapsed.as_secs_f64()),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02} h", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// How long something will take: `0:07`, `1:02:03`.
pub(crate) fn clock(remaining: Duration) -> String {
    let seconds = remaining.as_secs();
    match seconds {
        0..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// A moment in the time zone of whoever looks, to the minute or with all that is known.
pub(crate) fn time(moment: Timestamp, zone: &TimeZone, precise: bool) -> String {
    let nanoseconds = i32::try_from(moment.nanoseconds()).expect("below a second");
    match jiff::Timestamp::new(moment.seconds(), nanoseconds) {
        Ok(known) => {
            let format = if precise { "%Y-%m-%d %H:%M:%S%.f %:z" } else { "%Y-%m-%d %H:%M" };
            known.to_zoned(zone.clone()).strftime(format).to_string()
        }
        // Beyond the calendar that the time zones cover.
        Err(_) => format!("@{}", moment.seconds()),
    }
}

/// What an error of the system says, without its number.
pub(crate) fn reason(error: &io::Error) -> impl fmt::Display {
    let text = error.to_string();
    let short = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = short.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

/// Kind and permissions the way `ls -l` shows them: `drwxr-xr-x`.
pub(crate) fn mode(entry: &Entry) -> String {
    let kind = match entry.kind {
        Kind::File => '-',
        Kind::Directory => 'd',
        Kind::Link => 'l',
        Kind::Other => '?',
    };
    let bits = |mode: u32| {
        (0..9).map(move |at| match mode & (0o400 >> at) {
            0 => '-',
            _ => ['r', 'w', 'x'][at % 3],
        })
    };
    match entry.mode {
        Some(mode) => std::iter::once(kind).chain(bits(mode)).collect(),
        None => format!("{kind}?????????"),
    }
}

/// How many columns of a terminal a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// A text, cut so that it takes at most `columns`; an ellipsis tells that something is missing.
pub(crate) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return text.into();
    }
    let Some(room) = columns.checked_sub(1) else {
        return "".into();
    };
    let mut taken = 0;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            taken += c.width().unwrap_or(0);
            taken > room
        })
        .map_or(text.len(), |(at, _)| at);
    format!("{}…", &text[..end]).into()
}

/// Names in as many columns as fit, filled downwards, as `ls` does.
pub(crate) fn columns(names: &[String], line_width: usize) -> Vec<String> {
    const GAP: usize = 2;
    let widths: Vec<usize> = names.iter().map(|name| name.width()).collect();
    let column_widths = |rows: usize| -> Vec<usize> {
        widths.chunks(rows).map(|column| column.iter().copied().max().unwrap_or(0)).collect()
    };
    let fits = |rows: &usize| {
        let columns = column_widths(*rows);
        columns.iter().sum::<usize>() + GAP * columns.len().saturating_sub(1) <= line_width
    };
    // A listing too long to be tried row by row is one name a line all the same.
    let rows = (1..names.len().min(1000)).find(fits).unwrap_or(names.len());
    let columns = column_widths(rows.max(1));
    let line = |row: usize| {
        let mut line = String::new();
        for (column, column_width) in columns.iter().enumerate() {
            let at = column * rows + row;
            let Some(name) = names.get(at) else { break };
            line.push_str(name);
            if at + rows < names.len() {
                line.extend(std::iter::repeat_n(' ', column_width - widths[at] + GAP));
            }
        }
        line
    };
    (0..rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use ftp::{RemotePath, Revision};

    use super::*;

    #[test]
    fn sizes_have_one_decimal_and_never_show_1024_of_a_unit() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn counts_have_a_comma_before_each_three_digits() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")]
        {
            assert_eq!(count(number), expected);
        }
        assert_eq!(counted(1, "file", "files"), "1 file");
        assert_eq!(counted(0, "file", "files"), "0 files");
    }

    #[test]
    fn durations_grow_units_with_their_length() {
        assert_eq!(duration(Duration::from_millis(49)), "0.0 s");
        assert_eq!(duration(Duration::from_secs(185)), "3:05 min");
        assert_eq!(duration(Duration::from_secs(7385)), "2:03:05 h");
        assert_eq!(clock(Duration::from_secs(7)), "0:07");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }

    #[test]
    fn times_are_shown_in_the_zone_of_the_reader_before_the_epoch_too() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let moment = |seconds| Timestamp::new(seconds, 500_000_000).unwrap();
        assert_eq!(time(moment(0), &zone, false), "1970-01-01 08:00");
        assert_eq!(time(moment(-86_400), &zone, true), "1969-12-31 08:00:00.5 +08:00");
        assert_eq!(time(moment(i64::MAX), &zone, true), format!("@{}", i64::MAX));
    }

    #[test]
    fn modes_look_like_those_of_ls() {
        let entry = |kind, mode| Entry {
            path: RemotePath::root(),
            kind,
            size: 0,
            mode,
            modified: None,
            revision: Revision::new("r"),
            target: None,
        };
        assert_eq!(mode(&entry(Kind::File, Some(0o644))), "-rw-r--r--");
        assert_eq!(mode(&entry(Kind::Directory, Some(0o4751))), "drwxr-x--x");
        assert_eq!(mode(&entry(Kind::Other, None)), "??????????");
    }

    #[test]
    fn texts_are_cut_by_the_columns_they_take() {
        assert_eq!(fit("notes.txt", 9), "notes.txt");
        assert_eq!(fit("notes.txt", 5), "note…");
        assert_eq!(fit("年度报告.txt", 6), "年度…");
        assert_eq!(fit("年度报告.txt", 5), "年度…");
        assert_eq!(fit("年度", 1), "…");
        assert_eq!(fit("年度", 0), "");
    }

    #[test]
    fn columns_are_aligned_whatever_the_names_are_written_in() {
        let names = ["a", "年度报告", "b.txt", "🦀", "c"].map(str::to_owned);
        assert_eq!(columns(&names, 80), ["a  年度报告  b.txt  🦀  c"]);
        assert_eq!(columns(&names, 14), ["a         🦀", "年度报告  c", "b.txt"]);
        assert_eq!(columns(&names, 3), ["a", "年度报告", "b.txt", "🦀", "c"]);
        assert!(columns(&[], 80).is_empty());
    }
}
