//! The service among hostile peers, and its client with hostile servers.
//!
//! The peers here know only what goes over the wire: they build their frames by hand. This program
//! adopts no orphans, so that all of it holds without that too.

mod broken;
mod floods;
mod frames;
mod liars;
mod support;
