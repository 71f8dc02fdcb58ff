//! Jobs of one client, one after the other, over all its connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Whose turn it is to work in a target.
///
/// A call that is dropped, or a connection that breaks, leaves at most one job that runs to its
/// end. The next try begins its own after that, so that the two do not meet.
pub(crate) type Turn = Arc<tokio::sync::Mutex<()>>;

/// The turns of all clients of a server.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// The turn of a client, whose tries all have this name.
    pub(crate) fn of(&self, name: String) -> Turn {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&name).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Turn::default();
        turns.insert(name, Arc::downgrade(&turn));
        turn
    }
}
