//! The harness of the tests, and the scenarios that cross crates.
//!
//! A scenario is a short story about real sockets and real processes: it tells line by line what
//! happens, and checks it. Each is written once and used twice: the test binary runs them all, and
//! `cargo xtask demo` tells them to people. What they stand on is here too: a [`Place`] of their
//! own to work in, servers on ports that the system chooses, the real program as a [`Process`], a
//! [`Proxy`] that breaks the line at a given byte, content that is the same each time, and the
//! tutorial's programs played byte for byte.
//!
//! Nothing here sleeps. What takes time is waited for by what it does (a line, a byte, an end),
//! and [`within`] a bound.
//!
//! ```text
//! cargo xtask demo ──▶ Scenario ──▶ Story          lines, checks
//! tests/it/*.rs ─────▶    │
//!                         ├──▶ Place, content      directories, files, comparing them
//!                         ├──▶ FileServer, …       in this process, over TCP and UDP
//!                         ├──▶ Process, Served     the programs as users run them
//!                         └──▶ Proxy, RawPeer      what is between, and who knocks
//! ```
//!
//! ```
//! use it::{Story, scenarios};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let scenario = scenarios::find("packing").expect("it is one of them");
//! let mut story = Story::new(std::io::sink(), false);
//! scenario.tell(&mut story).await?;
//! assert!(story.checks() > 3);
//! # Ok::<(), it::Error>(())
//! # })?;
//! # Ok::<(), it::Error>(())
//! ```

mod content;
mod datagrams;
#[cfg(target_os = "linux")]
mod forge;
mod place;
mod process;
mod program;
mod proxy;
mod raw;
mod server;
mod story;
mod tree;
mod wait;

pub mod scenarios;
pub mod tutorial;

pub use content::{Seeded, assert_same, check_same, content, md5, write_content};
pub use datagrams::{UdpServer, UpperStreams};
pub use place::{Given, Place};
pub use process::{Ended, Process, Served};
pub use program::{Profile, Program};
pub use proxy::{Flow, Proxy, Tape, Way};
pub use raw::RawPeer;
pub use server::{FileServer, quick_options};
pub use story::Story;
pub use tree::{check_same_trees, plant};
pub use wait::{PATIENCE, within};

/// What goes wrong in a test is told, not handled.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Keeps the README's example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
