//! What a program prints about itself: scripts for shells and pages for `man`.

use std::io::{self, Write as _};

use clap::{CommandFactory, Subcommand};

use crate::exit::Exit;
use crate::problem::Problem;

/// The commands that every program has to print something about itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Page {
    /// Print a script that makes a shell complete this program's options
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for man -l
    Man {
        /// That of one command
        command: Option<String>,
    },
}

impl Page {
    /// Prints it for the program `P`. Nothing is lost when a pager was closed early.
    pub(crate) fn print<P: CommandFactory>(&self) -> Result<Exit, Problem> {
        let page = match self {
            Self::Completions { shell } => completions::<P>(*shell),
            Self::Man { command } => manual::<P>(command.as_deref())?,
        };
        let _ = io::stdout().lock().write_all(&page);
        Ok(Exit::Done)
    }
}

/// The script that makes a shell complete a program's options.
fn completions<P: CommandFactory>(shell: clap_complete::Shell) -> Vec<u8> {
    let mut program = P::command();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    script
}

/// The manual page of a program, or of one of its commands.
fn manual<P: CommandFactory>(command: Option<&str>) -> Result<Vec<u8>, Problem> {
    let mut program = P::command();
    program.build();
    let described = match command {
        Some(name) => {
            let unknown = || Problem::usage("there is no such command").on("man", name);
            program.find_subcommand(name).ok_or_else(unknown)?.clone()
        }
        None => program,
    };
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(described).render(&mut page);
    written.expect("a Vec takes all that is written to it");
    Ok(page)
}
