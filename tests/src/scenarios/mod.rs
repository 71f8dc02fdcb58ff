//! The stories, each written once: the tests run them, and `cargo xtask demo` tells them.

mod browser;
mod chat;
mod classic;
#[cfg(unix)]
mod commands;
mod conflict;
mod file;
#[cfg(target_os = "linux")]
mod flood;
mod formats;
mod hostile;
mod keys;
mod names;
mod ntp;
mod packing;
mod resume;
mod send;
mod sticky;
mod trees;
mod truncation;
mod upper;

use std::pin::Pin;

use crate::{Error, PATIENCE, Profile, Program, Story};

type Telling<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// A story that can be told.
#[derive(Debug)]
pub struct Scenario {
    /// The word it is asked for by.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Which real programs play in it, and so have to be built.
    programs: &'static [Program],
    tell: for<'a> fn(&'a mut Story) -> Telling<'a>,
}

macro_rules! scenario {
    ($name:ident, $programs:expr, $title:literal) => {
        Scenario {
            name: stringify!($name),
            title: $title,
            programs: $programs,
            tell: |story| Box::pin($name::tell(story)),
        }
    };
}

/// All of them, in the order in which they are best heard.
pub const ALL: &[Scenario] = &[
    scenario!(sticky, &[], "sticky packets: where one message ends and the next begins"),
    scenario!(truncation, &[], "datagrams: boundaries that are kept, and bytes that are lost"),
    scenario!(packing, &[], "packing: fixed layouts, and numbers that do not fit"),
    scenario!(file, &[], "a file moves there and back, and only once"),
    scenario!(resume, &[Program::FtpCli], "a transfer is killed, and goes on where it stopped"),
    scenario!(
        trees,
        &[Program::FtpCli],
        "a whole tree moves there and back, and only what differs"
    ),
    scenario!(conflict, &[], "two files want the same name"),
    scenario!(names, &[], "names in every script, and in none"),
    scenario!(classic, &[], "the tutorial's programs against ours, both ways"),
    scenario!(hostile, &[], "a peer that wants to do harm"),
    scenario!(browser, &[], "a browser knocks on the wrong door"),
    scenario!(
        keys,
        &[Program::FtpCli],
        "two accounts, a ticket, and a lock changed on a live server"
    ),
    scenario!(send, &[Program::FtpCli], "send: one command here, one there, and it is over"),
    #[cfg(unix)]
    scenario!(commands, &[], "commands: whole and apart, and the tutorial's three ways to answer"),
    scenario!(upper, &[], "the tutorial's socketserver programs, many at once"),
    scenario!(chat, &[], "several people talk at once, by the tutorial's wire and by ours"),
    scenario!(formats, &[], "the time, in every format and in none"),
    scenario!(ntp, &[], "clocks: how far off, how sure, and silent among themselves"),
    #[cfg(target_os = "linux")]
    scenario!(flood, &[Program::TimeCli], "one source floods, and very many turn up"),
];

/// The one of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    /// Makes ready what telling it needs and what may take long: programs are built.
    ///
    /// # Errors
    ///
    /// If one cannot be built.
    pub fn prepare(&self) -> Result<(), Error> {
        for program in self.programs {
            program.built(Profile::default())?;
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
