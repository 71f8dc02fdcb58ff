//! Processes: one is started, heard, and ended with all that belongs to it.
//!
//! ```text
//!   Plan ──spawn──▶ Process { group, stdin, stdout, stderr }
//!                     │
//!   Group: signals to all of it · its exit · the end of whatever is left
//!                     │
//!   Linux: pidfd, /proc (table), who belongs to it (kin); elsewhere its process group alone
//! ```
//!
//! A command is the leader of a session and process group of its own, and carries a mark in its
//! environment. What it starts is found by its group, its session, the mark or its ancestors. The
//! leader is not reaped before everything is over: so long its number, and with it that of the
//! group and of the session, cannot become another's.

mod detach;
mod exit;
mod group;
mod outlet;
mod plan;
mod readiness;
mod spawn;
mod terminal;

#[cfg(target_os = "linux")]
mod kin;
#[cfg(target_os = "linux")]
mod leftover;
#[cfg(target_os = "linux")]
mod table;

#[cfg(not(target_os = "linux"))]
#[path = "leftover_elsewhere.rs"]
mod leftover;

pub(crate) use group::Group;
pub use leftover::become_subreaper;
pub(crate) use outlet::{Inlet, Outlet};
pub(crate) use plan::Plan;
pub(crate) use spawn::Process;
