/// What stands between a `%` and the letter that says what is to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// The last of the flags `_`, `-` and `0`.
    pub(super) pad: Option<Pad>,
    /// The flag `^`.
    pub(super) uppercase: bool,
    /// The flag `#`.
    pub(super) change_case: bool,
    /// The least number of bytes; 0 if none was given.
    pub(super) width: usize,
    /// `E` or `O`.
    pub(super) modifier: Option<Modifier>,
}

/// What fills a field up to its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    /// `_`
    Space,
    /// `-`: numbers are not padded to their usual width; a width that was given is kept all the
    /// same, with spaces.
    Nothing,
    /// `0`
    Zero,
}

/// The alternative representations of POSIX; the C locale has none, so that they change nothing
/// where they are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Modifier {
    /// `E`: the locale's era.
    Era,
    /// `O`: the locale's digits.
    Digits,
}

/// A conversion as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Conversion<'a> {
    pub(super) field: Field,
    /// The letter; `None` where the format ends before it.
    pub(super) letter: Option<u8>,
    /// What is shown of it if it has no meaning.
    pub(super) echo: &'a [u8],
}

impl<'a> Conversion<'a> {
    /// Splits the conversion off the front of `format`, which begins with its `%`.
    pub(super) fn split(format: &'a [u8]) -> (Self, &'a [u8]) {
        let mut field = Field::default();
        let mut at = 1;
        while let Some(flag) = format.get(at) {
            match flag {
                b'_' => field.pad = Some(Pad::Space),
                b'-' => field.pad = Some(Pad::Nothing),
                b'0' => field.pad = Some(Pad::Zero),
                b'^' => field.uppercase = true,
                b'#' => field.change_case = true,
                _ => break,
            }
            at += 1;
        }
        while let Some(digit @ b'0'..=b'9') = format.get(at) {
            let digit = usize::from(digit - b'0');
            field.width = field.width.saturating_mul(10).saturating_add(digit);
            at += 1;
        }
        field.modifier = match format.get(at) {
            Some(b'E') => Some(Modifier::Era),
            Some(b'O') => Some(Modifier::Digits),
            _ => None,
        };
        at += usize::from(field.modifier.is_some());
        let letter = format.get(at).copied();
        let end = at + usize::from(letter.is_some());
        // glibc looks for the `%` backwards from the letter, which may be one itself: `%E%`.
        let echo = if letter == Some(b'%') { &format[at..end] } else { &format[..end] };
        (Self { field, letter, echo }, &format[end..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_flags_then_width_then_modifier_then_letter() {
        let (conversion, rest) = Conversion::split(b"%_^-12OHrest");
        assert_eq!(rest, b"rest");
        assert_eq!(conversion.letter, Some(b'H'));
        assert_eq!(conversion.echo, b"%_^-12OH");
        let field = Field {
            pad: Some(Pad::Nothing),
            uppercase: true,
            change_case: false,
            width: 12,
            modifier: Some(Modifier::Digits),
        };
        assert_eq!(conversion.field, field);
    }

    #[test]
    fn ends_with_the_format_wherever_that_is() {
        for format in ["%", "%_", "%-5", "%0#33E", "%O"] {
            let (conversion, rest) = Conversion::split(format.as_bytes());
            assert_eq!((conversion.letter, conversion.echo), (None, format.as_bytes()));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn a_flag_after_the_width_is_a_letter() {
        let (conversion, rest) = Conversion::split(b"%5_d");
        assert_eq!(
            (conversion.letter, conversion.echo, rest),
            (Some(b'_'), &b"%5_"[..], &b"d"[..])
        );
    }

    #[test]
    fn a_width_beyond_all_numbers_is_merely_too_wide() {
        let format = format!("%{}d", "9".repeat(100));
        assert_eq!(Conversion::split(format.as_bytes()).0.field.width, usize::MAX);
    }
}
