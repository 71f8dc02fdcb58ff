//! Where a client stands: its account's key, its server, and its stores on this disk.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use identity::{Home, Place, RememberError};
use udpchat::{
    ChatClient, ClientConfig, ClientStore, Event, Events, Identity, JoinRefusal, Name, PublicKey,
    ServerStore, Signer, StoreError, Verifier,
};

use super::args::{DEFAULT_PORT, WhoArgs};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::settings::CommonArgs;
use crate::sockets;

/// What the files of the stores end in.
const EXTENSION: &str = "redb";

/// The account's key signs what the chat sends.
struct AccountKey(identity::Identity);

impl Signer for AccountKey {
    fn public(&self) -> [u8; 32] {
        *self.0.public().as_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }
}

struct AnyKey;

impl Verifier for AnyKey {
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        identity::PublicKey::from_bytes(*key).verify(message, signature)
    }
}

/// The account's key, for the chat.
pub(super) fn identity(home: &Home) -> Result<Identity, Problem> {
    Ok(Identity::new(AccountKey(home.key()?), AnyKey))
}

/// A key as people compare it.
pub(super) fn fingerprint(key: PublicKey) -> String {
    identity::PublicKey::from_bytes(key.0).fingerprint()
}

/// The server's store: that file, or the account's.
pub(super) fn server_store(home: &Home, file: Option<&Path>) -> Result<ServerStore, Problem> {
    let path = match file {
        Some(file) => file.to_owned(),
        None => chat_dir(home)?.join("server").with_extension(EXTENSION),
    };
    let hint = "chat-cli serve --store FILE, if another server has it";
    ServerStore::open(&path).map_err(|error| unopened(&error, &path).hint(hint))
}

/// The directory of the chat, made beside the key and closed to others like it.
fn chat_dir(home: &Home) -> Result<PathBuf, Problem> {
    // Asking for the key makes the directory private.
    home.key()?;
    let dir = home.dir().join("chat");
    made(dir)
}

fn made(dir: PathBuf) -> Result<PathBuf, Problem> {
    match fs::create_dir_all(&dir) {
        Ok(()) => Ok(dir),
        Err(error) => {
            let reason = crate::report::text::reason(&error);
            Err(Problem::new(Exit::Failed, reason).on("chat", dir.display()))
        }
    }
}

fn unopened(error: &StoreError, path: &Path) -> Problem {
    let path = path.as_os_str().as_encoded_bytes();
    Problem::new(Exit::Failed, error).on("open", ftp::safe(path))
}

/// A client's account and its server.
pub(super) struct Station {
    home: Home,
    place: Place,
    addr: SocketAddr,
    identity: Identity,
}

impl Station {
    /// Finds the server that was named, or the usual one.
    pub(super) async fn find(common: &CommonArgs) -> Result<Self, Problem> {
        let home = Home::from_env()?;
        let server = common.server_or_local()?;
        let address = server.address()?;
        let addr = sockets::resolve(address, DEFAULT_PORT, "--server").await?;
        let place = place(common)?;
        Ok(Self { identity: identity(&home)?, home, place, addr })
    }

    /// The server, the way the user named it.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// A client whose history stays here.
    pub(super) fn start(&self, name: &Name) -> Result<(ChatClient, Events), Problem> {
        let path = made(stores(&self.home, &self.place)?)?.join(file_name(name));
        let hint = "end the other chat-cli of this name, or join under another one";
        let store = ClientStore::open(&path).map_err(|error| unopened(&error, &path).hint(hint))?;
        self.run(ClientConfig::new(self.addr, name.clone()), store)
    }

    /// A client that leaves nothing here, and takes nobody's messages.
    pub(super) fn visit(&self, name: &Name) -> Result<(ChatClient, Events), Problem> {
        let store = ClientStore::in_memory().map_err(|error| Problem::new(Exit::Failed, error))?;
        self.run(ClientConfig::new(self.addr, name.clone()).receives(false), store)
    }

    fn run(
        &self,
        config: ClientConfig,
        store: ClientStore,
    ) -> Result<(ChatClient, Events), Problem> {
        let known = self.home.known_servers().lookup(&self.place)?;
        let config = config.server_key(known.map(|key| PublicKey(*key.as_bytes())));
        ChatClient::start(config, self.identity.clone(), store)
            .map_err(|error| Problem::new(Exit::Failed, error))
    }

    /// Whose server this is, from now on.
    pub(super) fn remember(&self, server: PublicKey) -> Result<(), Problem> {
        let key = identity::PublicKey::from_bytes(server.0);
        match self.home.known_servers().remember(&self.place, key, None) {
            Ok(()) => Ok(()),
            Err(RememberError::Changed { .. }) => Err(self.wrong_server(server)),
            Err(error) => Err(Problem::new(Exit::Failed, error)),
        }
    }

    /// As whom something is done, if that was not said.
    pub(super) fn who(&self, args: &WhoArgs) -> Result<Name, Problem> {
        who(&self.home, &self.place, args)
    }

