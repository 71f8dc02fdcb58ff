//! Commands that are really run, from a client of ours to the last of their processes.
//!
//! Nothing here waits for a time to pass: what is waited for is an event, and a limit only keeps
//! a failure from hanging.

mod endings;
mod input;
mod limits;
mod orphans;
mod output;
mod refusals;
mod support;
mod terminal;
