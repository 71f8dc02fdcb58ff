//! The service and its client among hostile peers, on failing lines and over failing stores.
//!
//! The peers here know only what goes over the wire: they build their frames by hand. Whatever
//! they do, nothing wrong is ever seen under a final name, and the next peer is served. The clock
//! is paused everywhere, so that nothing waits for it.

mod answers;
mod cancel;
mod changing;
mod cut;
mod dropped;
mod failing;
mod flips;
mod floods;
mod frames;
mod liars;
mod memory;
mod puts;
mod stalls;
mod streams;
mod support;
mod trees;
mod trickle;
mod truncated;
mod wants;
