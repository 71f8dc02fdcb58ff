//! The audit log: a line for every command, with its result.

use std::fmt;

use crate::line::LineError;
use crate::wire::{Failure, Proof, What};

/// The target of the log's lines.
const TARGET: &str = "seam::audit";

/// How much of a command is logged, in bytes.
const SHOWN_BYTES: usize = 4096;

/// What is known of a command before it ends.
pub(crate) struct Audit {
    peer: String,
    owner: String,
    command: String,
    done: bool,
}

impl Audit {
    pub(crate) fn new(peer: &str, owner: &str, command: &What) -> Self {
        let (peer, owner) = (peer.to_owned(), crate::safe(owner.as_bytes()).to_string());
        Self { peer, owner, command: shown(command), done: false }
    }

    /// Logs the result.
    pub(crate) fn log(mut self, result: &Result<Result<Proof, Failure>, LineError>) {
        match result {
            Ok(Ok(proof)) => self.write(&Ran(proof)),
            Ok(Err(failure)) => self.write(&format_args!("not run: {failure}")),
            Err(error) => self.write(&format_args!("ended with its connection: {error}")),
        }
    }

    fn write(&mut self, result: &dyn fmt::Display) {
        self.done = true;
        let Self { peer, owner, command, .. } = self;
        tracing::info!(target: TARGET, "{peer} as {owner}: {command}: {result}");
    }
}

impl Drop for Audit {
    /// A command whose handler is cut off has its line too.
    fn drop(&mut self) {
        if !self.done {
            self.write(&"cut off by the server");
        }
    }
}

/// The result of a command that was run.
struct Ran<'a>(&'a Proof);

impl fmt::Display for Ran<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = self.0;
        let millis = proof.run_micros / 1000;
        let (stdout, stderr) = (proof.stdout.bytes, proof.stderr.bytes);
        write!(f, "{} after {millis} ms, {stdout} + {stderr} bytes", proof.exit)?;
        if let Some(ended_by) = proof.ended_by {
            write!(f, ", ended by {ended_by:?}")?;
        }
        if proof.pipe_held {
            f.write_str(", output held open by a left-over")?;
        }
        match proof.left_over {
            0 => Ok(()),
            count => write!(f, ", {count} left over and ended"),
        }
    }
}

/// A command on one line, without anything that a terminal would obey.
fn shown(command: &What) -> String {
    let cut = |bytes: &[u8]| crate::safe(&bytes[..bytes.len().min(SHOWN_BYTES)]).to_string();
    match command {
        What::Shell { line, shell: None } => format!("`{}`", cut(line.as_bytes())),
        What::Shell { line, shell: Some(shell) } => format!("{shell} `{}`", cut(line.as_bytes())),
        What::Argv(argv) => {
            let words: Vec<_> = argv.iter().map(|word| format!("`{word}`")).collect();
            cut(words.join(" ").as_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_stays_on_its_line() {
        let line = What::Shell { line: "echo a\n\x1b[2Jforged".into(), shell: None };
        assert_eq!(shown(&line), r"`echo a\n\x1b[2Jforged`");
        let argv = What::Argv(vec!["rm".into(), "a b".into()]);
        assert_eq!(shown(&argv), "`rm` `a b`");
    }
}
