use std::io;

use proto::Opening;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

use crate::PublicKey;
use crate::text::shown;

/// Why there is no encrypted connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The peer does not speak TLS at all.
    #[error("{}", plain(*opening))]
    Plain {
        /// How it began to talk.
        opening: Opening,
    },
    /// The peer speaks a version of TLS before 1.3.
    #[error("the peer speaks a version of TLS that is too old: TLS 1.3 is needed")]
    OldTls,
    /// The peer says that it does not speak TLS 1.3.
    #[error("the peer says that it speaks no TLS 1.3: it does not encrypt at all, or is too old")]
    NoTls,
    /// The peer speaks TLS with certificates, as web servers and browsers do.
    #[error("the peer speaks TLS with certificates: it is no peer of ours")]
    Certificates,
    /// The peer has no key to show, or one of another kind than ours.
    #[error("the peer did not show an Ed25519 key: it is no peer of ours")]
    NoKey,
    /// The peer shows a key, and does not prove that it is its own.
    #[error("the peer shows a key that it does not have")]
    Unproven,
    /// The client wants another service (ALPN), or does not say which.
    #[error("the client asks for {}, this server is `{expected}`", list(offered))]
    WrongService {
        /// What it offers; empty if it does not say.
        offered: Vec<String>,
        /// What this server is.
        expected: String,
    },
    /// The server is another service (ALPN), or does not say which.
    #[error("the server is not `{expected}`, but another service")]
    OtherService {
        /// What this client wants.
        expected: String,
    },
    /// The server's key is another one than it should be.
    #[error("{}", wrong_server(found, expected))]
    WrongServer {
        /// The server's key.
        found: PublicKey,
        /// The keys that would have been right.
        expected: Vec<PublicKey>,
    },
    /// Nothing is known of the server, so that no key could be right.
    #[error("the server is not known here (its key is {found}): a ticket from it makes it known")]
    UnknownServer {
        /// The server's key.
        found: PublicKey,
    },
    /// The client refuses the server's key.
    #[error("the client does not know this server's key, or expects another one")]
    Distrusted,
    /// The peer closed the connection in the midst of the handshake.
    #[error("the peer closed the connection before it was encrypted")]
    Closed,
    /// What the system says.
    #[error("the connection broke before it was encrypted: {0}")]
    Io(io::Error),
    /// The peer does not keep to the rules of TLS, or says that we do not.
    #[error("the handshake failed: {reason}")]
    Handshake {
        /// What is wrong.
        reason: String,
    },
}

impl TlsError {
    /// What an error in the midst of a handshake means, on either side.
    pub(super) fn from_handshake(error: io::Error) -> Self {
        let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
            return match error.kind() {
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionReset => Self::Closed,
                _ => Self::Io(error),
            };
        };
        match inner {
            Error::PeerIncompatible(incompatible) => match incompatible {
                PeerIncompatible::SupportedVersionsExtensionRequired
                | PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled
                | PeerIncompatible::Tls13RequiredForQuic => Self::OldTls,
                PeerIncompatible::IncorrectCertificateTypeExtension
                | PeerIncompatible::UnsolicitedCertificateTypeExtension => Self::Certificates,
                _ => Self::handshake(inner),
            },
            Error::InvalidCertificate(CertificateError::BadSignature) => Self::Unproven,
            Error::NoCertificatesPresented | Error::InvalidCertificate(_) => Self::NoKey,
            Error::AlertReceived(AlertDescription::ProtocolVersion) => Self::NoTls,
            Error::AlertReceived(AlertDescription::UnsupportedCertificate) => Self::Certificates,
            Error::AlertReceived(AlertDescription::AccessDenied) => Self::Distrusted,
            _ => Self::handshake(inner),
        }
    }

    fn handshake(error: &Error) -> Self {
        Self::Handshake { reason: error.to_string() }
    }
}

fn plain(opening: Opening) -> &'static str {
    match opening {
        Opening::Native => "the peer does not encrypt, as if started with --plain",
        Opening::Tls | Opening::Raw => "the peer speaks neither TLS nor our protocol",
    }
}

fn list(offered: &[String]) -> String {
    match offered {
        [] => "no service".to_owned(),
        offered => format!("`{}`", shown(&offered.join(", "))),
    }
}

fn wrong_server(found: &PublicKey, expected: &[PublicKey]) -> String {
    let expected: Vec<_> = expected.iter().map(PublicKey::fingerprint).collect();
    format!(
        "the server's key has changed: it is {}, and should be {}. Either the server has been set \
         up anew, or somebody stands between it and you",
        found.fingerprint(),
        expected.join(" or ")
    )
}
