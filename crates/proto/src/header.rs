use serde::{Serialize, de::DeserializeOwned};

/// A type that stands in front of a body: any serde type that becomes a JSON object and can tell
/// how long its body is.
///
/// Derived implementations of serde give the rules of the wire: a missing or a doubled field is an
/// error, an unknown one is ignored, so that either side can grow first.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(tag = "type", rename_all = "snake_case")]
/// enum Message {
///     Ping { id: u64 },
///     Content { id: u64, size: u64 },
/// }
///
/// impl proto::Header for Message {
///     fn body_len(&self) -> u64 {
///         match self {
///             Self::Ping { .. } => 0,
///             Self::Content { size, .. } => *size,
///         }
///     }
/// }
/// # assert_eq!(proto::Header::body_len(&Message::Content { id: 1, size: 7 }), 7);
/// # assert_eq!(proto::Header::body_len(&Message::Ping { id: 1 }), 0);
/// ```
pub trait Header: Serialize + DeserializeOwned {
    /// The number of bytes that follow the header on the wire; none unless said otherwise.
    ///
    /// It must depend on nothing but the header's own fields, as both sides have to find the same.
    fn body_len(&self) -> u64 {
        0
    }
}
