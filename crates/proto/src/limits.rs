use crate::error::DecodeError;

/// How much a peer may ask of a decoder, and how much an encoder lets out.
///
/// Every limit is checked before anything is allocated or parsed for what it bounds.
///
/// ```
/// let limits = proto::Limits::default().max_header_bytes(4 * 1024).max_json_depth(8);
/// assert_eq!(limits.max_header_bytes, 4096);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest header, in bytes of JSON.
    pub max_header_bytes: usize,
    /// How deep arrays and objects may stand in one another; the header itself is the first level.
    pub max_json_depth: usize,
}

impl Limits {
    /// Sets the longest header, in bytes of JSON. Default: 65,536.
    ///
    /// A longer one is an error as soon as its length is known; one connection never holds more
    /// than twice this for a header under way. What the length field cannot say (more than
    /// `i32::MAX`) stays out of reach whatever is set here.
    #[must_use]
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.max_header_bytes = bytes;
        self
    }

    /// Sets how many levels of arrays and objects a header may have, itself included. Default: 32.
    ///
    /// A deeper one is an error before the JSON parser, which recurses, sees it. The parser has a
    /// limit of its own, so that values over 127 have no effect.
    #[must_use]
    pub fn max_json_depth(mut self, levels: usize) -> Self {
        self.max_json_depth = levels;
        self
    }

    /// The longest header that these limits and the length field allow.
    pub(crate) fn header_bytes(&self) -> usize {
        self.max_header_bytes.min(i32::MAX as usize)
    }

    /// Turns an announced header length into a length to wait for.
    pub(crate) fn check_header_length(&self, announced: i32) -> Result<usize, DecodeError> {
        let length = usize::try_from(announced)
            .map_err(|_| DecodeError::NegativeLength { found: announced })?;
        if length == 0 {
            return Err(DecodeError::EmptyHeader);
        }
        if length > self.header_bytes() {
            return Err(DecodeError::HeaderTooLong { found: length, allowed: self.header_bytes() });
        }
        Ok(length)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_header_bytes: 64 * 1024, max_json_depth: 32 }
    }
}
