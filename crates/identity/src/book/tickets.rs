use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::rand;
use jiff::Timestamp;

use super::document::{BadLine, Document, Entry, Fate};
use super::fields::{Fields, Rest, Text, write_field};
use super::shelf::Shelf;
use crate::ticket::TokenHash;
use crate::time::Moment;
use crate::word::{self, Base32};
use crate::{AuthorizedClients, Home, HomeError, PublicKey, Rights, Share, Token};

/// How long a ticket that lets nobody in any more is remembered, to say why.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The tickets that were given: the file `tickets`. It holds hashes of their tokens, which let
/// nobody in.
///
/// ```text
/// k3vy9x2a hash=… share=ftp:/srv/docs rights=read uses=1 expires=2026-11-22T10:12:55Z
/// ```
#[derive(Clone, Debug)]
pub struct Tickets {
    pub(crate) shelf: Shelf<IssuedTicket>,
    clients: AuthorizedClients,
}

/// A ticket to be made.
///
/// ```
/// # use std::time::Duration;
/// # use identity::{NewTicket, Paths, Rights, Share};
/// # let share = Share::new("ftp", ".")?;
/// let ticket = NewTicket::new(share, Rights::none().read(Paths::all()))
///     .uses(3)
///     .valid(Duration::from_secs(7 * 24 * 60 * 60))
///     .name("the office");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewTicket {
    /// Where it lets its bearer in.
    pub share: Share,
    /// What its bearer may do there.
    pub rights: Rights,
    /// How long it can be redeemed; default 1 h. Whoever has redeemed it stays in.
    pub valid: Duration,
    /// How many keys can redeem it; default 1. A ticket for several may be passed on.
    pub uses: u32,
    /// What those who redeem it are called; default nothing.
    pub name: Option<String>,
}

/// A ticket that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuedTicket {
    /// What it is called here.
    pub id: TicketId,
    pub(crate) hash: TokenHash,
    /// Where it lets its bearer in.
    pub share: Share,
    /// What its bearer may do there.
    pub rights: Rights,
    /// How many keys can redeem it.
    pub uses: u32,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
    /// The keys that have redeemed it.
    pub used_by: BTreeSet<PublicKey>,
    /// Since when it is revoked, if it is.
    pub revoked: Option<Timestamp>,
    /// What those who redeem it are called.
    pub name: Option<String>,
    rest: Rest,
}

/// What a ticket is still good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TicketState {
    /// It can be redeemed.
    Open,
    /// It has been redeemed as often as it could.
    UsedUp,
    /// It was not redeemed in time.
    Expired,
    /// It was revoked, and whom it let in is out.
    Revoked,
}

/// What a ticket is called: eight lower-case letters and digits, which are no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId([u8; 5]);

impl Tickets {
    pub(crate) fn new(home: Home) -> Self {
        let clients = home.authorized_clients();
        Self { shelf: Shelf::new(home, "tickets"), clients }
    }

    /// Makes a ticket. The token is kept nowhere: it is in the answer and nowhere else.
    ///
    /// # Errors
    ///
    /// If the files cannot be read or changed.
    pub fn issue(&self, new: NewTicket) -> Result<(TicketId, Token), HomeError> {
        let lock = self.shelf.lock()?;
        let mut document = self.shelf.read()?;
        let now = Moment::now();
        self.forget_old(&mut document, now)?;
        let taken: BTreeSet<_> = document.entries().map(|ticket| ticket.id).collect();
        let id = std::iter::repeat_with(TicketId::random)
            .find(|id| !taken.contains(id))
            .expect("there are a million million of them");
        let token = Token::generate();
        document.push(IssuedTicket {
            id,
            hash: token.hash(),
            share: new.share,
            rights: new.rights,
            uses: new.uses,
            expires: now.after(new.valid).timestamp(),
            used_by: BTreeSet::new(),
            revoked: None,
            name: new.name,
            rest: Rest::default(),
        });
        self.shelf.write(&document, &lock)?;
        Ok((id, token))
    }

    /// All tickets, and the lines that could not be read.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or others could have written it.
    pub fn list(&self) -> Result<(Vec<IssuedTicket>, Vec<BadLine>), HomeError> {
        let document = self.shelf.read()?;
        Ok((document.entries().cloned().collect(), document.bad_lines().to_vec()))
    }

    /// Revokes the ticket whose name begins with `prefix`: nobody comes in by it any more, and the
    /// clients that did are locked out, their live connections ended.
    ///
    /// # Errors
    ///
    /// If there is no such ticket, or more than one, or the files cannot be changed.
    pub fn revoke(&self, prefix: &str) -> Result<Revocation, RevokeError> {
        let lock = self.shelf.lock()?;
        let mut document = self.shelf.read()?;
        // Nothing is the beginning of every name, and nobody means them all.
        let named = |ticket: &&IssuedTicket| {
            !prefix.is_empty() && ticket.id.to_string().starts_with(prefix)
        };
        let found: Vec<TicketId> = document.entries().filter(named).map(|each| each.id).collect();
        let id = match *found {
            [] => return Err(RevokeError::Unknown { prefix: crate::text::shown(prefix) }),
            [id] => id,
            _ => return Err(RevokeError::Ambiguous { prefix: prefix.into(), found }),
        };
        document.revise(|ticket| {
            if ticket.id != id || ticket.revoked.is_some() {
                return Fate::Kept;
            }
            ticket.revoked = Some(Moment::now().timestamp());
            Fate::Changed
        });
        // From here on the lines of its clients do not count, whatever happens before the next
        // step: they are only in the way.
        self.shelf.write(&document, &lock)?;
        let mut clients = self.clients.shelf.read()?;
        let locked_out = clients.revise(|client| match client.ticket == Some(id) {
            true => Fate::Removed,
            false => Fate::Kept,
        });
        if locked_out > 0 {
            self.clients.shelf.write(&clients, &lock)?;
        }
        Ok(Revocation { id, locked_out })
    }

