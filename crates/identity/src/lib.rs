//! Who is calling and what they may do: keys, tickets, and TLS with raw public keys.
//!
//! Each account has one key, made at first use and kept in its [`Home`]. Both sides of a connection
//! prove theirs by TLS 1.3, without certificates ([`ServerTls`], [`ClientTls`]): the client takes
//! only a server whose key it expects; the server takes any, and knows afterwards who it is.
//!
//! What a key may do is decided at a [`Gate`], once per served directory. The account itself may
//! do everything. Somebody else brings a [`Ticket`], one line to paste, which names the server's
//! key and carries a secret; redeeming it makes his key known, so that it is needed but once. Who
//! is known stands in plain files that people read and edit, and what they change there, or
//! [revoke](Tickets::revoke), holds at once, also for those [who are in](Grant::revoked).
//!
//! ```text
//!  client                                            server
//!  Home ── key ──▶ ClientTls ◀── handshake ──▶ ServerTls ◀── key ── Home
//!   │                │  ▲      ALPN seam-ftp/1      │                 │
//!   │ known_servers ─┼──┘ Expect                    ▼ PublicKey       │ authorized_clients
//!   │                └── hello: Token ───────────▶ Gate ◀─────────────┤ tickets (hashes)
//!   ▲                                               │                 ▲
//!  Ticket: place, server key, token                 ▼                 │
//!   └──────────── pasted by people ◀─────────── Grant or Refusal   Tickets: issue, revoke
//! ```
//!
//! # Example
//!
//! ```
//! use identity::{ClientTls, Expect, Gate, Home, NewTicket, Place, ServerTls, Share, Ticket};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (server_dir, client_dir) = (tempfile::tempdir()?, tempfile::tempdir()?);
//!
//!     // The server serves a directory, and gives a ticket for it.
//!     let home = Home::at(server_dir.path());
//!     let share = Share::new("ftp", ".")?;
//!     let gate = Gate::new(&home, share.clone(), "read,write".parse()?)?;
//!     let (id, token) = home.tickets().issue(NewTicket::new(share, "read".parse()?))?;
//!     let server = home.key()?;
//!     let place = Place::new("192.0.2.7", 8484)?;
//!     let pasted = Ticket { place, server: server.public(), token }.to_string();
//!
//!     // The client has but what was pasted.
//!     let ticket: Ticket = pasted.parse()?;
//!     let other_home = Home::at(client_dir.path());
//!     let client = other_home.key()?;
//!     let (near, far) = tokio::io::duplex(64 * 1024);
//!     let (tls, expect) = (ClientTls::new(&client, "ftp"), Expect::only(ticket.server));
//!     let connect = tls.connect(far, &expect);
//!     let listen = ServerTls::new(&server, "ftp");
//!     let (accepted, connected) = tokio::join!(listen.accept(near), connect);
//!     let ((_stream, client_key), (_, server_key)) = (accepted?, connected?);
//!     other_home.known_servers().remember(&ticket.place, server_key, None)?;
//!
//!     // The token comes in the client's hello; from then on its key is enough.
//!     assert!(gate.admit(&client_key, None).is_err());
//!     let grant = gate.admit(&client_key, Some(&ticket.token.reveal()))?;
//!     assert_eq!(grant.rights, "read".parse()?);
//!     assert!(gate.admit(&client_key, None).is_ok());
//!
//!     home.tickets().revoke(&id.to_string())?;
//!     let refusal = grant.revoked().await;
//!     assert_eq!(refusal.code.as_str(), "revoked");
//!     Ok(())
//! }
//! ```
//!
//! # The files
//!
//! All lie in the home: 0700, the key 0600, and refused if others could read the key or write
//! anything. They are replaced whole, under a lock, so that several processes may work on them and
//! a crash leaves the old file or the new. Lines may be edited at any time; comments, blank lines
//! and unknown fields stay; a line that cannot be read is [told](BadLine) by its number and counts
//! for nothing, while the others do. In names and paths, blanks and the like are written `%20`.
//!
//! | file | a line |
//! |---|---|
//! | `key` | the account's key: PKCS #8 in PEM, as OpenSSL writes it |
//! | `known_servers` | `HOST:PORT KEY [since=TIME] [# comment]` |
//! | `authorized_clients` | `KEY share=SERVICE:/DIRECTORY rights=RIGHTS [name=NAME] [ticket=ID] [since=TIME] [expires=TIME] [# comment]` |
//! | `tickets` | `ID hash=HASH share=SERVICE:/DIRECTORY rights=RIGHTS uses=N expires=TIME [used-by=KEY,KEY] [revoked=TIME] [name=NAME] [# comment]` |
//!
//! Redeeming writes the client's line first and the ticket's second. A use counts if either file
//! tells of it, so that none is lost by a crash in between. The ticket remembers who used it:
//! that is why a client whose line was removed does not come back by redeeming again.

mod text;
mod time;
mod word;

mod disk;
mod home;
mod key;

mod rights;
mod share;
mod ticket;

mod book;
mod gate;

mod tls;

pub use book::{
    AuthorizedClients, BadLine, Client, IssuedTicket, KnownServer, KnownServers, NewTicket,
    RememberError, Revocation, RevokeError, TicketId, TicketIdError, TicketState, Tickets,
};
pub use gate::{Gate, Grant, Refusal, RefusalCode};
pub use home::{Home, HomeError};
pub use key::{Identity, KeyFileError, PublicKey, PublicKeyError};
pub use rights::{Paths, Prefix, PrefixError, Rights, RightsError};
pub use share::{Share, ShareError};
pub use ticket::{Place, PlaceError, Ticket, TicketError, Token, TokenError};
pub use tls::{ClientTls, Expect, NotAccepted, ServerTls, TlsError, TlsStream};

/// Keeps the README's example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
