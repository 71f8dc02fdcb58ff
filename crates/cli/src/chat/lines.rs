//! Standard input, line by line, beside everything else.

use std::io::{self, BufRead, Read as _};
use std::thread;

use tokio::sync::mpsc;

/// The longest line that is taken; nothing that is sent may be longer.
const MAX_LINE_BYTES: usize = udpchat::MAX_TEXT_BYTES + 1024;

/// The lines of standard input.
///
/// A thread reads them, one ahead; it ends with the program, because a read from a terminal cannot
/// be given up.
#[derive(Debug)]
pub(super) struct Lines(mpsc::Receiver<String>);

impl Lines {
    /// Begins to read.
    pub(super) fn of_stdin() -> Self {
        let (tell, lines) = mpsc::channel(1);
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            while let Ok(Some(line)) = next_line(&mut input) {
                if tell.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Self(lines)
    }

    /// The next line, without its end; `None` when there will be none. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<String> {
        self.0.recv().await
    }
}

/// A line of any length, of which not much more than is allowed is kept: what is too long is
/// refused where it is known for what it is.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.by_ref().take(MAX_LINE_BYTES as u64).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    let end = line.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    line.truncate(end);
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_every_way_and_are_never_without_bound() {
        let long = "x".repeat(3 * MAX_LINE_BYTES);
        let text = format!("你好\r\n\n{long}\n  last");
        let mut input = text.as_bytes();
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["你好", "", &long[..MAX_LINE_BYTES], "  last"]);
    }
}
