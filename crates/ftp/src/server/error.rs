//! Why a connection was given up.

use std::io;

use proto::stream::GreetError;

use crate::classic::ClassicError;
use crate::line::LineError;

/// Why a connection was given up before its client had ended it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The opening could not be read.
    #[error("the first bytes could not be read: {0}")]
    Opening(#[source] io::Error),
    /// The client wants TLS, which is not spoken here.
    #[error("the client wants TLS where plain connections are served")]
    Tls,
    /// The client speaks the tutorial's raw text, which is not spoken here.
    #[error("the client sent raw text where only framed requests are served")]
    Raw,
    /// The server is full.
    #[error(transparent)]
    Full(#[from] netserver::AdmitError),
    /// The hello was refused.
    #[error("the hello was refused: {0}")]
    Refused(String),
    /// The conversation broke off.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The tutorial's wire was not kept to.
    #[error(transparent)]
    Classic(#[from] ClassicError),
}

impl From<GreetError> for ServeError {
    fn from(error: GreetError) -> Self {
        match error {
            GreetError::Refused(refusal) => Self::Refused(refusal.message),
            GreetError::Connection(error) => Self::Line(error.into()),
            GreetError::Closed => Self::Line(LineError::Closed),
        }
    }
}
