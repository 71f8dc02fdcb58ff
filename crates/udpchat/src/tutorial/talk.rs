use std::net::SocketAddr;

use super::{Contacts, MAX_RAW_BYTES};
use proto::safe;

use crate::Name;

/// The tutorial's client: choose a contact, send a message, wait for one reply, and so on until
/// `quit`.
///
/// A pure value. It is fed lines and datagrams, and says what to do next:
///
/// ```
/// use udpchat::tutorial::{Contacts, Talk, TalkStep};
///
/// let addr = "127.0.0.1:8081".parse()?;
/// let mut talk = Talk::new(Contacts::tutorial(addr));
/// assert!(matches!(talk.line("nobody"), TalkStep::Say(_)));
/// assert!(matches!(talk.line("liu"), TalkStep::Chosen(_)));
/// assert_eq!(talk.line("在吗"), TalkStep::Send { to: addr, bytes: "在吗".into() });
/// assert_eq!(talk.datagram(addr, "在".as_bytes()).as_deref(), Some("在"));
/// assert_eq!(talk.line("quit"), TalkStep::Choosing);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Talk {
    contacts: Contacts,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Choosing,
    With { name: Name, addr: SocketAddr, awaiting: bool },
}

/// What follows from a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TalkStep {
    /// Tell this to the person, and ask for the next line.
    Say(String),
    /// Messages now go to this contact.
    Chosen(Name),
    /// A contact is to be chosen again.
    Choosing,
    /// Send this, and then wait for a datagram that [`Talk::datagram`] takes.
    Send {
        /// Where to.
        to: SocketAddr,
        /// What.
        bytes: Vec<u8>,
    },
    /// `quit` where there was nothing to quit but the program.
    Quit,
}

impl Talk {
    /// Nobody is chosen yet.
    #[must_use]
    pub fn new(contacts: Contacts) -> Self {
        Self { contacts, state: State::Choosing }
    }

    /// Whom messages go to.
    #[must_use]
    pub fn contact(&self) -> Option<&Name> {
        match &self.state {
            State::Choosing => None,
            State::With { name, .. } => Some(name),
        }
    }

    /// Whom one can choose from.
    #[must_use]
    pub fn contacts(&self) -> &Contacts {
        &self.contacts
    }

    /// Whether a reply is awaited.
    #[must_use]
    pub fn is_awaiting(&self) -> bool {
        matches!(self.state, State::With { awaiting: true, .. })
    }

    /// Takes a line that was typed.
    ///
    /// One that comes while a reply is awaited gives the wait up: the reply was lost, or nobody is
    /// there.
    pub fn line(&mut self, line: &str) -> TalkStep {
        let line = line.trim();
        let State::With { addr, awaiting, .. } = &mut self.state else {
            return self.choose(line);
        };
        *awaiting = false;
        if line == "quit" {
            self.state = State::Choosing;
            return TalkStep::Choosing;
        }
        if line.is_empty() {
            return TalkStep::Say("an empty message is not sent".into());
        }
        if line.len() > MAX_RAW_BYTES {
            let found = line.len();
            return TalkStep::Say(format!(
                "a message of {found} bytes is longer than the {MAX_RAW_BYTES} that are read"
            ));
        }
        *awaiting = true;
        TalkStep::Send { to: *addr, bytes: line.into() }
    }

    fn choose(&mut self, line: &str) -> TalkStep {
        if line == "quit" {
            return TalkStep::Quit;
        }
        let found = Name::parse(line).ok().zip(self.contacts.find(line));
        let Some((name, addr)) = found else {
            let known: Vec<_> = self.contacts.iter().map(|(name, _)| name.as_str()).collect();
            let (found, known) = (safe(line), known.join(", "));
            return TalkStep::Say(format!("there is no contact {found}; there are: {known}"));
        };
        self.state = State::With { name: name.clone(), addr, awaiting: false };
        TalkStep::Chosen(name)
    }

    /// Takes a datagram; gives its text, safe to show, if it is the reply that is awaited.
    ///
    /// A reply may be empty. What comes from elsewhere, or unasked, is dropped.
    pub fn datagram(&mut self, from: SocketAddr, bytes: &[u8]) -> Option<String> {
        match &mut self.state {
            State::With { addr, awaiting, .. } if *awaiting && *addr == from => {
                *awaiting = false;
                Some(safe(bytes).to_string())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talking() -> (Talk, SocketAddr) {
        let addr = "127.0.0.1:8081".parse().unwrap();
        let mut talk = Talk::new(Contacts::tutorial(addr));
        assert_eq!(talk.line("jkey"), TalkStep::Chosen(Name::parse("jkey").unwrap()));
        (talk, addr)
    }

    #[test]
    fn only_the_contact_answers_and_only_when_asked() {
        let (mut talk, addr) = talking();
        assert_eq!(talk.datagram(addr, b"unasked"), None);
        assert!(matches!(talk.line("hi"), TalkStep::Send { .. }));
        assert_eq!(talk.datagram("127.0.0.1:1".parse().unwrap(), b"forged"), None);
        assert!(talk.is_awaiting());
        assert_eq!(talk.datagram(addr, b"").as_deref(), Some(""));
        assert_eq!(talk.datagram(addr, b"twice"), None);
    }

    #[test]
    fn empty_and_long_messages_are_refused() {
        let (mut talk, _) = talking();
        assert!(matches!(talk.line("  "), TalkStep::Say(_)));
        assert!(matches!(talk.line(&"x".repeat(1025)), TalkStep::Say(_)));
        assert!(matches!(talk.line(&"x".repeat(1024)), TalkStep::Send { .. }));
        assert_eq!(talk.line("quit"), TalkStep::Choosing);
        assert_eq!(talk.line("quit"), TalkStep::Quit);
    }

    #[test]
    fn a_reply_is_made_safe() {
        let (mut talk, addr) = talking();
        talk.line("hi");
        assert_eq!(talk.datagram(addr, b"\x1b[2J\xff").as_deref(), Some(r"\x1b[2J\xff"));
    }
}
