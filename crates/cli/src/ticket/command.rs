//! `ticket new`, `ticket list`, `ticket revoke`.

use identity::{Home, RevokeError, Rights, Share};

use super::Terms;
use super::tell::{self, TicketEvent};
use crate::exit::Exit;
use crate::peer::resolve;
use crate::problem::Problem;
use crate::report::Report;
use crate::settings::{CommonArgs, Server};

/// Let others in: make, list and revoke tickets
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum TicketCommand<N: clap::Args> {
    /// Make a ticket: one line to paste on the other machine
    New {
        /// What it is a ticket for.
        #[command(flatten)]
        what: N,

        /// What they are called here
        #[arg(long, value_name = "NAME")]
        name: Option<String>,

        #[command(flatten)]
        terms: Terms,
    },
    /// List tickets, and who came in by them
    List,
    /// Revoke a ticket: whom it let in is out, at once
    Revoke {
        /// Its name, as list shows it, or the beginning of it
        #[arg(required = true)]
        id: Vec<String>,
    },
}

/// Does it. `open` says what a new ticket is for, and `then` what to do with it.
pub(crate) async fn run<N: clap::Args>(
    command: &TicketCommand<N>,
    default_port: u16,
    common: &CommonArgs,
    report: &Report,
    open: impl FnOnce(&N) -> Result<(Share, Rights), Problem>,
    then: &str,
) -> Exit {
    let done = async {
        let home = Home::from_env()?;
        match command {
            TicketCommand::New { what, name, terms } => {
                let Server::Address(server) = common.server_or_local()? else {
                    return Err(Problem::usage("a ticket cannot be made of a ticket"));
                };
                let (share, rights) = open(what)?;
                let addr = resolve(&server, default_port).await?;
                let issued = terms.issue(&home, share, rights, name.as_deref(), addr)?;
                issued.tell(report, then);
                Ok(Exit::Done)
            }
            TicketCommand::List => {
                let (tickets, bad_tickets) = home.tickets().list()?;
                let (clients, bad_clients) = home.authorized_clients().list()?;
                for line in bad_tickets.iter().chain(&bad_clients) {
                    report.note(format_args!("not understood: {line}"));
                }
                tell::list(report, &tickets, &clients);
                Ok(Exit::Done)
            }
            TicketCommand::Revoke { id } => Ok(revoke(&home, id, report)),
        }
    };
    match done.await {
        Ok(exit) => exit,
        Err(problem) => {
            report.problem(&problem);
            problem.exit
        }
    }
}

fn revoke(home: &Home, ids: &[String], report: &Report) -> Exit {
    let mut exit = Exit::Done;
    for id in ids {
        match home.tickets().revoke(id) {
            Ok(revoked) => {
                let (id, locked_out) = (revoked.id, revoked.locked_out);
                report.tell(
                    format_args!("revoked {id}; locked out: {locked_out}"),
                    &TicketEvent::Revoked { id: id.to_string(), locked_out },
                );
            }
            Err(error) => {
                let code = match error {
                    RevokeError::Unknown { .. } => Exit::NotFound,
                    _ => Exit::Failed,
                };
                let problem = Problem::new(code, error).on("revoke", ftp::safe(id.as_bytes()));
                report.problem(&problem);
                exit.and(code);
            }
        }
    }
    exit
}
