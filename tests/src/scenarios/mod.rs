//! The stories, each written once: the tests run them, and `cargo xtask demo` tells them.

mod browser;
mod classic;
mod conflict;
mod file;
mod hostile;
mod names;
mod packing;
mod resume;
mod sticky;

use std::pin::Pin;

use crate::{Error, PATIENCE, Profile, Story};

type Telling<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// A story that can be told.
#[derive(Debug)]
pub struct Scenario {
    /// The word it is asked for by.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Whether the real program plays in it, which then has to be built.
    uses_program: bool,
    tell: for<'a> fn(&'a mut Story) -> Telling<'a>,
}

macro_rules! scenario {
    ($name:ident, $uses_program:literal, $title:literal) => {
        Scenario {
            name: stringify!($name),
            title: $title,
            uses_program: $uses_program,
            tell: |story| Box::pin($name::tell(story)),
        }
    };
}

/// All of them, in the order in which they are best heard.
pub const ALL: &[Scenario] = &[
    scenario!(sticky, false, "sticky packets: where one message ends and the next begins"),
    scenario!(packing, false, "packing: fixed layouts, and numbers that do not fit"),
    scenario!(file, false, "a file moves there and back, and only once"),
    scenario!(resume, true, "a transfer is killed, and goes on where it stopped"),
    scenario!(conflict, false, "two files want the same name"),
    scenario!(names, false, "names in every script, and in none"),
    scenario!(classic, false, "the tutorial's programs against ours, both ways"),
    scenario!(hostile, false, "a peer that wants to do harm"),
    scenario!(browser, false, "a browser knocks on the wrong door"),
];

/// The one of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    /// Makes ready what telling it needs and what may take long: the program is built.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn prepare(&self) -> Result<(), Error> {
        if self.uses_program {
            crate::ftp_cli(Profile::default())?;
        }
        Ok(())
    }

    /// Tells it, and checks what it tells.
    ///
    /// # Errors
    ///
    /// What was not so, or that it did not come to its end in time.
    pub async fn tell(&self, story: &mut Story) -> Result<(), Error> {
        match tokio::time::timeout(PATIENCE, (self.tell)(story)).await {
            Ok(told) => told,
            Err(_) => Err(format!("not at its end after {} s", PATIENCE.as_secs()).into()),
        }
    }
}
