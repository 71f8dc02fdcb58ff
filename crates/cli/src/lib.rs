//! The programs of Seam for the terminal.
//!
//! They are `ftp-cli`, which moves files, `exec-cli`, which runs commands elsewhere, `chat-cli`,
//! which lets people talk, and `time-cli`, which tells the time. A program turns its command line
//! into checked settings, runs the commands of a service's client (or its server), tells results,
//! progress and failures through one report, and ends with one of a few [`Exit`] codes. None of
//! them knows anything of protocols or disks: that is the services' business.
//!
//! Results go to standard output, a line each, or one JSON object a line with `--json`; all else
//! goes to standard error. What a peer said is made safe for a terminal before it is shown.
//!
//! ```text
//! command line ──▶ settings ──▶ ftp, exec, chat, time ──▶ service's client or server
//! prompt, pipe ──▶ words ──────▲   │    │         ▲
//!                                  │    └──▶ peer ┘  keys, tickets, encryption
//!                                  ├──▶ report ──▶ lines, bars, JSON
//!                                  └──▶ exit   ──▶ 0 … 7, 130; a remote command's own, 255
//! ```
//!
//! Most of the crate is private; what a program's caller sees of it is this:
//!
//! ```
//! use ftp_cli::{Exit, Rate};
//!
//! let limit: Rate = "1.5Mi".parse()?;
//! assert_eq!(limit.bytes_per_second(), 1_572_864);
//! assert_eq!(Exit::Conflict.code(), 5);
//! # Ok::<(), ftp_cli::RateError>(())
//! ```

mod settings;

mod peer;
mod ticket;

mod exit;
mod pages;
mod problem;
mod program;
mod prompt;
mod report;
mod signals;
mod sockets;

mod chat;
mod exec;
mod ftp;
mod time;

pub use self::chat::chat_cli;
pub use self::exec::exec_cli;
pub use self::exit::Exit;
pub use self::ftp::ftp_cli;
pub use self::settings::{Rate, RateError};
pub use self::time::time_cli;

/// Keeps the README's example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
