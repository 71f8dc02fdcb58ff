//! Whole trees: what is said of them, and the machines of both sides.

mod announced;
mod cursor;
mod directory;
mod folders;
mod hand;
mod join;
mod outcome;
mod progress;
mod reader;
mod receive;
mod remove;
mod send;
mod slots;
mod small;
mod walk;

pub(crate) use hand::Target;
pub use outcome::{Filter, HowTree, Outcome, TreeEntry, TreeEvent, TreeObserver, TreeSummary};
pub(crate) use progress::{Ledger, Place, Settling, Told};
pub(crate) use receive::{ReceivingTree, TreeError, receive_tree};
pub(crate) use remove::Removal;
pub(crate) use send::{SendingTree, TreeEnd, open_reader, send_tree};
pub(crate) use walk::{Done, WalkRules};
