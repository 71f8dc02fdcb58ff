//! The calling side.

mod command;
mod control;
mod error;
mod options;
mod outcome;
mod running;
mod session;

use std::io;
use std::time::Duration;

use tokio::io::AsyncRead;

pub use command::Command;
pub use control::Control;
pub use error::ClientError;
pub use options::Options;
pub use outcome::{Event, Outcome, Output};
pub use proto::stream::{Connect, TcpConnector};
pub use running::Running;

use session::Session;

/// How long the end of a connection may take to be said.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// Runs commands on one server, one after the other over one connection.
///
/// It connects when it is first needed, and again if the connection has gone in between. A command
/// is never run again by itself, for it may have done its work already: a connection that is lost
/// while it runs is an error.
#[derive(Debug)]
pub struct Client<C: Connect> {
    connector: C,
    options: Options,
    session: Option<Session<C::Stream>>,
}

impl<C: Connect> Client<C> {
    /// A client that is not connected yet.
    pub fn new(connector: C, options: Options) -> Self {
        Self { connector, options, session: None }
    }

    /// Connects, and waits until the server has let us in.
    ///
    /// # Errors
    ///
    /// [`ClientError`], if the server cannot be reached or does not want us.
    pub async fn connect(&mut self) -> Result<(), ClientError> {
        let mut session = self.take_session().await?;
        session.algorithm().await?;
        self.session = Some(session);
        Ok(())
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

    /// Asks for a command to be run, and gives what is told of it.
    ///
    /// `stdin` is sent to it as it reads it, if it [wants](Command::stdin) any;
    /// [`tokio::io::empty`] for none. Nothing moves before [`Running::next`] is awaited.
    ///
    /// # Errors
    ///
    /// [`ClientError`], if the server cannot be reached or the command is too long for a request.
    pub async fn start<I>(
        &mut self,
        command: &Command,
        stdin: I,
    ) -> Result<Running<'_, C, I>, ClientError>
    where
        I: AsyncRead + Unpin + Send,
    {
        let session = self.take_session().await?;
        Running::begin(&mut self.session, session, command, stdin)
    }

    /// Runs a command without input to its end, and gives all it wrote if that is at most
    /// `max_bytes`.
    ///
    /// # Errors
    ///
    /// [`ClientError`], if it could not be run, if its output did not come whole or is too long.
    /// An exit code other than 0 is none, and neither is an output that is known to be
    /// [incomplete](Outcome::complete).
    pub async fn output(
        &mut self,
        command: &Command,
        max_bytes: usize,
    ) -> Result<Output, ClientError> {
        let mut running = self.start(command, tokio::io::empty()).await?;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        loop {
            match running.next().await? {
                Some(Event::Stdout(bytes)) => stdout.extend_from_slice(&bytes),
                Some(Event::Stderr(bytes)) => stderr.extend_from_slice(&bytes),
                Some(Event::End(outcome)) => return Ok(Output { stdout, stderr, outcome }),
                Some(Event::Started { .. }) => {}
                None => unreachable!("an end comes before nothing more does"),
            }
            if stdout.len() + stderr.len() > max_bytes {
                return Err(ClientError::TooMuchOutput { allowed: max_bytes });
            }
        }
    }

    /// How it behaves.
    pub fn options(&self) -> &Options {
        &self.options
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
        let connected = connecting.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match connected {
            Ok(stream) => Ok(Session::open(stream, peer, &self.options)),
            Err(source) => Err(ClientError::Connect { peer, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles only if the calls can be made from a task of their own.
    #[test]
    fn calls_can_be_spawned() {
        fn is_send<T: Send>(_: T) {}
        fn check(client: &mut Client<TcpConnector>, command: &Command) {
            is_send(client.output(command, 0));
            is_send(client.connect());
            is_send(async {
                let mut running = client.start(command, tokio::io::empty()).await.unwrap();
                running.copy(&mut tokio::io::sink(), &mut tokio::io::sink()).await.unwrap();
            });
        }
        let _ = check;
    }
}
