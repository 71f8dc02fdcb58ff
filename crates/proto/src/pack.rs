//! Fixed-size packing, as Python's `struct` module does it, little-endian.

use std::fmt::{self, Write as _};

use thiserror::Error;

/// A number that does not fit the field it is meant for. It is never wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{found} does not fit {field}: it must be from {min} to {max}")]
#[non_exhaustive]
pub struct RangeError {
    /// The field: `i32`, `u32`, or the length of a field of bytes.
    pub field: &'static str,
    /// The number that was found.
    pub found: i128,
    /// The smallest number that fits.
    pub min: i128,
    /// The largest number that fits.
    pub max: i128,
}

/// Packs a number as a little-endian `i32`, as `struct.pack('<i', value)` does.
///
/// # Errors
///
/// If it is out of range, naming the range.
///
/// ```
/// assert_eq!(proto::pack_i32_le(1000)?, [0xe8, 0x03, 0, 0]);
/// assert_eq!(
///     proto::pack_i32_le(1 << 40).unwrap_err().to_string(),
///     "1099511627776 does not fit i32: it must be from -2147483648 to 2147483647"
/// );
/// # Ok::<(), proto::RangeError>(())
/// ```
pub fn pack_i32_le(value: i64) -> Result<[u8; 4], RangeError> {
    match i32::try_from(value) {
        Ok(value) => Ok(value.to_le_bytes()),
        Err(_) => Err(RangeError {
            field: "i32",
            found: value.into(),
            min: i32::MIN.into(),
            max: i32::MAX.into(),
        }),
    }
}

/// Packs a number as a little-endian `u32`, as `struct.pack('<I', value)` does.
///
/// # Errors
///
/// If it is out of range, naming the range.
pub fn pack_u32_le(value: i64) -> Result<[u8; 4], RangeError> {
    match u32::try_from(value) {
        Ok(value) => Ok(value.to_le_bytes()),
        Err(_) => {
            Err(RangeError { field: "u32", found: value.into(), min: 0, max: u32::MAX.into() })
        }
    }
}

/// Where the fields of a packed layout begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Right behind one another: Python's `<`.
    None,
    /// At a multiple of their own size, with zeros between, as C lays out a struct on x86-64 and
    /// arm64: what Python does when nothing is said.
    Native,
}

/// Packs one field after the other into bytes of a fixed layout.
///
/// ```
/// use proto::{Alignment, Packer, hex};
///
/// // struct.pack('I3sf', 1, b'abc', 2.5)
/// let packed = Packer::new(Alignment::Native).u32(1)?.bytes(b"abc", 3)?.f32(2.5).finish();
/// assert_eq!(hex(&packed), "01 00 00 00 61 62 63 00 00 00 20 40");
/// # Ok::<(), proto::RangeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Packer {
    alignment: Alignment,
    packed: Vec<u8>,
}

impl Packer {
    /// An empty layout.
    #[must_use]
    pub fn new(alignment: Alignment) -> Self {
        Self { alignment, packed: Vec::new() }
    }

    /// Appends an `i32`: Python's `i`.
    ///
    /// # Errors
    ///
    /// If the value is out of range.
    pub fn i32(mut self, value: i64) -> Result<Self, RangeError> {
        self.append(&pack_i32_le(value)?);
        Ok(self)
    }

    /// Appends a `u32`: Python's `I`.
    ///
    /// # Errors
    ///
    /// If the value is out of range.
    pub fn u32(mut self, value: i64) -> Result<Self, RangeError> {
        self.append(&pack_u32_le(value)?);
        Ok(self)
    }

    /// Appends an `f32`: Python's `f`.
    #[must_use]
    pub fn f32(mut self, value: f32) -> Self {
        self.append(&value.to_le_bytes());
        self
    }

    /// Appends a field of `width` bytes, filled up with zeros: Python's `{width}s`.
    ///
    /// # Errors
    ///
    /// If there are more bytes than the field has; Python would drop what is too much.
    pub fn bytes(mut self, bytes: &[u8], width: usize) -> Result<Self, RangeError> {
        if bytes.len() > width {
            return Err(RangeError {
                field: "the length of a field of bytes",
                found: bytes.len() as i128,
                min: 0,
                max: width as i128,
            });
        }
        let end = self.packed.len() + width;
        self.packed.extend_from_slice(bytes);
        self.packed.resize(end, 0);
        Ok(self)
    }

    /// The packed bytes.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.packed
    }

    fn append(&mut self, field: &[u8]) {
        if self.alignment == Alignment::Native {
            let start = self.packed.len().next_multiple_of(field.len());
            self.packed.resize(start, 0);
        }
        self.packed.extend_from_slice(field);
    }
}

/// Bytes for people to look at: two hex digits each, a space between.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        let separator = if index == 0 { "" } else { " " };
        write!(shown, "{separator}{byte:02x}").expect("writing to a string succeeds");
    }
    shown
}

/// Bytes as hex digits without anything between.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
