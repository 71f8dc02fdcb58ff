//! On which terms a ticket is given, and the giving.

use std::net::SocketAddr;

use identity::{Home, NewTicket, Place, Rights, Share, Ticket, TicketId};

use crate::exit::Exit;
use crate::peer::address_for_others;
use crate::problem::Problem;
use crate::settings::Span;

/// The terms of a ticket, wherever one is made.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Terms {
    /// How many others can use the ticket
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Tickets")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) uses: u32,

    /// How long it can be used for the first time: 90s, 30m, 1h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h", help_heading = "Tickets")]
    pub(crate) valid: Span,

    /// The name or address by which others reach this machine [default: found out]
    #[arg(long, value_name = "HOST", help_heading = "Tickets")]
    pub(crate) host: Option<String>,
}

/// A ticket that was made.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) id: TicketId,
    pub(crate) ticket: Ticket,
    pub(crate) share: Share,
    pub(crate) rights: Rights,
    pub(crate) terms: Terms,
}

impl Terms {
    /// Makes a ticket for a server that is bound to `addr`.
    pub(crate) fn issue(
        &self,
        home: &Home,
        share: Share,
        rights: Rights,
        name: Option<&str>,
        addr: SocketAddr,
    ) -> Result<Issued, Problem> {
        let place = self.place(addr)?;
        let server = home.key()?.public();
        let new = NewTicket::new(share.clone(), rights.clone())
            .uses(self.uses)
            .valid(self.valid.duration())
            .name(name.unwrap_or_default());
        let (id, token) = home.tickets().issue(new)?;
        let ticket = Ticket { place, server, token };
        Ok(Issued { id, ticket, share, rights, terms: self.clone() })
    }

    /// Where others find the server.
    fn place(&self, addr: SocketAddr) -> Result<Place, Problem> {
        if let Some(host) = &self.host {
            let place = Place::new(host, addr.port());
            return place
                .map_err(|error| Problem::usage(error).on("--host", ftp::safe(host.as_bytes())));
        }
        let addr = address_for_others(addr).ok_or_else(|| {
            let message = "it is not known by which address others reach this machine";
            Problem::new(Exit::Failed, message).hint("--host ADDRESS")
        })?;
        Ok(addr.into())
    }
}

impl Issued {
    /// Whether only this machine can use it.
    pub(crate) fn is_for_this_machine(&self) -> bool {
        let host = self.ticket.place.host();
        host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }
}
