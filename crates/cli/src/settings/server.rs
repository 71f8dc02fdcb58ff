//! Which server: an address, or a ticket that leads to one.

use std::convert::Infallible;
use std::fs;
use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use identity::Ticket;

use super::Address;
use super::address::AddressError;
use crate::exit::Exit;
use crate::problem::Problem;

/// The most that is read of a file that is to hold a ticket, in bytes.
const MAX_TICKET_FILE: u64 = 64 * 1024;

/// What `--server` and `SEAM_SERVER` say.
///
/// Every text is one as far as the parser of the command line is concerned, because it would show
/// the whole of a wrong one, and that may be a secret with a typing error.
#[derive(Clone, Debug)]
pub(crate) enum ServerArg {
    /// The text itself. `Debug` hides it.
    Text(Secret),
    /// It stands in a file, in its first line.
    File(PathBuf),
    /// It is the first line of standard input.
    Stdin,
}

/// A text that is not to be shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A server to connect to.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    /// One that is known here, or ours.
    Address(Address),
    /// One that gave a ticket.
    Ticket(Box<Ticket>),
}

impl FromStr for ServerArg {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix('@') {
            Some(path) => Self::File(path.into()),
            None if text == "-" => Self::Stdin,
            None => Self::Text(Secret(text.to_owned())),
        })
    }
}

impl ServerArg {
    /// Reads it, wherever it stands.
    pub(crate) fn read(&self) -> Result<Server, Problem> {
        let on = |problem: Problem| match self {
            Self::Text(_) => problem,
            Self::File(path) => {
                let shown = ftp::safe(path.as_os_str().as_encoded_bytes());
                problem.on("--server", format_args!("@{shown}"))
            }
            Self::Stdin => problem.on("--server", "-"),
        };
        let failed = |error: io::Error| on(Problem::new(Exit::Failed, reason(&error)));
        let text = match self {
            Self::Text(Secret(text)) => text.clone(),
            Self::File(path) => first_line_of(path).map_err(failed)?,
            Self::Stdin => first_line(io::stdin().lock()).map_err(failed)?,
        };
        text.parse().map_err(|why: ServerError| on(Problem::usage(why)))
    }
}

impl Server {
    /// The ticket, if that is what it is.
    pub(crate) fn ticket(&self) -> Option<&Ticket> {
        match self {
            Self::Address(_) => None,
            Self::Ticket(ticket) => Some(ticket),
        }
    }

    /// The address, for services that know no tickets.
    pub(crate) fn address(&self) -> Result<&Address, Problem> {
        match self {
            Self::Address(address) => Ok(address),
            Self::Ticket(_) => {
                Err(Problem::usage("this service knows no tickets: an address is enough"))
            }
        }
    }

    /// As `HOST:PORT`, the way connectors take it.
    pub(crate) fn place(&self, default_port: u16) -> String {
        match self {
            Self::Address(address) => address.with_default_port(default_port),
            Self::Ticket(ticket) => ticket.place.to_string(),
        }
    }
}

/// Why a text names no server. It never repeats a ticket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Ticket(#[from] identity::TicketError),
}

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        if Ticket::looks_like(text) {
            return Ok(Self::Ticket(Box::new(text.parse()?)));
        }
        Ok(Self::Address(text.trim().parse()?))
    }
}

fn first_line_of(path: &Path) -> io::Result<String> {
    first_line(io::BufReader::new(fs::File::open(path)?))
}

/// The first line that is not empty. What follows it in a pipe is left for others to read.
fn first_line(from: impl io::BufRead) -> io::Result<String> {
    for line in from.take(MAX_TICKET_FILE).lines() {
        let line = line?;
        if !line.trim().is_empty() {
            return Ok(line.trim().to_owned());
        }
    }
    Ok(String::new())
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::InvalidData => "it is no text".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_ticket_is_told_apart_and_a_damaged_ticket_is_not_repeated() {
        assert!(matches!("host:1".parse(), Ok(Server::Address(_))));
        let damaged = "seam://host:1/#secretsecret.tokentoken";
        let error = damaged.parse::<Server>().unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
        let arg: ServerArg = damaged.parse().unwrap();
        let problem = arg.read().unwrap_err().to_string();
        assert!(!problem.contains("secret") && !problem.contains("token"), "{problem}");
        assert!(!format!("{arg:?}").contains("secret"));
    }

    #[test]
    fn it_may_stand_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server");
        fs::write(&path, "\n  host:7 \nmore\n").unwrap();
        let arg: ServerArg = format!("@{}", path.display()).parse().unwrap();
        assert_eq!(arg.read().unwrap().place(1), "host:7");
        let missing: ServerArg = "@/no/such/file".parse().unwrap();
        assert!(missing.read().unwrap_err().to_string().contains("no such file"));
    }
}
