//! The signals that go over the wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A signal by its name, without the `SIG`: numbers differ from system to system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Signal {
    /// The terminal is gone.
    Hup,
    /// Interrupt, as Ctrl-C sends.
    Int,
    /// Quit, as Ctrl-\ sends.
    Quit,
    /// Please end.
    Term,
    /// End; cannot be caught.
    Kill,
    /// Of the command's own meaning.
    Usr1,
    /// Of the command's own meaning.
    Usr2,
    /// A timer.
    Alrm,
    /// Stop, as Ctrl-Z sends.
    Tstp,
    /// Go on.
    Cont,
    /// The size of the window has changed.
    Winch,
}

/// The name of no signal that can be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown signal {found:?}: expected one of {}", Signal::NAMES.join(", "))]
pub struct UnknownSignal {
    /// The name that was found.
    pub found: String,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Hup,
        Self::Int,
        Self::Quit,
        Self::Term,
        Self::Kill,
        Self::Usr1,
        Self::Usr2,
        Self::Alrm,
        Self::Tstp,
        Self::Cont,
        Self::Winch,
    ];

    /// Their names, in the order of [`ALL`](Self::ALL).
    const NAMES: [&'static str; 11] =
        ["HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2", "ALRM", "TSTP", "CONT", "WINCH"];
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::NAMES[*self as usize])
    }
}

impl FromStr for Signal {
    type Err = UnknownSignal;

    /// Takes the name with or without `SIG`, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownSignal> {
        let upper = name.to_ascii_uppercase();
        let short = upper.strip_prefix("SIG").unwrap_or(&upper);
        Self::ALL
            .into_iter()
            .find(|signal| Self::NAMES[*signal as usize] == short)
            .ok_or_else(|| UnknownSignal { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_on_the_wire_and_for_people() {
        for signal in Signal::ALL {
            let name = signal.to_string();
            assert_eq!(serde_json::to_value(signal).unwrap(), *name);
            assert_eq!(name.parse(), Ok(signal));
            assert_eq!(format!("sig{}", name.to_lowercase()).parse(), Ok(signal));
        }
        assert!("SEGV".parse::<Signal>().unwrap_err().to_string().contains("HUP, INT"));
    }
}
