//! File transfer that is verified, goes on where it stopped, and never leaves a half-written file.
//!
//! A server gives access to a [`Store`]: a [`LocalStore`] is a directory, out of which nothing
//! leads. A [`Client`] lists, gets, puts, renames and removes; its own side of a transfer is a
//! store as well. Content travels in blocks of 64 KiB, each with its digest, and is checked before
//! it is written. Nothing is seen under its final name before all of it is there.
//!
//! Whole trees move as single files do: [`Client::get_tree`] and [`Client::put_tree`]. Many small
//! files cost no round trip each, what is there already is not moved again, and what fails is told
//! while the rest goes on.
//!
//! A transfer that was interrupted goes on where it stopped when it is asked for again: the
//! receiver compares the digests of the blocks it has with the sender's and wants only those that
//! differ. The same makes a changed file move only its changed blocks. The client does so by
//! itself when the connection is lost.
//!
//! ```text
//!  Client ── get, put, list … ──▶ wire ◀── FileService        what is said
//!     │                                         │
//!     └────────── content, resume ──────────────┘             how content moves: the same
//!     │                                         │             code for both directions
//!   Store                                     Store           where it comes from and goes to
//! ```
//!
//! # Example
//!
//! A server and a client in one program:
//!
//! ```
//! use std::sync::Arc;
//!
//! use ftp::{Client, FileService, How, Local, LocalStore, Options, RemotePath, TcpConnector};
//! use netserver::{StreamServer, bind_tcp};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (there, here) = (tempfile::tempdir()?, tempfile::tempdir()?);
//! # let (there, here) = (there.path(), here.path());
//! std::fs::write(there.join("诗.txt"), "床前明月光")?;
//!
//! let service = FileService::new(Arc::new(LocalStore::open(there, false)?));
//! let server = StreamServer::new(bind_tcp("127.0.0.1:0".parse()?)?, service).start();
//!
//! let connector = TcpConnector::new(server.local_addr().to_string());
//! let mut client = Client::new(connector, Options::default());
//! let store = Arc::new(LocalStore::open(here, true)?);
//! let path = RemotePath::parse("诗.txt")?;
//! let local = Local { store: &store, path: &path };
//! let got = client.get(&path, local, &How::default(), &()).await?;
//!
//! assert_eq!(got.moved, 15);
//! assert_eq!(std::fs::read_to_string(here.join("诗.txt"))?, "床前明月光");
//! # Ok(())
//! # }
//! ```
//!
//! # Where things live
//!
//! - the words of the conversation: [`wire`];
//! - whole trees: [`HowTree`], [`TreeObserver`], [`TreeSummary`], and a [`Filter`] for parts of them;
//! - the files: [`Store`], [`Folder`], [`Source`], [`Upload`], and [`LocalStore`] which alone touches the disk;
//! - the serving side: [`FileService`], with the [`Access`] it gives;
//! - the calling side: [`Client`], with its [`Options`], and [`ClassicClient`] for a server of the
//!   tutorial that this project grew out of. `FileService` serves that tutorial's client on the
//!   same port when told to.

mod path;
mod store;
pub mod wire;

mod content;
mod line;
mod pace;
mod resume;
mod tree;

mod classic;
mod client;
mod server;

pub use classic::{ClassicClient, ClassicError, Outgoing};
pub use client::{
    Client, ClientError, Connect, Event, How, Local, Observer, Options, TcpConnector, Transfer,
};
pub use content::Pool;
pub use line::LineError;
pub use path::{PathError, RemotePath, Safe, safe};
pub use server::{Access, Audit, FileService, Request, ServeError};
pub use store::{
    Attributes, Entry, Folder, Kind, LinkTarget, LocalFolder, LocalSource, LocalStore, LocalUpload,
    Names, NamesAfter, NewUpload, OpenStoreError, PARTIAL_DAYS, PARTIAL_SUFFIX, Publish, Published,
    Revision, Shelf, ShelfFolder, Source, Store, StoreError, Timestamp, Upload,
};
pub use tree::{Filter, HowTree, Outcome, TreeEntry, TreeEvent, TreeObserver, TreeSummary};
pub use wire::{Failure, Range, Status};
