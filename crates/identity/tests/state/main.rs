//! What is kept in a home: the key, whom it knows, and who may come in.

mod clients;
mod home;
mod live;
mod processes;
mod servers;
mod tickets;

use std::fs;
use std::path::PathBuf;

use identity::{Gate, Home, Identity, NewTicket, Refusal, RefusalCode, Rights, Share, Token};
use tempfile::TempDir;

/// An account of a server, and the directories that it serves.
struct Site {
    dir: TempDir,
    home: Home,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["docs", "music"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let home = Home::at(dir.path().join("state").join("seam"));
        Self { dir, home }
    }

    fn share(&self, name: &str) -> Share {
        Share::new("ftp", self.dir.path().join(name)).unwrap()
    }

    fn gate(&self, offered: &str) -> Gate {
        Gate::new(&self.home, self.share("docs"), rights(offered)).unwrap()
    }

    /// A ticket for `docs`.
    fn ticket(&self, rights: &str) -> NewTicket {
        NewTicket::new(self.share("docs"), self::rights(rights))
    }

    fn token(&self, rights: &str) -> Token {
        self.home.tickets().issue(self.ticket(rights)).unwrap().1
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.dir().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn edit(&self, name: &str, edit: impl FnOnce(String) -> String) {
        fs::write(self.path(name), edit(self.read(name))).unwrap();
    }
}

fn rights(text: &str) -> Rights {
    text.parse().unwrap()
}

/// Shows the token, and tells what may be done.
fn redeem(gate: &Gate, key: &Identity, token: &Token) -> Result<Rights, RefusalCode> {
    let grant = gate.admit(&key.public(), Some(&token.reveal()));
    grant.map(|grant| grant.rights).map_err(code)
}

/// Comes without a token.
fn come(gate: &Gate, key: &Identity) -> Result<Rights, RefusalCode> {
    gate.admit(&key.public(), None).map(|grant| grant.rights).map_err(code)
}

fn code(refusal: Refusal) -> RefusalCode {
    refusal.code
}
