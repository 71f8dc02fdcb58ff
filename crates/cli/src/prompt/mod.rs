//! Typing: a line editor with history and completion, and questions.

pub(crate) mod words;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reedline::{
    ColumnarMenu, Completer, CompletionResult, Emacs, FileBackedHistory, KeyCode, KeyModifiers,
    MenuBuilder as _, Prompt, PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent,
    ReedlineMenu, Signal, default_emacs_keybindings,
};

/// How many lines the history keeps.
const HISTORY_LINES: usize = 1000;

/// The name of the one menu there is.
const COMPLETIONS: &str = "completions";

/// What came of reading a line.
#[derive(Debug)]
pub(crate) enum Input {
    /// A line.
    Line(String),
    /// Ctrl-C: the line is not wanted any more.
    Discarded,
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// A line editor. It reads on a thread of its own, so that the runtime goes on meanwhile.
pub(crate) struct Editor {
    /// Away while a line is being read.
    reedline: Option<Reedline>,
    stop: Arc<AtomicBool>,
}

impl Editor {
    /// An editor whose history is kept in `history`, if that is possible.
    pub(crate) fn new(history: Option<&Path>) -> Self {
        let mut keys = default_emacs_keybindings();
        let next = vec![ReedlineEvent::Menu(COMPLETIONS.into()), ReedlineEvent::MenuNext];
        keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, ReedlineEvent::UntilFound(next));
        keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
        let menu = ColumnarMenu::default().with_name(COMPLETIONS).with_marker("");
        let stop = Arc::new(AtomicBool::new(false));
        let mut reedline = Reedline::create()
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_quick_completions(true)
            .with_partial_completions(true)
            .with_ansi_colors(console::colors_enabled_stderr())
            .with_break_signal(Arc::clone(&stop));
        let kept = history
            .and_then(|file| FileBackedHistory::with_file(HISTORY_LINES, file.into()).ok())
            .or_else(|| FileBackedHistory::new(HISTORY_LINES).ok());
        if let Some(kept) = kept {
            reedline = reedline.with_history(Box::new(kept));
        }
        Self { reedline: Some(reedline), stop }
    }

    /// Reads a line behind `prompt`.
    pub(crate) async fn read(
        &mut self,
        prompt: String,
        completer: Box<dyn Completer + Send>,
    ) -> Input {
        let Some(reedline) = self.reedline.take() else {
            return Input::End;
        };
        let reading = tokio::task::spawn_blocking(move || {
            let mut reedline = reedline.with_completer(completer);
            let signal = reedline.read_line(&Text(prompt));
            (reedline, signal)
        });
        let Ok((reedline, signal)) = reading.await else {
            return Input::End;
        };
        self.reedline = Some(reedline);
        match signal {
            Ok(Signal::Success(line)) => Input::Line(line),
            Ok(Signal::CtrlC) => Input::Discarded,
            _ => Input::End,
        }
    }

    /// A handle that makes a read under way end.
    pub(crate) fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }
}

/// Ends a read from elsewhere.
pub(crate) struct Stopper(Arc<AtomicBool>);

impl Stopper {
    pub(crate) fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Completes nothing, where nobody knows what could come.
pub(crate) struct NoCompletions;

impl Completer for NoCompletions {
    fn complete(&mut self, _line: &str, _position: usize) -> CompletionResult {
        CompletionResult::fresh(Vec::new())
    }
}

/// Asks the user something at the terminal; `None` for Ctrl-C and Ctrl-D.
///
/// All lines but the last are printed before; Ctrl-C is a key here, not a signal.
pub(crate) async fn ask(question: String) -> Option<String> {
    let asking = tokio::task::spawn_blocking(move || {
        let (before, last) = question.rsplit_once('\n').unwrap_or(("", &question));
        if !before.is_empty() {
            eprintln!("{before}");
        }
        let mut reedline = Reedline::create().with_ansi_colors(console::colors_enabled_stderr());
        match reedline.read_line(&Text(last.to_owned())) {
            Ok(Signal::Success(answer)) => Some(answer),
            _ => None,
        }
    });
    asking.await.ok().flatten()
}

/// Asks the user something that only a clear yes agrees to.
pub(crate) async fn agree(question: String) -> bool {
    let answer = ask(question).await.unwrap_or_default();
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// A prompt that is a text and nothing else.
struct Text(String);

impl Prompt for Text {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _: PromptEditMode) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        format!("(history: {}) ", search.term).into()
    }
}
