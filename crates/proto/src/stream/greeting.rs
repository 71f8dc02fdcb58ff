//! The hellos that every native connection begins with, for both sides.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::Connection;
use crate::{
    digest::Algorithm,
    error::{ConnectionError, DecodeError},
    hello::{Hello, HelloAnswer},
    limits::Limits,
};

/// How long a server may take for its welcome: one that is silent for longer is a stranger.
const WELCOME_WITHIN: Duration = Duration::from_secs(10);

/// A client that may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Greeted<A> {
    /// What was decided of it.
    pub access: A,
    /// The digest algorithm that both sides have, by the client's liking.
    pub algorithm: Algorithm,
}

/// Why a client may not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: String,
    /// For people. The other side gets it, or gave it, as it is: make it [`safe`](crate::safe)
    /// before it is shown.
    pub message: String,
}

impl Refusal {
    /// A refusal for this reason.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// Why a client did not come in.
#[derive(Debug, thiserror::Error)]
pub enum GreetError {
    /// The bytes no longer came or went, or meant nothing.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// It closed the connection before its hello.
    #[error("the connection was closed before the hello")]
    Closed,
    /// It was refused, and told so.
    #[error("the hello was refused: {}", .0.message)]
    Refused(Refusal),
}

/// Why there is no welcome.
#[derive(Debug, thiserror::Error)]
pub enum WelcomeError {
    /// Who answers speaks another protocol, or nothing; what came instead.
    #[error("{0} came instead of a welcome")]
    Stranger(String),
    /// The connection was lost before there was an answer.
    #[error(transparent)]
    Lost(#[from] ConnectionError),
    /// The server does not let us in.
    #[error("the server refused the connection: {}", crate::safe(.0.message.as_bytes()))]
    Refused(Refusal),
}

/// Hears a client's hello as a server of `service`, and answers it.
///
/// `decide` says what the client may do, or why it may not come in; it is asked only if the hello
/// fits. The welcome is queued, and goes out with whatever is written next; a refusal is written,
/// and the connection closed behind it, so that its words arrive.
///
/// # Errors
///
/// [`GreetError`] when the client does not come in.
pub async fn greet<T, A>(
    conn: &mut Connection<T>,
    service: &str,
    decide: impl FnOnce(&Hello) -> Result<A, Refusal>,
) -> Result<Greeted<A>, GreetError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let hello = conn.next::<Hello>().await?.ok_or(GreetError::Closed)?;
    let answer = hello.answer(service, &[], Algorithm::ALL);
    let decided = match answer {
        HelloAnswer::Refused { code, message } => Err(Refusal { code, message }),
        HelloAnswer::Welcome { digest, .. } => match decide(&hello) {
            Ok(access) => {
                say(conn, &answer);
                Ok(Greeted { access, algorithm: digest })
            }
            Err(refusal) => Err(refusal),
        },
    };
    match decided {
        Ok(greeted) => Ok(greeted),
        Err(refusal) => {
            say(conn, &HelloAnswer::refused(&*refusal.code, &*refusal.message));
            conn.shutdown().await?;
            Err(GreetError::Refused(refusal))
        }
    }
}

fn say<T: AsyncRead + AsyncWrite + Unpin>(conn: &mut Connection<T>, answer: &HelloAnswer) {
    let encoded = answer.encode(&Limits::default());
    conn.enqueue_encoded(encoded.expect("an answer of ours is shorter than the limit"));
}

/// Waits for the answer to a hello that was sent, and gives the digest algorithm that was agreed
/// on. A server that says nothing for ten seconds is a stranger.
///
/// # Errors
///
/// [`WelcomeError`] when there is no welcome.
pub async fn welcome<T>(conn: &mut Connection<T>) -> Result<Algorithm, WelcomeError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let stranger = |found: String| Err(WelcomeError::Stranger(found));
    match timeout(WELCOME_WITHIN, conn.next::<HelloAnswer>()).await {
        Err(_) => stranger(format!("silence for {} s", WELCOME_WITHIN.as_secs())),
        Ok(Ok(None)) => stranger("a close without a word".into()),
        Ok(Err(ConnectionError::Decode(error)))
            if !matches!(error, DecodeError::Truncated { .. }) =>
        {
            stranger(error.to_string())
        }
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(Some(HelloAnswer::Welcome { digest, .. }))) => Ok(digest),
        Ok(Ok(Some(HelloAnswer::Refused { code, message }))) => {
            Err(WelcomeError::Refused(Refusal { code, message }))
        }
    }
}
