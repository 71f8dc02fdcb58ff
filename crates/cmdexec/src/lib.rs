//! Remote commands that are complete, separate and honest.
//!
//! A [`CommandService`] runs what its peers ask for: a line for a shell or an argument vector, with
//! a directory, variables, a time limit, input and, if wanted, a terminal. A [`Client`] gets
//! stdout and stderr apart, as they come, and at the end the exit code or signal together with
//! counts and digests of both: output that is cut short is an error and never passes for a short
//! output.
//!
//! Nothing is buffered without bound: a slow reader makes the command wait, and a command that
//! does not read its input holds nothing else up. Nothing stays behind: when a command's process
//! has ended, its time is up or its client has gone, what is left of it is ended with it, be it in
//! its process group or not. What may be run is up to a [`Policy`].
//!
//! ```text
//!  Client ── run, stdin, signals ──▶ wire ◀── CommandService ── Policy   may it be run?
//!    │  ◀── stdout, stderr, end ──             │
//!    └──────────── StreamDigest ───────────────┤      the same sums on both sides
//!                                              ▼
//!                            process, its group and what left it; pipes or a terminal
//! ```
//!
//! # Example
//!
//! A server and a client in one program:
//!
//! ```
//! use cmdexec::{Access, Client, Command, CommandService, Options, Policy, TcpConnector};
//! use netserver::{StreamServer, bind_tcp};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = CommandService::new(Policy::default()).access(Access::default().exec(true));
//! let server = StreamServer::new(bind_tcp("127.0.0.1:0".parse()?)?, service).start();
//!
//! let connector = TcpConnector::new(server.local_addr().to_string());
//! let mut client = Client::new(connector, Options::default());
//! let command = Command::shell("echo out; echo err >&2; exit 7");
//! let output = client.output(&command, 1024).await?;
//!
//! assert_eq!(output.stdout, b"out\n");
//! assert_eq!(output.stderr, b"err\n");
//! assert_eq!(output.outcome.exit.shell_code(), 7);
//! assert!(output.outcome.complete);
//! # Ok(())
//! # }
//! ```
//!
//! # Where things live
//!
//! - the words of the conversation: [`wire`];
//! - the serving side: [`CommandService`], with the [`Access`] it gives and its [`Policy`];
//!   [`become_subreaper`] for programs that do nothing else;
//! - the calling side: [`Client`], with its [`Options`]; a [`Running`] command, its [`Event`]s and
//!   the [`Control`] over it;
//! - [`classic`]: the three versions of the tutorial that this project grew out of, why each
//!   fails or what it costs, and the [`ClassicClient`](classic::ClassicClient) for its servers.
//!
//! Every command leaves a line in the log, under the target `seam::audit`.
//!
//! The client runs everywhere, the server on Unix. What leaves its process group is found on
//! Linux only.

pub mod classic;
pub mod wire;

mod digest;
mod line;
mod policy;

#[cfg(unix)]
mod run;

mod client;
#[cfg(unix)]
mod server;

pub use client::{
    Client, ClientError, Command, Connect, Control, Event, Options, Outcome, Output, Running,
    TcpConnector,
};
pub use line::LineError;
pub use policy::Policy;
pub use proto::{Safe, safe};
#[cfg(unix)]
pub use run::become_subreaper;
#[cfg(unix)]
pub use server::{Access, CommandService, ServeError};
pub use wire::{EndedBy, Exit, Failure, Signal, Status, Text};

/// Keeps the README's example compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
