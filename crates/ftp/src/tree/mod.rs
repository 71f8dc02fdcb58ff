//! Whole trees: what is said of them, and the machines of both sides.

mod outcome;

pub use outcome::{Filter, HowTree, Outcome, TreeEntry, TreeEvent, TreeObserver, TreeSummary};
