//! This side of a remote terminal: what is typed goes there as it is, and its size follows ours.

use std::io::{self, IsTerminal as _};
use std::os::fd::BorrowedFd;
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use rustix::stdio;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The size of a terminal that cannot tell.
const USUAL: (u16, u16) = (24, 80);

/// How the terminal was before; none while it is so.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Keys have no meaning of their own here until this is dropped, or the program panics.
#[derive(Debug)]
pub(super) struct RawMode(());

impl RawMode {
    /// Takes the terminal's keys as they are, if standard input is a terminal.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn enter() -> io::Result<Option<Self>> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        restore_on_panic();
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let entered = Self(());
        tcsetattr(stdio::stdin(), OptionalActions::Now, &raw)?;
        Ok(Some(entered))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // Where the terminal is gone there is nothing to restore.
        let _ = tcsetattr(stdio::stdin(), OptionalActions::Now, &before);
    }
}

/// A message that slants down the screen is hard to read, and a thread's panic need not unwind this
/// one.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            restore();
            usual(panicked);
        }));
    });
}

/// Rows and columns of our terminal.
pub(super) fn size() -> (u16, u16) {
    let streams: [BorrowedFd<'_>; 3] = [stdio::stdout(), stdio::stderr(), stdio::stdin()];
    let sizes = streams.into_iter().filter_map(|stream| tcgetwinsize(stream).ok());
    let mut known = sizes.filter(|size| size.ws_row > 0 && size.ws_col > 0);
    known.next().map_or(USUAL, |size| (size.ws_row, size.ws_col))
}