    /// Drops tickets that have been good for nothing for a long time, and that no client's line
    /// refers to.
    fn forget_old(
        &self,
        document: &mut Document<IssuedTicket>,
        now: Moment,
    ) -> Result<(), HomeError> {
        let before = now.before(REMEMBERED).timestamp();
        let clients = self.clients.shelf.read()?;
        let referred: BTreeSet<_> = clients.entries().filter_map(|client| client.ticket).collect();
        document.revise(|ticket| match ticket.expires < before && !referred.contains(&ticket.id) {
            true => Fate::Removed,
            false => Fate::Kept,
        });
        Ok(())
    }
}

/// What revoking did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// The ticket.
    pub id: TicketId,
    /// How many clients were locked out.
    pub locked_out: usize,
}

impl NewTicket {
    /// A ticket for one use within an hour.
    #[must_use]
    pub fn new(share: Share, rights: Rights) -> Self {
        Self { share, rights, valid: Duration::from_secs(60 * 60), uses: 1, name: None }
    }

    /// Sets [`valid`](Self#structfield.valid).
    #[must_use]
    pub fn valid(mut self, valid: Duration) -> Self {
        self.valid = valid;
        self
    }

    /// Sets [`uses`](Self#structfield.uses).
    #[must_use]
    pub fn uses(mut self, uses: u32) -> Self {
        self.uses = uses;
        self
    }

    /// Sets [`name`](Self#structfield.name). What is invisible in it is left out.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        let name = crate::text::presentable(name.trim()).into_owned();
        self.name = Some(name).filter(|name| !name.is_empty());
        self
    }
}

impl IssuedTicket {
    /// What it is good for at the given time.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TicketState {
        if self.revoked.is_some() {
            TicketState::Revoked
        } else if self.used_by.len() >= self.uses as usize {
            TicketState::UsedUp
        } else if self.expires <= now {
            TicketState::Expired
        } else {
            TicketState::Open
        }
    }
}

impl IssuedTicket {
    /// Notes that `key` has redeemed the ticket `id`, if it is this one.
    pub(crate) fn note_use(&mut self, id: TicketId, key: PublicKey) -> Fate {
        match self.id == id && self.used_by.insert(key) {
            true => Fate::Changed,
            false => Fate::Kept,
        }
    }
}

impl Entry for IssuedTicket {
    const HEADING: &'static str = "The tickets that were given, one a line:\n\
        ID hash=HASH share=SERVICE:/DIRECTORY rights=RIGHTS uses=N expires=TIME \
        [used-by=KEY,KEY] [revoked=TIME] [name=NAME] [# comment]\n\
        The hashes let nobody in. Revoke a ticket instead of removing its line: that locks out \
        whom it let in.";

    fn parse(line: &str) -> Result<Self, String> {
        let mut fields = Fields::parse(line)?;
        Ok(Self {
            id: fields.word("ticket's name")?,
            hash: fields.required("hash")?,
            share: fields.required("share")?,
            rights: fields.required("rights")?,
            uses: fields.required("uses")?,
            expires: fields.required("expires")?,
            used_by: fields.optional("used-by")?.map(|Keys(keys)| keys).unwrap_or_default(),
            revoked: fields.optional("revoked")?,
            name: fields.optional("name")?.map(|Text(name)| name),
            rest: fields.rest()?,
        })
    }
}

impl fmt::Display for IssuedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, hash, share, rights, uses, expires, .. } = self;
        write!(f, "{id} hash={hash} share={share} rights={rights} uses={uses} expires={expires}")?;
        let used_by = Some(Keys(self.used_by.clone())).filter(|Keys(keys)| !keys.is_empty());
        write_field(f, "used-by", used_by)?;
        write_field(f, "revoked", self.revoked)?;
        write_field(f, "name", self.name.clone().map(Text))?;
        self.rest.fmt(f)
    }
}

/// Keys, joined by commas.
struct Keys(BTreeSet<PublicKey>);

impl FromStr for Keys {
    type Err = crate::PublicKeyError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        word.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for key in &self.0 {
            write!(f, "{comma}{key}")?;
            comma = ",";
        }
        Ok(())
    }
}

impl TicketId {
    fn random() -> Self {
        let mut bytes = [0; 5];
        rand::fill(&mut bytes).expect("the system gives randomness");
        Self(bytes)
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base32(&self.0).fmt(f)
    }
}

impl FromStr for TicketId {
    type Err = TicketIdError;

    fn from_str(word: &str) -> Result<Self, TicketIdError> {
        word::decode(word)
            .map(Self)
            .ok_or_else(|| TicketIdError { found: crate::text::shown(word) })
    }
}

/// A word that is no ticket's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` names no ticket: it is 8 lower-case letters and digits 2 to 7")]
pub struct TicketIdError {
    found: String,
}

/// Why no ticket was revoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// There is none of this name.
    #[error("there is no ticket whose name begins with `{prefix}`")]
    Unknown {
        /// What was asked for.
        prefix: String,
    },
    /// There are several.
    #[error("{} tickets have names that begin with `{prefix}`", found.len())]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// The tickets.
        found: Vec<TicketId>,
    },
    /// The files cannot be changed.
    #[error(transparent)]
    Home(#[from] HomeError),
}
