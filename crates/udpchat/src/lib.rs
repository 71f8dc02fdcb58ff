//! Chat over signed datagrams: names that belong to keys, rooms, delivery states, and a history that
//! survives.
//!
//! A [`ChatServer`] is directory, relay and store. People join it under a name, which belongs from
//! then on to the key they signed with. What is sent to somebody who is away waits on the server's
//! disk; a [`ChatClient`] shows each message once, in the order of its sender, whatever the network
//! loses, doubles, delays or reorders and whenever either side is killed. A message is
//! acknowledged when it is on a disk and not before: its state ([`Delivery`]) goes from queued to
//! stored, delivered and read. It is signed and not secret: whoever carries the datagrams can read
//! them.
//!
//! What decides is pure. Datagrams, their source and the time go into a machine, datagrams, events
//! and the next deadline come out, and the tests join such machines by a clock of their own and a
//! network that loses half of everything. The stores are files of an embedded database, and
//! everything that comes at one time is made durable by one write.
//!
//! On the same port lives the wire that this chat grew out of: datagrams of raw text, answered by a
//! person. That is [`tutorial`]. A native datagram begins with a zero byte, which no text does.
//!
//! ```text
//!  ChatClient                                                                      ChatServer
//!  ┌──────────────────┐                                                  ┌───────────────────┐
//!  │ ClientStore      │   Knock ─▶ ◀─ Cookie    whose address is it?     │ ServerStore       │
//!  │  history, outbox │   Hello ─▶ ◀─ Welcome   whose name is it?        │  names, rooms,    │
//!  │ machine          │   Data ◀─▶ Ack          frames in pieces, sent   │  history, mail    │
//!  │  session, link   │                         again until they arrive  │ machine           │
//!  └──────────────────┘                                                  │  sessions, links  │
//!   Talk, Courier         text ─▶ ◀─ text         the tutorial's wire    │ RawMessages, Desk │
//!                                                                        └───────────────────┘
//! ```
//!
//! # Example
//!
//! Keys are the caller's: anything that signs and verifies as Ed25519 does.
//!
//! ```
//! use std::time::Duration;
//!
//! use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
//! use netserver::bind_udp;
//! use udpchat::{
//!     ChatClient, ChatServer, ClientConfig, ClientStore, Event, Identity, Name, ServerStore, Signer,
//!     Target, Verifier,
//! };
//!
//! struct Ed25519(Ed25519KeyPair);
//!
//! impl Signer for Ed25519 {
//!     fn public(&self) -> [u8; 32] {
//!         self.0.public_key().as_ref().try_into().expect("it has 32 bytes")
//!     }
//!
//!     fn sign(&self, message: &[u8]) -> [u8; 64] {
//!         self.0.sign(message).as_ref().try_into().expect("it has 64 bytes")
//!     }
//! }
//!
//! struct AnyEd25519;
//!
//! impl Verifier for AnyEd25519 {
//!     fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
//!         UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
//!     }
//! }
//!
//! fn identity() -> Identity {
//!     let key = Ed25519KeyPair::generate().expect("there is randomness");
//!     Identity::new(Ed25519(key), AnyEd25519)
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let socket = bind_udp("127.0.0.1:0".parse()?)?;
//!     let server = ChatServer::new(socket, identity(), ServerStore::in_memory()?).start()?;
//!     let addr = server.local_addr().ip().expect("it was bound to an IP address");
//!
//!     let join = |name: &str| -> Result<_, Box<dyn std::error::Error>> {
//!         let config = ClientConfig::new(addr, Name::parse(name)?);
//!         Ok(ChatClient::start(config, identity(), ClientStore::in_memory()?)?)
//!     };
//!     let (xue, mut heard) = join("雪")?;
//!     while !matches!(heard.next().await, Some(Event::Connected { .. })) {}
//!
//!     let (liu, _) = join("liu")?;
//!     liu.send(Target::parse("雪")?, "床前明月光").await?;
//!     let message = loop {
//!         if let Some(Event::Message(message)) = heard.next().await {
//!             break message;
//!         }
//!     };
//!     assert_eq!((message.from.as_str(), &*message.text), ("liu", "床前明月光"));
//!
//!     xue.leave(Duration::from_secs(5)).await;
//!     Ok(())
//! }
//! ```
//!
//! # What it trusts
//!
//! - A datagram counts only if its signature is right for its sender, its receiver, its direction
//!   and its session: forged, replayed and reflected ones are dropped for the price of one
//!   verification, and a rate limit bounds how many of those a source gets.
//! - An address is told nothing longer than what it sent before it has shown, by a cookie, that it
//!   receives there. So nobody is flooded by way of this server, and nothing is kept for addresses
//!   that were made up. A client that moves to another address shows it in the same way.
//! - The server is trusted with names and texts: it could read, drop or invent messages.

mod disk;
mod event;
mod key;
mod message;
mod moment;
mod name;

mod wire;

mod delivery;

mod client;
mod server;
mod worker;

#[cfg(test)]
mod tests;

pub mod tutorial;

pub use client::{
    CallError, ChatClient, ClientConfig, ClientStore, Events, HistoryQuery, SendError, StartError,
};
pub use disk::StoreError;
pub use event::Event;
pub use key::{Identity, PublicKey, Signer, Verifier};
pub use message::{
    Contact, Delivery, Entry, JoinRefusal, MAX_TEXT_BYTES, MessageId, PostRefusal, RoomInfo,
};
pub use name::{MAX_NAME_BYTES, Name, NameError, Target};
pub use proto::{Safe, safe};
pub use server::{
    ChatServer, ChatStats, Gate, Newcomer, RawMessage, RawMessages, RunningChat, ServeError,
    ServerConfig, ServerStore,
};

/// Keeps the README's example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
