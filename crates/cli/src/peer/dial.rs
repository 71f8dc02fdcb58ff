//! The calling side: a connection to the server that is meant, or none.

use std::io;

use identity::{ClientTls, Expect, Home, Place, RememberError, Ticket, TlsError};
use proto::stream::Connect;
use tokio::net::TcpStream;

use super::Wire;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::settings::{CommonArgs, Server};

/// Connects to one server of one service.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    address: String,
    /// `None`: not encrypted.
    keys: Option<Keys>,
}

#[derive(Clone, Debug)]
struct Keys {
    home: Home,
    tls: ClientTls,
    expect: Expect,
    /// Whether the server was met before, or a ticket tells its key.
    known: bool,
    ticket: Option<Box<Ticket>>,
}

impl Dialer {
    /// A dialer for `server`. Encrypted unless `--plain` was said: the server must have this
    /// account's own key, the one it is known by, or that of the ticket.
    pub(crate) fn new(
        server: &Server,
        service: &str,
        default_port: u16,
        common: &CommonArgs,
    ) -> Result<Self, Problem> {
        let address = server.place(default_port);
        if common.plain {
            if server.ticket().is_some() {
                let message = "a ticket is for an encrypted connection: leave out --plain";
                return Err(Problem::usage(message));
            }
            return Ok(Self { address, keys: None });
        }
        let home = Home::from_env()?;
        let identity = home.key()?;
        let tls = ClientTls::new(&identity, service);
        let ticket = match server {
            Server::Ticket(ticket) => Some(ticket.clone()),
            Server::Address(_) => None,
        };
        let (expect, known) = match &ticket {
            Some(ticket) => (Expect::only(ticket.server), true),
            None => {
                let place = address.parse::<Place>().ok();
                let known = place.map(|place| home.known_servers().lookup(&place)).transpose()?;
                let known = known.flatten();
                ([identity.public()].into_iter().chain(known).collect(), known.is_some())
            }
        };
        Ok(Self { address, keys: Some(Keys { home, tls, expect, known, ticket }) })
    }

    /// A dialer without encryption.
    #[cfg(test)]
    pub(crate) fn plain(address: &str) -> Self {
        Self { address: address.to_owned(), keys: None }
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Whether a ticket was given.
    pub(crate) fn has_ticket(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.ticket.is_some())
    }

    /// What is to be said in the hello, if a ticket was given.
    pub(crate) fn token(&self) -> Option<String> {
        let ticket = self.keys.as_ref()?.ticket.as_ref()?;
        Some(ticket.token.reveal().to_string())
    }

    /// Notes the server of a ticket that was redeemed, so that its address is enough from now on.
    pub(crate) fn remember(&self) -> Result<(), Problem> {
        let Some(Keys { home, ticket: Some(ticket), .. }) = &self.keys else {
            return Ok(());
        };
        let remembered = home.known_servers().remember(&ticket.place, ticket.server, None);
        remembered.map_err(|error| {
            let file = home.dir().join("known_servers");
            let problem = Problem::new(Exit::Denied, &error);
            match error {
                RememberError::Changed { .. } => {
                    problem.hint(format!("remove its line from {}, if it was", file.display()))
                }
                _ => problem,
            }
        })
    }

    async fn dial(&self) -> io::Result<Wire> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let Some(keys) = &self.keys else {
            return Ok(Wire::Plain(stream));
        };
        match keys.tls.connect(stream, &keys.expect).await {
            Ok((stream, _)) => Ok(Wire::Encrypted(Box::new(stream))),
            // That it has not our own key says only that it is somebody else's.
            Err(TlsError::WrongServer { found, .. }) if !keys.known => {
                Err(not_encrypted(TlsError::UnknownServer { found }))
            }
            Err(error) => Err(not_encrypted(error)),
        }
    }
}

/// What a failure to connect means, if it is about keys and encryption.
pub(crate) fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// What helps where there is no encrypted connection.
pub(crate) fn tls_hint(error: &TlsError, program: &str) -> Option<String> {
    match error {
        TlsError::Plain { .. } | TlsError::NoTls => Some("--plain, if that is meant".into()),
        TlsError::UnknownServer { .. } => {
            Some(format!("{program} ticket new, there; then -s TICKET, here"))
        }
        TlsError::WrongServer { .. } => {
            let file = Home::from_env().ok()?.dir().join("known_servers");
            Some(format!("remove its line from {}, if it was set up anew", file.display()))
        }
        _ => None,
    }
}

/// As an error of connecting. Those that another try will not mend are told apart by their kind.
fn not_encrypted(error: TlsError) -> io::Error {
    let kind = match error {
        TlsError::Io(error) => return error,
        TlsError::Closed => io::ErrorKind::ConnectionAborted,
        _ => io::ErrorKind::PermissionDenied,
    };
    io::Error::new(kind, error)
}

impl Connect for Dialer {
    type Stream = Wire;

    async fn connect(&self) -> io::Result<Wire> {
        self.dial().await
    }

    fn peer(&self) -> &str {
        &self.address
    }
}