    /// What ends the program, if that is what has happened.
    pub(super) fn end(&self, name: &Name, event: &Event) -> Option<Problem> {
        let problem = match event {
            Event::Refused(JoinRefusal::Full) => return None,
            Event::Refused(why @ JoinRefusal::NameTaken) => {
                Problem::new(Exit::Denied, why).on("join", name)
            }
            Event::Refused(why) => Problem::new(Exit::Denied, why).on("join", name),
            Event::WrongServer { found } => self.wrong_server(*found),
            Event::Failed(why) => Problem::new(Exit::Failed, why),
            _ => return None,
        };
        Some(problem)
    }

    fn wrong_server(&self, found: PublicKey) -> Problem {
        let books = self.home.dir().join("known_servers");
        let message = format!(
            "another server answers there than the one that is known: its key is {}; if it was set \
             up anew, delete its line in {} and what is kept of it in {}",
            fingerprint(found),
            ftp::safe(books.as_os_str().as_encoded_bytes()),
            ftp::safe(stores_of(&self.home, &self.place).as_os_str().as_encoded_bytes()),
        );
        Problem::new(Exit::Denied, message).on("--server", &self.place)
    }

    /// Nobody has answered.
    pub(super) fn no_answer(&self) -> Problem {
        Problem::new(Exit::CannotConnect, format_args!("no chat server answers at {}", self.place))
            .hint("chat-cli serve")
    }
}

/// The server that was named, or the usual one.
pub(super) fn place(common: &CommonArgs) -> Result<Place, Problem> {
    let server = common.server_or_local()?;
    let address = server.address()?;
    Place::new(address.host(), address.port_or(DEFAULT_PORT)).map_err(Problem::usage)
}

/// Opens the history of whoever is asked for, or of the only one there is.
pub(super) fn own_store(
    place: &Place,
    args: &WhoArgs,
) -> Result<(Name, Option<ClientStore>), Problem> {
    let home = Home::from_env()?;
    let name = who(&home, place, args)?;
    let path = stores_of(&home, place).join(file_name(&name));
    if !path.exists() {
        return Ok((name, None));
    }
    let hint = "/history WORD in the chat-cli that has it open";
    let store = ClientStore::open(&path).map_err(|error| unopened(&error, &path).hint(hint))?;
    Ok((name, Some(store)))
}

fn who(home: &Home, place: &Place, args: &WhoArgs) -> Result<Name, Problem> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let joined = joined(&stores_of(home, place));
    match &joined[..] {
        [name] => Ok(name.clone()),
        [] => account().ok_or_else(|| Problem::usage("as whom? say it with --as NAME")),
        several => {
            let names: Vec<_> = several.iter().map(Name::as_str).collect();
            let message = format!("as whom? say --as NAME; here are {}", names.join(", "));
            Err(Problem::usage(message))
        }
    }
}

/// The account's name, if it can be one in a chat.
fn account() -> Option<Name> {
    let names =
        ["USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    names.filter_map(|name| Name::parse(&name).ok()).next()
}

/// One directory for each server, because a name is somebody else's at another one.
fn stores_of(home: &Home, place: &Place) -> PathBuf {
    home.dir().join("chat").join(escaped(&place.to_string()))
}

fn stores(home: &Home, place: &Place) -> Result<PathBuf, Problem> {
    chat_dir(home)?;
    Ok(stores_of(home, place))
}

/// The names that have a store in this directory.
fn joined(dir: &Path) -> Vec<Name> {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<_> = entries
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            Name::parse(&unescaped(file.strip_suffix(EXTENSION)?.strip_suffix('.')?)?).ok()
        })
        .collect();
    names.sort();
    names
}

fn file_name(name: &Name) -> String {
    format!("{}.{EXTENSION}", escaped(name.as_str()))
}

/// A text as a file's name that every system has room for and none takes for another: at most
/// three bytes for one of the text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02x}")),
        }
    }
    escaped
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut unescaped = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        unescaped.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => byte,
        });
    }
    String::from_utf8(unescaped).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_file_of_its_own_and_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut names = ["雪", "Liu", "liu", "a/../b", "100%", "con", "🦀 crab"]
            .map(|text| Name::parse(text).unwrap())
            .to_vec();
        for name in &names {
            assert!(!file_name(name).contains(['/', '\\', ':']), "{}", file_name(name));
            fs::write(dir.path().join(file_name(name)), "").unwrap();
        }
        fs::write(dir.path().join("notes.txt"), "").unwrap();
        fs::write(dir.path().join("%zz.redb"), "").unwrap();
        names.sort();
        assert_eq!(joined(dir.path()), names);
        let longest = Name::parse(&"雪".repeat(21)).unwrap();
        assert!(file_name(&longest).len() < 255);
    }

    #[test]
    fn the_accounts_key_signs_and_is_verified() {
        let dir = tempfile::tempdir().unwrap();
        let key = AccountKey(Home::at(dir.path().join("home")).key().unwrap());
        let signature = key.sign(b"message");
        assert!(AnyKey.verify(&key.public(), b"message", &signature));
        assert!(!AnyKey.verify(&key.public(), b"massage", &signature));
    }
}
