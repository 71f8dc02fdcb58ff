//! A hold on a command that runs.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::wire::{Frame, Of, Resize, Signal, Signalled};

/// A hold on a command that runs: sends it signals, from any task.
///
/// What is asked for goes out while [`Running::next`](super::Running::next),
/// [`copy`](super::Running::copy) or [`tend`](super::Running::tend) are awaited. Once the command
/// is over, nothing happens any more.
#[derive(Clone, Debug)]
pub struct Control {
    id: u64,
    frames: UnboundedSender<Frame>,
}

impl Control {
    pub(super) fn new(id: u64) -> (Self, UnboundedReceiver<Frame>) {
        let (frames, receiver) = unbounded_channel();
        (Self { id, frames }, receiver)
    }

    /// Sends a signal to the command and all of its group.
    pub fn signal(&self, name: Signal) {
        self.say(Frame::Signal(Signalled { id: self.id, name }));
    }

    /// Tells the command's terminal, if it has one, that the window has another size.
    pub fn resize(&self, rows: u16, cols: u16) {
        self.say(Frame::Resize(Resize { id: self.id, rows, cols }));
    }

    /// Ends the command; its end is still told.
    pub fn cancel(&self) {
        self.say(Frame::Cancel(Of { id: self.id }));
    }

    fn say(&self, frame: Frame) {
        // Nobody listens once the command is over.
        let _ = self.frames.send(frame);
    }
}
