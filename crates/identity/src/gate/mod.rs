//! Who may come in, and for how long.

mod grant;
mod ledger;
mod refusal;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub use grant::Grant;
use ledger::{Ledger, Redemption, Standing};
pub use refusal::{Refusal, RefusalCode};

use crate::book::{BadLine, Book, Client, IssuedTicket};
use crate::time::Moment;
use crate::{Home, HomeError, PublicKey, Rights, Share, Token};

/// How often the files are looked at for those who are in.
const POLL: Duration = Duration::from_secs(1);

/// Decides who may come in to one share, on the server's side. Clones share everything.
///
/// The account's own key may do all that is offered; other keys what `authorized_clients` says,
/// as far as it is offered; and a token makes its bearer known there. What other processes or
/// people change in the files holds from the next newcomer on, and within a second or two for
/// those who are in.
#[derive(Clone, Debug)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    home: Home,
    own: PublicKey,
    share: Share,
    offered: Rights,
    books: Mutex<Books>,
}

/// The files as they were read last.
#[derive(Debug)]
struct Books {
    clients: Book<Client>,
    tickets: Book<IssuedTicket>,
    looked: Instant,
    bad: HashSet<BadLine>,
    untold: Vec<BadLine>,
}

impl Gate {
    /// The gate of a share. What is not `offered` is granted to nobody, whatever the files say.
    ///
    /// # Errors
    ///
    /// If the account's key or the files cannot be used.
    pub fn new(home: &Home, share: Share, offered: Rights) -> Result<Self, HomeError> {
        let own = home.key()?.public();
        let mut books = Books {
            clients: Book::open(home.authorized_clients().shelf)?,
            tickets: Book::open(home.tickets().shelf)?,
            looked: Instant::now(),
            bad: HashSet::new(),
            untold: Vec::new(),
        };
        books.gather_bad_lines();
        let home = home.clone();
        let inner = Inner { home, own, share, offered, books: Mutex::new(books) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What it is the gate of.
    #[must_use]
    pub fn share(&self) -> &Share {
        &self.inner.share
    }

    /// Decides over a client that has proven `key`, and has said `token` in its hello.
    ///
    /// A token that is redeemed makes the key known, which is on disk before this returns: it may
    /// take some milliseconds, and some seconds while another process holds the lock. Call it
    /// where blocking is allowed if there is a token. Without one, it reads at most two small
    /// files.
    ///
    /// # Errors
    ///
    /// A [`Refusal`], to be told to the client.
    pub fn admit(&self, key: &PublicKey, token: Option<&str>) -> Result<Grant, Refusal> {
        let inner = &*self.inner;
        if *key == inner.own {
            return Ok(Grant::of_the_owner(self, *key, inner.offered.clone()));
        }
        if let Some(token) = token {
            let token = token.parse().map_err(|_| self.refusal(RefusalCode::UnknownToken, key))?;
            self.redeem(key, &token)?;
        }
        let mut books = self.books();
        books.refresh().map_err(|error| self.unavailable(&error, key))?;
        let standing = self.ledger(&books).standing(key);
        drop(books);
        standing
            .map(|standing| Grant::of(self, *key, standing))
            .map_err(|code| self.refusal(code, key))
    }

    /// The lines of the files that cannot be read; each is told once.
    #[must_use]
    pub fn take_bad_lines(&self) -> Vec<BadLine> {
        std::mem::take(&mut self.books().untold)
    }

    /// Makes the bearer of `token` known, if he is not and may be.
    fn redeem(&self, key: &PublicKey, token: &Token) -> Result<(), Refusal> {
        match self.try_redeem(key, token) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(code)) => Err(self.refusal(code, key)),
            Err(error) => Err(self.unavailable(&error, key)),
        }
    }

    fn try_redeem(
        &self,
        key: &PublicKey,
        token: &Token,
    ) -> Result<Result<(), RefusalCode>, HomeError> {
        let inner = &*self.inner;
        let (clients, tickets) =
            (inner.home.authorized_clients().shelf, inner.home.tickets().shelf);
        // From here to the end nobody else redeems, so that uses are counted right. Strangers who
        // guess do not come so far: they would make those wait who do not.
        {
            let mut books = self.books();
            books.refresh()?;
            match self.ledger(&books).redemption(key, token) {
                Ok(Redemption::Done) => return Ok(Ok(())),
                Ok(Redemption::Of(_)) => {}
                Err(code) => return Ok(Err(code)),
            }
        }
        let lock = clients.lock()?;
        let (mut known, mut issued) = (clients.read()?, tickets.read()?);
        let ledger = Ledger {
            clients: &known,
            tickets: &issued,
            share: &inner.share,
            offered: &inner.offered,
            now: Moment::now().timestamp(),
        };
        let ticket = match ledger.redemption(key, token) {
            Ok(Redemption::Done) => return Ok(Ok(())),
            Ok(Redemption::Of(ticket)) => ticket.clone(),
            Err(code) => return Ok(Err(code)),
        };
        // The client's line comes first. If we do not come to the second step, it still counts as
        // a use, because it names the ticket.
        let (share, rights) = (ticket.share.clone(), ticket.rights.clone());
        known.push(Client::by_ticket(*key, share, rights, ticket.name.clone(), ticket.id));
        clients.write(&known, &lock)?;
        issued.revise(|each| each.note_use(ticket.id, *key));
        tickets.write(&issued, &lock)?;
        Ok(Ok(()))
    }

    /// Why a client that was let in with these rights is not allowed to stay, if it is not.
    fn objection(&self, key: &PublicKey, rights: &Rights) -> Option<Refusal> {
        let mut books = self.books();
        if books.looked.elapsed() >= POLL
            && let Err(error) = books.refresh()
        {
            // Whoever is in stays in: the next look may succeed, and no newcomer is let in.
            tracing::warn!(%error, "who may stay cannot be read");
        }
        let code = match self.ledger(&books).standing(key) {
            Ok(standing) if standing.rights.cover(rights) => return None,
            Ok(_) => RefusalCode::Narrowed,
            Err(code) => code,
        };
        Some(self.refusal(code, key))
    }

    fn ledger<'a>(&'a self, books: &'a Books) -> Ledger<'a> {
        Ledger {
            clients: books.clients.document(),
            tickets: books.tickets.document(),
            share: &self.inner.share,
            offered: &self.inner.offered,
            now: Moment::now().timestamp(),
        }
    }

    fn refusal(&self, code: RefusalCode, key: &PublicKey) -> Refusal {
        Refusal::new(code, key, self.inner.share.service())
    }

    /// The peer is not told what is wrong with our files.
    fn unavailable(&self, error: &HomeError, key: &PublicKey) -> Refusal {
        tracing::error!(%error, "who may come in cannot be read");
        self.refusal(RefusalCode::Unavailable, key)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // A panic while they were read leaves the old ones, which are as good as before.
        self.inner.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn refresh(&mut self) -> Result<(), HomeError> {
        self.looked = Instant::now();
        let changed = self.clients.refresh()? | self.tickets.refresh()?;
        if changed {
            self.gather_bad_lines();
        }
        Ok(())
    }

    fn gather_bad_lines(&mut self) {
        let clients = self.clients.document().bad_lines();
        let bad: HashSet<_> =
            clients.iter().chain(self.tickets.document().bad_lines()).cloned().collect();
        self.untold.extend(bad.difference(&self.bad).cloned());
        self.untold.sort_by_key(|line| (line.file, line.line));
        self.bad = bad;
    }
}
