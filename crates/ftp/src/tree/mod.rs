//! Whole trees: one request each, driven by the receiver, the same code for both directions.
//!
//! ```text
//!  sender     walk ── entries ──▶ announced ◀── what is wanted      reader: files, small or not
//!  receiver   slots ◀── entries ── hand: compare, make, write       receive: content of the others
//! ```
//!
//! [`send_tree`] and [`receive_tree`] drive the two over a line. Their decisions are values:
//! `announced` (what may still be asked for) and `slots` (what is not settled). What blocks is done
//! by one job at a time on either side: the sender's `reader`, the receiver's `hand`. Both find
//! their way by [`Folders`](folders::Folders), which keep few directories open however deep they
//! are, and by [`Cursor`](cursor::Cursor)s, which hold few names however many there are.

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
mod turns;
mod walk;

pub(crate) use hand::Target;
pub use outcome::{Filter, HowTree, Outcome, TreeEntry, TreeEvent, TreeObserver, TreeSummary};
pub(crate) use progress::{Ledger, Place, Settling, Told};
pub(crate) use receive::{ReceivingTree, TreeError, receive_tree};
pub(crate) use remove::Removal;
pub(crate) use send::{SendingTree, TreeEnd, open_reader, send_tree};
pub(crate) use turns::{Turn, Turns};
pub(crate) use walk::{Done, WalkRules};
