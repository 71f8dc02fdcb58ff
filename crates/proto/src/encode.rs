use bytes::Bytes;

use crate::{error::EncodeError, header::Header, json, limits::Limits};

/// Room for most headers and their length, in bytes.
const USUAL_BYTES: usize = 256;

/// Puts a header on the wire: its length and its JSON, in one buffer. The body follows.
///
/// What encodes under some limits also decodes under them.
///
/// # Errors
///
/// If the header is no object, longer or deeper than the limits allow, or cannot be written at all.
///
/// ```
/// # use proto::{encode_header, Limits};
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Note { size: u64 }
/// impl proto::Header for Note {}
///
/// let bytes = encode_header(&Note { size: 5 }, &Limits::default())?;
/// assert_eq!(&bytes[..], b"\x0a\0\0\0{\"size\":5}");
/// # Ok::<(), proto::EncodeError>(())
/// ```
pub fn encode_header<H: Header>(header: &H, limits: &Limits) -> Result<Bytes, EncodeError> {
    encode_padded(header, 1, limits)
}

/// Like [`encode_header`], with spaces behind the JSON until its length is a multiple of
/// `multiple` bytes; 0 and 1 add none.
///
/// With 256 the first byte on the wire is 0x00, which is how a connection begins
/// (see [`Opening`](crate::Opening)).
///
/// # Errors
///
/// As for [`encode_header`]; the padding counts as part of the header.
pub fn encode_padded<H: Header>(
    header: &H,
    multiple: usize,
    limits: &Limits,
) -> Result<Bytes, EncodeError> {
    let mut frame = Vec::with_capacity(USUAL_BYTES);
    frame.extend_from_slice(&[0; size_of::<i32>()]);
    serde_json::to_writer(&mut frame, header)
        .map_err(|error| EncodeError::Json { message: json::message(&error) })?;

    let json = str::from_utf8(&frame[size_of::<i32>()..]).expect("serde_json writes UTF-8");
    if let Some(found) = json::not_an_object(json) {
        return Err(EncodeError::NotAnObject { found });
    }
    if json::is_deeper_than(json, limits.max_json_depth) {
        return Err(EncodeError::TooDeep { allowed: limits.max_json_depth });
    }

    let found = json.len().next_multiple_of(multiple.max(1));
    let allowed = limits.header_bytes();
    if found > allowed {
        return Err(EncodeError::HeaderTooLong { found, allowed });
    }
    let length = i32::try_from(found).expect("the limit is within an i32");
    frame[..size_of::<i32>()].copy_from_slice(&length.to_le_bytes());
    frame.resize(size_of::<i32>() + found, b' ');
    Ok(frame.into())
}

/// Checks that a body is as long as its header says.
pub(crate) fn check_body<H: Header>(header: &H, body: &[u8]) -> Result<(), EncodeError> {
    let announced = header.body_len();
    let found = body.len() as u64;
    if announced == found { Ok(()) } else { Err(EncodeError::BodyLength { announced, found }) }
}
