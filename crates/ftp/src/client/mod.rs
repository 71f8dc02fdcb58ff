//! The calling side.

mod backoff;
mod calls;
mod error;
mod get;
mod options;
mod put;
mod read;
mod session;
mod transfer;
mod tree;
mod tries;

pub use error::ClientError;
pub use options::Options;
pub use proto::stream::{Connect, TcpConnector};
use session::Session;
use std::time::Duration;
pub use transfer::{Event, How, Local, Observer, Transfer};
use tries::{Repeat, Tries, attempt};

use crate::tree::Turn;

/// How long a server is given to take our last words: they are few, and fit into any buffer.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// A client of one server.
///
/// It connects at the first call, and again when the connection was lost: calls that only read
/// and transfers then go on where they were, as long as [`Options`] allows. Dropping the future
/// of a call is safe: what was received stays for the next call to go on with.
#[derive(Debug)]
pub struct Client<C: Connect> {
    connector: C,
    options: Options,
    /// Away while a call is under way, so that a call that is dropped takes it with it.
    session: Option<Session<C::Stream>>,
    /// One name for all uploads, so that each takes over what a dropped call of this client left
    /// running.
    upload_session: String,
    /// What a dropped call left running in a local tree ends before the next one works there.
    turn: Turn,
}

impl<C: Connect> Client<C> {
    /// A client that is not connected yet.
    pub fn new(connector: C, options: Options) -> Self {
        let upload_session = transfer::session_name();
        Self { connector, options, session: None, upload_session, turn: Turn::default() }
    }

    /// Connects now rather than at the first call.
    ///
    /// # Errors
    /// [`ClientError`] when the server cannot be reached or does not let us in.
    pub async fn connect(&mut self) -> Result<(), ClientError> {
        attempt!(self, Repeat::Always, &(), |session| session.welcome())
    }

    /// Ends the connection, so that the server knows that the end is meant: over TLS, where
    /// an end that nobody announced is a failure. A client that is dropped does without.
    pub async fn close(&mut self) {
        if let Some(mut session) = self.session.take() {
            // Whether the server still hears it makes no difference.
            let goodbye = session.line.connection().shutdown();
            let _ = tokio::time::timeout(GOODBYE_WITHIN, goodbye).await;
        }
    }

    /// What was set.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Keeps a session that is still of use after a call.
    fn keep<T>(
        &mut self,
        mut session: Session<C::Stream>,
        tries: &mut Tries,
        outcome: Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        tries.called(&mut session);
        if !outcome.as_ref().is_err_and(ClientError::ends_the_session) {
            self.session = Some(session);
        }
        outcome
    }

    async fn take_session(&mut self) -> Result<Session<C::Stream>, ClientError> {
        if let Some(mut session) = self.session.take()
            && session.is_alive().await
        {
            return Ok(session);
        }
        let peer = self.connector.peer().to_owned();
        let connecting =
            tokio::time::timeout(self.options.connect_within, self.connector.connect());
        let connected =
            connecting.await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        match connected {
            Ok(stream) => Ok(Session::open(stream, peer, &self.options)),
            Err(source) => Err(ClientError::Connect { peer, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RemotePath;
    use crate::store::LocalStore;
    use crate::tree::HowTree;

    /// Compiles only if the calls can be made from a task of their own.
    #[test]
    fn calls_can_be_spawned() {
        fn is_send<T: Send>(_: T) {}
        fn check(
            client: &mut Client<TcpConnector>,
            path: &RemotePath,
            store: &std::sync::Arc<LocalStore>,
        ) {
            let local = || Local { store, path };
            let how = How::default();
            is_send(client.get(path, local(), &how, &()));
            is_send(client.put(local(), path, &how, &()));
            is_send(client.read(path, None, &mut tokio::io::sink(), &()));
            is_send(client.list(path, &mut |_| ()));
            is_send(client.remove_all(&[]));
            let tree = HowTree::default();
            is_send(client.get_tree(path, local(), &tree, &()));
            is_send(client.put_tree(local(), path, &tree, &()));
            is_send(client.list_tree(path, &mut |_| ()));
            is_send(client.remove_tree(path, &()));
            is_send(client.connect());
        }
        let _ = check;
    }
}
