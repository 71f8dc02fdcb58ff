//! Servers that run only programs of certain names.

use super::denied;
use crate::wire::{Failure, Text};

/// The characters that mean nothing but themselves to a shell.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" \t_-+=./,:@%^".contains(&byte) || !byte.is_ascii()
}

/// Checks the name of a program.
pub(super) fn check_program(program: &Text, names: Option<&[String]>) -> Result<(), Failure> {
    match names {
        Some(names) if !names.iter().any(|name| name.as_bytes() == program.as_bytes()) => {
            let names = names.join(", ");
            Err(denied(format!("`{program}` may not be run here: only {names} may")))
        }
        _ => Ok(()),
    }
}

/// Splits a line that a shell would do no more with than split it.
pub(super) fn plain_words(line: &Text, names: &[String]) -> Result<Vec<Text>, Failure> {
    if let Some(&byte) = line.as_bytes().iter().find(|&&byte| !is_plain(byte)) {
        let found = byte.escape_ascii();
        return Err(denied(format!(
            "a line with `{found}` may not be run here, where programs are named: give plain words"
        )));
    }
    let words = line.as_bytes().split(u8::is_ascii_whitespace);
    let words: Vec<Text> = words.filter(|word| !word.is_empty()).map(Text::from).collect();
    check_program(&words[0], Some(names))?;
    Ok(words)
}
