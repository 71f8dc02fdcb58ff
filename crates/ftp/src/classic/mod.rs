//! The tutorial's file transfer: the protocol of its original Python programs, as they are.
//!
//! ```text
//! client                              server
//!   get NAME ─────────────────────────▶
//!   ◀───────────────────── i32: the size         or the end, if there is no such file
//!   ◀──── i32, {file_name, file_size, md5}, chunk   until the whole file was sent
//!
//!   put NAME ─────────────────────────▶
//!   i32: the size ────────────────────▶
//!   i32, {file_name, file_size, md5}, chunk ──▶     until the whole file was sent
//!   ◀───────────────────── NAME 上传成功          unless a chunk was wrong
//! ```
//!
//! Integers are little-endian. Commands have no end but that of the read they arrive in, and
//! nothing stands between the name of a `put` and its size: [`Parser`] tells them apart. The
//! originals read 1,024 bytes at a time without regard to where a chunk ends; [`pace`](mod@pace)
//! sends in such a way that it does no harm.
//!
//! [`ClassicService`] plays the server and [`ClassicClient`] the client.

mod chunk;
mod client;
mod error;
mod incoming;
mod opening;
mod outgoing;
mod pace;
mod parser;
mod send;
mod server;
mod upload;

pub use client::ClassicClient;
pub use error::ClassicError;
pub use outgoing::Outgoing;
pub(crate) use server::ClassicService;

/// What a server says, behind the name and a space, when a file has been stored.
const STORED: &str = "上传成功";

/// The longest command with its name, in bytes: the originals read no more at a time.
const MAX_COMMAND_BYTES: usize = 1024;

#[cfg(test)]
mod tests;
