//! Tickets: what one pastes on another machine to come in.

mod place;
mod token;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};

pub use place::{Place, PlaceError};
pub(crate) use token::TokenHash;
pub use token::{Token, TokenError};

use crate::PublicKey;
use crate::word::{self, Base32};

const SCHEME: &str = "seam://";

/// How many bytes tell typing errors: of 4 billion damaged tickets one passes.
const CHECKSUM_LEN: usize = 4;

/// What one pastes on another machine to come in: where the server is, the key that proves that
/// it is this one, and the secret that lets the bearer in.
///
/// As text it is `seam://HOST:PORT/#SERVERKEY.TOKEN`, with a checksum at its end, so that a ticket
/// that was damaged on the way is told from one that is refused. `Debug` hides the secret,
/// `Display` is the whole ticket.
///
/// ```
/// use identity::{Place, PublicKey, Ticket, Token};
///
/// let ticket = Ticket {
///     place: Place::new("192.0.2.7", 8484)?,
///     server: PublicKey::from_bytes([7; 32]),
///     token: Token::generate(),
/// };
/// assert_eq!(ticket.to_string().parse::<Ticket>()?, ticket);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Where the server is.
    pub place: Place,
    /// The server's key.
    pub server: PublicKey,
    /// The secret that lets the bearer in.
    pub token: Token,
}

impl Ticket {
    /// Whether the text means to be a ticket, whole or damaged.
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        text.trim_start().starts_with(SCHEME)
    }

    /// A ticket without its checksum.
    fn body(&self) -> String {
        format!("{SCHEME}{}/#{}", self.place, self.server.bare())
    }

    /// Depends on all that the ticket says.
    fn checksum(&self) -> [u8; CHECKSUM_LEN] {
        let text = [self.body().as_bytes(), self.token.as_bytes()].concat();
        let hash = digest(&SHA256, &text);
        *hash.as_ref().first_chunk().expect("SHA-256 gives 32 bytes")
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut secret = [0; Token::LEN + CHECKSUM_LEN];
        secret[..Token::LEN].copy_from_slice(self.token.as_bytes());
        secret[Token::LEN..].copy_from_slice(&self.checksum());
        write!(f, "{}.{}", self.body(), Base32(&secret))
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    /// Blanks around the ticket are left out.
    fn from_str(text: &str) -> Result<Self, TicketError> {
        let rest = text.trim().strip_prefix(SCHEME).ok_or(TicketError::NoTicket)?;
        let (place, rest) =
            rest.split_once("/#").ok_or(TicketError::Damaged("its server key is missing"))?;
        let (server, secret) =
            rest.split_once('.').ok_or(TicketError::Damaged("its token is missing"))?;
        let server = word::decode(server).ok_or(TicketError::Damaged("its server key is wrong"))?;
        let secret: [u8; Token::LEN + CHECKSUM_LEN] =
            word::decode(secret).ok_or(TicketError::Damaged("its token is wrong"))?;
        let (token, checksum) = secret.split_first_chunk().expect("the token comes first");
        let ticket = Self {
            place: place.parse().map_err(|_| TicketError::Damaged("its address is wrong"))?,
            server: PublicKey::from_bytes(server),
            token: Token::from_bytes(*token),
        };
        // The text, not its meaning, must be the same: `EXAMPLE.org` may mean `example.org`, but
        // nobody printed it so.
        if ticket.checksum() != checksum || ticket.place.to_string() != place {
            return Err(TicketError::Damaged("its parts do not belong together"));
        }
        Ok(ticket)
    }
}

/// A text that is no ticket, or not quite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// It does not begin as one.
    #[error("this is no ticket: a ticket begins with `seam://`")]
    NoTicket,
    /// A letter is wrong, or missing, or too much.
    #[error("the ticket is damaged: {0}; copy the whole of it once more")]
    Damaged(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticket(host: &str) -> Ticket {
        Ticket {
            place: Place::new(host, 8484).unwrap(),
            server: PublicKey::from_bytes([7; 32]),
            token: Token::from_bytes([9; 16]),
        }
    }

    #[test]
    fn a_ticket_is_one_line_of_this_form() {
        assert_eq!(
            ticket("fe80::1").to_string(),
            "seam://[fe80::1]:8484/#a4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4dqobyha4dq\
             .beeqscijbeeqscijbeeqscijbfi5e4sd"
        );
    }

    #[test]
    fn every_damaged_character_is_noticed() {
        for host in ["example.org", "192.0.2.7", "fe80::1", "fe80::1%eth0"] {
            let text = ticket(host).to_string();
            let damaged = |damaged: String| {
                let error = damaged.parse::<Ticket>().unwrap_err();
                assert_ne!(damaged, text);
                assert!(
                    !damaged.starts_with(SCHEME) || error != TicketError::NoTicket,
                    "{damaged}"
                );
            };
            for at in 0..text.len() {
                let (head, rest) = text.split_at(at);
                damaged(format!("{head}{}", &rest[1..]));
                for other in (' '..='~').chain(['\n', '\0', '诗']) {
                    if !rest.starts_with(other) {
                        damaged(format!("{head}{other}{}", &rest[1..]));
                    }
                    // A blank before the ticket is none of it, and 00 is not another port.
                    if at > 0 && !rest.starts_with(other) {
                        damaged(format!("{head}{other}{rest}"));
                    }
                }
                if at > 0 {
                    damaged(head.to_owned());
                }
            }
        }
    }

    #[test]
    fn swapped_neighbours_are_noticed() {
        let text = ticket("example.org").to_string();
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes.swap(at, at + 1);
            if bytes != text.as_bytes() {
                String::from_utf8(bytes).unwrap().parse::<Ticket>().unwrap_err();
            }
        }
    }

    #[test]
    fn blanks_around_it_do_no_harm() {
        let ticket = ticket("example.org");
        assert_eq!(format!(" {ticket}\r\n").parse(), Ok(ticket));
    }

    #[test]
    fn debug_hides_the_secret() {
        let ticket = ticket("example.org");
        let shown = format!("{ticket:?}");
        assert!(shown.contains("example.org"), "{shown}");
        assert!(!shown.contains("beeqsciij") && !shown.contains("9, 9"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_ticket_comes_back_from_its_text(
            host in "([a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\\.){0,3}[a-z]{2,6}",
            v6: Option<[u16; 8]>, port: u16, key: [u8; 32], token: [u8; 16],
        ) {
            let host = v6.map_or(host, |v6| std::net::Ipv6Addr::from(v6).to_string());
            let ticket = Ticket {
                place: Place::new(&host, port).unwrap(),
                server: PublicKey::from_bytes(key),
                token: Token::from_bytes(token),
            };
            prop_assert_eq!(ticket.to_string().parse(), Ok(ticket));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(seam://)?.{0,40}(/#)?.{0,60}[.]?.{0,40}") {
            let _ = text.parse::<Ticket>();
        }
    }
}
