//! Bytes in JSON: a string when they are UTF-8, else `{"hex": "…"}`.

use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serializer, de};

/// Writes bytes that are usually text.
pub(crate) fn serialize_bytes<S: Serializer>(
    bytes: &[u8],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap as _;

    if let Ok(text) = std::str::from_utf8(bytes) {
        return serializer.serialize_str(text);
    }
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(hex, "{byte:02x}").expect("a String takes all that is written to it");
    }
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("hex", &hex)?;
    map.end()
}

/// Reads what [`serialize_bytes`] wrote.
pub(crate) fn deserialize_bytes<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<u8>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a string or {\"hex\": \"…\"}")]
    enum Text {
        Plain(String),
        Hex { hex: String },
    }

    match Text::deserialize(deserializer)? {
        Text::Plain(text) => Ok(text.into_bytes()),
        Text::Hex { hex } => decode_hex(&hex)
            .ok_or_else(|| de::Error::custom("`hex` is not an even number of hex digits")),
    }
}

fn decode_hex(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}
