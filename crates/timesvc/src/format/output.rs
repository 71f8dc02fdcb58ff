use super::TooLong;
use super::field::{Field, Pad};

/// What has been formatted, with an end that it cannot pass.
#[derive(Debug)]
pub(super) struct Output<'a> {
    bytes: &'a mut Vec<u8>,
    /// How long `bytes` may become.
    end: usize,
    /// How much of that is ours.
    limit: usize,
}

/// What is done to the letters of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Keep,
    Upper,
    Lower,
}

impl<'a> Output<'a> {
    /// Appends at most `limit` bytes to `bytes`.
    pub(super) fn new(bytes: &'a mut Vec<u8>, limit: usize) -> Self {
        let end = bytes.len().saturating_add(limit);
        Self { bytes, end, limit }
    }

    /// How many bytes there are, those from before included.
    pub(super) fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes as they are.
    pub(super) fn plain(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// A text, filled up at its left to the width of its field.
    pub(super) fn text(&mut self, field: Field, case: Case, text: &[u8]) -> Result<(), TooLong> {
        self.fill(field, field.width.saturating_sub(text.len()))?;
        let start = self.position();
        self.plain(text)?;
        self.change_case(start, case);
        Ok(())
    }

    /// A number of at least so many digits, and of the width of its field.
    pub(super) fn number(
        &mut self,
        field: Field,
        digits: usize,
        value: i64,
    ) -> Result<(), TooLong> {
        let number = Decimal::new(value);
        let padding = digits.max(field.width).saturating_sub(number.text().len());
        match field.pad {
            Some(Pad::Nothing) => self.text(field, Case::Keep, number.text()),
            Some(Pad::Space) => {
                self.repeat(b' ', padding)?;
                self.plain(number.text())
            }
            Some(Pad::Zero) | None => {
                self.plain(number.sign())?;
                self.repeat(b'0', padding)?;
                self.plain(number.digits())
            }
        }
    }

    /// A number without a usual width: zeros too are put in front of its sign.
    pub(super) fn bare_number(&mut self, field: Field, value: i64) -> Result<(), TooLong> {
        self.text(field, Case::Keep, Decimal::new(value).text())
    }

    /// The filling at the left of a text.
    pub(super) fn fill(&mut self, field: Field, count: usize) -> Result<(), TooLong> {
        self.repeat(if field.pad == Some(Pad::Zero) { b'0' } else { b' ' }, count)
    }

    /// Changes the letters from `start` on.
    pub(super) fn change_case(&mut self, start: usize, case: Case) {
        match case {
            Case::Keep => {}
            Case::Upper => self.bytes[start..].make_ascii_uppercase(),
            Case::Lower => self.bytes[start..].make_ascii_lowercase(),
        }
    }

    /// Moves what stands from `start` on to the right, and fills the gap.
    pub(super) fn widen(&mut self, start: usize, field: Field) -> Result<(), TooLong> {
        let length = self.position() - start;
        self.fill(field, field.width.saturating_sub(length))?;
        self.bytes[start..].rotate_left(length);
        Ok(())
    }

    fn repeat(&mut self, byte: u8, count: usize) -> Result<(), TooLong> {
        self.reserve(count)?;
        self.bytes.resize(self.bytes.len() + count, byte);
        Ok(())
    }

    /// Nothing is allocated for what would be too long.
    fn reserve(&self, count: usize) -> Result<(), TooLong> {
        if count <= self.end - self.bytes.len() {
            Ok(())
        } else {
            Err(TooLong { limit: self.limit })
        }
    }
}

/// A number in decimal, without an allocation.
struct Decimal {
    /// The sign and the 19 digits of the smallest number.
    bytes: [u8; 20],
    start: usize,
    negative: bool,
}

impl Decimal {
    fn new(value: i64) -> Self {
        let mut decimal = Self { bytes: [b'-'; 20], start: 20, negative: value < 0 };
        let mut rest = value.unsigned_abs();
        loop {
            decimal.start -= 1;
            decimal.bytes[decimal.start] = b'0' + u8::try_from(rest % 10).expect("below ten");
            rest /= 10;
            if rest == 0 {
                return decimal;
            }
        }
    }

    fn text(&self) -> &[u8] {
        &self.bytes[self.start - usize::from(self.negative)..]
    }

    fn sign(&self) -> &[u8] {
        if self.negative { b"-" } else { b"" }
    }

    fn digits(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_numbers_have_room() {
        for value in [i64::MIN, -1, 0, 9, 10, i64::MAX] {
            assert_eq!(Decimal::new(value).text(), value.to_string().as_bytes());
        }
    }

    #[test]
    fn stops_exactly_at_the_limit() {
        let mut bytes = b"before".to_vec();
        let mut output = Output::new(&mut bytes, 4);
        output.number(Field::default(), 3, -7).unwrap();
        assert_eq!(output.plain(b"ab"), Err(TooLong { limit: 4 }));
        output.plain(b"c").unwrap();
        assert_eq!(output.plain(b"d"), Err(TooLong { limit: 4 }));
        assert_eq!(bytes, b"before-07c");
    }
}
