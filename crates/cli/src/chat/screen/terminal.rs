//! The terminal, taken for the full screen and given back whatever happens.

use std::io::{self, Stdout, Write as _};
use std::panic;
use std::thread;

use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc;

/// The whole screen. To drop it is to give the terminal back; so does a panic, before it is told.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    _taken: Taken,
}

impl Screen {
    pub(super) fn take() -> io::Result<Self> {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            told(info);
        }));
        enable_raw_mode()?;
        // From here on it is given back, also when the rest fails.
        let taken = Taken;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(Self { terminal, _taken: taken })
    }

    pub(super) fn draw(&mut self, view: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(view).map(drop)
    }
}

/// The terminal is ours.
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

/// Does what it can: whoever closed the terminal does not miss it.
fn give_back() {
    let mut output = io::stdout();
    let _ = execute!(output, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = output.flush();
    let _ = disable_raw_mode();
}

/// The keys, what is pasted, and changes of size.
///
/// A thread reads them; it ends with the program, because a read cannot be given up.
pub(super) fn keys() -> mpsc::Receiver<event::Event> {
    let (tell, keys) = mpsc::channel(64);
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if tell.blocking_send(event).is_err() {
                return;
            }
        }
    });
    keys
}
