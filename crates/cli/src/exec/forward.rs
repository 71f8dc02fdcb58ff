//! Signals on their way to the command.

use std::io;

use cmdexec::{Control, Signal};

use super::terminal;

/// What came for this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caught {
    /// To be handed on; before a command runs, the program's own end.
    Signal(Signal),
    /// The window has another size.
    Resized,
    /// Ctrl-\: the program's own end in any case, for a command that hears nothing else.
    Quit,
}

impl Caught {
    /// The exit status of a program that such a signal ends.
    pub(super) fn status(self) -> u8 {
        128 + match self {
            Self::Signal(Signal::Hup) => 1,
            Self::Signal(Signal::Term) => 15,
            Self::Quit => 3,
            Self::Signal(_) | Self::Resized => 2,
        }
    }

    /// Hands it on. Gives back what ends this program instead.
    pub(super) fn hand_on(self, control: &Control) -> Option<Self> {
        match self {
            Self::Signal(name) => control.signal(name),
            Self::Resized => {
                let (rows, columns) = terminal::size();
                control.resize(rows, columns);
            }
            Self::Quit => return Some(self),
        }
        None
    }
}

/// Catches what is to be handed on. From its making on, none of it ends the program by itself.
#[cfg(unix)]
pub(super) struct Catch {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    window: tokio::signal::unix::Signal,
    last_ending: Option<Caught>,
}

#[cfg(unix)]
impl Catch {
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            window: signal(SignalKind::window_change())?,
            last_ending: None,
        })
    }

    /// The next of them. Dropped before it came, none is lost.
    pub(super) async fn next(&mut self) -> Caught {
        let caught = tokio::select! {
            _ = self.hangup.recv() => Caught::Signal(Signal::Hup),
            _ = self.interrupt.recv() => Caught::Signal(Signal::Int),
            _ = self.quit.recv() => Caught::Quit,
            _ = self.terminate.recv() => Caught::Signal(Signal::Term),
            _ = self.window.recv() => return Caught::Resized,
        };
        self.last_ending = Some(caught);
        caught
    }
}

impl Catch {
    /// The last that would have ended a program, wherever it went.
    pub(super) fn last_ending(&self) -> Option<Caught> {
        self.last_ending
    }

    /// The next that ends a prompt, at which Ctrl-C only discards a line.
    pub(super) async fn ending_a_prompt(&mut self) -> Caught {
        loop {
            match self.next().await {
                Caught::Resized | Caught::Signal(Signal::Int) => {}
                caught => return caught,
            }
        }
    }

    /// The next that ends a program which has nothing to hand it on to.
    pub(super) async fn ending(&mut self) -> Caught {
        loop {
            match self.next().await {
                Caught::Resized => {}
                caught => return caught,
            }
        }
    }
}

/// Catches Ctrl-C.
#[cfg(not(unix))]
pub(super) struct Catch {
    signals: crate::signals::Signals,
    last_ending: Option<Caught>,
}

#[cfg(not(unix))]
impl Catch {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { signals: crate::signals::Signals::new(), last_ending: None })
    }

    /// The next of them.
    pub(super) async fn next(&mut self) -> Caught {
        self.signals.next().await;
        let caught = Caught::Signal(Signal::Int);
        self.last_ending = Some(caught);
        caught
    }
}
