use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    digest::Algorithm,
    encode::{encode_header, encode_padded},
    error::EncodeError,
    header::Header,
    json,
    limits::Limits,
};

/// The version of the protocol that this crate speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// The header of a hello is a multiple of this long, in bytes.
const PADDING: usize = 256;

/// How much of a peer's text a refusal repeats, in characters: enough to recognise it by, and too
/// little to make the refusal itself too long to send.
const SHOWN_CHARS: usize = 64;

/// The first frame of every native connection, from the client: what it speaks and whom it wants.
///
/// The first request may follow without waiting for the answer.
///
/// ```
/// use proto::{Algorithm, Hello, HelloAnswer};
///
/// let hello = Hello::new("ftp").capabilities(["trees"]).digests([Algorithm::Blake3]);
/// let answer = hello.answer("ftp", &["trees", "links"], Algorithm::ALL);
/// assert_eq!(
///     answer,
///     HelloAnswer::Welcome {
///         version: proto::PROTOCOL_VERSION,
///         service: "ftp".into(),
///         capabilities: vec!["trees".into()],
///         digest: Algorithm::Blake3,
///     }
/// );
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hello {
    #[serde(rename = "type")]
    kind: Kind,
    /// The version of the protocol.
    pub version: u32,
    /// The service that the client wants to talk to.
    pub service: String,
    /// What the client can do beyond the basics.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The names of the digest algorithms that the client has, in its order of liking; also ones
    /// that this side has never heard of. An empty list stands for the default alone.
    #[serde(default)]
    pub digests: Vec<String>,
    /// A ticket's token, which is a secret: it is left out of the `Debug` output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// The one value of `type` that makes a frame a hello.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Hello,
}

/// What a server says to a [`Hello`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum HelloAnswer {
    /// The client is where it wants to be.
    Welcome {
        /// The version of the protocol that is spoken from here on.
        version: u32,
        /// The service that answers.
        service: String,
        /// The capabilities that both sides have.
        capabilities: Vec<String>,
        /// The digest algorithm that is used from here on.
        digest: Algorithm,
    },
    /// The client may not go on; a close follows.
    Refused {
        /// The reason, for programs.
        code: String,
        /// The reason, for people: what was found and what was expected.
        message: String,
    },
}

impl Hello {
    /// A hello in this crate's version that has all digest algorithms, the default first.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            kind: Kind::Hello,
            version: PROTOCOL_VERSION,
            service: service.into(),
            capabilities: Vec::new(),
            digests: Algorithm::ALL.iter().map(Algorithm::to_string).collect(),
            token: None,
        }
    }

    /// Sets what the client can do beyond the basics. Default: nothing. What the server cannot do
    /// too is not used.
    #[must_use]
    pub fn capabilities<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.capabilities = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the digest algorithms, in order of liking. Default: [`Algorithm::ALL`]. The first that
    /// the server has too is used.
    #[must_use]
    pub fn digests(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.digests = algorithms.into_iter().map(|each| each.to_string()).collect();
        self
    }

    /// Sets the token of a ticket. Default: none, which means that the client's key must be known.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The hello as it goes on the wire, padded so that [`Opening`](crate::Opening) knows it.
    ///
    /// # Errors
    ///
    /// If it is longer than the limits allow.
    pub fn encode(&self, limits: &Limits) -> Result<Bytes, EncodeError> {
        encode_padded(self, PADDING, limits)
    }

    /// What a server of `service` answers that has these capabilities and digest algorithms.
    ///
    /// Whether the client may come in at all (its key, its token) is for the server to decide.
    #[must_use]
    pub fn answer(
        &self,
        service: &str,
        capabilities: &[&str],
        digests: &[Algorithm],
    ) -> HelloAnswer {
        if self.version != PROTOCOL_VERSION {
            return HelloAnswer::refused(
                HelloAnswer::WRONG_VERSION,
                format!(
                    "the client speaks version {} of the protocol, this server version \
                     {PROTOCOL_VERSION}",
                    self.version
                ),
            );
        }
        if self.service != service {
            return HelloAnswer::refused(
                HelloAnswer::WRONG_SERVICE,
                format!(
                    "the client asks for the service `{}`, this server is `{service}`",
                    json::shown(&self.service, SHOWN_CHARS)
                ),
            );
        }
        let Some(digest) = self.choose_digest(digests) else {
            return HelloAnswer::refused(
                HelloAnswer::NO_DIGEST,
                format!(
                    "the client has the digest algorithms {}, this server {}",
                    json::shown(&self.digests.join(", "), SHOWN_CHARS),
                    Names(digests)
                ),
            );
        };
        HelloAnswer::Welcome {
            version: PROTOCOL_VERSION,
            service: service.to_owned(),
            capabilities: self.capabilities_in_common(capabilities),
            digest,
        }
    }

    fn choose_digest(&self, ours: &[Algorithm]) -> Option<Algorithm> {
        if self.digests.is_empty() {
            return Some(Algorithm::default()).filter(|default| ours.contains(default));
        }
        self.digests
            .iter()
            .filter_map(|name| name.parse().ok())
            .find(|algorithm| ours.contains(algorithm))
    }

    /// In the server's order, and each once however often the client names it.
    fn capabilities_in_common(&self, ours: &[&str]) -> Vec<String> {
        ours.iter()
            .filter(|name| self.capabilities.iter().any(|theirs| theirs == *name))
            .map(|name| (*name).to_owned())
            .collect()
    }
}

impl Header for Hello {}

impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello")
            .field("version", &self.version)
            .field("service", &self.service)
            .field("capabilities", &self.capabilities)
            .field("digests", &self.digests)
            .field("token", &self.token.as_ref().map(|_| format_args!("(secret)")))
            .finish()
    }
}

impl HelloAnswer {
    /// The code of a refusal: the server does not speak the client's version of the protocol.
    pub const WRONG_VERSION: &str = "version";
    /// The code of a refusal: another service lives here.
    pub const WRONG_SERVICE: &str = "service";
    /// The code of a refusal: there is no digest algorithm that both sides have.
    pub const NO_DIGEST: &str = "digest";

    /// A refusal.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused { code: code.into(), message: message.into() }
    }

    /// The answer as it goes on the wire.
    ///
    /// # Errors
    ///
    /// If it is longer than the limits allow.
    pub fn encode(&self, limits: &Limits) -> Result<Bytes, EncodeError> {
        encode_header(self, limits)
    }
}

impl Header for HelloAnswer {}

/// Algorithms, for people.
struct Names<'a>(&'a [Algorithm]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, algorithm) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{algorithm}")?;
        }
        Ok(())
    }
}
